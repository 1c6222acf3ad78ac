"""Pasted texts: the explanation of a runtime's message is the same in each form in which people paste it, and redacted.

A saying is one of a runtime's messages for a failure. texts.yaml has failures (truths) with their sayings and what the
explanation must and must never say; forms.yaml has the forms of pasted texts.
"""

from __future__ import annotations

import json
import re
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubesim.api import load_yaml
from kubesim.why.export import explain_as_text
from kubesim.why.read.load import ExportError
from kubesim.why.read.signs import read

FOLDER = Path(__file__).parent
FORMS: dict[str, dict[str, Any]] = load_yaml(FOLDER / "forms.yaml")
TRUTHS: dict[str, dict[str, Any]] = load_yaml(FOLDER / "texts.yaml")
SAYINGS = [(truth, number) for truth, row in TRUTHS.items() for number in range(len(row["says"]))]
# The words of an explanation's verdict, by grade.
GRADES = {"certain": "certain", "likely": "most likely", "one": "one of these|can't tell"}

# Texts with which people replace a name.
REDACTED = ["<company>", "< my company >", "XXXXXX", "***", "…", "[redacted]", "CENSORED", "${COMPANY}"]
# Further texts, by name, each with what its explanation must and must never say.
UNSEEN: dict[str, dict[str, Any]] = {
    name: row for file in ("unseen", "threads", "patterns") for name, row in load_yaml(FOLDER / f"{file}.yaml").items()
}
# Letters of a name that count, for a verdict isn't shorter where a registry's name is longer.
_LONG = 40
LINES = [
    'Warning  Failed  pod/web-{0}  Failed to pull image "registry.acme.test/{0}:1": {0} is {0}, denied',
    "error {0} image",
    'E0325 18:59:44 1790 pod.go:951] "Error" err="failed to start with ErrImagePull: {0} denied" pod="shop/{0}"',
]


def saying(truth: str, number: int) -> tuple[str, str]:
    """The image of a failure, and its saying of that number."""
    image = TRUTHS[truth]["image"]
    host, _, rest = image.partition("/")
    name, _, tag = rest.rpartition(":")
    said = TRUTHS[truth]["says"][number]
    for word, part in {"image": image, "host": host, "name": name, "tag": tag}.items():
        said = said.replace(f"{{{word}}}", part)
    return image, said


def pasted(form: str, image: str, says: str) -> str:
    """A saying in the form in which it's pasted."""
    row = FORMS[form]
    text = row.get("text") or row["json"]
    for word, part in {"image": image, "says": says, "pod": "web-7d4b9c-x2x2x", "ns": "shop"}.items():
        text = text.replace(f"{{{word}}}", part)
    if "json" in row:
        return json.dumps({"insertId": "a1", "jsonPayload": {"_GID": "0", "MESSAGE": text}}, indent=2)
    if "event" in row:
        about = {"kind": "Pod", "name": "web-7d4b9c-x2x2x", "namespace": "shop"}
        event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "web.1", "namespace": "shop"}}
        event |= {"involvedObject": about, "reason": "Failed", "message": text, "type": "Warning"}
        return json.dumps(event, indent=2) if row["event"] == "json" else yaml.safe_dump(event)
    if "wrap" in row:
        return "\n".join(text[at : at + row["wrap"]] for at in range(0, len(text), row["wrap"]))
    if "fold" in row:
        return textwrap.fill(text, row["fold"], break_long_words=False, break_on_hyphens=False)
    if "box" in row:
        width = row["box"]
        parts = [line[at : at + width] for line in text.splitlines() for at in range(0, len(line), width)]
        return "\n".join(f"│ {part:{width}} │" for part in parts)
    return str(text)


def judge(truth: str, said: str) -> list[str]:
    """The faults of an explanation: texts that it lacks or must not have, and a wrong grade."""
    text, row = " ".join(said.split()), TRUTHS[truth]
    wrong = [f"lacks {idea}" for idea in row["must"] if not re.search(idea, text, re.IGNORECASE)]
    wrong += [f"says {idea}" for idea in row.get("never", ()) if re.search(idea, text, re.IGNORECASE)]
    grades = [GRADES[grade] for grade in row.get("sure", GRADES)]
    return wrong + ([] if re.search(rf"wrong \(({'|'.join(grades)})\)", text) else ["is as sure as it may not be"])


@pytest.mark.parametrize("form", FORMS)
def test_every_saying_is_explained_in_each_form(form: str) -> None:
    misunderstood = []
    for truth, number in SAYINGS:
        image, says = saying(truth, number)
        text = pasted(form, image, says)
        said = explain_as_text(text, whole=True)
        wrong = judge(truth, said)
        if image not in said and "unnamed" not in FORMS[form]:
            wrong.append(f"doesn't name {image}")
        if wrong:
            misunderstood.append(f"{wrong}\n\n{text}\n\n{said}")
    assert misunderstood == []


@pytest.mark.parametrize(
    ("form", "instead"),
    [
        *(("gRPC", instead) for instead in REDACTED),
        *((form, "<company>") for form in ("event of a fence", "events of all namespaces", "describe", "bold")),
    ],
)
def test_every_saying_is_explained_with_a_redacted_name(form: str, instead: str) -> None:
    misunderstood = []
    for truth, number in SAYINGS:
        if "acme" not in TRUTHS[truth]["image"]:
            continue
        image, says = saying(truth, number)
        text = pasted(form, image, says).replace("acme", instead)
        said = explain_as_text(text, whole=True)
        wrong = judge(truth, said)
        if "isn't an image name" in said:
            wrong.append("doubts the image's name")
        if wrong:
            misunderstood.append(f"{wrong}\n\n{text}\n\n{said}")
    assert misunderstood == []


@pytest.mark.parametrize("name", UNSEEN)
def test_a_single_text_is_explained_as_its_row_says(name: str) -> None:
    row = UNSEEN[name]
    try:
        said = " ".join(explain_as_text(row["text"], whole=True).split())
    except ExportError as error:
        said = str(error)
    assert [idea for idea in row["must"] if not re.search(idea, said, re.IGNORECASE)] == [], said
    assert [idea for idea in row.get("never", ()) if re.search(idea, said, re.IGNORECASE)] == [], said
    grades = [GRADES[grade] for grade in row.get("sure", ())]
    assert not grades or re.search(rf"wrong \(({'|'.join(grades)})\)", said), said


@pytest.mark.parametrize("name", UNSEEN)
def test_the_verdict_is_one_line_of_160_characters(name: str) -> None:
    with suppress(ExportError):
        for line in explain_as_text(UNSEEN[name]["text"]).splitlines():
            if line.startswith("What's wrong"):
                names = [word for word in line.split() if len(word) > _LONG]
                assert len(line) - sum(len(name) - _LONG for name in names) <= 160, line


def different(number: int) -> str:
    """A word without figures, a different one for each number."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


@pytest.mark.parametrize("line", LINES)
def test_of_messages_that_all_differ_a_bounded_number_is_read(line: str) -> None:
    text = "\n".join(line.format(different(number)) for number in range(4000))
    read.cache_clear()
    with suppress(ExportError):
        explain_as_text(text, whole=True)
    assert read.cache_info().misses < 2500


def test_a_long_text_says_how_much_of_it_was_not_read() -> None:
    noise = [LINES[0].format(different(number)) for number in range(6_000)]
    last = 'Warning  Failed  pod/last-1  Failed to pull image "quay.io/acme/last:1": no space left on device'
    said = explain_as_text("\n".join([*noise, last]), whole=True).splitlines()
    assert re.fullmatch("kubesim: the text is long, so [345][0-9]{3} parts of it weren't read: give .*", said[-1])
    assert "quay.io/acme/last:1 for last-1" in said


def test_of_lines_that_differ_in_their_numbers_only_more_are_read_but_not_all() -> None:
    line = 'Warning  Failed  pod/web-{0}  Failed to pull image "registry.acme.test/web:{0}": denied'
    said = explain_as_text("\n".join(map(line.format, range(30_000))), whole=True).splitlines()
    assert re.fullmatch("kubesim: the text is long, so 2[3456][0-9]{3} parts of it weren't read: give .*", said[-1])


def test_of_many_described_pods_those_that_wait_are_read() -> None:
    pod = (
        "Name:         {0}\nNamespace:    shop\nContainers:\n  app:\n    Image:  quay.io/acme/web:1\n    State:  {1}\n"
    )
    fine = [pod.format(f"fine-{number}", "Running") for number in range(3000)]
    waits = pod.format("late-1", "Waiting") + "      Reason:  ErrImagePull\n"
    said = explain_as_text("".join([*fine, waits, *fine]), whole=True)
    assert said.count("What's wrong") == 1
    assert "\nquay.io/acme/web:1 for shop/late-1, container app\n" in said
    assert "kubesim:" not in said

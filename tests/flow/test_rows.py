"""Each pattern by which a record names its Pod or container finds it in the pattern's own example, before any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from kubesim.flow import rows
from kubesim.flow.paste import records
from tests.why.test_cases import CASES
from tests.why.test_sayings import FORMS, SAYINGS, UNSEEN, pasted, saying


@pytest.mark.parametrize(("example", "pattern"), rows._PODS, ids=[example for example, _ in rows._PODS])
def test_a_pattern_finds_the_pod_of_its_example(example: str, pattern: object) -> None:
    match = rows._leftmost(rows._PODS, example)
    assert match is not None
    assert match.re is pattern
    assert rows._named(example)[:2] == ("shop" if "shop" in example else "", "web-1")


@pytest.mark.parametrize(("example", "pattern"), rows._CONTAINERS, ids=[example for example, _ in rows._CONTAINERS])
def test_a_pattern_finds_the_container_of_its_example(example: str, pattern: object) -> None:
    match = rows._leftmost(rows._CONTAINERS, example)
    assert match is not None
    assert match.re is pattern
    assert match["container"] == "app"


OF_NO_TEXT = """
Failed create pod sandbox: rpc error: code = Unknown desc = failed pulling image "pause"
error creating pod sandbox: failed to get sandbox image "pause:3.9"
argocd-image-updater: could not get tags from registry
image-reflector-controller: unable to get tags
container "app" in pod "web-1" is waiting to start: trying and failing to pull image
image pull failed for web:1 (RegistryUnavailable)
Warning  FailedToRetrieveImagePullSecret  kubelet  Unable to retrieve some image pull secrets (regcred)
""".strip().splitlines()
"""What is said in ways that no other own text has."""


@cache
def own_records() -> list[str]:
    texts = [row["text"] for row in (*UNSEEN.values(), *CASES.values()) if "text" in row]
    texts += [saying(*each)[1] for each in SAYINGS]
    texts += [pasted(form, *saying(*SAYINGS[0])) for form in FORMS]
    return [*OF_NO_TEXT, *(line for text in texts for line in records(text).lines)]


def alternatives(expression: str) -> Iterator[str]:
    """The parts of an expression between the bars that are in no bracket."""
    part = ""
    depth = 0
    for token in re.findall(r"\\.|.", expression):
        if token in "([":
            depth += 1
        elif token in ")]":
            depth -= 1
        if token == "|" and not depth:
            yield part
            part = ""
        else:
            part += token
    yield part


@pytest.mark.parametrize("name", ["_MESSAGE", "_WAITS", "_FAILED", "_BY_KUBELET", "_REASON", "_SUCCESS"])
def test_each_part_of_a_pattern_is_in_a_text_of_our_own(name: str) -> None:
    expression = getattr(rows, name).pattern.removeprefix(r"\b(").removesuffix(r")\b")
    unused = [part for part in alternatives(expression) if not any(re.search(part, line) for line in own_records())]
    assert unused == []

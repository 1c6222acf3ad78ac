"""The table of signs: each row reads its own example, quotes it in whole words, and says what it does not mean."""

from __future__ import annotations

import re
import string

import pytest

from kubesim.api.objects import Object
from kubesim.why.export import Export
from kubesim.why.judge import asking
from kubesim.why.judge.causes_table import causes
from kubesim.why.judge.facts import Facts
from kubesim.why.judge.reported import ReportedRegistries
from kubesim.why.judge.scene import Scene
from kubesim.why.judge.words import Words
from kubesim.why.read import signs, signs_table
from kubesim.why.read.paste import is_hint
from kubesim.why.read.signs import read
from tests.learner import rows

ROWS = rows(__file__)

SIGNS = signs_table.signs().signs
NUMBERS = range(len(SIGNS))


@pytest.mark.parametrize("number", NUMBERS, ids=[f"{n}-{row.kind}" for n, row in enumerate(SIGNS)])
def test_a_sign_reads_its_example(number: int) -> None:
    row = SIGNS[number]
    reply = read(row.example)
    assert reply.kind == row.kind
    assert row.example.endswith(reply.sentence)
    assert reply.credentials != reply.transport or reply.kind in ("no_host", "closed", "not_found", "never")
    assert row.isnt or reply.isnt or reply.kind in ("no_host", "closed", "never")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_name_before_an_example_hides_no_sign(number: int) -> None:
    row = SIGNS[number]
    if not row.sign[0].startswith("^"):
        assert read(f"registry.example.com/team/app unknown: {row.example}").kind != "other"


@pytest.mark.parametrize("number", NUMBERS)
def test_no_match_lacks_a_plain_part_of_its_expression(number: int) -> None:
    for expression in SIGNS[number].sign:
        parts = signs.plain_parts(expression)
        for text in [row.example for row in SIGNS]:
            is_match = re.search(expression, text if expression.startswith("(?-i:") else text.lower())
            assert not is_match or any(part in text.lower() for part in parts)


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("no such host|unknown host", ("no such host", "unknown host")),
        ("it's (a|b) match", (" match",)),
        ("colou?rs of", ("rs of",)),
        (r"a\d+b{2,3}cd", ("cd",)),
        ("(?-i:GET)", ("",)),
        ("[a(b]xyz[)]", ("xyz",)),
    ],
)
def test_a_plain_part_is_the_longest_text_that_is_certain(expression: str, parts: tuple[str, ...]) -> None:
    assert signs.plain_parts(expression) == parts


def test_a_long_sentence_is_cut_between_words() -> None:
    reply = read("x509: certificate signed by unknown authority " + "and so on " * 80)
    assert reply.sentence.endswith((" and …", " so …", " on …"))
    assert len(reply.sentence) <= 402


@pytest.mark.parametrize(("message", "registry", "asked"), ROWS["role_of_the_host_that_was_asked"])
def test_the_role_of_the_host_that_was_asked(message: str, registry: str, asked: str) -> None:
    assert asking.asked(message, registry, read(message)).role == asked


@pytest.mark.parametrize(("host", "message", "title"), ROWS["registry_that_a_host_is"])
def test_a_host_and_its_message_tell_the_registry(host: str, message: str, title: str) -> None:
    assert signs.registry_of(host, message).registry.title == title


def test_every_placeholder_of_a_kind_has_a_word() -> None:
    known = {name for row in SIGNS for sign in row.sign for name in re.compile(sign).groupindex}
    known |= {
        *signs_table.Registry._fields,
        "canonical",
        "inner",
        "named_node",
        "started",
        "lacks",
        "own_proxy",
        "sent_by_hosts",
        "has_only",
    }
    container = {"name": "app", "image": "quay.io/acme/web:1"}
    pod: Object = {"metadata": {"name": "web"}, "spec": {"containers": [container]}}
    facts = Facts(Scene(Export(()), {}, ReportedRegistries(), is_export=True), "shop", pod, container)
    for kind in signs_table.signs().kinds.values():
        verdicts = [kind.verdict, *kind.verdict.others] if kind.verdict else []
        texts = [
            text
            for row in verdicts
            for text in (row.problem, row.tell, *(causes().sentences[word] for word in row.also))
        ]
        fields = {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
        assert [name for name in fields - known if Words(facts)[name] == ""] == []


@pytest.mark.parametrize("number", NUMBERS)
def test_each_example_has_a_word_for_which_a_record_is_read(number: int) -> None:
    assert is_hint(SIGNS[number].example)

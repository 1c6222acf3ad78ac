"""What Tab offers."""

from __future__ import annotations

import pytest

from kubesim.shell import Shell, word_start


@pytest.fixture
def full(shell: Shell) -> Shell:
    shell.run("alias k=kubectl kg='kubectl get'; mkdir app; touch pod.yaml pod2.yaml 'a b' .hidden app/x.yaml")
    shell.run("export ABC=1; ABD=2")
    return shell


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        ("kub", ["kubectl"]),
        ("k", ["k", "kg", "kubectl"]),
        ("kubectl d", ["delete", "describe"]),
        ("k d", ["delete", "describe"]),
        ("echo a | k g", ["get"]),
        ("X=1 k g", ["get"]),
        ("echo $(k g", ["get"]),
        ("k get pods; his", ["history"]),
        ("kubectl apply -f p", ["pod.yaml", "pod2.yaml"]),
        ("cat po", ["pod.yaml", "pod2.yaml"]),
        ("cat ap", ["app/"]),
        ("cat app/", ["app/x.yaml"]),
        ("cat a", ["a\\ b", "app/"]),
        ("cat a\\ ", ["a\\ b"]),
        ("cat .h", [".hidden"]),
        ("cat nowhere/", []),
        ("cat ../", []),
        ("echo > po", ["pod.yaml", "pod2.yaml"]),
        ("kubectl get pods >po", ["pod.yaml", "pod2.yaml"]),
        ("echo $AB", ["$ABC", "$ABD"]),
        ("echo ${AB", ["${ABC}", "${ABD}"]),
        ("nothing-like-this", []),
    ],
)
def test_offers(full: Shell, line: str, candidates: list[str]) -> None:
    assert full.complete(line, len(line)) == candidates


def test_only_the_text_before_the_cursor_counts(full: Shell) -> None:
    assert full.complete("cat po | wc", 6) == ["pod.yaml", "pod2.yaml"]


@pytest.mark.parametrize(
    ("line", "word"), [("cat po", "po"), ("a|b", "b"), ("cat a\\ b", "a\\ b"), ("a >x", "x"), ("a ", "")]
)
def test_word_start(line: str, word: str) -> None:
    assert line[word_start(line, len(line)) :] == word

"""The notebooks are easy to read, and write Kubernetes' words as Kubernetes does."""

import re

import pytest

from kubesim.lessons import documents
from tests.learner import rows
from tests.notebooks.pages import PATH, ROOT, prose_of, without_code

ROWS = rows(__file__)

# The highest Flesch-Kincaid grade of a notebook: readers of about 13 years read such a text with ease.
HARDEST_GRADE = 8

TERMS = ROWS["terms"]
SAID = ("question", "why", "otherwise", "hints", "title", "what", "hint", "reason", "done")
NAMES = pytest.mark.parametrize("name", PATH)


def misspelt(text):
    """The words of Kubernetes in a text that are not spelt as Kubernetes does."""
    found = [
        (right.split(), match[0]) for right, wrong in TERMS for match in re.finditer(rf"\b(?:{wrong})", text, re.I)
    ]
    return sorted({word for right, word in found if word not in right})


def syllables(word):
    """About as many as are spoken: groups of vowels, without a silent e."""
    groups = re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiouyl])e(d|s)?$", "", word.lower()))
    return max(1, len(groups))


def grade(markdown):
    """The Flesch-Kincaid grade. A code span counts as one word of three syllables, a list item as a sentence."""
    text = re.sub(r"^ *(\||#).*$", "", without_code(markdown, "Kubernetes"), flags=re.MULTILINE)
    pieces = [re.findall(r"[A-Za-z']+", piece) for piece in re.split(r"[.!?](?=\s)|\n\n|\n *(?:[-*]|\d+\.) ", text)]
    sentences = [words for words in pieces if words]
    words = [word for sentence in sentences for word in sentence]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def told(entry):
    """What a quiz or a task says in sentences."""
    for key, value in entry.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                yield from told(part)
            elif key in SAID:
                yield part


@NAMES
def test_kubernetes_words_are_spelt_right(name):
    assert misspelt(without_code(prose_of(name))) == []


@pytest.mark.parametrize("name", ["glossary", "cheat-sheet"])
def test_kubernetes_words_are_spelt_right_in_the_documents(name):
    assert misspelt(without_code((ROOT / f"docs/{name}.md").read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("folder", ["quizzes", "tasks"])
def test_kubernetes_words_are_spelt_right_in_the_quizzes_and_tasks(folder):
    for file, entries in documents(folder):
        texts = [text for entry in entries for text in told(entry)]
        assert texts
        assert misspelt(without_code("\n\n".join(texts))) == [], file


@NAMES
def test_a_notebook_is_easy_to_read(name):
    assert round(grade(prose_of(name)), 1) <= HARDEST_GRADE


def test_the_measures_can_tell():
    assert misspelt("a pod, its Secret, the pull secret, Kubelet and Image pull backoff; kubernetes.io") == [
        "Image pull backoff",
        "Kubelet",
        "pod",
    ]
    assert grade("The cat sat on the mat. It was warm.") < 2
    hard = "Notwithstanding organisational considerations, authentication infrastructure necessitates configuration"
    assert grade(f"{hard} of authorised representatives.") > 20
    assert [syllables(word) for word in ("named", "kubelet", "table", "the", "registry", "changes")] == [
        1,
        3,
        2,
        1,
        3,
        1,
    ]

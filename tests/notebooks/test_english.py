"""The lesson is written in plain English: words that give away a translation are counted and must be rare."""

import re
from functools import cache

import pytest

from kubesim.lessons import documents
from kubesim.lessons.explore import load_explorables
from tests.learner import rows
from tests.notebooks.pages import PATH, ROOT, prose_of, without_code

ROWS = rows(__file__)

FILES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/glossary.md",
    "docs/cheat-sheet.md",
    "docs/help.md",
    "docs/authoring.md",
    "docs/class.md",
)
FOLDERS = ("quizzes", "predictions", "tasks", "challenges")
# The fields of an entry that people read; the others are commands, patterns and names.
READ = ("title", "text", "question", "why", "what", "otherwise", "hint", "hints", "reason", "done", "because", "heard")

COUNTED = ROWS["counted"]


def spoken(value, key=""):
    """The sentences of a quiz, a task or a broken cluster."""
    if isinstance(value, dict):
        return [text for name, part in value.items() for text in spoken(part, name)]
    if isinstance(value, list):
        return [text for part in value for text in spoken(part, key)]
    return [value] if key in READ and isinstance(value, str) else []


@cache
def texts():
    """Everything that a reader reads, without code, by where it stands."""
    found = {name: without_code(prose_of(name)) for name in PATH}
    found |= {name: without_code((ROOT / name).read_text(encoding="utf-8")) for name in FILES}
    found |= {
        f"{folder}/{file}": without_code("\n\n".join(spoken(entries)))
        for folder in FOLDERS
        for file, entries in documents(folder)
    }
    found["explorables.yaml"] = without_code("\n\n".join(explored()))
    return found


def explored():
    """The sentences of the explorables."""
    for one in load_explorables().values():
        yield from (one.title, one.text, *(goal.what for goal in one.goals), *one.says.values())


def hits(pattern):
    """Where the words of a pattern stand, with the text around them."""
    rule = re.compile(rf"\b({pattern})\b" if pattern[-1].isalnum() or pattern[-1] == "?" else rf"\b({pattern})", re.I)
    return [
        f"{where}: …{text[max(0, hit.start() - 40) : hit.end() + 40]!r}"
        for where, text in texts().items()
        for hit in rule.finditer(text)
    ]


@pytest.mark.parametrize("meant", COUNTED)
def test_a_word_of_translated_english_is_rare(meant):
    pattern, handful = COUNTED[meant]
    found = hits(pattern)
    assert len(found) <= handful, "\n".join(found)


def test_everything_is_read_and_contractions_are_used():
    assert all(texts().values())
    contracted = {where: len(re.findall(r"\w(?:n't|'s|'re|'ll|'ve)\b", text)) for where, text in texts().items()}
    assert [name for name in PATH if contracted[name] < 5] == []

"""The exercises of the lessons: quizzes, predictions and tasks, read from the YAML files in their folders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import count, takewhile
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

from kubesim.api import load_yaml, typed
from kubesim.lessons.quiz import VARIANT, Quiz, letter
from kubesim.lessons.task import Task

_PICKED = ("choice", "choices", "sort")  # kinds whose choices are shown with letters
_PLACEHOLDER = re.compile(r"<([a-z]+(?:-[a-z]+)*)>")


def documents(folder: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The YAML files of a folder of lessons/, such as "quizzes", sorted by name: pairs of file name and entries."""
    for path in sorted(Path(__file__).with_name(folder).glob("*.yaml")):
        yield path.name, load_yaml(path)


def fill(entry: Any, words: Mapping[str, str]) -> Any:
    """Fill words into the placeholders in an entry's texts, repeatedly, because words may have placeholders themselves.

    The entry is filled as one text, its JSON, so words are escaped as in JSON.
    """
    written = {name: json.dumps(word)[1:-1] for name, word in words.items()}
    before = ""
    after = json.dumps(entry)
    while after != before:
        before = after
        after = _PLACEHOLDER.sub(lambda match: written.get(match[1], match[0]), before)
    return json.loads(after)


@cache
def load_quizzes() -> Mapping[str, Quiz]:
    """All quizzes by id, in the order of the files. Further variants of a quiz follow it as ID#1, ID#2, …"""
    return _questions("quizzes")


def question_ids() -> list[str]:
    """The ids of all questions, without those of further variants."""
    return [name for name in load_quizzes() if VARIANT not in name]


def variants_of(question: str) -> list[Quiz]:
    """The variants of a question: the quizzes with the ids "x", "x#1", "x#2" …"""
    quizzes = load_quizzes()
    further = (f"{question}{VARIANT}{number}" for number in count(1))
    return [quizzes[question], *(quizzes[name] for name in takewhile(quizzes.__contains__, further))]


@cache
def load_predictions() -> Mapping[str, Quiz]:
    """All predictions by id: quizzes whose answer is the output of the notebook's next cell."""
    return _questions("predictions", kind="predict")


@cache
def load_tasks() -> Mapping[str, Task]:
    """All tasks by id, in the order of the files."""
    tasks = [entry for _, entries in documents("tasks") for entry in entries]
    return MappingProxyType({entry["id"]: typed.read(Task, entry, entry["id"]) for entry in tasks})


def _questions(folder: str, **more: str) -> Mapping[str, Quiz]:
    quizzes: dict[str, Quiz] = {}
    for _, entries in documents(folder):
        for entry in entries:
            quizzes |= {quiz.id: quiz for quiz in build_variants({**entry, **more})}
    return MappingProxyType(quizzes)


def build_variants(entry: Mapping[str, Any]) -> Iterator[Quiz]:
    """Build the variants of a quiz: the first has the first word of each list in `vary`, the second the second, etc.

    A quiz with choices has two variants even without `vary`. They differ in their letters, so that a learner who is
    asked again can't answer with the letter alone.
    """
    counts = [len(options) for options in entry.get("vary", {}).values()]
    least = 2 if entry["kind"] in (*_PICKED, "order") else 1
    for number in range(max([least, *counts])):
        yield _variant(entry, number)


def _variant(entry: Mapping[str, Any], number: int) -> Quiz:
    """The variant with this number, from 0. A list in `vary` that is shorter begins again."""
    whole = {key: value for key, value in entry.items() if key != "vary"}
    choices = entry.get("choices", [])
    if entry["kind"] in _PICKED:
        whole["choices"] = _rotated(choices, number)  # the shuffling is that of all variants: this gives other letters
    if entry["kind"] in (*_PICKED, "predict"):
        # the seed is the quiz's id: the right choice has no favorite place, and each machine shows the same order
        whole["shuffled"] = Random(entry["id"]).sample(range(len(choices)), len(choices))
    if number:
        whole["id"] += f"{VARIANT}{number}"
    quiz: Quiz = typed.read(Quiz, fill(whole, _words(entry, number)), whole["id"])
    if not choices:
        return quiz
    return replace(quiz, answer=f"{_solution(quiz)}. {quiz.answer}".strip())


def _words(entry: Mapping[str, Any], number: int) -> Mapping[str, str]:
    """The words for the placeholders of a variant.

    An option of `vary` is one word, or a map of words that belong together.
    """
    words: dict[str, str] = {}
    for name, options in entry.get("vary", {}).items():
        option = options[number % len(options)]
        words |= option if isinstance(option, dict) else {name: option}
    return words


def _rotated(choices: Sequence[Any], number: int) -> list[Any]:
    first = number % len(choices)
    return [*choices[first:], *choices[:first]]


def _solution(quiz: Quiz) -> str:
    """The solution in letters: the right choices, or all choices of an order in the right order."""
    if quiz.kind == "order":
        return ", ".join(letter(quiz.shown.index(choice)) for choice in quiz.choices)
    *others, last = [letter(number) for number, choice in enumerate(quiz.shown) if choice.right]
    letters = f"{', '.join(others)} and {last}" if others else last
    return f"{quiz.bins[1]}: {letters}" if quiz.bins else letters

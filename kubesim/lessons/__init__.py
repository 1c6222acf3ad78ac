"""Quizzes, predictions and tasks as data from the YAML files of their folders, and what a learner has done of them."""

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

_PICKED = ("choice", "choices", "sort")  # kinds whose choices have letters
_PLACEHOLDER = re.compile(r"<([a-z]+(?:-[a-z]+)*)>")


def documents(folder: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The files of `folder` ("quizzes" or "tasks") in order of name: (name, what the YAML holds)."""
    for path in sorted(Path(__file__).with_name(folder).glob("*.yaml")):
        yield path.name, load_yaml(path)


def filled(entry: Any, words: Mapping[str, str]) -> Any:
    """`entry` with a word for each placeholder in its texts; words may have placeholders themselves.

    It is filled in as one text, the entry's JSON, in which words are as JSON writes them.
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
    """All quizzes by their id, in the order of the files. The further variants of one follow it, as ID#1, ID#2, …"""
    return _questions("quizzes")


def question_ids() -> list[str]:
    """The ids of all questions, each once, whatever variants it has."""
    return [name for name in load_quizzes() if VARIANT not in name]


def variants_of(question: str) -> list[Quiz]:
    """A question's quizzes: those called "x", "x#1", "x#2" and so on."""
    quizzes = load_quizzes()
    further = (f"{question}{VARIANT}{number}" for number in count(1))
    return [quizzes[question], *(quizzes[name] for name in takewhile(quizzes.__contains__, further))]


@cache
def load_predictions() -> Mapping[str, Quiz]:
    """All predictions by their id: quizzes that are answered by what the notebook's next cell prints."""
    return _questions("predictions", kind="predict")


@cache
def load_tasks() -> Mapping[str, Task]:
    """All tasks by their id, in the order of the files."""
    tasks = [entry for _, entries in documents("tasks") for entry in entries]
    return MappingProxyType({entry["id"]: typed.read(Task, entry, entry["id"]) for entry in tasks})


def _questions(folder: str, **more: str) -> Mapping[str, Quiz]:
    quizzes: dict[str, Quiz] = {}
    for _, entries in documents(folder):
        for entry in entries:
            quizzes |= {quiz.id: quiz for quiz in variants({**entry, **more})}
    return MappingProxyType(quizzes)


def variants(entry: Mapping[str, Any]) -> Iterator[Quiz]:
    """A quiz with the first of what `vary` lists for its placeholders, then with the second, and so on.

    Its choices are shown in an order of their own, the same on each machine, so that the right one is in no favorite
    place. They have other letters each time, so that a quiz with choices has two variants even where none of its names
    can change: a learner who is asked again can't go by the letter.
    """
    counts = [len(options) for options in entry.get("vary", {}).values()]
    least = 2 if entry["kind"] in (*_PICKED, "order") else 1
    for number in range(max([least, *counts])):
        yield _variant(entry, number)


def _variant(entry: Mapping[str, Any], number: int) -> Quiz:
    """The quiz with what `vary` lists at this place, from 0; where a list is shorter, it begins again."""
    whole = {key: value for key, value in entry.items() if key != "vary"}
    choices = entry.get("choices", [])
    if entry["kind"] in _PICKED:
        whole["choices"] = _beginning_with(number, choices)
    if entry["kind"] in (*_PICKED, "predict"):
        whole["places"] = Random(entry["id"]).sample(range(len(choices)), len(choices))
    if number:
        whole["id"] += f"{VARIANT}{number}"
    quiz: Quiz = typed.read(Quiz, filled(whole, _words(entry, number)), whole["id"])
    if not choices:
        return quiz
    return replace(quiz, answer=f"{_solution(quiz)}. {quiz.answer}".strip())


def _words(entry: Mapping[str, Any], number: int) -> Mapping[str, str]:
    """The words for the placeholders of a variant: one is by itself in its list, or several that go together are."""
    words: dict[str, str] = {}
    for name, options in entry.get("vary", {}).items():
        option = options[number % len(options)]
        words |= option if isinstance(option, dict) else {name: option}
    return words


def _beginning_with(number: int, choices: Sequence[Any]) -> list[Any]:
    """The choices in a circle, from that of a number on, counted in a circle, too."""
    first = number % len(choices)
    return [*choices[first:], *choices[:first]]


def _solution(quiz: Quiz) -> str:
    """The letters of the right choices, or of all in their right order."""
    if quiz.kind == "order":
        return ", ".join(letter(quiz.shown.index(choice)) for choice in quiz.choices)
    *others, last = [letter(number) for number, choice in enumerate(quiz.shown) if choice.right]
    letters = f"{', '.join(others)} and {last}" if others else last
    return f"{quiz.bins[1]}: {letters}" if quiz.bins else letters

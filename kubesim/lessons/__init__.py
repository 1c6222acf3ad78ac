"""Quizzes and tasks as data from quizzes/*.yaml and tasks/*.yaml, and what a learner has done of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

import yaml

from kubesim.lessons.quiz import Choice, Quiz, Reply
from kubesim.lessons.task import Condition, Mistake, Task

Item = TypeVar("Item", Quiz, Task)


def _condition(**entry: str) -> Condition:
    renamed = {"equals" if key == "is" else key: value for key, value in entry.items()}
    return Condition(**renamed)


# Which fields hold a list of what; every other list is one of texts.
_PARTS: dict[str, Callable[..., Any]] = {
    "choices": Choice,
    "replies": Reply,
    "goal": _condition,
    "wrong": lambda lines, says: Mistake(tuple(lines), says),
}


def documents(folder: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The files of `folder` ("quizzes" or "tasks") in order of name: (name, what the YAML holds)."""
    found = files(__name__).joinpath(folder).iterdir()
    for path in sorted(found, key=lambda entry: entry.name):
        if path.name.endswith(".yaml"):
            yield path.name, yaml.safe_load(path.read_text(encoding="utf-8"))


def _value(key: str, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    make = _PARTS.get(key)
    return tuple(make(**part) if make else part for part in value)


def fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Quiz or Task from what the YAML holds of it."""
    return {key: _value(key, value) for key, value in entry.items()}


def _load(folder: str, make: Callable[..., Item]) -> Mapping[str, Item]:
    items = [make(**fields(entry)) for _, found in documents(folder) for entry in found]
    return MappingProxyType({item.id: item for item in items})


@cache
def load_quizzes() -> Mapping[str, Quiz]:
    """All quizzes by their id, in the order of the files."""
    return _load("quizzes", Quiz)


@cache
def load_tasks() -> Mapping[str, Task]:
    """All tasks by their id, in the order of the files."""
    return _load("tasks", Task)

"""Explorables: small models that a learner changes, each computed by the simulator's own functions.

This module reads what they ask from explorables.yaml; the modules beside it compute what they show.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kubesim.api import load_yaml, typed

ON = "on"
"""The value of a switch that is on; "" is one that is off."""
LONGEST_TEXT = 400
"""Characters in a line that a learner types: enough for any real image or entry."""
MOST_LINES = 8

Values = Mapping[str, str]
"""The values of an explorable's controls, by their names, each as an HTML input has it."""


class Option(NamedTuple):
    """One of the values that a control offers."""

    value: str
    label: str


class Control(NamedTuple):
    """Something that a learner changes: a text, several lines, a switch, a number on a range, or one of `options`.

    `start` is its first value. `stored` is the one that is shown where the notebook is only read, if it's another one.
    """

    name: str
    kind: Literal["text", "lines", "switch", "range", "pick"]
    label: str
    start: str = ""
    stored: str = ""
    options: tuple[Option, ...] = ()
    least: int = 0
    most: int = 0
    step: int = 1

    def cleaned(self, value: object) -> str:
        """A value from a page, bounded to what this control can have; `start` where it's of no use."""
        if not isinstance(value, str):
            return self.start
        if self.kind == "text":
            return value.replace("\n", " ")[:LONGEST_TEXT]
        if self.kind == "lines":
            return "\n".join(
                line[:LONGEST_TEXT] for line in value[: MOST_LINES * LONGEST_TEXT].split("\n")[:MOST_LINES]
            )
        if self.kind == "switch":
            return value if value in ("", ON) else self.start
        if self.kind == "pick":
            return value if value in {option.value for option in self.options} else self.start
        is_number = value.isascii() and value.isdecimal() and len(value) < 10
        return str(min(max(int(value), self.least), self.most)) if is_number else self.start


class Goal(NamedTuple):
    """Something to reach by trying; the explorable's module knows by its `id` when it is reached."""

    id: str
    what: str


class Explorable(NamedTuple):
    """What an explorable asks, what can be changed in it, and the `commands` that play it in a cluster of its own.

    `says` holds its sentences by name; its module chooses among them.
    """

    title: str
    text: str
    controls: tuple[Control, ...]
    goals: tuple[Goal, ...] = ()
    commands: Mapping[str, tuple[str, ...]] = {}
    says: Mapping[str, str] = {}

    def start(self) -> Values:
        """The values of a fresh explorable."""
        return {control.name: control.start for control in self.controls}

    def stored(self) -> Values:
        """The values that a notebook shows where it is only read."""
        return {control.name: control.stored or control.start for control in self.controls}

    def cleaned(self, values: Mapping[str, Any]) -> Values:
        """Values from a page, each bounded to what its control can have; a missing one is that of the start."""
        return {control.name: control.cleaned(values.get(control.name)) for control in self.controls}


@cache
def load_explorables() -> Mapping[str, Explorable]:
    """All explorables by their names, in the order of the file."""
    path = Path(__file__).parents[1] / "explorables.yaml"
    found: Mapping[str, Explorable] = typed.read(Mapping[str, Explorable], load_yaml(path))
    return found

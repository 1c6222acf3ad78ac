"""Explorables: small models that a learner changes, each computed by the simulator's own functions.

This module reads their texts and controls from explorables.yaml. The modules beside it compute their results.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kubesim.api import load_yaml, typed

# The value of a switch that is on; a switch that is off has "".
ON = "on"
# Characters of a typed line: enough for any real image or entry.
LONGEST_TEXT = 400
MOST_LINES = 8

# The values of controls by name, as HTML inputs have them.
Values = Mapping[str, str]


class Option(NamedTuple):
    """A value that a control offers."""

    value: str
    label: str


class Control(NamedTuple):
    """A control: a text, several lines, a switch, a number in a range, or one of `options`.

    `start` is its first value. `stored` is the value in a notebook that is only read, "" for the same.
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
        """A value from a page, made valid for this control; `start` if it can't be."""
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
    """Something to reach by trying. The explorable's module decides by `id` when it is reached."""

    id: str
    what: str


class Explorable(NamedTuple):
    """An explorable: its question, its controls, and the `commands` that play it in a cluster.

    `says` has sentences by name, from which its module chooses.
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
        """The values in a notebook that is only read."""
        return {control.name: control.stored or control.start for control in self.controls}

    def cleaned(self, values: Mapping[str, Any]) -> Values:
        """Values from a page, made valid. A missing one gets the control's `start`."""
        return {control.name: control.cleaned(values.get(control.name)) for control in self.controls}


@cache
def load_explorables() -> Mapping[str, Explorable]:
    """All explorables by name, in the order of the file."""
    path = Path(__file__).parents[1] / "explorables.yaml"
    found: Mapping[str, Explorable] = typed.read(Mapping[str, Explorable], load_yaml(path))
    return found

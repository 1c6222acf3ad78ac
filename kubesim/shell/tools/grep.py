"""grep, on the regular expressions of regex.py."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kubesim.api.budget import Budget
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import (
    Invocation,
    Operands,
    Options,
    ToolError,
    bare_lines,
    inputs,
    misused,
    values_of,
    whole_number,
)
from kubesim.shell.tools.regex import Regex


class _Selection(NamedTuple):
    """The lines of an input that grep selects, by index."""

    name: str
    label: str  # the prefix of its lines: the name if grep has several inputs, else ""
    lines: list[str]
    selected: list[int]  # indexes in `lines`
    is_first: bool  # no earlier input had selected lines


class _Context(NamedTuple):
    """The numbers of lines printed before and after a selected one."""

    before: int
    after: int


def grep(operands: Operands, options: Options, io: Invocation) -> int:
    """Print the lines that match, and return 0 if any does, else 1."""
    context = _context(options)
    patterns, names = _patterns(operands, options, io)
    regex = _regex_of(patterns, options, io)
    most = whole_number(options["m"], "invalid max count") if "m" in options else None
    if most is not None and most < 1:
        raise UnsupportedError("'grep -m' of no line")
    has_labels = len(names) > 1
    is_inverted = "v" in options
    any_selected = False
    for name, text in inputs(io, names, failure_status=2):
        content = bare_lines(text)
        selected = [index for index, line in enumerate(content) if (regex.search(line) is None) == is_inverted]
        selected = selected[:most]
        if selected and "q" in options:
            io.status = 0  # even after an unreadable file
            return 0
        selection = _Selection(
            name=name, label=name if has_labels else "", lines=content, selected=selected, is_first=not any_selected
        )
        any_selected = any_selected or bool(selected)
        io.out("".join(_report(selection, context, regex, options)))
    return 0 if any_selected else 1


def _context(options: Options) -> _Context | None:
    """The context of -A, -B and -C (both); None without these options. Raises ToolError."""
    if not {"A", "B", "C"} & options.keys():
        return None
    both = options.get("C", "0")
    return _Context(_line_count(options.get("B", both)), _line_count(options.get("A", both)))


def _line_count(text: str) -> int:
    if not re.fullmatch(r"\+?[0-9]{1,15}", text):
        raise ToolError(f"{text}: invalid context length argument")
    return int(text)


def _regex_of(patterns: list[str], options: Options, io: Invocation) -> Regex:
    """Compile the patterns; with -F they are fixed texts."""
    is_fixed = "F" in options
    if is_fixed:
        patterns = [re.sub(r"[][\\.*^$]", r"\\\g<0>", pattern) for pattern in patterns]
    is_extended = "E" in options and not is_fixed
    budget = io.machine.budget
    whole = "w" in options
    return Regex(patterns, budget, extended=is_extended, ignores_case="i" in options, whole_words=whole)


def _patterns(operands: Operands, options: Options, io: Invocation) -> tuple[list[str], list[str]]:
    """The patterns of -e and -f, else of the first operand; and the files. An empty list matches nothing."""
    if "e" not in options and "f" not in options:
        if not operands:
            raise misused(io.name, "no pattern given")
        return operands[0].split("\n"), operands[1:]
    patterns = values_of(options, "e")
    for name in options.get("f", "").splitlines():
        patterns += bare_lines(io.read(name))
    return patterns, operands


def _report(selection: _Selection, context: _Context | None, regex: Regex, options: Options) -> Iterable[str]:
    """The output for one input: its name for -l, a number for -c, matches for -o, else lines."""
    if "q" in options:
        return []
    if "l" in options:
        title = "(standard input)" if selection.name == "-" else selection.name
        return [f"{title}\n"] if selection.selected else []
    if "c" in options:
        label = f"{selection.label}:" if selection.label else ""
        return [f"{label}{len(selection.selected)}\n"]
    if "o" in options:
        return _matches(selection, regex, options)
    return _with_context(selection, context, options, regex.budget)


def _prefix(label: str, index: int, sign: str, options: Options) -> str:
    """The prefix of a line: the label and, with -n, the line's number, each followed by `sign`."""
    name = f"{label}{sign}" if label else ""
    number = f"{index + 1}{sign}" if "n" in options else ""
    return name + number


def _matches(selection: _Selection, regex: Regex, options: Options) -> Iterator[str]:
    """The output of -o: each matching part of the selected lines on a line of its own."""
    for index in selection.selected:
        line = selection.lines[index]
        prefix = _prefix(selection.label, index, ":", options)
        for begin, end in regex.find_all(line):
            if end > begin:
                yield f"{prefix}{line[begin:end]}\n"


def _with_context(selection: _Selection, context: _Context | None, options: Options, budget: Budget) -> Iterator[str]:
    """The selected lines with their context. With a context, "--" separates groups of lines."""
    before, after = context or (0, 0)
    signs: dict[int, str] = {}  # by index of the printed lines: ":" for selected ones, "-" for their context
    for index in selection.selected:
        around = range(max(index - before, 0), min(index + after + 1, len(selection.lines)))
        budget.spend(len(around))
        signs |= dict.fromkeys(around, "-")
    signs |= dict.fromkeys(selection.selected, ":")
    needs_gap = not selection.is_first
    for index, sign in sorted(signs.items()):
        if needs_gap and context is not None:
            yield "--\n"
        yield f"{_prefix(selection.label, index, sign, options)}{selection.lines[index]}\n"
        needs_gap = index + 1 not in signs

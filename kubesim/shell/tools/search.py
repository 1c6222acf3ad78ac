"""grep, on the regular expressions of regex.py, and awk, as far as it prints fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Invocation, Options, bare_lines, inputs, misused, whole_number
from kubesim.shell.tools.regex import Regex

_LINE_COST = 100


def grep(operands: list[str], options: Options, io: Invocation) -> int:
    if "e" not in options and not operands:
        raise misused(io.name, "no pattern given")
    patterns = (options["e"] if "e" in options else operands.pop(0)).split("\n")
    is_fixed = "F" in options
    if is_fixed:
        patterns = [re.sub(r"[][\\.*^$]", r"\\\g<0>", pattern) for pattern in patterns]
    regex = Regex(
        patterns,
        io.machine.budget,
        extended="E" in options and not is_fixed,
        ignores_case="i" in options,
    )
    any_selected = False
    for name, text in inputs(io, operands, trouble=2):
        content = bare_lines(text)
        selected = [index for index, line in enumerate(content) if (regex.search(line) is None) == ("v" in options)]
        any_selected = any_selected or bool(selected)
        if "q" not in options:
            label = f"{name}:" if len(operands) > 1 else ""
            io.out("".join(_report(name, label, content, selected, regex, options)))
    if any_selected and "q" in options:
        io.status = 0
    return 0 if any_selected else 1


def _report(
    name: str, label: str, content: list[str], selected: list[int], regex: Regex, options: Options
) -> Iterator[str]:
    """What is printed of one input, of whose lines some are selected."""
    if "l" in options:
        if selected:
            yield f"{name if name != '-' else '(standard input)'}\n"
    elif "c" in options:
        yield f"{label}{len(selected)}\n"
    elif "o" in options:
        if "v" in options:
            return
        for index in selected:
            number = f"{index + 1}:" if "n" in options else ""
            for begin, end in regex.find_all(content[index]):
                if end > begin:
                    yield f"{label}{number}{content[index][begin:end]}\n"
    else:
        yield from _with_context(label, content, selected, options, regex)


def _with_context(label: str, content: list[str], selected: list[int], options: Options, regex: Regex) -> Iterator[str]:
    """The selected lines and those around them, with "--" where some are left out."""
    both = options.get("C", "0")
    before = whole_number(options.get("B", both), "invalid context length argument")
    after = whole_number(options.get("A", both), "invalid context length argument")
    marks: dict[int, str] = {}
    for index in selected:
        around = range(max(index - before, 0), min(index + after + 1, len(content)))
        regex.budget.spend(len(around))
        for place in around:
            marks.setdefault(place, "-")
    marks |= dict.fromkeys(selected, ":")
    previous = -1
    for index in sorted(marks):
        if previous >= 0 and index > previous + 1 and (before or after):
            yield "--\n"
        previous = index
        mark = marks[index]
        number = f"{index + 1}{mark}" if "n" in options else ""
        yield f"{label[:-1]}{mark if label else ''}{number}{content[index]}\n"


_FIELD = r"\$(?:NF|[0-9]{1,6})"
_PROGRAM = re.compile(
    rf"\s*(?:/(?P<pattern>(?:[^/\\\n]|\\.)+)/)?\s*"
    rf"(?:(?P<action>\{{)\s*print\s*(?P<fields>{_FIELD}(?:\s*,\s*{_FIELD})*+)?\s*\}})?\s*"
)


def awk(operands: list[str], options: Options, io: Invocation) -> None:
    """Of awk's programs, those that print fields of every line or of those that match a pattern."""
    program = operands.pop(0) if operands else ""
    io.spend(len(program))
    match = _PROGRAM.fullmatch(program)
    separator = options.get("F", " ")
    if not match or not (match["pattern"] or match["action"]) or len(separator) != 1:
        raise UnsupportedError(f"'awk {' '.join(program.split())[:80]}'")
    regex = Regex([match["pattern"] or ""], io.machine.budget, extended=True)
    names = re.findall(_FIELD, match["fields"] or "$0")
    for _, text in inputs(io, operands, trouble=2):
        for line in bare_lines(text):
            io.spend(len(line) + _LINE_COST)
            if regex.search(line):
                fields = line.split() if separator == " " else line.split(separator)
                io.out(" ".join(_field(name, line, fields) for name in names) + "\n")


def _field(name: str, line: str, fields: list[str]) -> str:
    """What `$0`, `$1` … or `$NF` stands for."""
    place = len(fields) if name == "$NF" else int(name[1:])
    if place == 0:
        return line
    return fields[place - 1] if place <= len(fields) else ""

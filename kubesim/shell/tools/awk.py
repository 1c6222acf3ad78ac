"""The part of awk that prints fields."""

from __future__ import annotations

import re

from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Invocation, Operands, Options, bare_lines, inputs
from kubesim.shell.tools.regex import Regex, with_characters

# The work of one line, in units of the line's budget, besides its characters.
_LINE_COST = 100
# A field of a line, as a program names it: $0 is the whole line, $NF its last field.
_FIELD = r"\$(?:NF|[0-9]{1,6})"
# A program of one rule: /pattern/, {print fields}, or both.
_PROGRAM = re.compile(
    rf"\s*(?:/(?P<pattern>(?:[^/\\\n]|\\.)+)/)?\s*"
    rf"(?:(?P<action>\{{)\s*print\s*(?P<fields>{_FIELD}(?:\s*,\s*{_FIELD})*+)?\s*\}})?\s*"
)


def awk(operands: Operands, options: Options, io: Invocation) -> None:
    """Run an awk program that prints fields of all lines, or of lines that match a pattern. Others aren't simulated."""
    program, *names = operands or [""]
    match = _PROGRAM.fullmatch(program)
    separator = options.get("F", " ")
    if not match or not (match["pattern"] or match["action"]) or len(separator) != 1:
        raise UnsupportedError(f"'awk {' '.join(program.split())[:80]}'")
    regex = Regex([with_characters(match["pattern"] or "")], io.machine.budget, extended=True)
    fields_to_print = re.findall(_FIELD, match["fields"] or "$0")
    for _, text in inputs(io, names, failure_status=2):
        for line in bare_lines(text):
            io.spend(len(line) + _LINE_COST)
            if regex.search(line):
                fields = re.findall("[^ \t\n]+", line) if separator == " " else line.split(separator)
                values = [line, *fields]
                io.spend(len(fields_to_print))
                io.out(" ".join(_field(name, values) for name in fields_to_print) + "\n")


def _field(name: str, values: list[str]) -> str:
    """The value of `$0`, `$1` … or `$NF`. `values` has the line, then its fields."""
    place = len(values) - 1 if name == "$NF" else int(name[1:])
    return values[place] if place < len(values) else ""

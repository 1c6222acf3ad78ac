"""sed: the commands s, p, d and q with their addresses, on the regular expressions of regex.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kubesim.shell.machine import Invocation, ToolError, lines
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Options, inputs, tool
from kubesim.shell.tools.regex import Regex, Span, Spend

_ADDRESS = r"(?:[0-9]{1,9}|\$|/(?:[^\\/\n]|\\.)*/)"
_HEAD = re.compile(rf"[\s;]*({_ADDRESS})?[ \t]*(?:,[ \t]*({_ADDRESS}))?[ \t]*(!?)[ \t]*", re.DOTALL)
_FLAGS = re.compile(r"[gpiI0-9]*")
_MAX_SCRIPT = 10_000
_KNOWN = "aciDeFgGhHlnNPQrRtTvwWxyzb{}:#=~+,"


class _Line(NamedTuple):
    text: str
    number: int
    last: bool


Address = Callable[[_Line], bool]


@dataclass
class _Command:
    """A command with the lines that it is for; `bound` is the number of the last one, if that is known."""

    name: str
    first: Address | None
    last: Address | None
    bound: int | None
    negated: bool
    regex: Regex | None = None
    replacement: str = ""
    flags: str = ""
    inside: bool = False

    def selects(self, line: _Line) -> bool:
        return self._covers(line) != self.negated

    def _covers(self, line: _Line) -> bool:
        if self.inside and self.last:
            self.inside = line.number < self.bound if self.bound is not None else not self.last(line)
            return self.bound is None or line.number <= self.bound
        found = self.first is None or self.first(line)
        self.inside = found and self.last is not None and (self.bound is None or line.number < self.bound)
        return found


class _Parser:
    """Reads a script; what is wrong is a ToolError with GNU's sentence and the place where it was seen."""

    def __init__(self, script: str, spend: Spend, *, extended: bool) -> None:
        if len(script) > _MAX_SCRIPT:
            raise UnsupportedError("a sed script of that length")
        self._script, self._spend, self._extended = script, spend, extended
        self._at = 0

    def _error(self, problem: str, *, at_end: bool = False) -> ToolError:
        return ToolError(f"-e expression #1, char {len(self._script) if at_end else self._at}: {problem}")

    def parse(self) -> Iterator[_Command]:
        while self._script[self._at :].strip(" \t\n;"):
            yield self._command()
            rest = self._script[self._at :].lstrip(" \t")
            if rest and rest[0] not in ";\n":
                self._at += 1
                raise self._error("extra characters after command")

    def _command(self) -> _Command:
        head = _HEAD.match(self._script, self._at)
        first, last, negated = head.groups() if head else ("", "", "")
        self._at = (head.end() if head else self._at) + 1
        name = self._script[self._at - 1 : self._at]
        if name == "/":
            raise self._error("unterminated address regex", at_end=True)
        bound = int(last) if last and last.isdigit() else None
        command = _Command(name, self._address(first), self._address(last), bound, bool(negated))
        if name == "s":
            self._read_substitution(command)
        elif name and name in _KNOWN:
            raise UnsupportedError(f"'sed {name}'")
        elif name not in ("p", "d", "q"):
            raise self._error(f"unknown command: `{name}'" if name else "missing command")
        return command

    def _address(self, address: str | None) -> Address | None:
        if not address:
            return None
        if address == "$":
            return lambda line: line.last
        if address.isdigit():
            return lambda line: line.number == int(address)
        regex = self._regex(address[1:-1].replace("\\/", "/"))
        return lambda line: regex.search(line.text, self._spend) is not None

    def _regex(self, pattern: str, *, ignore_case: bool = False) -> Regex:
        if not pattern:
            raise UnsupportedError("the empty pattern of sed")
        try:
            return Regex([pattern], extended=self._extended, ignore_case=ignore_case)
        except ToolError as error:
            raise self._error(str(error)) from None

    def _read_substitution(self, command: _Command) -> None:
        mark = re.escape(self._script[self._at : self._at + 1])
        brackets = rf"((?:\[\^?\]?[^\]\n]*\]|[^\\{mark}]|\\.)*+){mark}"  # `s/[/]/x/`: no end within brackets
        plain = rf"((?:[^\\{mark}]|\\.)*+){mark}"
        whole = re.compile(f"{mark}(?:{brackets}|{plain}){plain}({_FLAGS.pattern})", re.DOTALL)
        match = whole.match(self._script, self._at) if mark not in ("", "\\\\", "\\\n") else None
        if not match:
            raise self._error("unterminated `s' command", at_end=True)
        self._at = match.end()
        following = self._script[self._at : self._at + 1]
        if following and following not in " \t\n;":
            self._at += 1
            raise self._error("unknown option to `s'")
        pattern, command.replacement, command.flags = match[1] or match[2] or "", match[3], match[4]
        pattern = pattern.replace(f"\\{mark[-1]}", mark[-1]) if not mark[-1].isalnum() else pattern
        command.regex = self._regex(pattern, ignore_case="i" in command.flags.lower())
        for group in re.findall(r"\\(.)", command.replacement, re.DOTALL):
            if group.isdigit() and int(group) > command.regex.groups:
                raise self._error(f"invalid reference \\{group} on `s' command's RHS")
            if group in "ULEul":
                raise UnsupportedError(f"'\\{group}' in what sed puts in")


def _edited(text: str, commands: list[_Command], spend: Spend, *, quiet: bool) -> str:
    """What a script makes of `text`."""
    content, output = lines(text), list[str]()
    for number, line in enumerate(content, 1):
        spend(len(line) + 100 * len(commands))
        space, end = line.removesuffix("\n"), "\n" if line.endswith("\n") else ""
        stopped = ""
        for command in commands:
            if not command.selects(_Line(space, number, number == len(content))):
                continue
            if command.name in "dq":
                stopped = command.name
                break
            space, printed = _substituted(command, space, spend) if command.regex else (space, True)
            output += [space + end] if printed else []
        output += [] if quiet or stopped == "d" else [space + end]
        if stopped == "q":
            break
    return "".join(output)


def _substituted(command: _Command, space: str, spend: Spend) -> tuple[str, bool]:
    """The line after an s command, and whether that prints it."""
    wanted = int(re.sub(r"\D", "", command.flags)[:9] or 1)
    done, start, after, count = list[str](), 0, 0, 0
    while command.regex and (spans := command.regex.search(space, spend, start)):
        begin, end = spans[0]
        count += end > begin or end != after or not count
        if count >= wanted and (end > begin or end != after or not done):
            done += [space[after:begin], _filled(command.replacement, space, spans)]
            spend(len(done[-1]))
            after = end
            if "g" not in command.flags:
                break
        start = max(end, begin + 1)
    return "".join(done) + space[after:], bool(done) and "p" in command.flags


def _filled(template: str, space: str, spans: list[Span]) -> str:
    def piece(match: re.Match[str]) -> str:
        letter = match[0][-1]
        if match[0] == "&" or (letter.isdigit() and len(match[0]) == 2):
            begin, end = spans[0 if letter == "&" else int(letter)]
            return space[begin:end]
        return {"n": "\n", "t": "\t"}.get(letter, letter)

    return re.sub(r"&|\\.", piece, template, flags=re.DOTALL)


@tool(
    "sed [-nEi] [-e] SCRIPT [FILE]...",
    "nErie:",
    {"quiet": "n", "regexp-extended": "E", "in-place": "i", "expression=": "e"},
    example="sed -i s/1.0/2.0/ pod.yaml",
)
def sed(operands: list[str], options: Options, io: Invocation) -> None:
    if "e" not in options and not operands:
        raise ToolError("no script given\nTry 'sed --help' for more information.")
    script = options["e"] if "e" in options else operands.pop(0)

    def commands() -> list[_Command]:
        return list(_Parser(script, io.spend, extended="E" in options or "r" in options).parse())

    commands()  # so that a wrong script is reported before anything is read
    files = inputs(io, operands, "can't read ", trouble=2)
    if "i" not in options:
        io.out(_edited("".join(text for _, text in files), commands(), io.spend, quiet="n" in options))
        return
    for name, text in files:
        io.files.write_text(name, _edited(text, commands(), io.spend, quiet="n" in options))

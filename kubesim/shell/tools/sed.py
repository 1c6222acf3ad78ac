"""sed: the commands s, p, d and q with their addresses, on the regular expressions of regex.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kubesim.shell.state import Invocation, ToolError
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools.regex import Regex, Span, Spend
from kubesim.shell.tools.tool import Options, inputs, lines, tool

_ADDRESS = r"(?:[0-9]{1,9}|\$|/(?:[^\\/\n]|\\.)*/)"
_HEAD = re.compile(rf"[\s;]*({_ADDRESS})?[ \t]*(?:,[ \t]*({_ADDRESS}))?[ \t]*(!?)[ \t]*", re.DOTALL)
_FLAGS = re.compile(r"[gpiI0-9]*")
_MAX_SCRIPT = 10_000
_KNOWN = "aciDeFgGhHlnNPQrRtTvwWxyzb{}:#=~+,"


@dataclass(frozen=True)
class _Line:
    text: str
    number: int
    last: bool


Selector = Callable[[_Line], bool]


@dataclass(frozen=True)
class _Command:
    name: str
    selected: Selector
    regex: Regex | None = None
    replacement: str = ""
    flags: str = ""


class _Parser:
    """Reads a script; what is wrong is a ToolError with GNU's sentence and the place where it was seen."""

    def __init__(self, script: str, spend: Spend, *, extended: bool) -> None:
        self._script, self._spend, self._extended = script, spend, extended
        self._at = 0

    def _error(self, problem: str) -> ToolError:
        return ToolError(f"-e expression #1, char {self._at}: {problem}")

    def parse(self) -> Iterator[_Command]:
        if len(self._script) > _MAX_SCRIPT:
            raise UnsupportedError("a sed script of that length")
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
            self._at = len(self._script)
            raise self._error("unterminated address regex")
        selected = self._selector(first, last)
        selector: Selector = (lambda line: not selected(line)) if negated else selected
        if name == "s":
            return self._substitution(selector)
        if name in ("p", "d", "q"):
            return _Command(name, selector)
        if name and name in _KNOWN:
            raise UnsupportedError(f"'sed {name}'")
        raise self._error(f"unknown command: `{name}'" if name else "missing command")

    def _selector(self, first: str | None, last: str | None) -> Selector:
        if not first:
            return lambda line: True
        begins = self._address(first)
        if not last:
            return begins
        ends = self._address(last)
        bound = int(last) if last.isdigit() else None
        inside = False

        def within(line: _Line) -> bool:
            nonlocal inside
            if inside:
                inside = line.number < bound if bound is not None else not ends(line)
                return bound is None or line.number <= bound
            selected = begins(line)
            inside = selected and (bound is None or line.number < bound)
            return selected

        return within

    def _address(self, address: str) -> Selector:
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

    def _substitution(self, selector: Selector) -> _Command:
        mark = re.escape(self._script[self._at : self._at + 1])
        brackets = rf"((?:\[\^?\]?[^\]\n]*\]|[^\\{mark}]|\\.)*+){mark}"  # `s/[/]/x/`: no end within brackets
        plain = rf"((?:[^\\{mark}]|\\.)*+){mark}"
        whole = re.compile(f"{mark}(?:{brackets}|{plain}){plain}", re.DOTALL)
        match = whole.match(self._script, self._at) if mark not in ("", "\\\\", "\\\n") else None
        if not match:
            self._at = len(self._script)
            raise self._error("unterminated `s' command")
        flags = _FLAGS.match(self._script, match.end())
        self._at = flags.end() if flags else match.end()
        following = self._script[self._at : self._at + 1]
        if following and following not in " \t\n;":
            self._at += 1
            raise self._error("unknown option to `s'")
        return self._checked(selector, match[1] or match[2] or "", match[3], flags[0] if flags else "", mark)

    def _checked(self, selector: Selector, pattern: str, replacement: str, flags: str, mark: str) -> _Command:
        pattern = pattern.replace(f"\\{mark[-1]}", mark[-1]) if not mark[-1].isalnum() else pattern
        regex = self._regex(pattern, ignore_case="i" in flags.lower())
        for group in re.findall(r"\\(.)", replacement, re.DOTALL):
            if group.isdigit() and int(group) > regex.groups:
                raise self._error(f"invalid reference \\{group} on `s' command's RHS")
            if group in "ULEul":
                raise UnsupportedError(f"'\\{group}' in what sed puts in")
        return _Command("s", selector, regex, replacement, flags)


def _edited(text: str, commands: list[_Command], spend: Spend, *, quiet: bool) -> str:
    """What a script makes of `text`."""
    content, output = lines(text), list[str]()
    for number, line in enumerate(content, 1):
        spend(len(line) + 100 * len(commands))
        if not _cycle(line, number, number == len(content), commands, spend, output, quiet=quiet):
            break
    return "".join(output)


def _cycle(
    line: str, number: int, last: bool, commands: list[_Command], spend: Spend, output: list[str], *, quiet: bool
) -> bool:
    """Run the commands on one line; whether to go on with the next."""
    space, end = line.removesuffix("\n"), "\n" if line.endswith("\n") else ""
    going = True
    for command in commands:
        if not command.selected(_Line(space, number, last)):
            continue
        if command.name == "d":
            return True
        if command.name == "q":
            going = False
            break
        space, printed = _substituted(command, space, spend) if command.regex else (space, True)
        output += [space + end] if printed else []
    output += [] if quiet else [space + end]
    return going


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
    """Edit lines."""
    if "e" not in options and not operands:
        raise ToolError("no script given\nTry 'sed --help' for more information.")
    script = options["e"] if "e" in options else operands.pop(0)
    spend = io.state.budget.spend

    def commands() -> list[_Command]:
        return list(_Parser(script, spend, extended="E" in options or "r" in options).parse())

    commands()  # so that a wrong script is told before anything is read
    files = inputs(io, operands, "can't read ", trouble=2)
    if "i" not in options:
        io.out(_edited("".join(text for _, text in files), commands(), spend, quiet="n" in options))
        return
    for name, text in files:
        io.workspace.write_text(name, _edited(text, commands(), spend, quiet="n" in options))

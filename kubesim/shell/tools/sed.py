"""sed: the commands s, p, d and q, on the regular expressions of regex.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kubesim.shell.state import Invocation, ToolError
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools.regex import Match, Regex
from kubesim.shell.tools.tool import Options, inputs, lines, tool


@dataclass
class _Address:
    """`3`, `$` or `/re/`."""

    line: int | None = None
    regex: Regex | None = None


@dataclass
class _Command:
    """One command of a sed script. `until` is the line at which a range that is open ends, or True while it looks."""

    name: str = ""
    addresses: list[_Address] = field(default_factory=list)
    negated: bool = False
    regex: Regex | None = None
    replacement: str = ""
    flags: str = ""
    inside: bool = False


class _SedParser:
    def __init__(self, script: str, *, extended: bool) -> None:
        self._script, self._at, self._extended = script, 0, extended

    def _fail(self, problem: str) -> ToolError:
        return ToolError(f"-e expression #1, char {self._at}: {problem}")

    def parse(self) -> Iterator[_Command]:
        while self._skip(r"[\s;]*") is not None and self._at < len(self._script):
            yield self._command()
            if not self._skip(r"[ \t]*(?:[;\n}]|$|(?=#))"):
                self._at += 1
                raise self._fail("extra characters after command")

    def _skip(self, pattern: str) -> re.Match[str] | None:
        match = re.compile(pattern).match(self._script, self._at)
        self._at = match.end() if match else self._at
        return match

    def _command(self) -> _Command:
        command = _Command(addresses=list(self._addresses()))
        self._skip(r"[ \t]*")
        command.negated = bool(self._skip(r"![ \t!]*"))
        command.name = self._script[self._at : self._at + 1]
        self._at += 1
        if command.name == "s":
            self._substitution(command)
        elif not command.name:
            raise self._fail("missing command")
        elif command.name not in "pdq":
            known = command.name in "aiclnNDPyhHgGxbtrwe={}:#Q"
            raise (
                UnsupportedError(f"'sed {command.name}'") if known else self._fail(f"unknown command: `{command.name}'")
            )
        return command

    def _addresses(self) -> Iterator[_Address]:
        while True:
            if match := self._skip(r"[0-9]{1,9}"):
                yield _Address(line=int(match[0]))
            elif self._skip(r"\$"):
                yield _Address(line=-1)
            elif self._skip("/"):
                yield _Address(regex=self._regex(self._until("/", "unterminated address regex")))
            else:
                return
            if self._skip(r"[ \t]*[~+]"):
                raise UnsupportedError("this form of sed address")
            if not self._skip(r"[ \t]*,[ \t]*"):
                return

    def _until(self, delimiter: str, problem: str) -> str:
        match = self._skip(rf"((?:[^\\{re.escape(delimiter)}\n]|\\.)*){re.escape(delimiter)}")
        if not match:
            self._at = len(self._script)
            raise self._fail(problem)
        return match[1].replace(f"\\{delimiter}", delimiter) if delimiter not in "n(){}+?|123456789" else match[1]

    def _regex(self, pattern: str, *, ignore_case: bool = False) -> Regex:
        if not pattern:
            raise UnsupportedError("sed's empty pattern")
        return Regex([pattern], extended=self._extended, ignore_case=ignore_case)

    def _substitution(self, command: _Command) -> None:
        delimiter = self._script[self._at : self._at + 1]
        self._at += 1
        if not delimiter or delimiter in "\\\n":
            raise self._fail("unterminated `s' command")
        pattern = self._until(delimiter, "unterminated `s' command")
        command.replacement = self._until(delimiter, "unterminated `s' command")
        flags = self._skip(r"[gpiI0-9]*")
        command.flags = flags[0] if flags else ""
        if self._skip(r"[mMew]"):
            raise UnsupportedError("this flag of sed's s command")
        if self._skip(r"[^\s;}#]"):
            raise self._fail("unknown option to `s'")
        command.regex = self._regex(pattern, ignore_case="i" in command.flags.lower())
        groups = [int(digit) for digit in re.findall(r"\\\\|\\([1-9])", command.replacement) if digit]
        if max(groups, default=0) > command.regex.groups:
            raise self._fail(f"invalid reference \\{max(groups)} on `s' command's RHS")


def _replaced(match: Match, template: str) -> str:
    def part(piece: re.Match[str]) -> str:
        if piece[0] == "&":
            return match.group(0)
        if piece[0][1] in "ULEul":
            raise UnsupportedError(f"'{piece[0]}' in sed's replacement")
        return (
            match.group(int(piece[0][1]))
            if piece[0][1].isdigit()
            else {"n": "\n", "t": "\t"}.get(piece[0][1], piece[0][1])
        )

    return re.sub(r"&|\\.", part, template, flags=re.DOTALL)


@dataclass
class _Sed:
    commands: list[_Command]
    quiet: bool
    spend: Callable[[int], None]

    def run(self, text: str) -> str:
        content, output = lines(text), list[str]()
        for index, line in enumerate(content, 1):
            self.spend(len(line))
            if not self._line(line, index, index == len(content), output):
                break
        return "".join(output)

    def _line(self, line: str, index: int, last: bool, output: list[str]) -> bool:
        """Run the commands on one line; whether to go on with the next."""
        end = "\n" if line.endswith("\n") else ""
        space = line.removesuffix("\n")
        for command in self.commands:
            if self._selected(command, space, index, last) == command.negated:
                continue
            if command.name == "d":
                return True
            if command.name == "s":
                space, changed = self._substitute(command, space)
                if changed and "p" in command.flags:
                    output.append(space + end)
            elif command.name == "p":
                output.append(space + end)
            else:
                output += [] if self.quiet else [space + end]
                return False
        output += [] if self.quiet else [space + end]
        return True

    def _matches(self, address: _Address, space: str, index: int, last: bool) -> bool:
        if address.regex:
            return address.regex.search(space, self.spend) is not None
        return last if address.line == -1 else index == address.line

    def _selected(self, command: _Command, space: str, index: int, last: bool) -> bool:
        if not command.addresses:
            return True
        start, *end = command.addresses
        if not end:
            return self._matches(start, space, index, last)
        if command.inside:
            late = end[0].line is not None and end[0].line != -1 and index > end[0].line
            command.inside = not (late or self._matches(end[0], space, index, last))
            return not late
        selected = self._matches(start, space, index, last)
        command.inside = selected and not (end[0].line is not None and end[0].line != -1 and end[0].line <= index)
        return selected

    def _substitute(self, command: _Command, space: str) -> tuple[str, bool]:
        digits = re.sub(r"\D", "", command.flags)
        wanted, everywhere = int(digits[:9] or 1), "g" in command.flags
        done, start, count, after = list[str](), 0, 0, 0
        while command.regex and (match := command.regex.search(space, self.spend, start)):
            if match.end > match.start or match.end != after or not count:
                count += 1
                if count >= wanted:
                    text = _replaced(match, command.replacement)
                    self.spend(len(text))
                    done += [space[after : match.start], text]
                    after = match.end
            start = match.end if match.end > match.start else match.end + 1
            if count >= wanted and not everywhere:
                break
        return "".join(done) + space[after:], bool(done)


@tool(
    "sed [-nEi] [-e] SCRIPT [FILE]...",
    "nErie:",
    {"quiet": "n", "regexp-extended": "E", "in-place": "i", "expression=": "e"},
    example="sed -i 's/1.0/2.0/' pod.yaml",
)
def sed(operands: list[str], options: Options, io: Invocation) -> int:
    """Edit lines."""
    if "e" not in options and not operands:
        raise ToolError("no script given\nTry 'sed --help' for more information.")
    script = options["e"] if "e" in options else operands.pop(0)
    extended = "E" in options or "r" in options

    def edit(text: str) -> str:
        return _Sed(list(_SedParser(script, extended=extended).parse()), "n" in options, io.state.budget.spend).run(
            text
        )

    if "i" not in options:
        io.out(edit("".join(text for _, text in inputs(io, operands, "can't read ", trouble=2))))
        return 0
    edit("")
    for name, text in inputs(io, operands, "can't read ", trouble=2):
        io.workspace.write_text(name, edit(text))
    return 0

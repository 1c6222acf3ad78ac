"""sed with the commands s, p and d, each for all lines, one line, or a range."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubesim.api.budget import Budget
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Invocation, Operands, Options, ToolError, inputs, lines, misused
from kubesim.shell.tools.regex import BRACKET, Regex, with_characters

_PATTERN = rf"/(?:{BRACKET}|[^\\[/\n]|\\.)++/"
_ADDRESS = rf"(?:[0-9]{{1,9}}|\$|{_PATTERN})"
_COMMAND = re.compile(
    rf"[\s;]*+(?P<first>{_ADDRESS})?[ \t]*+(?:,[ \t]*+(?P<last>{_ADDRESS}))?[ \t]*+(?P<name>[spd])", re.DOTALL
)
_END = re.compile(r"[ \t]*+(?:[;\n]\s*+|\Z)")
_COMMAND_COST = 100

# A line's number, "$" for the last line, or a pattern.
Address = int | str | Regex


@dataclass
class _Command:
    """A command and its addresses. Without `first` it applies to all lines, without `last` to one."""

    name: str
    first: Address | None
    last: Address | None
    regex: Regex | None = None
    replacement: str = ""
    is_global: bool = False
    prints: bool = False  # the p flag of an s command
    is_inside: bool = False  # the current line is in the range from `first` to `last`

    def advance_to(self, line: str, number: int, *, is_last: bool) -> bool:
        """Advance to a line, and return True if the command applies to it. Called for each line, in order."""

        def matches(address: Address | None) -> bool:
            if isinstance(address, Regex):
                return address.search(line) is not None
            return is_last if address == "$" else number == address

        if self.first is None:
            return True
        if self.is_inside:
            self.is_inside = not matches(self.last)
            return True
        if not matches(self.first):
            return False
        is_past = isinstance(self.last, int) and self.last <= number  # `5,3p` applies to line 5 alone
        self.is_inside = self.last is not None and not is_past
        return True

    def substitute(self, line: str, budget: Budget) -> str:
        """Apply an s command to a line."""
        pieces: list[str] = []
        copied = 0
        previous_end = -1
        if not self.regex:
            return line
        for begin, end in self.regex.find_all(line):
            if begin == end == previous_end:
                continue  # an empty match directly behind the one before
            previous_end = end
            pieces += [line[copied:begin], _fill(self.replacement, line[begin:end])]
            budget.produce(len(pieces[-1]))
            copied = end
            if not self.is_global:
                break
        return "".join(pieces) + line[copied:]


def _fill(template: str, matched: str) -> str:
    """Fill the matched text into a replacement in place of `&`."""

    def piece(match: re.Match[str]) -> str:
        letter = match[0][-1]
        return matched if match[0] == "&" else {"n": "\n", "t": "\t"}.get(letter, letter)

    return re.sub(r"\\.|&", piece, template, flags=re.DOTALL)


def sed(operands: Operands, options: Options, io: Invocation) -> None:
    """Edit the files one by one with -i, else all of them as one text."""
    words = [options["e"], *operands] if "e" in options else operands
    if not words:
        raise misused(io.name, "no script given")
    script, *names = words
    budget = io.machine.budget
    commands = list(_Script(script, budget, extended="E" in options).commands())
    files = list(inputs(io, names, "can't read {}", failure_status=2))
    if "i" not in options:
        files = [("", "".join(text for _, text in files))]
    for name, text in files:
        edited = _apply_script(text, commands, budget, is_quiet="n" in options)
        if name:
            io.files.write_text(name, edited)
        else:
            io.out(edited)


class _Script:
    """The reader of a script.

    Raises UnsupportedError, and ToolError with GNU's message for a wrong pattern or an unterminated s command.
    """

    def __init__(self, text: str, budget: Budget, *, extended: bool) -> None:
        self._text = text
        self._at = 0
        self._budget = budget
        self._extended = extended
        self._unsupported = UnsupportedError(f"'sed {' '.join(text.split())[:80]}'")

    def commands(self) -> Iterator[_Command]:
        while self._at < len(self._text):
            self._budget.spend(_COMMAND_COST)
            head = self._take(_COMMAND)
            command = _Command(head["name"], self._address(head["first"]), self._address(head["last"]))
            if command.name == "s":
                self._read_substitution(command)
            self._take(_END)
            yield command

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._at)
        if not match:
            raise self._unsupported
        self._at = match.end()
        return match

    def _address(self, text: str | None) -> Address | None:
        if not text or text == "$":
            return text or None
        return int(text) if text.isdigit() else self._regex(text[1:-1].replace("\\/", "/"))

    def _read_substitution(self, command: _Command) -> None:
        """Read the rest of an s command: its delimiter, pattern, replacement and flags."""
        delimiter = self._text[self._at : self._at + 1]
        end = re.escape(delimiter)
        in_pattern = rf"(?:{BRACKET}|[^\\[{end}]|\\.)*+"  # as in `s/[/]/x/`, the delimiter may stand in brackets
        parts = rf"(?s:{end}({in_pattern}){end}((?:[^\\{end}]|\\.)*+){end}([giIp]*+))"
        match = re.compile(parts).match(self._text, self._at)
        if delimiter in ("", "\\", "\n") or not match:
            raise self._error("unterminated `s' command")
        self._at = match.end()
        pattern, command.replacement, flags = match.groups()
        if re.search(r"(?<!\\)(?:\\\\)*\\[ULEul0-9]", command.replacement):  # case conversions and groups
            raise self._unsupported
        if not delimiter.isalnum():
            pattern = pattern.replace(f"\\{delimiter}", delimiter)
        command.regex = self._regex(pattern, ignores_case="i" in flags.lower())
        command.is_global = "g" in flags
        command.prints = "p" in flags

    def _regex(self, pattern: str, *, ignores_case: bool = False) -> Regex:
        if not pattern:
            raise self._unsupported
        try:
            return Regex([with_characters(pattern)], self._budget, extended=self._extended, ignores_case=ignores_case)
        except ToolError as error:
            raise self._error(str(error)) from None

    def _error(self, complaint: str) -> ToolError:
        return ToolError(f"-e expression #1, char {len(self._text)}: {complaint}")


def _apply_script(text: str, commands: Sequence[_Command], budget: Budget, *, is_quiet: bool) -> str:
    """Apply a script to `text`."""
    for command in commands:
        command.is_inside = False
    content = lines(text)
    output: list[str] = []
    for number, whole_line in enumerate(content, 1):
        budget.spend(len(whole_line) + _COMMAND_COST * len(commands))
        line = whole_line.removesuffix("\n")
        end = whole_line[len(line) :]
        for command in commands:
            if not command.advance_to(line, number, is_last=number == len(content)):
                continue
            if command.name == "d":
                break
            before = line
            if command.name == "s":
                line = command.substitute(line, budget)
            if command.name == "p" or (command.prints and line != before):
                output.append(line + end)
        else:  # no d command ended the loop
            if not is_quiet:
                output.append(line + end)
    return "".join(output)

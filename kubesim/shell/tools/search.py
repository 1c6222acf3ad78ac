"""grep, sed, awk and find, the first three on the regular expressions of regex.py.

sed has the commands s, p, d and q with their addresses; awk has print, for all lines or those that meet conditions.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from kubesim.api.budget import Budget
from kubesim.shell.expand import PATTERN_COST, file_pattern
from kubesim.shell.syntax import UnsupportedError, unescape
from kubesim.shell.tools import Invocation, Options, ToolError, bare_lines, below, inputs, lines, misused, whole_number
from kubesim.shell.tools.regex import BRACKET, Regex, Span

_ADDRESS = rf"(?:[0-9]{{1,9}}|\$|/(?:{BRACKET}|[^\\[/\n]|\\.)*+/)"
_HEAD = re.compile(rf"[\s;]*+({_ADDRESS})?[ \t]*+(?:,[ \t]*+({_ADDRESS}))?[ \t]*+(!?)[ \t]*+", re.DOTALL)
_END = re.compile(r"[ \t]*+(?=[;\n]|\Z)")
_BLANK = re.compile(r"[\s;]*+\Z")
_KNOWN = "aciDeFgGhHlnNPQrRtTvwWxyzb{}:#=~+,"
_COMMAND_COST = 100
_NEVER = r"a\ba"  # what matches no line: no word ends between two of its letters

Address = int | str | Regex


def grep(operands: list[str], options: Options, io: Invocation) -> int:
    patterns = _patterns(operands, options, io) or [_NEVER]
    if "F" in options:
        patterns = [re.sub(r"[][\\.*^$]", r"\\\g<0>", pattern) for pattern in patterns]
    regex = Regex(patterns, io.machine.budget, "".join(options.keys() - {"E"} if "F" in options else options))
    recursive = "r" in options or "R" in options
    names = operands or (["."] if recursive else ["-"])
    files = [path for name in names for path in _walk(io, name) if not io.files.is_dir(path)] if recursive else names
    labelled = ("H" in options or len(names) > 1 or recursive) and "h" not in options
    found = False
    for name, text in inputs(io, files, trouble=2):
        shown = name.removeprefix("./") if operands == [] else name
        content = bare_lines(text)
        hits = [index for index, line in enumerate(content) if (regex.search(line) is None) == ("v" in options)]
        io.out("".join(_shown(shown, content, hits, regex, options, labelled=labelled)))
        found = found or bool(hits)
        if found and "q" in options:
            io.status = 0
            break
    return int(not found)


def _patterns(operands: list[str], options: Options, io: Invocation) -> list[str]:
    if not options.keys() & {"e", "f"}:
        if not operands:
            raise misused(io.name, "no pattern given")
        return operands.pop(0).split("\n")
    files = options["f"].split("\n") if "f" in options else []
    stored = [row for name in files for row in bare_lines(io.read(name))]
    return [*(options["e"].split("\n") if "e" in options else []), *stored]


def _shown(
    name: str, content: list[str], hits: list[int], regex: Regex, options: Options, *, labelled: bool
) -> Iterator[str]:
    """What is printed of one input, whose lines `hits` are selected."""
    label = f"{name}:" if labelled else ""
    if "q" in options:
        return
    if "l" in options:
        yield f"{name if name != '-' else '(standard input)'}\n" if hits else ""
    elif "c" in options:
        yield f"{label}{len(hits)}\n"
    elif "o" in options:
        for index in hits if "v" not in options else []:
            place = f"{index + 1}:" if "n" in options else ""
            spans = regex.find_all(content[index])
            yield from (f"{label}{place}{content[index][begin:end]}\n" for (begin, end), *_ in spans if end > begin)
    else:
        yield from _with_context(label, content, hits, options)


def _with_context(label: str, content: list[str], hits: list[int], options: Options) -> Iterator[str]:
    """The selected lines and those around them, with "--" where some are left out."""
    both = options.get("C", "0")
    before, after = (whole_number(options.get(key, both), "invalid context length argument") for key in "BA")
    shown, selected = -1, set(hits)
    for hit in hits:
        first = max(hit - before, shown + 1)
        if shown >= 0 and first > shown + 1 and (before or after):
            yield "--\n"
        for index in range(first, min(hit + after + 1, len(content))):
            mark = ":" if index in selected else "-"
            place = f"{index + 1}{mark}" if "n" in options else ""
            yield f"{label[:-1] + mark if label else ''}{place}{content[index]}\n"
            shown = index


@dataclass
class _Command:
    """A command of sed with the lines that it is for: an address is a number, "$" for the last line, or a pattern."""

    name: str
    first: Address | None
    last: Address | None
    negated: bool
    regex: Regex | None = None
    replacement: str = ""
    flags: str = ""
    inside: bool = False

    def selects(self, space: str, number: int, *, is_last: bool) -> bool:
        def matches(address: Address | None) -> bool:
            if isinstance(address, Regex):
                return address.search(space) is not None
            return is_last if address == "$" else number == address

        found = self.inside or self.first is None or matches(self.first)
        ends = isinstance(self.last, int) and self.last <= number
        self.inside = found and self.last is not None and not (ends or (self.inside and matches(self.last)))
        return found != self.negated


class _Parser:
    """Reads a script; what is wrong is a ToolError with GNU's sentence and the place where it was seen."""

    def __init__(self, script: str, budget: Budget, flags: str) -> None:
        self._script, self._budget, self._flags = script, budget, flags
        self._at = 0

    def _error(self, problem: str, at: int) -> ToolError:
        return ToolError(f"-e expression #1, char {at}: {problem}")

    def parse(self) -> Iterator[_Command]:
        while not _BLANK.match(self._script, self._at):
            self._budget.spend(_COMMAND_COST)
            yield self._command()
            end = _END.match(self._script, self._at)
            if not end:
                raise self._error("extra characters after command", self._at + 1)
            self._at = end.end()

    def _command(self) -> _Command:
        head = _HEAD.match(self._script, self._at)
        first, last, negated = head.groups() if head else ("", "", "")
        self._at = (head.end() if head else self._at) + 1
        name = self._script[self._at - 1 : self._at]
        if name == "/":
            raise self._error("unterminated address regex", len(self._script))
        command = _Command(name, self._address(first), self._address(last), bool(negated))
        if name == "s":
            self._read_substitution(command)
        elif name and name in _KNOWN:
            raise UnsupportedError(f"'sed {name}'")
        elif name not in ("p", "d", "q"):
            raise self._error(f"unknown command: `{name}'" if name else "missing command", self._at)
        return command

    def _address(self, address: str | None) -> Address | None:
        if not address or address == "$":
            return address or None
        return int(address) if address.isdigit() else self._regex(address[1:-1].replace("\\/", "/"))

    def _regex(self, pattern: str, flags: str = "") -> Regex:
        if not pattern:
            raise UnsupportedError("the empty pattern of sed")
        try:
            return Regex([pattern], self._budget, self._flags + flags)
        except ToolError as error:
            raise self._error(str(error), self._at) from None

    def _read_substitution(self, command: _Command) -> None:
        mark = re.escape(self._script[self._at : self._at + 1])
        pattern = rf"((?:{BRACKET}|[^\\[{mark}]|\\.)*+){mark}"  # `s/[/]/x/`: no end within brackets
        whole = re.compile(rf"{mark}{pattern}((?:[^\\{mark}]|\\.)*+){mark}([gpiI0-9]*)", re.DOTALL)
        match = whole.match(self._script, self._at) if mark not in ("", "\\\\", "\\\n") else None
        if not match:
            raise self._error("unterminated `s' command", len(self._script))
        self._at = match.end()
        if not _END.match(self._script, self._at):
            raise self._error("unknown option to `s'", self._at + 1)
        pattern, command.replacement, command.flags = match.groups()
        pattern = pattern.replace(f"\\{mark[-1]}", mark[-1]) if not mark[-1].isalnum() else pattern
        command.regex = self._regex(pattern, "i" if "i" in command.flags.lower() else "")
        for group in re.findall(r"\\(.)", command.replacement, re.DOTALL):
            if group.isdigit() and int(group) > command.regex.groups:
                raise self._error(f"invalid reference \\{group} on `s' command's RHS", self._at)
            if group in "ULEul":
                raise UnsupportedError(f"'\\{group}' in what sed puts in")


def _edited(text: str, commands: Sequence[_Command], budget: Budget, *, quiet: bool) -> str:
    """What a script makes of `text`."""
    content, output = lines(text), list[str]()
    for command in commands:
        command.inside = False
    for number, line in enumerate(content, 1):
        budget.spend(len(line) + _COMMAND_COST * len(commands))
        space, end = line.removesuffix("\n"), "\n" if line.endswith("\n") else ""
        stopped = ""
        for command in commands:
            if not command.selects(space, number, is_last=number == len(content)):
                continue
            if command.name in "dq":
                stopped = command.name
                break
            space, printed = _substituted(command, space, budget) if command.regex else (space, True)
            output += [space + end] if printed else []
        output += [] if quiet or stopped == "d" else [space + end]
        if stopped == "q":
            break
    return "".join(output)


def _substituted(command: _Command, space: str, budget: Budget) -> tuple[str, bool]:
    """The line after an s command, and whether that prints it."""
    wanted = int(re.sub(r"\D", "", command.flags)[:9] or 1)
    done, after, count, last = list[str](), 0, 0, -1
    for spans in command.regex.find_all(space) if command.regex else ():
        begin, end = spans[0]
        if begin == end == last:
            continue  # nothing, right behind the match before
        count, last = count + 1, end
        if count >= wanted:
            done += [space[after:begin], _filled(command.replacement, space, spans)]
            budget.produce(len(done[-1]))
            after = end
            if "g" not in command.flags:
                break
    return "".join(done) + space[after:], bool(done) and "p" in command.flags


def _filled(template: str, space: str, spans: list[Span]) -> str:
    def piece(match: re.Match[str]) -> str:
        letter = match[0][-1]
        if match[0] == "&" or (letter.isdigit() and len(match[0]) == 2):
            begin, end = spans[0 if letter == "&" else int(letter)]
            return space[begin:end]
        return {"n": "\n", "t": "\t"}.get(letter, letter)

    return re.sub(r"&|\\.", piece, template, flags=re.DOTALL)


def sed(operands: list[str], options: Options, io: Invocation) -> None:
    if "e" not in options and not operands:
        raise misused(io.name, "no script given")
    script, budget = options["e"] if "e" in options else operands.pop(0), io.machine.budget
    commands = list(_Parser(script, budget, "E" if "E" in options or "r" in options else "").parse())
    files = inputs(io, operands, "can't read {}", trouble=2)
    if "i" not in options:
        io.out(_edited("".join(text for _, text in files), commands, budget, quiet="n" in options))
        return
    for name, text in files:
        io.files.write_text(name, _edited(text, commands, budget, quiet="n" in options))


_VALUE = r"(?:\"(?:[^\"\\\n]|\\.)*+\"|\$NF\b|\$\(NF ?- ?[0-9]{1,6}\)|\$?[0-9]{1,6}\b|NR\b|NF\b)"
_PATTERN = r"/(?:[^/\\\n]|\\.)++/"
_CONDITION = re.compile(rf"(?:(!?)({_PATTERN})|({_VALUE})(?:\s*([=!<>]=|[<>~]|!~)\s*({_VALUE}|{_PATTERN}))?)")
_RULE = re.compile(
    rf"[\s;]*+(?P<conditions>{_CONDITION.pattern}(?:\s*&&\s*{_CONDITION.pattern})*+)?+"
    rf"\s*+(?P<action>\{{\s*print(?P<shown>\s*(?:{_VALUE}(?:\s*,)?\s*)*+);?\s*\}})?+[\s;]*+"
)
_RELATIONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_NUMBER = re.compile(r"\s*[-+]?(?:[0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})\s*")


class _Record(NamedTuple):
    """A line as awk has split it."""

    line: str
    fields: list[str]
    number: int

    def value(self, word: str) -> str:
        """What a string, a number, a field or a variable stands for."""
        if not word.startswith("$"):
            names = {"NR": self.number, "NF": len(self.fields)}
            return unescape(word[1:-1])[0] if word[0] == '"' else str(names.get(word, word))
        digits = re.sub(r"\D", "", word)
        place = len(self.fields) - int(digits or 0) if "NF" in word else int(digits)
        return self.line if place == 0 else "".join(self.fields[place - 1 : place] if place > 0 else ())

    def meets(self, condition: Sequence[str], regex: Regex | None) -> bool:
        negation, pattern, left, relation, right = condition
        if regex:
            subject = self.line if pattern else self.value(left)
            return (regex.search(subject) is None) == ((negation or relation)[:1] == "!")
        one, other = self.value(left), self.value(right or "0")
        if {left[0], right[:1]}.isdisjoint('"') and _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
            return bool(getattr(operator, _RELATIONS[relation or "!="])(float(one), float(other)))
        return bool(getattr(operator, _RELATIONS[relation])(one, other) if relation else one)


def awk(operands: list[str], options: Options, io: Invocation) -> None:
    if not operands:
        raise UnsupportedError("'awk' without a program")
    rules = list(_rules(operands.pop(0), io))
    content = (line for _, text in inputs(io, operands, trouble=2) for line in bare_lines(text))
    for number, line in enumerate(content, 1):
        io.spend(len(line) + _COMMAND_COST * len(rules))
        record = _Record(line, _fields(line, options.get("F", " "), io.machine.budget), number)
        for conditions, shown in rules:
            if all(record.meets(*condition) for condition in conditions):
                io.out(" ".join("".join(map(record.value, words)) for words in shown) + "\n")


def _rules(script: str, io: Invocation) -> Iterator[tuple[list[tuple[Sequence[str], Regex | None]], list[list[str]]]]:
    """The conditions of each rule, and the words whose values are printed, by argument of print."""
    at = 0
    io.spend(len(script))
    while at < len(script):
        io.spend(_COMMAND_COST)
        rule = _RULE.match(script, at)
        if not rule or not (rule["conditions"] or rule["action"]):
            raise UnsupportedError(f"'awk {' '.join(script.split())[:80]}'")
        conditions = []
        for parts in _CONDITION.findall(rule["conditions"] or ""):
            pattern = parts[1] or (parts[4] if parts[3].endswith("~") else "")
            conditions.append((parts, Regex([pattern[1:-1]], io.machine.budget, "E") if pattern else None))
        arguments = re.findall(rf"(?:{_VALUE}\s*)+", rule["shown"] or "") or ["$0"]
        yield conditions, [re.findall(_VALUE, argument) for argument in arguments]
        at = rule.end()


def _fields(line: str, separator: str, budget: Budget) -> list[str]:
    if separator == " ":
        return re.findall(r"[^ \t\n]+", line)
    regex, fields, at = Regex([f"[{separator}]" if separator in "|.*+?($)" else separator], budget, "E"), list[str](), 0
    for (begin, end), *_ in regex.find_all(line):
        fields.append(line[at:begin])
        at = end
    return [*fields, line[at:]] if line else []


def find(operands: list[str], options: Options, io: Invocation) -> None:
    """The files below folders; of find's tests those for the name, the type and the depth."""
    folders = list(takewhile(lambda word: not word.startswith(("-", "!", "(")), operands))
    tests = operands[len(folders) :]
    wanted = dict(zip(tests[::2], tests[1::2], strict=False))
    if len(tests) % 2 or wanted.keys() - {"-name", "-iname", "-type", "-maxdepth"} or 2 * len(wanted) < len(tests):
        raise UnsupportedError(f"'find {' '.join(tests)[:80]}'")
    io.spend(PATTERN_COST * sum(map(len, wanted.values())))
    exact, folded = map(file_pattern, (wanted.get("-name", "*"), wanted.get("-iname", "*").lower()))
    depth = whole_number(wanted.get("-maxdepth", "99"), "Expected a positive decimal integer argument to -maxdepth")
    for start in folders or ["."]:
        if not io.files.exists(start):
            io.fail(f"'{start}': No such file or directory")
            continue
        for path in _walk(io, start, depth):
            name = path.rstrip("/").rpartition("/")[2] or path
            kind = "d" if io.files.is_dir(path) else "f"
            if exact.match(name) and folded.match(name.lower()) and wanted.get("-type", kind) == kind:
                io.out(f"{path}\n")


def _walk(io: Invocation, path: str, depth: int = 99) -> Iterator[str]:
    yield path
    if depth > 0 and io.files.is_dir(path):
        for below_it in below(io, path):
            yield from _walk(io, below_it, depth - 1)

"""Expansion: from the words of the tree to the arguments that a command is given.

In bash's order: braces, tilde, variables and substitutions, splitting into fields, file names.
"""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, product
from keyword import iskeyword

from kubesim.shell.machine import Machine
from kubesim.shell.syntax import (
    Arithmetic,
    Literal,
    Part,
    Script,
    ShellError,
    UnsupportedError,
    Variable,
    Word,
    assignment,
    bare,
)

_MARK = re.compile(r"([{},])")
_SEQUENCE = re.compile(r"(-?[0-9]{1,9})\.\.(-?[0-9]{1,9})|([A-Za-z])\.\.([A-Za-z])")
_BLANKS = re.compile(r"[ \t\n]+")
_MAGIC = re.compile(r"[*?[]")
_EXPANDED = re.compile(r"[*?[~]")  # without one of these, and without braces, a bare word stays as it is
_WORD_COST = 80
_CHARACTER_COST = 3  # each may be a brace or a comma
_PART_COST = 8  # a word that braces make may have dozens of parts
_FOLDER_COST = 2000
PATTERN_COST = 40  # for each character of a file name pattern
_VARIANT_COST = 10

Piece = tuple[str, bool]  # text, and whether it is quoted


@dataclass(frozen=True)
class Expander:
    """Expands words with the variables and files of `machine`; `substitute` runs the script of a `$(…)`."""

    machine: Machine
    substitute: Callable[[Script], str]

    def arguments(self, words: Sequence[Word]) -> list[str]:
        """All fields that `words` become. As in bash, an assignment after `export` stays in one piece."""
        exports, found = bool(words) and words[0].bare == "export", list[str]()
        for word in words:
            if exports and (assigned := assignment(word)):
                found.append(f"{assigned[0]}={self.text(assigned[1])}")
            elif (text := word.bare) and not _EXPANDED.search(text) and not _may_have_braces(text):
                self.machine.budget.produce(len(text))
                found.append(text)
            else:
                self.machine.budget.spend(_WORD_COST + _CHARACTER_COST * len(word.source))
                tokens = [token for part in word.parts for token in _tokens(part)]
                made = (Word(tuple(parts), word.source) for parts in self._braces(tokens))
                found += [text for one in made for text in self._file_names(self._fields(one))]
        return found

    def text(self, word: Word) -> str:
        """What `word` becomes where it is not split: in an assignment, a here-document."""
        return "".join(value for value, _ in self._pieces(word))

    def _braces(self, tokens: list[Part]) -> Iterator[list[Part]]:
        """What the first pair of braces that means something, and those behind it, make of a word."""
        self.machine.budget.spend(_VARIANT_COST + len(tokens))
        for start, end in _pairs(tokens):
            if chosen := self._chosen(tokens[start + 1 : end]):
                rests = list(self._braces(tokens[end + 1 :]))
                for middle, rest in product(chosen, rests):
                    self.machine.budget.spend(_VARIANT_COST + start + len(middle) + len(rest))
                    yield [*tokens[:start], *middle, *rest]
                return
        yield tokens

    def _chosen(self, inside: list[Part]) -> list[list[Part]]:
        """What may stand for a pair of braces: its alternatives or its sequence, or nothing where it is neither."""
        self.machine.budget.spend(len(inside))
        depths = accumulate((token == _OPEN) - (token == _CLOSE) for token in inside)
        commas = [at for at, depth in enumerate(depths) if inside[at] == _COMMA and not depth]
        if commas:
            ends = pairwise([-1, *commas, len(inside)])
            return [variant for before, end in ends for variant in self._braces(inside[before + 1 : end])]
        text = inside[0].text if len(inside) == 1 and bare(inside[0]) else ""
        if not (match := _SEQUENCE.fullmatch(text)):
            return []
        first, last = (int(end) if match[1] else ord(end) for end in match.groups() if end)
        self.machine.budget.spend(_VARIANT_COST * abs(last - first))
        numbers = range(first, last + 1) if first <= last else range(first, last - 1, -1)
        return [[Literal(str(number) if match[1] else chr(number))] for number in numbers]

    def _pieces(self, word: Word) -> Iterator[Piece]:
        self.machine.budget.spend(_PART_COST * len(word.parts))
        beginning = "".join(part.text if bare(part) else "$" for part in word.parts[:2])
        for part in word.parts:
            value, quoted = self._value(part), part.quoted
            if part is word.parts[0] and re.match(r"~(?:/|\Z)", beginning):
                value = self.machine.lookup("HOME") + value[1:]
            self.machine.budget.produce(len(value))
            yield value, quoted

    def _value(self, part: Part) -> str:
        match part:
            case Literal(text):
                return text
            case Variable(name, _, operator, word):
                value = self.machine.lookup(name)
                if word is not None and operator[-1] == ("+" if value else "-"):
                    return self.text(word)
                return "" if operator.endswith("+") else value
            case Arithmetic(expression):
                return str(evaluate(self.text(expression), self.machine))
        return self.substitute(part.script)

    def _fields(self, word: Word) -> Iterator[list[Piece]]:
        if word.parts in ((Literal("", quoted=True), Variable("@", quoted=True)), (Variable("@", quoted=False),)):
            yield from ([(text, True)] for text in self.machine.parameters[1:])
            return
        current: list[Piece] = []
        for part, (value, quoted) in zip(word.parts, self._pieces(word), strict=True):
            chunks = [value] if quoted or isinstance(part, Literal) else _BLANKS.split(value)
            for number, chunk in enumerate(chunks):
                if number and current:
                    yield current
                    current = []
                if chunk or quoted:
                    current.append((chunk, quoted))
        if current:
            yield current

    def _file_names(self, fields: Iterator[list[Piece]]) -> Iterator[str]:
        for field in fields:
            text = "".join(value for value, _ in field)
            magic = any(not quoted and _MAGIC.search(value) for value, quoted in field)
            pattern = "".join(_MAGIC.sub(r"[\g<0>]", value) if quoted else value for value, quoted in field)
            yield from (magic and self._glob(pattern)) or [text]

    def _glob(self, pattern: str) -> list[str]:
        """The paths that match, sorted; none where there is none."""
        found = ["/"] if pattern.startswith("/") else [""]
        for segment in filter(None, pattern.split("/")):
            found = [path for folder in found for path in self._matches(folder, segment)]
        return found

    def _matches(self, folder: str, segment: str) -> Iterator[str]:
        files = self.machine.files
        prefix = f"{folder.rstrip('/')}/" if folder else ""
        if not _MAGIC.search(segment):
            if files.exists(prefix + segment):
                yield prefix + segment
            return
        self.machine.budget.spend(_FOLDER_COST + PATTERN_COST * len(segment))
        match = file_pattern(segment).match
        for name in files.listdir(folder or ".") if files.is_dir(folder or ".") else []:
            self.machine.budget.spend(len(name))
            if match(name) and (not name.startswith(".") or segment.startswith(".")):
                yield prefix + name


def _may_have_braces(text: str) -> bool:
    """Whether it may have the braces of a list or a sequence; `{.a}` stays as it is."""
    return "{" in text and ("," in text or ".." in text)


def file_pattern(pattern: str) -> re.Pattern[str]:
    """What matches the names that a pattern with `*`, `?` and `[…]` is for; `[` without `]` is no pattern."""
    head, bracket, tail = pattern.replace("[^", "[!").rpartition("]")
    return re.compile(fnmatch.translate(head + bracket + tail.replace("[", "[[]")))


_OPEN, _COMMA, _CLOSE = map(Literal, "{,}")


def _tokens(part: Part) -> Iterable[Part]:
    """A part, cut at the braces and commas that are not quoted."""
    return map(Literal, filter(None, _MARK.split(part.text))) if bare(part) else [part]


def _pairs(tokens: Sequence[Part]) -> list[tuple[int, int]]:
    """Where braces open and close, the outer ones first."""
    opened, pairs = list[int](), list[tuple[int, int]]()
    for index, token in enumerate(tokens):
        if token == _OPEN:
            opened.append(index)
        elif token == _CLOSE and opened:
            pairs.append((opened.pop(), index))
    return sorted(pairs)


_LONGEST = 200
_NOT_SIMULATED = re.compile(r"\+\+|--|\*\*|//|\b\d+[A-WYZa-wyz_]|[^-\w\s+*/%()]", re.ASCII)
_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: int.__add__,
    ast.Sub: int.__sub__,
    ast.Mult: int.__mul__,
    ast.Div: lambda left, right: abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1),
    ast.Mod: lambda left, right: abs(left) % abs(right) * (1 if left >= 0 else -1),
}


def evaluate(text: str, machine: Machine) -> int:
    """The value of an arithmetic expression. Raises ShellError and UnsupportedError."""
    if len(text) > _LONGEST or _NOT_SIMULATED.search(text) or any(map(iskeyword, re.findall(r"\w+", text))):
        raise UnsupportedError(f"the arithmetic of '{text.strip()[:40]}'")
    try:
        return _number(ast.parse(text.strip() or "0", mode="eval").body, machine)
    except SyntaxError:
        raise ShellError(f"{text.strip()}: syntax error in expression") from None
    except ZeroDivisionError:
        raise ShellError(f"{text.strip()}: division by 0") from None


def _number(node: ast.expr, machine: Machine) -> int:
    match node:
        case ast.Constant(int(value)):
            number = value
        case ast.Name(name):
            text = machine.lookup(name)
            number = int(text) if re.fullmatch(r"\s*-?[0-9]{1,20}\s*", text) else 0
        case ast.UnaryOp(operator, operand):
            number = _number(operand, machine) * (-1 if isinstance(operator, ast.USub) else 1)
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            number = _OPERATORS[type(operator)](_number(left, machine), _number(right, machine))
        case _:
            raise UnsupportedError("such an expression in '$((...))'")
    return (number + 2**63) % 2**64 - 2**63

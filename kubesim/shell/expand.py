"""Expansion: from the words of the tree to the arguments that a command is given.

In bash's order: braces, tilde, variables and substitutions, splitting into fields, file names.
"""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from keyword import iskeyword

from kubesim.shell.machine import Machine
from kubesim.shell.syntax import Arithmetic, Literal, Part, Script, UnsupportedError, Variable, Word

_BRACES = re.compile(r"\{([^{}]*,[^{}]*|-?\d{1,9}\.\.-?\d{1,9}|[A-Za-z]\.\.[A-Za-z])\}")
_BLANKS = re.compile(r"[ \t\n]+")
_MAGIC = re.compile(r"[*?[]")
_MAX_PATTERN = 1000
_MAX_BRACES = 20
_FOLDER_COST = 2000

Piece = tuple[str, bool]  # text, and whether it is quoted


class ExpansionError(Exception):
    """A word that cannot be expanded; the message is bash's."""


@dataclass(frozen=True)
class Expander:
    """Expands words with the variables and files of `machine`; `substitute` runs the script of a `$(…)`."""

    machine: Machine
    substitute: Callable[[Script], str]

    def arguments(self, words: Sequence[Word]) -> list[str]:
        """All fields that `words` become: none, one or several for each word."""
        return [text for word in words for one in self._braces(word) for text in self._file_names(self._fields(one))]

    def text(self, word: Word) -> str:
        """What `word` becomes where it is not split: in an assignment, a here-document."""
        return "".join(value for value, _ in self._pieces(word))

    def _braces(self, word: Word, depth: int = 0) -> Iterator[Word]:
        for index, part in enumerate(word.parts):
            match = _BRACES.search(part.text) if isinstance(part, Literal) and not part.quoted else None
            if match and isinstance(part, Literal):
                if depth == _MAX_BRACES:
                    raise UnsupportedError(f"more than {_MAX_BRACES} {{braces}} in a word")
                for middle in self._alternatives(match[1]):
                    self.machine.budget.spend(10 + len(part.text))
                    text = Literal(part.text[: match.start()] + middle + part.text[match.end() :])
                    parts = (*word.parts[:index], text, *word.parts[index + 1 :])
                    yield from self._braces(Word(parts, word.source), depth + 1)
                return
        yield word

    def _alternatives(self, text: str) -> Iterator[str]:
        if "," in text:
            yield from text.split(",")
            return
        first, last = text.split("..")
        letters = first.isalpha()
        start, end = (ord(first), ord(last)) if letters else (int(first), int(last))
        step = 1 if start <= end else -1
        for number in range(start, end + step, step):
            yield chr(number) if letters else str(number)

    def _pieces(self, word: Word) -> Iterator[Piece]:
        for index, part in enumerate(word.parts):
            value, quoted = self._value(part, first=index == 0), part.quoted
            self.machine.budget.produce(len(value))
            yield value, quoted

    def _value(self, part: Part, *, first: bool) -> str:
        match part:
            case Literal(text, quoted):
                tilde = first and not quoted and re.match(r"~(?=/|$)", text)
                return self.machine.lookup("HOME") + text[1:] if tilde else text
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
            yield from (magic and len(pattern) < _MAX_PATTERN and self._glob(pattern)) or [text]

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
        match = re.compile(fnmatch.translate(segment.replace("[^", "[!"))).match
        self.machine.budget.spend(_FOLDER_COST)
        for name in files.listdir(folder or ".") if files.is_dir(folder or ".") else []:
            self.machine.budget.spend(len(name))
            if match(name) and (not name.startswith(".") or segment.startswith(".")):
                yield prefix + name


_LONGEST = 200
_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: int.__add__,
    ast.Sub: int.__sub__,
    ast.Mult: int.__mul__,
    ast.Div: lambda left, right: abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1),
    ast.Mod: lambda left, right: abs(left) % abs(right) * (1 if left >= 0 else -1),
    ast.Eq: int.__eq__,
    ast.NotEq: int.__ne__,
    ast.Lt: int.__lt__,
    ast.LtE: int.__le__,
    ast.Gt: int.__gt__,
    ast.GtE: int.__ge__,
}


_NOT_SIMULATED = re.compile(
    r"\+\+|--|[-+*/%]=|(?<![=!<>])=(?!=)|\*\*|//|<<|>>|\b\d+[A-WYZa-wyz_]|[^-\w\s+*/%()<>=!&|]", re.ASCII
)


def evaluate(text: str, machine: Machine) -> int:
    """The value of an arithmetic expression. Raises ExpansionError and UnsupportedError."""
    if len(text) > _LONGEST or _NOT_SIMULATED.search(text) or any(map(iskeyword, re.findall(r"\w+", text))):
        raise UnsupportedError(f"the arithmetic of '{text.strip()[:40]}'")
    python = re.sub(r"!(?!=)", "~", text).replace("&&", " and ").replace("||", " or ")  # Python's `not` binds less
    try:
        return _number(ast.parse(python.strip() or "0", mode="eval").body, machine)
    except SyntaxError:
        raise ExpansionError(f"{text.strip()}: syntax error in expression") from None
    except ZeroDivisionError:
        raise ExpansionError(f"{text.strip()}: division by 0") from None


def _number(node: ast.expr, machine: Machine) -> int:
    match node:
        case ast.Constant(int(value)):
            number = value
        case ast.Name(name):
            text = machine.lookup(name)
            number = int(text) if re.fullmatch(r"\s*-?[0-9]{1,20}\s*", text) else 0
        case ast.UnaryOp(ast.USub(), operand):
            number = -_number(operand, machine)
        case ast.UnaryOp(ast.Invert(), operand):
            number = int(not _number(operand, machine))
        case ast.UnaryOp(_, operand):
            number = _number(operand, machine)
        case ast.BinOp(left, operator, right) | ast.Compare(left, [operator], [right]) if type(operator) in _OPERATORS:
            number = int(_OPERATORS[type(operator)](_number(left, machine), _number(right, machine)))
        case ast.BoolOp(operator, values):
            truths = (_number(value, machine) != 0 for value in values)
            number = int(all(truths) if isinstance(operator, ast.And) else any(truths))
        case _:
            raise UnsupportedError("such an expression in '$((...))'")
    return (number + 2**63) % 2**64 - 2**63

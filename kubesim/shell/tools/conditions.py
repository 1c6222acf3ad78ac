"""test and [: the conditions of a shell."""

from __future__ import annotations

import operator
import re

from kubesim.api.numbers import integer
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Invocation, Operands, Options, ToolError

_OF_TEXTS = {"=": operator.eq, "==": operator.eq, "!=": operator.ne}
_OF_NUMBERS = {
    "-eq": operator.eq,
    "-ne": operator.ne,
    "-lt": operator.lt,
    "-le": operator.le,
    "-gt": operator.gt,
    "-ge": operator.ge,
}
_UNSIMULATED_UNARY = "-[abcghkoprtuvwxGLNORS]"
_UNSIMULATED_BINARY = {"-a", "-o", "-nt", "-ot", "-ef", "<", ">"}


def test(operands: Operands, options: Options, io: Invocation) -> int:
    if io.name == "[":
        if operands[-1:] != ["]"]:
            raise ToolError("missing `]'", 2)
        operands = operands[:-1]
    return 0 if _holds(operands, io) else 1


def _holds(words: list[str], io: Invocation) -> bool:
    """Evaluate a test expression by POSIX' rules, which depend on the number of its words."""
    match words:
        case []:
            return False
        case [text]:
            return bool(text)
        case [left, relation, right] if relation in _OF_TEXTS:
            return bool(_OF_TEXTS[relation](left, right))
        case [left, relation, right] if relation in _OF_NUMBERS:
            return bool(_OF_NUMBERS[relation](_integer(left), _integer(right)))
        case [_, relation, _] if relation in _UNSIMULATED_BINARY:
            raise UnsupportedError(f"the condition '{relation}'")
        case ["(", _, ")"]:
            raise UnsupportedError("the condition '( )'")
        case ["!", *rest] if len(rest) < 4:
            return not _holds(rest, io)
        case [check, text]:
            return _is(check, text, io)
        case [_, relation, _]:
            raise ToolError(f"{relation}: binary operator expected", 2)
    raise UnsupportedError("a test of more than one condition")


def _is(check: str, text: str, io: Invocation) -> bool:
    """Evaluate a unary condition such as -z or -e."""
    match check:
        case "-z":
            return not text
        case "-n":
            return bool(text)
        case "-e":
            return io.files.exists(text)
        case "-d":
            return io.files.is_dir(text)
        case "-f":
            return io.files.exists(text) and not io.files.is_dir(text)
        case "-s":
            return io.files.exists(text) and io.files.size(text) > 0
    if re.fullmatch(_UNSIMULATED_UNARY, check):
        raise UnsupportedError(f"the condition '{check}'")
    raise ToolError(f"{check}: unary operator expected", 2)


def _integer(text: str) -> int:
    number = integer(text.strip())
    if number is None:
        raise ToolError(f"{text}: integer expression expected", 2)
    return number

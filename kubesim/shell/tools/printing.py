"""Tools that print: text, the time, and help."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from kubesim.api.clock import to_datetime
from kubesim.api.numbers import integer
from kubesim.shell.lexer import ECHO_ESCAPES, unescape
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Invocation, Operands, Options, Tool, ToolError

_WIDTH = 39  # characters of a column of `help`
_DIRECTIVE = re.compile(r"(?P<text>[^%]+)|%(?P<width>-?0?[0-9]{0,3}(?:\.[0-9]{1,3})?)(?P<kind>.?)", re.DOTALL)
_DIRECTIVE_COST = 1000  # about the longest text that one directive makes from nothing


def clear(operands: Operands, options: Options, io: Invocation) -> None:
    io.out("\x1b[H\x1b[2J\x1b[3J")


def echo(operands: Operands, options: Options, io: Invocation) -> None:
    flag = "-n" if io.machine.is_dash else "-[neE]+"
    letters = ""
    words = list(operands)
    while words and re.fullmatch(flag, words[0]):
        letters += words.pop(0)
    text = " ".join(words)
    if io.machine.is_dash or letters.rfind("e") > letters.rfind("E"):  # the last of -e and -E counts
        text = unescape(text, ECHO_ESCAPES)
    io.out(text if "n" in letters else f"{text}\n")


def printf(operands: Operands, options: Options, io: Invocation) -> int:
    """Repeat the format until all arguments are used, as bash's builtin does."""
    if operands[:1] == ["--"]:
        operands = operands[1:]
    elif operands and re.match("-.", operands[0]) and not io.machine.is_busybox:
        raise UnsupportedError("an option of 'printf'")
    if not operands:
        io.err(io.machine.in_dialect("printf: usage: printf [-v var] format [arguments]\n"))
        return 2
    directives = list(_DIRECTIVE.finditer(operands[0]))
    arguments = deque(operands[1:])
    pieces: list[str] = []
    while True:
        count_before = len(arguments)
        for directive in directives:
            io.spend(_DIRECTIVE_COST)
            pieces.append(_expand_directive(directive, arguments, io))
        takes_none = len(arguments) == count_before
        if takes_none or not arguments:
            io.out("".join(pieces))
            return 0


def _expand_directive(directive: re.Match[str], arguments: deque[str], io: Invocation) -> str:
    """Expand one directive of a format, which may use an argument."""
    text, width, kind = directive.groups()
    if text:
        return unescape(text)
    if kind == "%":
        return "%"
    if not kind:
        raise ToolError("`%': missing format character")
    if kind not in "sd":
        raise UnsupportedError(f"'printf %{kind}'")
    argument = arguments.popleft() if arguments else ""
    if kind == "s":
        return f"%{width}s" % argument
    number = integer(argument)
    if argument and number is None:
        io.fail(f"{argument}: invalid number")
    return f"%{width}d" % (number or 0)


def date(operands: Operands, options: Options, io: Invocation) -> None:
    now = io.machine.clock.now
    template = operands[0] if operands else "+%a %b %e %H:%M:%S %Z %Y"
    io.spend(50 * len(template))
    if not template.startswith("+"):
        raise UnsupportedError("setting or reading a date")
    time = to_datetime(now)

    def text(directive: re.Match[str]) -> str:
        if directive[0] == "%s":
            return str(now // 10**6)  # strftime's %s would assume local time
        if directive[1] not in "aAbBdeFHIjmMpSTyYZ%":
            raise UnsupportedError(f"'date +{directive[0]}'")
        return time.strftime(directive[0])

    io.out(re.sub("(?s)%(.)", text, template[1:]) + "\n")


def help_(operands: Operands, options: Options, io: Invocation) -> None:
    for name in operands:
        if name not in io.tools:
            raise ToolError(f"no help topics match `{name}'")
        io.out(f"Usage: {io.tools[name].usage or name}\n")
    if not operands:
        io.out("\n".join(_overview(io.tools)) + "\n")


def _overview(tools: Mapping[str, Tool]) -> Iterator[str]:
    """Show all tools on one screen, each with an example, and the verbs of tools such as kubectl."""
    yield "The tools here, by example; NAME --help says more:"
    examples = [tool.example for _, tool in sorted(tools.items()) if tool.example]
    half = (len(examples) + 1) // 2
    for left, right in zip_longest(examples[:half], examples[half:], fillvalue=""):
        yield f"  {left:{_WIDTH}}{right}".rstrip()
    for name, program in sorted(tools.items()):
        if program.complete and "COMMAND" in program.usage:
            import textwrap  # late: only this needs it

            yield textwrap.fill(f"{name}: {' '.join(program.complete(['']))}", 78, subsequent_indent="  ")

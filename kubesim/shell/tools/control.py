"""Tools for the shell itself: text, variables, aliases, history, time, conditions."""

from __future__ import annotations

import operator
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest

from kubesim.api.clock import to_datetime
from kubesim.shell.machine import Trap
from kubesim.shell.syntax import UnsupportedError, unescape
from kubesim.shell.tools import Invocation, LeaveError, Options, Tool, ToolError, misused

_WIDTH = 39  # of a column of help
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_DIRECTIVE = re.compile(r"(?P<text>[^%]+)|%(?P<width>-?0?[0-9]{0,3}(?:\.[0-9]{1,3})?)(?P<kind>.?)", re.DOTALL)
_DIRECTIVE_COST = 1000  # about the longest text that one makes of nothing


def true(operands: list[str], options: Options, io: Invocation) -> None:
    """Do nothing: also the tool `:`."""


def false(operands: list[str], options: Options, io: Invocation) -> int:
    return 1


def clear(operands: list[str], options: Options, io: Invocation) -> None:
    io.out("\x1b[H\x1b[2J\x1b[3J")


def echo(operands: list[str], options: Options, io: Invocation) -> None:
    flag = "-n" if io.machine.is_dash else "-[neE]+"
    letters = ""
    words = list(operands)
    while words and re.fullmatch(flag, words[0]):
        letters += words.pop(0)
    text = " ".join(words)
    if io.machine.is_dash or letters.rfind("e") > letters.rfind("E"):  # the last one counts
        text = unescape(text)
    io.out(text if "n" in letters else f"{text}\n")


def printf(operands: list[str], options: Options, io: Invocation) -> int:
    """Use the format until there are no more arguments, as bash's builtin does."""
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
            pieces.append(_formatted(directive, arguments, io))
        takes_none = len(arguments) == count_before
        if takes_none or not arguments:
            io.out("".join(pieces))
            return 0


def _formatted(directive: re.Match[str], arguments: deque[str], io: Invocation) -> str:
    """One directive of a format, which may take an argument."""
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
    is_number = re.fullmatch(r"[+-]?[0-9]{1,18}", argument)
    if argument and not is_number:
        io.fail(f"{argument}: invalid number")
    return f"%{width}d" % (int(argument) if is_number else 0)


def sleep(operands: list[str], options: Options, io: Invocation) -> None:
    seconds = 0.0
    for text in operands:
        match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}|inf(?:inity)?)([smhd]?)", text)
        if not match:
            raise misused(io.name, f"invalid time interval '{text}'")
        seconds += float(match[1]) * _UNITS[match[2]]
    io.machine.sleep(seconds)


def date(operands: list[str], options: Options, io: Invocation) -> None:
    now = io.machine.clock.now
    template = operands[0] if operands else "+%a %b %e %H:%M:%S %Z %Y"
    io.spend(50 * len(template))
    if not template.startswith("+"):
        raise UnsupportedError("setting or reading a date")
    time = to_datetime(now)

    def text(directive: re.Match[str]) -> str:
        if directive[0] == "%s":
            return str(now // 10**6)  # strftime would take it for a local time
        if directive[1] not in "aAbBdeFHIjmMpSTyYZ%":
            raise UnsupportedError(f"'date +{directive[0]}'")
        return time.strftime(directive[0])

    io.out(re.sub("(?s)%(.)", text, template[1:]) + "\n")


def export(operands: list[str], options: Options, io: Invocation) -> None:
    if not operands or operands[0].startswith("-"):
        raise UnsupportedError("'export' without a name")
    for text in operands:
        name, equals, value = text.partition("=")
        if not _NAME.fullmatch(name):
            io.fail(f"`{text}': not a valid identifier")
            continue
        if equals:
            io.machine.assign(name, value)
        if name in io.machine.variables:
            io.env[name] = io.machine.variables.pop(name)


def exit_(operands: list[str], options: Options, io: Invocation) -> None:
    status = io.machine.status
    sign = "[+-]?" if io.machine.shell == "bash" else r"\+?"
    if operands and re.fullmatch(rf"\s*{sign}[0-9]{{1,18}}\s*", operands[0]):
        status = int(operands[0]) & 0xFF
    elif operands:
        status = io.fail(f"{operands[0]}: numeric argument required", 2)
    raise LeaveError("exit", status)


def break_(operands: list[str], options: Options, io: Invocation) -> None:
    """`break` and `continue`, which the interpreter's loop tells apart by their names."""
    raise LeaveError(io.name, io.machine.status)


_SIGNALS = {"1": "HUP", "2": "INT", "3": "QUIT", "15": "TERM"}


def trap(operands: list[str], options: Options, io: Invocation) -> None:
    """Note what a shell does at a signal. A container gets none but SIGTERM."""
    if io.machine.IS_TERMINAL or len(operands) < 2:
        raise UnsupportedError(" ".join(["'trap", *operands])[:40] + "'")
    action, *signals = operands
    for word in signals:
        signal = _SIGNALS.get(word) or word.upper().removeprefix("SIG")
        if signal not in _SIGNALS.values():
            raise UnsupportedError(f"'trap' of {word[:40]}")
        io.machine.traps.pop(signal, None)
        if action != "-":
            io.machine.traps[signal] = Trap(action, io.machine.variables, io.env)


def unset(operands: list[str], options: Options, io: Invocation) -> None:
    for name in operands:
        io.machine.variables.pop(name, None)
        io.env.pop(name, None)


def read(operands: list[str], options: Options, io: Invocation) -> int:
    if io.streams.stdin is None:
        raise UnsupportedError(f"typing the input of '{io.name}'")
    if not operands:
        raise UnsupportedError(f"'{io.name}' without a name")
    for name in operands:
        if not _NAME.fullmatch(name):
            raise ToolError(f"`{name}': not a valid identifier")
    line = io.streams.stdin.line()
    io.spend(len(line))
    if "\\" in line and "r" not in options:
        raise UnsupportedError("a backslash for 'read' without -r")
    words = line.strip(" \t\n").split(None, len(operands) - 1)
    for name, word in zip_longest(operands, words, fillvalue=""):
        io.machine.assign(name, word)
    return 0 if line.endswith("\n") else 1


def alias(operands: list[str], options: Options, io: Invocation) -> None:
    aliases = io.machine.aliases
    for text in operands or sorted(aliases):
        name, equals, value = text.partition("=")
        if equals:
            aliases[name] = value
        elif name in aliases:
            io.out(f"alias {name}='{aliases[name]}'\n")
        else:
            io.fail(f"{name}: not found")


def history(operands: list[str], options: Options, io: Invocation) -> None:
    entries = io.machine.history
    if "c" in options:
        entries.clear()
    count = len(entries)
    if operands:
        if not re.fullmatch("[+-]?[0-9]{1,15}", operands[0]):
            raise ToolError(f"{operands[0]}: numeric argument required")
        count = abs(int(operands[0]))
    first = max(len(entries) - count, 0)
    io.out("".join(f"{index:5}  {line}\n" for index, line in enumerate(entries[first:], first + 1)))


def xargs(operands: list[str], options: Options, io: Invocation) -> int:
    """Run a command with the words of stdin."""
    text = io.read()
    io.spend(len(text))
    if re.search(r"['\"\\]", text):
        raise UnsupportedError("a quote for 'xargs'")
    status = io.run([*(operands or ["echo"]), *text.split()], "")
    if status == 127:
        return 127
    return 123 if status else 0


_UNARY: dict[str, Callable[[Invocation, str], bool]] = {
    "-z": lambda io, text: not text,
    "-n": lambda io, text: bool(text),
    "-e": lambda io, text: io.files.exists(text),
    "-d": lambda io, text: io.files.is_dir(text),
    "-f": lambda io, text: io.files.exists(text) and not io.files.is_dir(text),
    "-s": lambda io, text: io.files.exists(text) and io.files.size(text) > 0,
}
_OF_TEXTS = {"=": operator.eq, "==": operator.eq, "!=": operator.ne}
_OF_NUMBERS = {
    "-eq": operator.eq,
    "-ne": operator.ne,
    "-lt": operator.lt,
    "-le": operator.le,
    "-gt": operator.gt,
    "-ge": operator.ge,
}
_UNSIMULATED_UNARY = {f"-{letter}" for letter in "abcghkoprtuvwxGLNORS"}
_UNSIMULATED_BINARY = {"-a", "-o", "-nt", "-ot", "-ef", "<", ">"}


def test(operands: list[str], options: Options, io: Invocation) -> int:
    if io.name == "[":
        if operands[-1:] != ["]"]:
            raise ToolError("missing `]'", 2)
        operands = operands[:-1]
    return 0 if _holds(operands, io) else 1


def _holds(words: list[str], io: Invocation) -> bool:
    """Whether a test expression is true, by POSIX' rules for the number of its words.

    The order counts: `! = !` compares, and `! -n x` negates.
    """
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
    """Whether a text or a file is what -z, -e and the like ask."""
    if check in _UNSIMULATED_UNARY:
        raise UnsupportedError(f"the condition '{check}'")
    if check not in _UNARY:
        raise ToolError(f"{check}: unary operator expected", 2)
    return _UNARY[check](io, text)


def _integer(text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,19}\s*", text):
        raise ToolError(f"{text}: integer expression expected", 2)
    return int(text)


def help_(operands: list[str], options: Options, io: Invocation) -> None:
    for name in operands:
        if name not in io.tools:
            raise ToolError(f"no help topics match `{name}'")
        io.out(f"Usage: {io.tools[name].usage or name}\n")
    if not operands:
        io.out("\n".join(_overview(io.tools)) + "\n")


def _overview(tools: Mapping[str, Tool]) -> Iterator[str]:
    """All tools on one screen, each by an example, and the verbs of those that know their own words."""
    yield "The tools here, by example; NAME --help says more:"
    examples = [tool.example for _, tool in sorted(tools.items()) if tool.example]
    half = (len(examples) + 1) // 2
    for left, right in zip_longest(examples[:half], examples[half:], fillvalue=""):
        yield f"  {left:{_WIDTH}}{right}".rstrip()
    for name, program in sorted(tools.items()):
        if program.complete and "COMMAND" in program.usage:
            import textwrap  # late: only this needs it

            yield textwrap.fill(f"{name}: {' '.join(program.complete(['']))}", 78, subsequent_indent="  ")

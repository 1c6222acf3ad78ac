"""Tools of the shell itself: variables, aliases, history, waiting, and the end of loops and scripts."""

from __future__ import annotations

import re
from itertools import zip_longest
from math import inf

from kubesim.api.clock import SECOND, OutOfTimeError
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import (
    BreakError,
    ContinueError,
    Invocation,
    LeaveError,
    Operands,
    Options,
    ToolError,
    misused,
    whole_number,
)

# The seconds of the units of `sleep` and `timeout`.
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_TIMED_OUT = 124  # the exit status of `timeout` if it has stopped the command
_TERMINATED = 143  # the exit status of a process ended by SIGTERM


def true(operands: Operands, options: Options, io: Invocation) -> None:
    """Do nothing: also the tool `:`."""


def false(operands: Operands, options: Options, io: Invocation) -> int:
    return 1


def sleep(operands: Operands, options: Options, io: Invocation) -> None:
    io.machine.sleep(sum(_seconds(text, io) for text in operands))


def _seconds(text: str, io: Invocation) -> float:
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}|inf(?:inity)?)([smhd]?)", text)
    if not match:
        raise misused(io.name, f"invalid time interval '{text}'")
    return float(match[1]) * _UNITS[match[2]]


def wait(operands: Operands, options: Options, io: Invocation) -> None:
    """Wait for what `&` has started."""
    if operands:
        raise UnsupportedError(f"'wait' for {operands[0][:40]}")
    io.machine.wait()


def timeout(operands: Operands, options: Options, io: Invocation) -> int:
    """Run a command, and stop it after some seconds."""
    if len(operands) < 2:
        raise misused(io.name, "missing operand")
    seconds, *words = operands
    clock = io.machine.clock
    before = clock.deadline
    limit = _seconds(seconds, io)
    if 0 < limit < inf:
        clock.deadline = min(before, clock.now + round(limit * SECOND))
    try:
        status = io.run(words)
    except OutOfTimeError:
        status = _TERMINATED
    finally:
        is_over = clock.now >= clock.deadline
        clock.deadline = before
    return _TIMED_OUT if is_over and status == _TERMINATED else status


def seq(operands: Operands, options: Options, io: Invocation) -> None:
    """Print the numbers from FIRST (1) to LAST by STEP (1)."""
    if not operands:
        raise misused(io.name, "missing operand")
    numbers = [_integer(text) for text in operands]
    first = numbers[0] if len(numbers) > 1 else 1
    step = numbers[1] if len(numbers) > 2 else 1
    if step == 0:
        raise misused(io.name, f"invalid Zero increment value: '{operands[1]}'")
    counted = range(first, numbers[-1] + (1 if step > 0 else -1), step)
    io.spend(100 * len(counted))
    io.out("".join(f"{number}\n" for number in counted))


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise UnsupportedError(f"'seq' of {text[:40]}")
    return int(text)


def export(operands: Operands, options: Options, io: Invocation) -> None:
    """Export variables, after setting those with a value."""
    if not operands or operands[0].startswith("-"):
        raise UnsupportedError("'export' without a name")
    for text in operands:
        name, equals, value = text.partition("=")
        if not _NAME.fullmatch(name):
            io.fail(f"`{text}': not a valid identifier")
            continue
        if equals:
            io.machine.assign(name, value)
        if name in io.shell.variables:
            io.env[name] = io.shell.variables.pop(name)


def exit_(operands: Operands, options: Options, io: Invocation) -> None:
    status = io.machine.status
    sign = "[+-]?" if io.shell.name == "bash" else r"\+?"
    if operands:
        text = operands[0]
        is_number = re.fullmatch(rf"\s*{sign}[0-9]{{1,18}}\s*", text)
        status = int(text) & 0xFF if is_number else io.fail(f"{text}: numeric argument required", 2)
    raise LeaveError(status)


def break_(operands: Operands, options: Options, io: Invocation) -> None:
    """End a loop, or for the tool `continue` a round of it."""
    if not io.shell.loops:
        if io.shell.name == "bash":
            io.fail("only meaningful in a `for', `while', or `until' loop", 0)
        return
    leave = BreakError if io.name == "break" else ContinueError
    raise leave(io.machine.status)


def unset(operands: Operands, options: Options, io: Invocation) -> None:
    for name in operands:
        io.shell.variables.pop(name, None)
        io.env.pop(name, None)


def read(operands: Operands, options: Options, io: Invocation) -> int:
    """Read a line of stdin into variables; return 1 if stdin ends before a newline."""
    if io.streams.stdin is None:
        raise UnsupportedError(f"typing the input of '{io.name}'")
    if not operands and io.machine.is_dash:
        raise ToolError("arg count", 2)
    for name in operands:
        if not _NAME.fullmatch(name):
            raise ToolError(f"`{name}': not a valid identifier")
    line = io.streams.stdin.line()
    if "\\" in line and "r" not in options:
        raise UnsupportedError("a backslash for 'read' without -r")
    if not operands:
        io.machine.assign("REPLY", line.removesuffix("\n"))
    else:
        words = _fields(line.removesuffix("\n"), io.machine.value("IFS"), len(operands))
        for name, word in zip_longest(operands, words, fillvalue=""):
            io.machine.assign(name, word)
    return 0 if line.endswith("\n") else 1


def _fields(line: str, separators: str | None, most: int) -> list[str]:
    """Split a line at the characters of $IFS, by default blanks. The last field is the rest of the line."""
    if separators is None:
        separators = " \t\n"
    blanks = "".join(char for char in separators if char in " \t\n")
    line = line.strip(blanks) if blanks else line
    marks = re.escape("".join(char for char in separators if char not in blanks))
    if not marks:
        return re.split(f"[{blanks}]+", line, maxsplit=most - 1) if blanks and line and most > 1 else [line]
    around = f"[{blanks}]*" if blanks else ""
    fields = re.split(f"{around}[{marks}]{around}", line, maxsplit=most - 1) if most > 1 else [line]
    if fields[-1][-1:] in separators and not re.search(f"[{marks}]", fields[-1][:-1]):
        fields[-1] = fields[-1][:-1]  # a single separator at the line's end is dropped
    return fields


def alias(operands: Operands, options: Options, io: Invocation) -> None:
    aliases = io.shell.aliases
    for text in operands or sorted(aliases):
        name, equals, value = text.partition("=")
        if equals:
            aliases[name] = value
        elif name in aliases:
            io.out(f"alias {name}='{aliases[name]}'\n")
        else:
            io.fail(f"{name}: not found")


def history(operands: Operands, options: Options, io: Invocation) -> None:
    """Print the last lines of the history, all by default; with -c, forget them before."""
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


def xargs(operands: Operands, options: Options, io: Invocation) -> int:
    """Run a command with the words of stdin: all at once, N at a time with -n, or once for each line with -I."""
    text = io.read()
    if re.search(r"['\"\\]", text):
        raise UnsupportedError("a quote for 'xargs'")
    command = operands or ["echo"]
    if "I" in options:
        mark = options["I"]
        calls = [[word.replace(mark, line) for word in command] for line in map(str.strip, text.splitlines()) if line]
        io.spend(sum(map(len, text.splitlines())) * len(command))
    else:
        words = text.split()
        most = _most_words(options) or max(1, len(words))
        calls = [[*command, *words[begin : begin + most]] for begin in range(0, len(words), most)]
        if not calls and "r" not in options:
            calls = [command]
    has_failed = False
    for call in calls:
        status = io.run(call, stdin="")
        if status == 127:
            return 127
        has_failed = has_failed or status != 0
    return 123 if has_failed else 0


def _most_words(options: Options) -> int:
    """The number of words for one call (-n); 0 means all."""
    if "n" not in options:
        return 0
    most = whole_number(options["n"], "invalid number for -n option")
    if most < 1:
        raise ToolError("value for -n option should be >= 1")
    return most

"""Tools for the shell itself: variables, aliases, history, time, conditions."""

from __future__ import annotations

import operator
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile, zip_longest

from kubesim.api.clock import to_datetime
from kubesim.shell.syntax import UnsupportedError, unescape
from kubesim.shell.tools import Invocation, LeaveError, Options, Tool, ToolError, misused, whole_number

_WIDTH = 39  # of a column of help
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_AGE = re.compile(r"\b(?:[0-9]+[smhdy])+\b *")
_FORMAT = re.compile(r"[^%]+|%([-+ 0#]*([0-9]*)(?:\.([0-9]*))?)([a-zA-Z%]?)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|0[xX][0-9a-fA-F]{1,16})")


def echo(operands: list[str], options: Options, io: Invocation) -> None:
    flags = list(takewhile(re.compile(r"-[neE]+").fullmatch, operands))
    text, stopped, letters = " ".join(operands[len(flags) :]), False, "".join(flags)
    if letters.rfind("e") > letters.rfind("E"):
        text, stopped = unescape(text)
    io.out(text if "n" in letters or stopped else f"{text}\n")


def printf(operands: list[str], options: Options, io: Invocation) -> int:
    operands = operands[operands[:1] == ["--"] :]
    if not operands:
        io.err("printf: usage: printf [-v var] format [arguments]\n")
        return 2
    io.out("".join(_formatted(operands[0], operands[1:], io)))
    return 0


def _formatted(template: str, arguments: list[str], io: Invocation) -> Iterator[str]:
    """The pieces of the text: the format is used until there are no more arguments, or `\\c` ends it."""
    directives = list(_FORMAT.finditer(template))
    taken = sum(match[4] not in (None, "%") for match in directives)
    for start in range(0, max(len(arguments), 1), taken or len(arguments) + 1):
        values = iter(arguments[start : start + taken])
        for match in directives:
            flags, width, precision, kind = match.groups()
            io.spend(len(match[0]) + int((width or "")[:9] or 0) + int((precision or "")[:9] or 0))
            if kind is None:
                text, stopped = unescape(match[0])
                yield text
                if stopped:
                    return
            else:
                yield "%" if kind == "%" else _converted(f"%{flags}", kind, next(values, ""), io)


def _converted(flags: str, kind: str, argument: str, io: Invocation) -> str:
    if kind in ("s", "b"):
        return f"{flags}s" % (unescape(argument)[0] if kind == "b" else argument)
    if not kind:
        raise ToolError("`%': missing format character")
    if kind not in "diuxXof":
        raise UnsupportedError(f"'printf %{kind}'")
    value: float = 0
    if _NUMBER.fullmatch(argument):
        value = float(argument) if kind == "f" else int(argument, 16 if "x" in argument.lower() else 10)
    elif argument:
        io.fail(f"{argument}: invalid number")
    return f"{flags}{kind}" % value


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
    if unknown := re.search("%[^aAbBcdDeFHIjmMNpRsSTuyYzZ%]", template):
        raise UnsupportedError(f"'date +{unknown[0]}'")
    own = {"%s": f"{now // 10**6}", "%N": f"{now % 10**6:06}000", "%%": "%"}
    text = re.sub("%.", lambda match: own.get(match[0]) or to_datetime(now).strftime(match[0]), template[1:])
    io.out(f"{text}\n")


def export(operands: list[str], options: Options, io: Invocation) -> None:
    if operands in ([], ["-p"]):
        io.out("".join(f'declare -x {name}="{value}"\n' for name, value in sorted(io.env.items())))
        return
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
    if operands:
        is_number = re.fullmatch("[0-9]{1,18}", operands[0])
        status = int(operands[0]) & 0xFF if is_number else io.fail(f"{operands[0]}: numeric argument required", 2)
    raise LeaveError("exit", status)


def break_(operands: list[str], options: Options, io: Invocation) -> None:
    raise LeaveError(io.name, io.machine.status)


def unset(operands: list[str], options: Options, io: Invocation) -> None:
    for name in operands:
        io.machine.variables.pop(name, None)
        io.env.pop(name, None)


def read(operands: list[str], options: Options, io: Invocation) -> int:
    if io.streams.stdin is None:
        raise UnsupportedError(f"typing the input of '{io.name}'")
    for name in operands:
        if not _NAME.fullmatch(name):
            raise ToolError(f"`{name}': not a valid identifier")
    line = io.streams.stdin.line()
    if "r" not in options:
        while line.endswith("\\\n") and not line.endswith("\\\\\n"):
            io.spend(len(line))
            line = line[:-2] + io.streams.stdin.line()
        line = re.sub(r"\\(.)", r"\1", line)
    io.spend(len(line))
    words = line.removesuffix("\n").strip(" \t").split(None, max(len(operands) - 1, 0))
    for name, word in zip_longest(operands, words, fillvalue=""):
        io.machine.assign(name, word)
    if not operands:
        io.machine.assign("REPLY", line.removesuffix("\n"))
    return int(not line.endswith("\n"))


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


def unalias(operands: list[str], options: Options, io: Invocation) -> None:
    if "a" in options:
        io.machine.aliases.clear()
    for name in operands:
        if io.machine.aliases.pop(name, None) is None:
            io.fail(f"{name}: not found")


def history(operands: list[str], options: Options, io: Invocation) -> None:
    entries = io.machine.history
    if "c" in options:
        entries.clear()
    if "d" in options:
        return _forget(entries, options["d"])
    count = abs(whole_number(operands[0], "numeric argument required")) if operands else len(entries)
    first = max(len(entries) - count, 0)
    io.out("".join(f"{index:5}  {line}\n" for index, line in enumerate(entries[first:], first + 1)))
    return None


def _forget(entries: list[str], offset: str) -> None:
    """Take a line out of the history; a negative offset counts from its end."""
    if re.fullmatch(r"-?[0-9]+--?[0-9]+", offset):
        raise UnsupportedError(f"'history -d {offset}'")
    place = int(offset) if re.fullmatch(r"-?[0-9]{1,9}", offset) else 0
    if not 1 <= abs(place) <= len(entries):
        raise ToolError(f"{offset}: history position out of range")
    del entries[place - 1 if place > 0 else place]


def xargs(operands: list[str], options: Options, io: Invocation) -> int:
    text, place = io.read(), options.get("I", "")
    io.spend(20 * len(text))  # shlex goes character by character
    if place:
        rows = [line.strip() for line in text.split("\n") if line.strip()]
        return _worst(io.run([word.replace(place, row) for word in operands or ["echo"]], "") for row in rows)
    try:
        words = shlex.split(text)
    except ValueError:
        raise ToolError("unmatched quote; by default quotes are special to xargs") from None
    size = max(whole_number(options.get("n", "0"), "invalid number for -n option") or len(words), 1)
    batches = [words[at : at + size] for at in range(0, len(words), size)] or ([] if "r" in options else [[]])
    return _worst(io.run([*(operands or ["echo"]), *batch], "") for batch in batches)


def _worst(statuses: Iterable[int]) -> int:
    """The exit status of xargs."""
    found = set(statuses)
    return 127 if 127 in found else 123 if found - {0} else 0


_WATCHED = 60  # simulated seconds: no one can press Ctrl+C


def watch(operands: list[str], options: Options, io: Invocation) -> None:
    """Print what a command says each time that it says something else, ages apart."""
    if not operands:
        raise misused(io.name, "missing command")
    if not re.fullmatch(r"[0-9]{1,5}(?:\.[0-9]{0,3})?", seconds := options.get("n", "2")):
        raise ToolError(f"failed to parse argument: '{seconds}'")
    pause, command, before = max(float(seconds), 0.1), " ".join(operands), ""
    for _ in range(int(_WATCHED / pause) + 1):
        said = list[str]()
        io.script("sh", command, ["sh"], io.streams._replace(stdout=said.append, stderr=said.append))
        screen = "".join(said)
        if (shown := _AGE.sub("", screen)) != before:
            title, time = f"Every {pause:.1f}s: {command}", to_datetime(io.machine.clock.now)
            label = f"{io.machine.hostname}: {time:%a %b %e %H:%M:%S %Y}"
            io.out("" if "t" in options else f"{title}{' ' * max(80 - len(title) - len(label), 1)}{label}\n\n")
            io.out(screen)
        before = shown
        io.machine.sleep(pause)
    io.err(f"kubesim: watch ends after {_WATCHED} simulated seconds; a real one goes on until you press Ctrl+C\n")


_UNARY: dict[str, Callable[[Invocation, str], bool]] = {
    "-z": lambda io, text: not text,
    "-n": lambda io, text: bool(text),
    **dict.fromkeys(("-e", "-r", "-w"), lambda io, text: io.files.exists(text)),
    "-d": lambda io, text: io.files.is_dir(text),
    "-f": lambda io, text: io.files.exists(text) and not io.files.is_dir(text),
    "-s": lambda io, text: io.files.exists(text) and io.files.size(text) > 0,
}
_NUMERIC = {f"-{name}": getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")}


def _holds(words: list[str], io: Invocation) -> bool:
    """Whether a test expression is true, by POSIX' rules for the number of its words."""
    match words:
        case []:
            return False
        case [text]:
            return bool(text)
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
        case [left, relation, right] if relation in _NUMERIC:
            return bool(_NUMERIC[relation](_integer(left), _integer(right)))
        case ["!", *rest] if len(rest) < 4:
            return not _holds(rest, io)
        case [check, text] if check in _UNARY:
            return _UNARY[check](io, text)
        case [relation, _] | [_, relation, _]:
            raise ToolError(f"{relation}: {'unary' if len(words) == 2 else 'binary'} operator expected", 2)
    if "-a" in words or "-o" in words:
        raise UnsupportedError("'-a' or '-o' in a test")
    raise ToolError("too many arguments", 2)


def _integer(text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,19}\s*", text):
        raise ToolError(f"{text}: integer expression expected", 2)
    return int(text)


def test(operands: list[str], options: Options, io: Invocation) -> int:
    if io.name == "[":
        if operands[-1:] != ["]"]:
            raise ToolError("missing `]'", 2)
        operands = operands[:-1]
    return int(not _holds(operands, io))


def help_(operands: list[str], options: Options, io: Invocation) -> None:
    for name in operands:
        if name not in io.tools:
            raise ToolError(f"no help topics match `{name}'")
        io.out(f"Usage: {io.tools[name].usage or name}\n")
    io.out("" if operands else "\n".join(_overview(io.tools)) + "\n")


def _overview(tools: Mapping[str, Tool]) -> Iterator[str]:
    """All tools on one screen, each by an example, and the verbs of those that know their own words."""
    yield "The tools here, by example; NAME --help says more:"
    examples = [tool.example for _, tool in sorted(tools.items()) if tool.example]
    half = (len(examples) + 1) // 2
    for left, right in zip_longest(examples[:half], examples[half:], fillvalue=""):
        yield f"  {left:{_WIDTH}}{right}".rstrip()
    for name, program in sorted(tools.items()):
        if program.complete and "COMMAND" in program.usage:
            import textwrap

            yield textwrap.fill(f"{name}: {' '.join(program.complete(['']))}", 78, subsequent_indent="  ")


def which(operands: list[str], options: Options, io: Invocation) -> int:
    paths = [f"{folder}/{name}" for name in operands for folder in io.env.get("PATH", "").split(":")]
    found = [path for path in paths if io.files.exists(path)]
    if io.machine.IS_TERMINAL:
        found = [_place(io.tools[name]) for name in operands if name in io.tools and not io.tools[name].builtin]
    io.out("".join(f"{path}\n" for path in found))
    return int(len(found) < len(operands))


def type_(operands: list[str], options: Options, io: Invocation) -> None:
    for name in operands:
        if name in io.machine.aliases:
            io.out(f"{name} is aliased to `{io.machine.aliases[name]}'\n")
        elif name in io.tools:
            io.out(f"{name} is {'a shell builtin' if io.tools[name].builtin else _place(io.tools[name])}\n")
        else:
            io.fail(f"{name}: not found")


def _place(tool: Tool) -> str:
    return f"{'/usr/local/bin' if tool.complete else '/usr/bin'}/{tool.name}"

"""grep, on the regular expressions of regex.py."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubesim.shell.state import Invocation, ToolError
from kubesim.shell.tools.regex import Regex
from kubesim.shell.tools.tool import Options, below, hint, inputs, lines, tool, whole_number

_LONG = {
    "ignore-case": "i",
    "invert-match": "v",
    "count": "c",
    "line-number": "n",
    "extended-regexp": "E",
    "fixed-strings": "F",
    "file=": "f",
    "quiet": "q",
}

_NEVER = r"a\ba"  # what matches no line: no word ends between two of its letters


@tool(
    "grep [-EFHRchilnoqrvw] [-A N] [-B N] [-C N] PATTERN|-f FILE [FILE]...",
    "EFHRchilnoqrvwe:f:A:B:C:",
    _LONG,
    example="kubectl get pods | grep -v Running",
    trouble=2,
)
def grep(operands: list[str], options: Options, io: Invocation) -> int:
    """Print the lines that match."""
    regex = _regex(_patterns(operands, options, io), options)
    recursive = "r" in options or "R" in options
    names = operands or (["."] if recursive else ["-"])
    files = [file for name in names for file in _files_below(io, name)] if recursive else names
    labelled = ("H" in options or len(names) > 1 or recursive) and "h" not in options
    found = False
    for name, text in inputs(io, files, trouble=2):
        found |= _grep(name.removeprefix("./") if operands == [] else name, text, regex, options, io, labelled=labelled)
        if found and "q" in options:
            io.status = 0
            break
    return int(not found)


def _patterns(operands: list[str], options: Options, io: Invocation) -> list[str]:
    """Those of -e and those in the files of -f; without such options, those of the first operand, which is taken."""
    if not options.keys() & {"e", "f"} and not operands:
        raise ToolError(f"no pattern given\n{hint(io.name)}")
    if not options.keys() & {"e", "f"}:
        return operands.pop(0).split("\n")
    stored = [line.removesuffix("\n") for name in _names(options, "f") for line in lines(io.read(name))]
    return [*_names(options, "e"), *stored]


def _names(options: Options, letter: str) -> list[str]:
    return options[letter].split("\n") if letter in options else []


def _regex(patterns: list[str], options: Options) -> Regex:
    if "F" in options:
        patterns = [re.sub(r"[][\\.*^$]", r"\\\g<0>", pattern) for pattern in patterns]
    extended = "E" in options and "F" not in options
    return Regex(patterns or [_NEVER], extended=extended, ignore_case="i" in options, words="w" in options)


def _files_below(io: Invocation, name: str) -> Iterator[str]:
    if not io.workspace.is_dir(name):
        yield name
        return
    for path in below(io, name):
        yield from _files_below(io, path)


def _grep(name: str, text: str, regex: Regex, options: Options, io: Invocation, *, labelled: bool) -> bool:
    """Search one input and print what is wanted of it; whether a line was selected."""
    spend, inverted = io.state.budget.spend, "v" in options
    content = [line.removesuffix("\n") for line in lines(text)]
    hits = [index for index, line in enumerate(content) if (regex.search(line, spend) is None) == inverted]
    label = f"{name}:" if labelled else ""
    if "q" in options:
        pass
    elif "l" in options:
        io.out(f"{name if name != '-' else '(standard input)'}\n" if hits else "")
    elif "c" in options:
        io.out(f"{label}{len(hits)}\n")
    elif "o" in options:
        for index in [] if inverted else hits:
            place = f"{index + 1}:" if "n" in options else ""
            io.out("".join(f"{label}{place}{part}\n" for part in _parts(content[index], regex, io)))
    else:
        io.out("".join(_with_context(label, content, hits, options)))
    return bool(hits)


def _parts(line: str, regex: Regex, io: Invocation) -> Iterator[str]:
    start = 0
    while spans := regex.search(line, io.state.budget.spend, start):
        begin, end = spans[0]
        if end > begin:
            yield line[begin:end]
        start = max(end, begin + 1)


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

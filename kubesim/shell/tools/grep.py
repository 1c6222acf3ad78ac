"""grep, on the regular expressions of regex.py."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubesim.shell.state import Invocation, ToolError
from kubesim.shell.tools.regex import Regex
from kubesim.shell.tools.tool import Options, inputs, lines, number, tool


def _files_below(io: Invocation, name: str) -> Iterator[str]:
    if not io.workspace.is_dir(name):
        yield name
        return
    for entry in io.workspace.listdir(name):
        yield from _files_below(io, f"{name.rstrip('/')}/{entry}")


def _pattern(options: Options, patterns: str) -> Regex:
    if "F" in options:
        patterns = re.sub(r"[][\\.*^$]", r"\\\g<0>", patterns)
    extended = "E" in options and "F" not in options
    return Regex(patterns.split("\n"), extended=extended, ignore_case="i" in options, words="w" in options)


@tool(
    "grep [-EFcilnoqrvw] [-A N] [-B N] [-C N] PATTERN [FILE]...",
    "EFcilnoqrvwHhRe:A:B:C:",
    {"ignore-case": "i", "invert-match": "v", "count": "c", "line-number": "n", "extended-regexp": "E", "quiet": "q"},
    example="kubectl get pods | grep -v Running",
    trouble=2,
)
def grep(operands: list[str], options: Options, io: Invocation) -> int:
    """Print the lines that match."""
    if "e" not in options and not operands:
        raise ToolError("no pattern given\nTry 'grep --help' for more information.")
    regex = _pattern(options, options["e"] if "e" in options else operands.pop(0))
    recursive = "r" in options or "R" in options
    names = operands or (["."] if recursive else ["-"])
    if recursive:
        names = [file for name in names for file in _files_below(io, name)]
    labelled = ("H" in options or len(names) > 1 or recursive) and "h" not in options
    found = False
    for name, text in inputs(io, names, trouble=2):
        found |= _grep_one(f"{name}:" if labelled else "", text, regex, options, io)
        if found and "q" in options:
            io.status = 0
            break
    return int(not found)


def _grep_one(label: str, text: str, regex: Regex, options: Options, io: Invocation) -> bool:
    content = [line.removesuffix("\n") for line in lines(text)]
    wanted = "v" not in options
    hits = [number for number, line in enumerate(content) if bool(regex.search(line, io.state.budget.spend)) == wanted]
    if "q" in options:
        return bool(hits)
    if "l" in options:
        io.out(f"{label.removesuffix(':') or '(standard input)'}\n" if hits else "")
    elif "c" in options:
        io.out(f"{label}{len(hits)}\n")
    elif "o" in options:
        parts = [(number, part) for number in hits for part in _parts(content[number], regex, io)] if wanted else []
        io.out("".join(f"{label}{f'{number + 1}:' if 'n' in options else ''}{part}\n" for number, part in parts))
    else:
        io.out("".join(_with_context(label, content, hits, options)))
    return bool(hits)


def _parts(line: str, regex: Regex, io: Invocation) -> Iterator[str]:
    start = 0
    while match := regex.search(line, io.state.budget.spend, start):
        if match.group(0):
            yield match.group(0)
        start = max(match.end, match.start + 1)


def _with_context(label: str, content: list[str], hits: list[int], options: Options) -> Iterator[str]:
    both = options.get("C", "0")
    before, after = (number(options.get(key, both), "invalid context length argument") for key in "BA")
    last, matching = -1, set(hits)
    for hit in hits:
        first = max(hit - before, last + 1)
        if last >= 0 and first > last + 1 and (before or after):
            yield "--\n"
        for index in range(first, min(hit + after + 1, len(content))):
            mark = ":" if index in matching else "-"
            place = f"{index + 1}{mark}" if "n" in options else ""
            yield f"{label[:-1] + mark if label else ''}{place}{content[index]}\n"
            last = index

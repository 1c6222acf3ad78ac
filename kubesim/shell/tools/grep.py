"""grep, on the regular expressions of regex.py."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubesim.shell.tool import Invocation, Options, lines, misused
from kubesim.shell.tools import below, inputs, whole_number
from kubesim.shell.tools.regex import Regex

_NEVER = r"a\ba"  # what matches no line: no word ends between two of its letters


def grep(operands: list[str], options: Options, io: Invocation) -> int:
    regex = _regex(_patterns(operands, options, io), options, io)
    recursive = "r" in options or "R" in options
    names = operands or (["."] if recursive else ["-"])
    files = [file for name in names for file in _files_below(io, name)] if recursive else names
    labelled = ("H" in options or len(names) > 1 or recursive) and "h" not in options
    found = False
    for name, text in inputs(io, files, trouble=2):
        shown = name.removeprefix("./") if operands == [] else name
        content = [line.removesuffix("\n") for line in lines(text)]
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
    stored = [line.removesuffix("\n") for name in files for line in lines(io.read(name))]
    return [*(options["e"].split("\n") if "e" in options else []), *stored]


def _regex(patterns: list[str], options: Options, io: Invocation) -> Regex:
    if "F" in options:
        patterns = [re.sub(r"[][\\.*^$]", r"\\\g<0>", pattern) for pattern in patterns]
    extended = "E" in options and "F" not in options
    budget = io.machine.budget
    return Regex(patterns or [_NEVER], budget, extended=extended, ignore_case="i" in options, words="w" in options)


def _files_below(io: Invocation, name: str) -> Iterator[str]:
    if not io.files.is_dir(name):
        yield name
        return
    for path in below(io, name):
        yield from _files_below(io, path)


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

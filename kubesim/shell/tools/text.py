"""Tools that read lines and print lines."""

from __future__ import annotations

import base64 as codec
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from kubesim.shell.machine import Invocation, ToolError, lines
from kubesim.shell.syntax import UnsupportedError, unescape
from kubesim.shell.tools import Options, Tool, below, hint, inputs, need_operands, tool, whole_number
from kubesim.shell.tools.regex import Regex


def _head(content: list[str], wanted: str) -> list[str]:
    return content[: int(wanted)]


def _tail(content: list[str], wanted: str) -> list[str]:
    """The last lines, or with +N those from line N on."""
    count = abs(int(wanted))
    return content[max(count - 1, 0) if wanted.startswith("+") else max(len(content) - count, 0) :]


def _ends(name: str, example: str, cut: Callable[[list[str], str], list[str]]) -> Tool:
    @tool(f"{name} [-n N] [FILE]...", "n:0123456789", {"lines=": "n"}, example=example)
    def run(operands: list[str], options: Options, io: Invocation) -> None:
        wanted = "".join(option for option in options if option.isdigit()) or options.get("n", "10")  # as in `head -12`
        whole_number(wanted, "invalid number of lines")
        separator = ""
        for name, text in inputs(io, operands):
            title = f"{separator}==> {'standard input' if name == '-' else name} <==\n" if len(operands) > 1 else ""
            separator = "\n"
            io.out(title + "".join(cut(lines(text), wanted)))

    return run


head = _ends("head", "kubectl get pods | head -3", _head)
tail = _ends("tail", "kubectl get events | tail -5", _tail)


@tool("wc [-clmw] [FILE]...", "clmw", {"lines": "l", "words": "w", "bytes": "c"}, example="kubectl get pods | wc -l")
def wc(operands: list[str], options: Options, io: Invocation) -> None:
    kinds = [kind for kind in "lwmc" if kind in options] or ["l", "w", "c"]
    rows = [(_counts(text), name) for name, text in inputs(io, operands)]
    if len(operands) > 1:
        rows.append(({kind: sum(counts[kind] for counts, _ in rows) for kind in "lwmc"}, "total"))
    width = len(str(max((counts["c"] for counts, _ in rows), default=0))) if operands else 7
    width = 1 if len(kinds) == 1 and len(rows) == 1 else width
    for counts, name in rows:
        figures = " ".join(f"{counts[kind]:{width}}" for kind in kinds)
        io.out(f"{figures} {name}\n" if operands else f"{figures}\n")


def _counts(text: str) -> dict[str, int]:
    size = len(text.encode("utf-8", "surrogateescape"))
    return {"l": text.count("\n"), "w": len(text.split()), "m": len(text), "c": size}


@tool("sort [-bnru] [-k FIELD] [-t CHAR] [FILE]...", "bnruk:t:", {"reverse": "r"}, example="sort -k2 pods", trouble=2)
def sort(operands: list[str], options: Options, io: Invocation) -> None:
    content = [line.removesuffix("\n") for _, text in inputs(io, operands, "cannot read: ", 2) for line in lines(text)]
    keys = [_Key(spec, options) for spec in options.get("k", "1").split("\n")]
    if "u" not in options:
        content.sort(reverse="r" in options)
    for key in reversed(keys):
        content.sort(key=key, reverse=key.reverse)
    if "u" in options:
        content = [next(equal) for _, equal in groupby(content, lambda line: [key(line) for key in keys])]
    io.out("".join(f"{line}\n" for line in content))


class _Key:
    """A sort key such as `2`, `2,3` or `2n`; it inherits the general options if it has none of its own."""

    def __init__(self, spec: str, options: Options) -> None:
        match = re.fullmatch(r"([0-9]{1,6})([bnr]*)(?:,([0-9]{1,6})([bnr]*))?", spec)
        if re.match(r"[0-9,]+\.", spec):
            raise UnsupportedError("'sort -k' with a character position")
        if not match:
            raise ToolError(f"invalid number at field start: invalid count at start of '{spec}'")
        if int(match[1]) == 0:
            raise ToolError(f"field number is zero: invalid field specification '{spec}'")
        letters = f"{match[2]}{match[4] or ''}" or "".join(options)
        self._first, self._last = int(match[1]) - 1, int(match[3]) if match[3] else None
        self._number, self._blank, self.reverse = "n" in letters, "b" in letters, "r" in letters
        self._separator = options.get("t")

    def __call__(self, line: str) -> str | float:
        mark = self._separator
        fields = line.split(mark) if mark else re.findall(r"[ \t]*[^ \t]+|[ \t]+$", line)
        text = (mark or "").join(fields[self._first : self._last])
        if self._number:
            match = re.match(r"\s*(-?[0-9]{1,300}(?:\.[0-9]{0,300})?)", text)
            return float(match[1]) if match else 0.0
        return text.lstrip() if self._blank else text


@tool("uniq [-cdu] [FILE]", "cdu", {"count": "c"}, example="sort pods | uniq -c")
def uniq(operands: list[str], options: Options, io: Invocation) -> None:
    if len(operands) > 1:
        raise UnsupportedError("'uniq' with a file to write to")
    for _, text in inputs(io, operands):
        for line, equal in groupby(line.removesuffix("\n") for line in lines(text)):
            count = len(list(equal))
            if not (("d" in options and count == 1) or ("u" in options and count > 1)):
                io.out(f"{count:7} {line}\n" if "c" in options else f"{line}\n")


@tool("cut -d CHAR -f LIST [FILE]...", "d:f:c:s", {"delimiter=": "d", "fields=": "f"}, example="cut -d: -f2 pairs")
def cut(operands: list[str], options: Options, io: Invocation) -> None:
    if "f" not in options and "c" not in options:
        raise ToolError(f"you must specify a list of bytes, characters, or fields\n{hint(io.name)}")
    delimiter = options.get("d", "\t")
    if len(delimiter) != 1:
        raise ToolError(f"the delimiter must be a single character\n{hint(io.name)}")
    ranges = list(_ranges(options.get("f") or options["c"]))
    for _, text in inputs(io, operands):
        io.spend(len(text) * len(ranges))
        io.out("".join(_cut_line(line.removesuffix("\n"), delimiter, ranges, options) for line in lines(text)))


def _ranges(spec: str) -> Iterator[tuple[int, int]]:
    for part in re.split(r"[, ]", spec):
        match = re.fullmatch(r"([0-9]{0,9})(-?)([0-9]{0,9})", part)
        if not match or not (match[1] or match[3]):
            raise ToolError(f"invalid field value '{part}'\n{hint('cut')}")
        if "0" in (match[1], match[3]):
            raise ToolError(f"fields are numbered from 1\n{hint('cut')}")
        first = int(match[1] or 1)
        yield first, int(match[3] or 10**9) if match[2] else first


def _cut_line(line: str, delimiter: str, ranges: list[tuple[int, int]], options: Options) -> str:
    if "f" in options and delimiter not in line:
        return "" if "s" in options else f"{line}\n"
    pieces: Iterable[str] = line.split(delimiter) if "f" in options else line
    kept = [piece for index, piece in enumerate(pieces, 1) if any(first <= index <= last for first, last in ranges)]
    return (delimiter if "f" in options else "").join(kept) + "\n"


@tool("tr [-cds] SET1 [SET2]", "cds", {"delete": "d", "squeeze-repeats": "s"}, example="tr a-z A-Z < names")
def tr(operands: list[str], options: Options, io: Invocation) -> None:
    need_operands(io, operands)
    sets = [_characters(operand, io) for operand in operands]
    if len(sets) < 2 and not {"d", "s"} & options.keys():
        problem = f"missing operand after '{operands[0]}'\nTwo strings must be given when translating.\n"
        raise ToolError(problem + hint(io.name))
    text = io.read()
    if "c" in options:
        sets[0] = "".join(sorted(set(text) - set(sets[0])))
    if "d" in options:
        text = text.translate(dict.fromkeys(map(ord, sets[0])))
    elif len(sets) > 1:
        text = text.translate(_translation(*sets[:2]))
    if "s" in options:
        text = re.sub(r"(.)\1+", lambda run: run[1] if run[1] in sets[-1] else run[0], text, flags=re.DOTALL)
    io.out(text)


def _translation(first: str, second: str) -> dict[int, str]:
    """Where a character stands twice in the first set, its first place counts; the second set's last one fills up."""
    if not second:
        raise ToolError("when not truncating set1, string2 must be non-empty")
    filled = second.ljust(len(first), second[-1])
    return {ord(character): filled[index] for index, character in reversed(list(enumerate(first)))}


_SETS = {"upper": "A-Z", "lower": "a-z", "digit": "0-9", "alpha": "A-Za-z", "alnum": "0-9A-Za-z", "space": " \t-\r"}


def _characters(spec: str, io: Invocation) -> str:
    """The characters of a tr set: escapes, ranges and classes written out."""
    spec = re.sub(r"\[:(\w+):\]", lambda match: _SETS.get(match[1], match[0]), spec)
    if "[:" in spec:
        raise UnsupportedError(f"the set '{spec[:40]}' of tr")

    def written_out(match: re.Match[str]) -> str:
        first, last = match[0][0], match[0][2]
        if first > last:
            raise ToolError(f"range-endpoints of '{match[0]}' are in reverse collating sequence order")
        io.spend(ord(last) - ord(first))
        return "".join(map(chr, range(ord(first), ord(last) + 1)))

    return re.sub(r".-.", written_out, unescape(spec)[0], flags=re.DOTALL)


@tool(
    "base64 [-di] [-w COLUMNS] [FILE]",
    "diw:",
    {"decode": "d", "wrap=": "w", "ignore-garbage": "i"},
    example="echo bXl1c2Vy | base64 -d",
)
def base64(operands: list[str], options: Options, io: Invocation) -> int:
    if len(operands) > 1:
        raise ToolError(f"extra operand '{operands[1]}'\n{hint(io.name)}")
    width = whole_number(options.get("w", "76"), "invalid wrap size")
    for _, text in inputs(io, operands):
        if "d" in options:
            return _decode(text, io, garbage="i" in options)
        encoded = codec.b64encode(text.encode("utf-8", "surrogateescape")).decode()
        rows = [f"{encoded[at : at + width]}\n" for at in range(0, len(encoded), width)] if width > 0 else [encoded]
        io.out("".join(rows))
    return 0


def _decode(text: str, io: Invocation, *, garbage: bool) -> int:
    """Print what can be decoded, up to where the text is no base64 any more."""
    text = re.sub(r"[^A-Za-z0-9+/=]" if garbage else "\n", "", text)
    whole = re.match(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2,3}$)?", text)
    good = whole[0] if whole else ""
    io.out(codec.b64decode(good + "=" * (-len(good) % 4)).decode("utf-8", "surrogateescape"))
    return 0 if good == text and len(good) % 4 == 0 else io.fail("invalid input")


_GREP_LONG = {
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
    _GREP_LONG,
    example="kubectl get pods | grep -v Running",
    trouble=2,
)
def grep(operands: list[str], options: Options, io: Invocation) -> int:
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
    if not options.keys() & {"e", "f"} and not operands:
        raise ToolError(f"no pattern given\n{hint(io.name)}")
    if not options.keys() & {"e", "f"}:
        return operands.pop(0).split("\n")
    stored = [line.removesuffix("\n") for name in _listed(options, "f") for line in lines(io.read(name))]
    return [*_listed(options, "e"), *stored]


def _listed(options: Options, letter: str) -> list[str]:
    return options[letter].split("\n") if letter in options else []


def _regex(patterns: list[str], options: Options) -> Regex:
    if "F" in options:
        patterns = [re.sub(r"[][\\.*^$]", r"\\\g<0>", pattern) for pattern in patterns]
    extended = "E" in options and "F" not in options
    return Regex(patterns or [_NEVER], extended=extended, ignore_case="i" in options, words="w" in options)


def _files_below(io: Invocation, name: str) -> Iterator[str]:
    if not io.files.is_dir(name):
        yield name
        return
    for path in below(io, name):
        yield from _files_below(io, path)


def _grep(name: str, text: str, regex: Regex, options: Options, io: Invocation, *, labelled: bool) -> bool:
    """Search one input and print what is wanted of it; whether a line was selected."""
    spend, inverted = io.spend, "v" in options
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
            io.out("".join(f"{label}{place}{part}\n" for part in _matched_parts(content[index], regex, io)))
    else:
        io.out("".join(_with_context(label, content, hits, options)))
    return bool(hits)


def _matched_parts(line: str, regex: Regex, io: Invocation) -> Iterator[str]:
    start = 0
    while spans := regex.search(line, io.spend, start):
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

"""Tools that read lines and print lines."""

from __future__ import annotations

import base64 as codec
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from kubesim.shell.state import Invocation, ToolError
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools.tool import Options, hint, inputs, lines, number, operands_needed, tool
from kubesim.shell.words import unescape


def _ends(operands: list[str], options: Options, io: Invocation, cut: Callable[[list[str], str], list[str]]) -> int:
    """The common frame of head and tail: `cut` keeps some of the lines."""
    if operands and (match := re.fullmatch(r"[-]([0-9]+)", operands[0])):
        options, operands = {"n": match[1]}, operands[1:]
    wanted = options.get("n", "10")
    number(wanted, "invalid number of lines")
    separator = ""
    for name, text in inputs(io, operands):
        title = f"{separator}==> {'standard input' if name == '-' else name} <==\n" if len(operands) > 1 else ""
        separator = "\n"
        io.out(title + "".join(cut(lines(text), wanted)))
    return 0


@tool("head [-n N] [FILE]...", "n:0123456789", {"lines=": "n"}, example="kubectl get pods | head -3")
def head(operands: list[str], options: Options, io: Invocation) -> int:
    """Print the first lines."""
    return _ends(operands, _numeric(options), io, lambda content, wanted: content[: int(wanted)])


@tool("tail [-n N] [FILE]...", "n:0123456789", {"lines=": "n"}, example="kubectl get events | tail -5")
def tail(operands: list[str], options: Options, io: Invocation) -> int:
    """Print the last lines, or with +N those from line N on."""

    def cut(content: list[str], wanted: str) -> list[str]:
        count = abs(int(wanted))
        return (
            content[max(count - 1, 0) :]
            if wanted.startswith("+")
            else content[len(content) - min(count, len(content)) :]
        )

    return _ends(operands, _numeric(options), io, cut)


def _numeric(options: Options) -> Options:
    """Make the options 1 and 2 of `head -12` into n=12."""
    digits = "".join(option for option in options if option.isdigit())
    return {"n": digits} if digits else options


@tool("wc [-clmw] [FILE]...", "clmw", {"lines": "l", "words": "w", "bytes": "c"}, example="kubectl get pods | wc -l")
def wc(operands: list[str], options: Options, io: Invocation) -> int:
    """Count lines, words and bytes."""
    kinds = [kind for kind in "lwmc" if kind in options] or ["l", "w", "c"]
    rows = [(_counts(text), name) for name, text in inputs(io, operands)]
    if len(operands) > 1:
        rows.append(({kind: sum(counts[kind] for counts, _ in rows) for kind in "lwmc"}, "total"))
    width = len(str(max((counts["c"] for counts, _ in rows), default=0))) if operands else 7
    width = 1 if len(kinds) == 1 and len(rows) == 1 else width
    for counts, name in rows:
        figures = " ".join(f"{counts[kind]:{width}}" for kind in kinds)
        io.out(f"{figures} {name}\n" if operands else f"{figures}\n")
    return 0


def _counts(text: str) -> dict[str, int]:
    size = len(text.encode("utf-8", "surrogateescape"))
    return {"l": text.count("\n"), "w": len(text.split()), "m": len(text), "c": size}


@tool(
    "sort [-bnru] [-k FIELD] [-t CHAR] [FILE]...", "bnruk:t:", {"reverse": "r"}, example="sort -k2 names.txt", trouble=2
)
def sort(operands: list[str], options: Options, io: Invocation) -> int:
    """Sort lines by their bytes, by fields or by number."""
    content = [line.removesuffix("\n") for _, text in inputs(io, operands, "cannot read: ", 2) for line in lines(text)]
    keys = [_Key(spec, options) for spec in options.get("k", "1").split("\n")]
    if "u" not in options:
        content.sort(reverse="r" in options)
    for key in reversed(keys):
        content.sort(key=key, reverse=key.reverse)
    if "u" in options:
        content = [next(equal) for _, equal in groupby(content, lambda line: [key(line) for key in keys])]
    io.out("".join(f"{line}\n" for line in content))
    return 0


class _Key:
    """A sort key such as `2`, `2,3` or `2n`; it inherits the general options if it has none of its own."""

    def __init__(self, spec: str, options: Options) -> None:
        match = re.fullmatch(r"([0-9]{1,6})(\.[0-9]+)?([bnr]*)(?:,([0-9]{1,6})(\.[0-9]+)?([bnr]*))?", spec)
        if not match:
            raise ToolError(f"invalid number at field start: invalid count at start of '{spec}'")
        if match[2] or match[5]:
            raise UnsupportedError("'sort -k' with a character position")
        if int(match[1]) == 0:
            raise ToolError(f"field number is zero: invalid field specification '{spec}'")
        letters = f"{match[3]}{match[6] or ''}" or "".join(options)
        self._first, self._last = int(match[1]) - 1, int(match[4]) if match[4] else None
        self._number, self._blank, self.reverse = "n" in letters, "b" in letters, "r" in letters
        self._separator = options.get("t")

    def __call__(self, line: str) -> str | float:
        if self._separator:
            text = self._separator.join(line.split(self._separator)[self._first : self._last])
        else:
            text = "".join(re.findall(r"[ \t]*[^ \t]+|[ \t]+$", line)[self._first : self._last])
        if self._number:
            match = re.match(r"\s*(-?[0-9]{1,300}(?:\.[0-9]*)?)", text)
            return float(match[1]) if match else 0.0
        return text.lstrip() if self._blank else text


@tool("uniq [-cdu]", "cdu", {"count": "c"}, example="sort names.txt | uniq -c")
def uniq(operands: list[str], options: Options, io: Invocation) -> int:
    """Print each of several equal lines once."""
    for _, text in inputs(io, operands):
        for line, equal in groupby(line.removesuffix("\n") for line in lines(text)):
            count = len(list(equal))
            if not (("d" in options and count == 1) or ("u" in options and count > 1)):
                io.out(f"{count:7} {line}\n" if "c" in options else f"{line}\n")
    return 0


@tool("cut -d CHAR -f LIST [FILE]...", "d:f:c:s", {"delimiter=": "d", "fields=": "f"}, example="cut -d: -f2 pairs.txt")
def cut(operands: list[str], options: Options, io: Invocation) -> int:
    """Print some fields, or characters, of each line."""
    if "f" not in options and "c" not in options:
        raise ToolError(f"you must specify a list of bytes, characters, or fields\n{hint(io.name)}")
    delimiter = options.get("d", "\t")
    if len(delimiter) != 1:
        raise ToolError(f"the delimiter must be a single character\n{hint(io.name)}")
    ranges = list(_ranges(options.get("f") or options["c"]))
    for _, text in inputs(io, operands):
        io.out("".join(_cut_line(line.removesuffix("\n"), delimiter, ranges, options) for line in lines(text)))
    return 0


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


@tool("tr [-d] [-s] SET1 [SET2]", "dsc", {"delete": "d", "squeeze-repeats": "s"}, example="tr a-z A-Z")
def tr(operands: list[str], options: Options, io: Invocation) -> int:
    """Replace, delete or squeeze characters."""
    operands_needed(io, operands)
    if len(operands) < 2 and not options:
        raise ToolError(
            f"missing operand after '{operands[0]}'\nTwo strings must be given when translating.\n{hint(io.name)}"
        )
    first, text = _characters(operands[0], io), io.read()
    if "c" in options:
        first = "".join(sorted(set(text) - set(first)))
    if "d" in options:
        text = text.translate(dict.fromkeys(map(ord, first)))
    elif len(operands) > 1:
        second = _characters(operands[1], io)
        if not second:
            raise ToolError("when not truncating set1, string2 must be non-empty")
        text = text.translate(
            dict(zip(map(ord, first[::-1]), second.ljust(len(first), second[-1])[: len(first)][::-1], strict=True))
        )
    if "s" in options:
        squeezed = set(_characters(operands[-1], io) if len(operands) > 1 else first)
        text = "".join(run if character not in squeezed else character for character, run in _runs(text))
    io.out(text)
    return 0


def _runs(text: str) -> Iterator[tuple[str, str]]:
    for character, run in groupby(text):
        yield character, "".join(run)


_SETS = {"upper": "A-Z", "lower": "a-z", "digit": "0-9", "alpha": "A-Za-z", "alnum": "0-9A-Za-z", "space": " \t-\r"}


def _characters(spec: str, io: Invocation) -> str:
    """The characters of a tr set: escapes, ranges and classes written out."""
    spec = re.sub(r"\[:(\w+):\]", lambda match: _SETS.get(match[1], match[0]), spec)
    if "[:" in spec:
        raise UnsupportedError(f"tr's set '{spec[:40]}'")

    def written_out(match: re.Match[str]) -> str:
        first, last = match[0][0], match[0][2]
        if first > last:
            raise ToolError(f"range-endpoints of '{match[0]}' are in reverse collating sequence order")
        io.state.budget.spend(ord(last) - ord(first))
        return "".join(map(chr, range(ord(first), ord(last) + 1)))

    return re.sub(r".-.", written_out, unescape(spec)[0], flags=re.DOTALL)


@tool(
    "base64 [-d] [-w COLUMNS] [FILE]",
    "diw:",
    {"decode": "d", "wrap=": "w", "ignore-garbage": "i"},
    example="echo bXl1c2Vy | base64 -d",
)
def base64(operands: list[str], options: Options, io: Invocation) -> int:
    """Encode to base64, or decode it."""
    if len(operands) > 1:
        raise ToolError(f"extra operand '{operands[1]}'\n{hint(io.name)}")
    width = number(options.get("w", "76"), "invalid wrap size")
    for _, text in inputs(io, operands):
        if "d" in options:
            return _decode(text, io, garbage="i" in options)
        encoded = codec.b64encode(text.encode("utf-8", "surrogateescape")).decode()
        io.out(
            "".join(f"{encoded[at : at + width]}\n" for at in range(0, len(encoded), width)) if width > 0 else encoded
        )
    return 0


def _decode(text: str, io: Invocation, *, garbage: bool) -> int:
    text = re.sub(r"[^A-Za-z0-9+/=]" if garbage else "\n", "", text)
    match = re.match(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2,3}$)?", text)
    good = match[0] if match else ""
    try:
        decoded = codec.b64decode(good + "=" * (-len(good) % 4))
    except binascii.Error:
        decoded = b""
    io.out(decoded.decode("utf-8", "surrogateescape"))
    return 0 if good == text and len(good) % 4 == 0 else io.fail("invalid input")

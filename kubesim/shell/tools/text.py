"""Tools that read text and print its lines, fields or characters."""

from __future__ import annotations

import base64 as codec
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from math import inf
from typing import NamedTuple

from kubesim.shell.lexer import unescape
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import (
    Invocation,
    Operands,
    Options,
    ToolError,
    bare_lines,
    inputs,
    lines,
    misused,
    values_of,
    whole_number,
)
from kubesim.workspace import encoded

_INVALID_LINES = "invalid number of lines"
_BASE64_LETTER = "[A-Za-z0-9+/]"
# Groups of four letters, of which the last one of a base64 text may have padding, and at the end one that lacks it.
_BASE64 = re.compile("(?:LLLL|LLL=|LL==)*+(?:LLL?)?".replace("L", _BASE64_LETTER))


def head(operands: Operands, options: Options, io: Invocation) -> None:
    if "c" in options and "n" not in options:
        first_bytes = _first(options["c"], "invalid number of bytes")
        _print_selected(operands, lambda text: encoded(text)[first_bytes].decode("utf-8", "surrogateescape"), io)
    else:
        _print_selected(operands, _lines_in(_first(options.get("n", "10"), _INVALID_LINES)), io)


def tail(operands: Operands, options: Options, io: Invocation) -> None:
    """Print the last lines, or with `tail -n +N` those from line N on.

    In a container, `tail -f` never ends. Text that other processes write later isn't known yet, so it isn't shown.
    Unlike GNU's, `tail -5` accepts several files, and `tail -n 0` prints their titles.
    """
    follows = "f" in options or "F" in options
    if follows and io.machine.IS_TERMINAL:
        raise UnsupportedError("'tail -f'")
    names = _print_selected(operands, _lines_in(_last(options.get("n", "10"))), io)
    if not follows:
        return
    for name in names:
        if name != "/dev/null":
            io.err(f"kubesim: what is written to {name} from now on is not shown here\n")
    if names or "F" in options:
        io.machine.sleep(inf)
    io.fail("no files" if io.machine.is_busybox else "no files remaining")


def _first(text: str, complaint: str) -> slice:
    """The slice of the first N lines or bytes of a text; with -N of all but the last N."""
    count = whole_number(text, complaint)
    if text.startswith("-"):
        return slice(count or None)
    return slice(count)


def _last(text: str) -> slice:
    """The slice of the last N lines of a text; with +N of those from line N on."""
    count = whole_number(text, _INVALID_LINES)
    if text.startswith("+"):
        return slice(max(count - 1, 0), None)
    if count == 0:
        return slice(0)
    return slice(-abs(count), None)


def _lines_in(span: slice) -> Callable[[str], str]:
    """A function that selects lines of a text."""
    return lambda text: "".join(lines(text)[span])


def _print_selected(operands: Operands, select: Callable[[str], str], io: Invocation) -> list[str]:
    """Print what `select` returns for each input, with titles if there are several. Returns the readable inputs."""
    names: list[str] = []
    for name, text in inputs(io, operands, "cannot open '{}' for reading"):
        if len(operands) > 1:
            title = "standard input" if name == "-" else name
            gap = "\n" if names else ""
            io.out(f"{gap}==> {title} <==\n")
        io.out(select(text))
        names.append(name)
    return names


def wc(operands: Operands, options: Options, io: Invocation) -> None:
    """Print the counts of lines, words and bytes of each input, and their sums for several."""
    letters = [letter for letter in "lwc" if letter in options] or ["l", "w", "c"]
    rows = [(name, _counts(text)) for name, text in inputs(io, operands)]
    if len(operands) > 1:
        rows.append(("total", sum((counts for _, counts in rows), Counter[str]())))
    stdin = io.streams.stdin
    reads_pipe = (not operands or "-" in operands) and not (stdin and stdin.is_file)
    if len(letters) == len(rows) == 1:
        width = 1
    elif reads_pipe:  # GNU's wc doesn't know the size of a pipe's text before it prints
        width = 7
    else:
        width = max((len(str(counts["c"])) for _, counts in rows), default=1)
    for name, counts in rows:
        figures = " ".join(f"{counts[letter]:{width}}" for letter in letters)
        io.out(f"{figures} {name}\n" if operands else f"{figures}\n")


def _counts(text: str) -> Counter[str]:
    """The counts of lines, words and bytes by the letter of their option."""
    return Counter(l=text.count("\n"), w=len(text.split()), c=len(encoded(text)))


def sort(operands: Operands, options: Options, io: Invocation) -> None:
    """Sort the lines of all inputs together, by their characters, numbers (-n) or fields (-k)."""
    if "u" in options and "k" in options:
        raise UnsupportedError("'sort -u' with -k")
    if "u" in options and "n" in options:
        raise UnsupportedError("'sort -nu'")
    content: list[str] = []
    for _, text in inputs(io, operands, "cannot read: {}", failure_status=2):
        content += bare_lines(text)
    if io.status:
        return  # an input is missing
    io.spend(100 * len(content))
    is_reverse = "r" in options
    if "u" in options:
        content = list(dict.fromkeys(content))
    content.sort(reverse=is_reverse)
    for key in reversed(_keys(options)):
        io.spend(sum(map(len, content)))
        content.sort(key=key.of, reverse=key.is_reverse)
    if "n" in options and "k" not in options:
        content.sort(key=_leading_number, reverse=is_reverse)
    io.out("".join(f"{line}\n" for line in content))


class _Key(NamedTuple):
    """A key of sort: the fields from `first` to `last`, separated by a character, or each with the blanks before it."""

    first: int
    last: int | None
    separator: str
    is_numeric: bool
    is_reverse: bool

    def of(self, line: str) -> str | float:
        if self.separator:
            fields = line.split(self.separator)
        else:
            fields = re.findall(r"[ \t]*[^ \t]+|[ \t]+\Z", line)
        text = self.separator.join(fields[self.first - 1 : self.last])
        return _leading_number(text) if self.is_numeric else text


def _keys(options: Options) -> list[_Key]:
    """The keys of -k in their order. A key without letters has those of the whole command."""
    keys = []
    separator = options.get("t", "")
    if len(separator) > 1:
        raise ToolError(f"multi-character tab '{separator}'", 2)
    for text in values_of(options, "k"):
        match = re.fullmatch(r"([1-9][0-9]{0,5})([nr]*)(?:,([1-9][0-9]{0,5})([nr]*))?", text)
        if not match:
            raise UnsupportedError(f"'sort -k {text[:40]}'")
        letters = (match[2] + (match[4] or "")) or "".join({"n", "r"} & options.keys())
        last = int(match[3]) if match[3] else None
        keys.append(
            _Key(
                first=int(match[1]),
                last=last,
                separator=separator,
                is_numeric="n" in letters,
                is_reverse="r" in letters,
            )
        )
    return keys


def _leading_number(line: str) -> float:
    match = re.match(r"\s*(-?(?=\.?[0-9])[0-9]{0,300}\.?[0-9]{0,300})", line)
    return float(match[1]) if match else 0.0


def uniq(operands: Operands, options: Options, io: Invocation) -> None:
    for _, text in inputs(io, operands):
        for line, equal_lines in groupby(bare_lines(text)):
            count = len(list(equal_lines))
            io.out(f"{count:7} {line}\n" if "c" in options else f"{line}\n")


def cut(operands: Operands, options: Options, io: Invocation) -> None:
    """Print the chosen fields or characters of each line."""
    lists = [options[letter] for letter in "cf" if letter in options]
    delimiter = options.get("d", "\t")
    if len(delimiter) != 1:
        raise misused(io.name, "the delimiter must be a single character")
    if len(lists) > 1:
        raise misused(io.name, "only one list may be specified")
    if not lists:
        raise misused(io.name, "you must specify a list of bytes, characters, or fields")
    if "c" in options:
        if "d" in options:
            raise misused(io.name, "an input delimiter may be specified only when operating on fields")
        delimiter = ""
    spans = list(_parse_list(lists[0]))
    for _, text in inputs(io, operands):
        io.spend(len(text) * len(spans))
        for line in bare_lines(text):
            io.out(_cut_line(line, delimiter, spans) + "\n")


def _cut_line(line: str, delimiter: str, spans: list[slice]) -> str:
    """The chosen fields of a line, or characters if there is no delimiter, in the line's order."""
    if delimiter and delimiter not in line:
        return line
    pieces = line.split(delimiter) if delimiter else list(line)
    indexes = {index for span in spans for index in range(len(pieces))[span]}
    return delimiter.join(pieces[index] for index in sorted(indexes))


def _parse_list(spec: str) -> Iterator[slice]:
    """The slices of a list such as `1,3-`, which counts from 1. Raises ToolError and UnsupportedError."""
    for part in spec.split(","):
        match = re.fullmatch(r"([1-9][0-9]{0,8})?(-?)([1-9][0-9]{0,8})?", part)
        if not match or part in ("", "-"):
            raise UnsupportedError(f"the list '{spec[:40]}' of 'cut'")
        first, dash, last = match.groups()
        begin = int(first or 1)
        end = int(last or 10**9) if dash else begin
        if end < begin:
            raise misused("cut", "invalid decreasing range")
        yield slice(begin - 1, end)


def tr(operands: Operands, options: Options, io: Invocation) -> None:
    """Translate, delete or squeeze characters, by sets without classes and repeats (`[:lower:]`, `[x*]`)."""
    deletes = "d" in options
    squeezes = "s" in options
    if len(operands) == 1 and deletes == squeezes:
        purpose = "both deleting and squeezing repeats" if deletes else "translating"
        problem = f"missing operand after '{operands[0]}'\nTwo strings must be given when {purpose}."
        raise misused(io.name, problem)
    if len(operands) == 2 and deletes and not squeezes:
        reason = "Only one string may be given when deleting without squeezing repeats."
        raise misused(io.name, f"extra operand '{operands[1]}'\n{reason}")
    sets = [_characters(operand, io) for operand in operands]
    text = io.read()
    if deletes:
        text = text.translate(str.maketrans("", "", sets[0]))
    elif len(sets) == 2:
        first, second = sets
        filled = second.ljust(len(first), second[-1])
        text = text.translate(str.maketrans(first, filled[: len(first)]))
    if squeezes:
        text = re.sub(rf"([{re.escape(sets[-1])}])\1+", r"\1", text)
    io.out(text)


def _characters(spec: str, io: Invocation) -> str:
    """Expand the escapes and ranges of a tr set. Raises ToolError and UnsupportedError."""

    def span(match: re.Match[str]) -> str:
        first = unescape(match["first"])[-1]  # a needless backslash, as in `\-`, is still there
        last = unescape(match["last"])[-1] if match["last"] else first
        if first > last:
            raise ToolError(f"range-endpoints of '{first}-{last}' are in reverse collating sequence order")
        io.spend(ord(last) - ord(first))
        return "".join(map(chr, range(ord(first), ord(last) + 1)))

    if not spec or re.search(r"\[[:=]|\[\\?.\*[0-9]*\]", spec):
        raise UnsupportedError(f"the set '{spec[:40]}' of tr")
    return re.sub(r"(?s)(?P<first>\\.|.)(?:-(?P<last>\\.|.))?", span, spec)


def base64(operands: Operands, options: Options, io: Invocation) -> None:
    width = whole_number(options.get("w", "76"), "invalid wrap size")
    if width < 0:
        raise ToolError(f"invalid wrap size: '{width}'")
    for _, text in inputs(io, operands):
        if "d" in options:
            _decode(text.replace("\n", ""), io)
            return
        base = codec.b64encode(encoded(text)).decode()
        if width > 0:
            base = "".join(f"{base[at : at + width]}\n" for at in range(0, len(base), width))
        io.out(base)


def _decode(text: str, io: Invocation) -> None:
    """Decode and print the valid beginning of a base64 text.

    As GNU's, it accepts several base64 texts in a row, each with its padding. The last one may lack it.
    """
    match = _BASE64.match(text)
    good = match[0] if match else ""
    padded = good + "=" * (-len(good) % 4)
    pieces = [codec.b64decode(piece) for piece in re.findall("[^=]+=*", padded)]
    io.out(b"".join(pieces).decode("utf-8", "surrogateescape"))
    encoded_again = b"".join(map(codec.b64encode, pieces)).decode()
    if good != text or encoded_again != padded:  # the bits beyond the last byte must be 0
        io.fail("invalid input")

"""Tools that read lines and print lines."""

from __future__ import annotations

import base64 as codec
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from math import inf

from kubesim.shell.syntax import UnsupportedError, unescape
from kubesim.shell.tools import Invocation, Options, ToolError, bare_lines, inputs, lines, misused, whole_number
from kubesim.shell.tools.regex import CLASSES


def head(operands: list[str], options: Options, io: Invocation) -> None:
    """head and tail: the first lines, the last ones, or with `tail -n +N` those from line N on.

    In a container, `tail -f` goes on and on behind what the files hold; what others write later is not known yet.
    """
    follows = options.keys() & {"f", "F"}
    if follows and io.machine.IS_TERMINAL:
        raise UnsupportedError("'tail -f'")
    wanted = "".join(option for option in options if option.isdigit()) or options.get("n", "10")  # as in `head -12`
    count = whole_number(wanted, "invalid number of lines")
    if io.name == "head":
        part = slice(count)
    else:
        part = (
            slice(max(count - 1, 0), None) if wanted.startswith("+") else slice(-abs(count) if count else 10**9, None)
        )
    found = False
    for number, (name, text) in enumerate(inputs(io, operands, "cannot open '{}' for reading")):
        title = f"==> {'standard input' if name == '-' else name} <==\n" if len(operands) > 1 else ""
        io.out("\n" * bool(title and number) + title + "".join(lines(text)[part]))
        found = True
        if follows and name != "/dev/null":
            io.err(f"kubesim: what is written to {name} from now on is not shown here\n")
    if follows and (found or "F" in options):
        io.machine.sleep(inf)
    if follows:
        io.fail("no files" if io.machine.is_busybox else "no files remaining")


def seq(operands: list[str], options: Options, io: Invocation) -> None:
    numbers = [whole_number(text, "invalid integer argument") for text in operands]
    first, step = (numbers[0] if len(numbers) > 1 else 1), (numbers[1] if len(numbers) > 2 else 1)
    if not step:
        raise ToolError("invalid Zero increment value: '0'")
    values = range(first, numbers[-1] + (1 if step > 0 else -1), step)
    io.spend(8 * len(values))
    io.out("".join(f"{value}\n" for value in values))


def wc(operands: list[str], options: Options, io: Invocation) -> None:
    def counts(text: str) -> tuple[int, ...]:
        return text.count("\n"), len(text.split()), len(text), len(text.encode("utf-8", "surrogateescape"))

    shown = [number for number, kind in enumerate("lwmc") if kind in options] or [0, 1, 3]
    rows = [(counts(text), name) for name, text in inputs(io, operands)]
    if len(operands) > 1:
        rows.append((tuple(map(sum, zip(*(row for row, _ in rows), strict=True))) or (0, 0, 0, 0), "total"))
    width = len(str(max((row[3] for row, _ in rows), default=0))) if operands else 7
    width = 1 if len(shown) == 1 and len(rows) == 1 else width
    for row, name in rows:
        figures = " ".join(f"{row[number]:{width}}" for number in shown)
        io.out(f"{figures} {name}\n" if operands else f"{figures}\n")


def sort(operands: list[str], options: Options, io: Invocation) -> None:
    content = [line for _, text in inputs(io, operands, "cannot read: {}", 2) for line in bare_lines(text)]
    specs = options.get("k", "1").split("\n")
    io.spend(100 * len(content) * len(specs))
    keys = [_key(spec, options) for spec in specs]
    if "u" not in options:
        content.sort(reverse="r" in options)
    for key, is_reverse in reversed(keys):
        content.sort(key=key, reverse=is_reverse)
    if "u" in options:
        content = [next(equal) for _, equal in groupby(content, lambda line: [key(line) for key, _ in keys])]
    io.out("".join(f"{line}\n" for line in content))


def _key(spec: str, options: Options) -> tuple[Callable[[str], str | float], bool]:
    """What a key such as `2`, `2,3` or `2n` sorts by, and whether in reverse; it may have options of its own."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([bnr]*)(?:,([0-9]{1,6})([bnr]*))?", spec)
    if not match:
        raise UnsupportedError(f"'sort -k {spec[:40]}'")
    letters = f"{match[2]}{match[4] or ''}" or "".join(options)
    first, last, mark = int(match[1]) - 1, int(match[3]) if match[3] else None, options.get("t")

    def key(line: str) -> str | float:
        fields = line.split(mark) if mark else re.findall(r"[ \t]*[^ \t]+|[ \t]+$", line)
        text = (mark or "").join(fields[first:last])
        if "n" in letters:
            number = re.match(r"\s*(-?[0-9]{1,300}(?:\.[0-9]{0,300})?)", text)
            return float(number[1]) if number else 0.0
        return text.lstrip() if "b" in letters else text

    return key, "r" in letters


def uniq(operands: list[str], options: Options, io: Invocation) -> None:
    if len(operands) > 1:
        raise UnsupportedError("'uniq' with a file to write to")
    for _, text in inputs(io, operands):
        for line, equal in groupby(bare_lines(text)):
            count = len(list(equal))
            if not (("d" in options and count == 1) or ("u" in options and count > 1)):
                io.out(f"{count:7} {line}\n" if "c" in options else f"{line}\n")


def cut(operands: list[str], options: Options, io: Invocation) -> None:
    if "f" not in options and "c" not in options:
        raise misused(io.name, "you must specify a list of bytes, characters, or fields")
    delimiter = options.get("d", "\t")
    if len(delimiter) != 1:
        raise misused(io.name, "the delimiter must be a single character")
    ranges = list(_ranges(options.get("f") or options["c"]))
    for _, text in inputs(io, operands):
        io.spend(len(text) * len(ranges))
        io.out("".join(_cut_line(row, delimiter, ranges, options) for row in bare_lines(text)))


def _ranges(spec: str) -> Iterator[tuple[int, int]]:
    for part in re.split(r"[, ]", spec):
        match = re.fullmatch(r"([0-9]{0,9})(-?)([0-9]{0,9})", part)
        if not match or not (match[1] or match[3]):
            raise misused("cut", f"invalid field value '{part}'")
        if "0" in (match[1], match[3]):
            raise misused("cut", "fields are numbered from 1")
        first = int(match[1] or 1)
        yield first, int(match[3] or 10**9) if match[2] else first


def _cut_line(line: str, delimiter: str, ranges: list[tuple[int, int]], options: Options) -> str:
    if "f" in options and delimiter not in line:
        return "" if "s" in options else f"{line}\n"
    pieces: Iterable[str] = line.split(delimiter) if "f" in options else line
    kept = [piece for index, piece in enumerate(pieces, 1) if any(first <= index <= last for first, last in ranges)]
    return (delimiter if "f" in options else "").join(kept) + "\n"


def tr(operands: list[str], options: Options, io: Invocation) -> None:
    sets = [_characters(operand, io) for operand in operands]
    if len(sets) < 2 and not {"d", "s"} & options.keys():
        problem = f"missing operand after '{operands[0]}'\nTwo strings must be given when translating."
        raise misused(io.name, problem)
    text = io.read()
    if "c" in options:
        sets[0] = "".join(sorted(set(text) - set(sets[0])))
    if "d" in options:
        text = text.translate(dict.fromkeys(map(ord, sets[0])))
    elif len(sets) > 1:
        filled = sets[1].ljust(len(sets[0]), sets[1][-1:] or " ")
        text = text.translate({ord(one): other for one, other in reversed(list(zip(sets[0], filled, strict=False)))})
    if "s" in options:
        text = re.sub(r"(.)\1+", lambda run: run[1] if run[1] in sets[-1] else run[0], text, flags=re.DOTALL)
    io.out(text)


def _characters(spec: str, io: Invocation) -> str:
    """The characters of a tr set: escapes, ranges and classes written out."""
    written = re.sub(r"\[:(\w+):\]", lambda match: CLASSES.get(match[1], match[0]), spec)

    def characters(match: re.Match[str]) -> str:
        first, last = ord(match[0][0]), ord(match[0][2])
        io.spend(abs(last - first))
        return "".join(map(chr, range(first, last + 1))) or "[:"  # as wrong as a class that is none

    found = re.sub(r".-.", characters, unescape(written)[0], flags=re.DOTALL)
    if not found or "[:" in found:
        raise UnsupportedError(f"the set '{spec[:40]}' of tr")
    return found


def base64(operands: list[str], options: Options, io: Invocation) -> int:
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

"""Aligned columns of text.

A cell is text that ends with a tab. Text after the last tab of a line belongs to no column and isn't padded. A column
is a run of consecutive lines with a cell at that place. Its width is that of the widest cell plus the padding, and at
least `minwidth`. Each character counts as one.

Mirrors text/tabwriter (Go 1.26) and github.com/liggitt/tabwriter with RememberWidths, as kubectl v1.36 uses them.
"""

from __future__ import annotations

from collections.abc import Sequence


def format(rows: Sequence[Sequence[str]], minwidth: int = 6, padding: int = 3, widths: list[int] | None = None) -> str:
    """Format rows as `kubectl get` does, each with its line end.

    All rows have the same number of cells, and no cell holds a tab or line break (`align` takes any text). `widths`
    carries the columns' widths from one call to the next, as in a watch: it is widened in place.
    """
    if not rows:
        return ""
    widest = [max(minwidth, max(map(len, column)) + padding) for column in zip(*rows, strict=True)]
    if widths is not None:
        widest = [max(now, before) for now, before in zip(widest, widths or widest, strict=True)]
        widths[:] = widest
    pattern = "".join([f"%-{width}s" for width in widest[:-1]]) + "%s\n"
    return "".join([pattern % tuple(row) for row in rows])


def align(text: str, minwidth: int = 0, padding: int = 2) -> str:
    """Align the cells of `text`, by default as `kubectl describe` does. A form feed ends all columns."""
    return "\n".join(_align_section(section, minwidth, padding) for section in text.split("\f"))


def _align_section(text: str, minwidth: int, padding: int) -> str:
    """Pad the cells column by column. A stack holds the blocks of lines that share a column."""
    lines = [line.split("\t") for line in text.split("\n")]
    blocks = [(lines, 0)]  # consecutive lines, and the index of their next column
    while blocks:
        block, number = blocks.pop()
        column: list[list[str]] = []
        for line in (*block, []):  # the empty line ends the last column
            if len(line) > number + 1:  # the text after the last tab is no cell
                column.append(line)
            elif column:
                width = max(minwidth, max([len(line[number]) for line in column]) + padding)
                for line in column:
                    line[number] = line[number].ljust(width)
                blocks.append((column, number + 1))
                column = []
    return "\n".join(["".join(line) for line in lines])

"""Columns of text, as Go's text/tabwriter aligns them.

A cell is text that a tab ends; what follows the last tab of a line belongs to no column and is not padded. A column is
a run of consecutive lines that have a cell there: its width is that of its widest cell plus the padding, and at least
`minwidth`. Characters count one each.

Mirrors text/tabwriter (Go 1.26) and github.com/liggitt/tabwriter with RememberWidths, as kubectl v1.36 uses them.
"""

from __future__ import annotations

from collections.abc import Sequence


def format(rows: Sequence[Sequence[str]], minwidth: int = 6, padding: int = 3, widths: list[int] | None = None) -> str:
    """The rows as kubectl get prints them, each with its line end.

    All rows have the same number of cells, and no cell holds a tab or a line break (`align` takes any text).
    `widths` remembers the columns' widths from one call to the next, as a watch does: it is widened in place.
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
    """`text` with its tab-ended cells aligned, by default as kubectl describe does. A form feed ends all columns."""
    return "\n".join(_align_section(section, minwidth, padding) for section in text.split("\f"))


def _align_section(text: str, minwidth: int, padding: int) -> str:
    lines = [line.split("\t") for line in text.split("\n")]
    blocks = [(lines, 0)]  # consecutive lines, and the number of the cells in them that are padded next
    while blocks:
        block, number = blocks.pop()
        column: list[list[str]] = []
        for line in (*block, []):  # the empty one ends the last column
            if len(line) > number + 1:  # the last text of a line is no cell
                column.append(line)
            elif column:
                width = max(minwidth, max([len(line[number]) for line in column]) + padding)
                for line in column:
                    line[number] = line[number].ljust(width)
                blocks.append((column, number + 1))
                column = []
    return "\n".join(["".join(line) for line in lines])

"""Tables on a screen of whatever width: what has to be typed is cut last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

GAP = 2
NARROWEST = 16
"""Columns of the screen; where less is left for a column that may be cut, it is left out."""

STATUS_STYLES = {"FINISHED": "green", "FAILED": "red", "KILLED": "yellow", "RUNNING": "cyan"}


def status_cell(status: str) -> Text:
    """Return a run's status in its colour."""
    return Text(status, STATUS_STYLES.get(status, ""))


@dataclass(frozen=True)
class Column:
    """One column: its heading, its cells, and whether these stand at its right."""

    heading: str
    cells: Sequence[Text]
    at_right: bool = False

    @property
    def width(self) -> int:
        """The columns of the screen that it takes."""
        return max(cell_len(text) for text in (self.heading, *(cell.plain for cell in self.cells)))

    def shown(self, cell: Text, width: int) -> Text:
        """Return a cell as wide as the column, cut where it is wider."""
        free = width - cell_len(cell.plain)
        if free < 0:
            return Text(set_cell_size(cell.plain, width - 1) + "\N{HORIZONTAL ELLIPSIS}", cell.style)
        filling = Text(" " * free)
        return filling + cell if self.at_right else cell + filling


def table_lines(
    columns: Sequence[Column], width: int | None, *, title: str, cut: str | None = None, drop: Sequence[str] = ()
) -> Iterator[Text]:
    """Yield the lines of a table, with a heading.

    On a screen too narrow for all, first the last column is cut, then columns are left out; then each row takes two
    lines, the first with its title alone. Every other column stays whole.

    Args:
        columns: in their order.
        width: columns of the screen, or None where nothing is to be cut.
        title: heading of the column that tells the rows apart.
        cut: heading of the last column where that may be cut.
        drop: headings of columns that may be left out, the first one first.
    """
    kept = {column.heading: column for column in columns}
    if width is None:
        yield from _lines(list(kept.values()), None)
        return
    if cut in kept:
        left = width - _width([column for column in kept.values() if column.heading != cut]) - GAP
        if left < min(kept[cut].width, NARROWEST):
            del kept[cut]
    for heading in ("", *drop):
        if heading:
            kept.pop(heading, None)
        if _width([column for column in kept.values() if column.heading != cut]) <= width:
            yield from _lines(list(kept.values()), width)
            return
    left_out = [column for column in columns if column.heading in drop]
    yield from _in_two_lines(kept.pop(title), list(kept.values()), left_out, width)


def _in_two_lines(name: Column, below: list[Column], left_out: Sequence[Column], width: int) -> Iterator[Text]:
    """Yield a line with each row's title and, indented, one with the rest of it."""
    for column in left_out:  # there is room again for some
        if GAP + _width([*below, column]) <= width:
            below.append(column)
    first, *others = _lines(below, width - GAP)
    if name.heading:
        yield Text(name.heading, "bold")
    yield Text(" " * GAP) + first
    for cell, other in zip(name.cells, others, strict=True):
        yield cell
        yield Text(" " * GAP) + other


def _width(columns: Iterable[Column]) -> int:
    widths = [column.width for column in columns]
    return sum(widths) + GAP * (len(widths) - 1)


def _lines(columns: Sequence[Column], width: int | None) -> Iterator[Text]:
    """Yield the heading and a line a row; where there is too little room the last column is cut."""
    widths = [column.width for column in columns]
    if width is not None:
        widths[-1] = min(widths[-1], width - _width(columns) + widths[-1])
    headings = [Text(column.heading, "bold") for column in columns]
    for cells in (headings, *zip(*(column.cells for column in columns), strict=True)):
        shown = (column.shown(cell, size) for column, cell, size in zip(columns, cells, widths, strict=True))
        line = Text(" " * GAP).join(shown)
        line.rstrip()
        yield line

"""The list of runs on a screen: what has to be typed is cut last, the folder first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.cells import set_cell_size
from rich.text import Text

from rnnlab.console import printable
from rnnlab.tracking.folder import SHORT_ID
from rnnlab.tracking.query import RunRow

STATUS_STYLES = {"FINISHED": "green", "FAILED": "red", "KILLED": "yellow", "RUNNING": "cyan"}
GAP = 2
NARROWEST_FOLDER = 16
"""Columns; where less is left for it, the folder is left out."""


class Column:
    """One column of the list.

    Args:
        heading: what stands above it.
        cells: one a run.
        at_right: whether these stand at its right.
    """

    def __init__(self, heading: str, cells: Iterable[Text | str], *, at_right: bool = False) -> None:
        self.title = Text(heading, "bold")
        self.cells = [Text(cell) if isinstance(cell, str) else cell for cell in cells]
        self._at_right = at_right

    @property
    def width(self) -> int:
        """The columns of the screen that it takes."""
        return max(cell.cell_len for cell in (self.title, *self.cells))

    def shown(self, cell: Text, width: int) -> Text:
        """Return a cell as wide as the column, cut where it is wider."""
        free = width - cell.cell_len
        if free < 0:
            return Text(set_cell_size(cell.plain, width - 1) + "\N{HORIZONTAL ELLIPSIS}", cell.style)
        filling = Text(" " * free)
        return filling + cell if self._at_right else cell + filling


def table_lines(rows: Sequence[RunRow], width: int | None) -> Iterator[Text]:
    """Yield the lines of a list of runs, with a heading.

    On a screen too narrow for all, first the folder is cut, then left out, then the age; then each run takes two
    lines, the first with its name. Status and test MSE, and what has to be typed, the name and the id, stay whole.

    Args:
        rows: what is listed.
        width: columns of the screen, or None where nothing is to be cut.
    """
    columns = _columns(rows)
    if width is None:
        yield from _lines(list(columns.values()), None)
        return
    left = width - _width(columns, but="folder") - GAP
    if left < min(columns["folder"].width, NARROWEST_FOLDER):
        del columns["folder"]
        if _width(columns) > width:
            yield from _narrow_lines(columns, width)
            return
    yield from _lines(list(columns.values()), width)


def _narrow_lines(columns: dict[str, Column], width: int) -> Iterator[Text]:
    """Yield the list without the age, or where that is still too wide with two lines for each run."""
    if _width(columns, but="age") <= width:
        yield from _lines([column for key, column in columns.items() if key != "age"], width)
        return
    firsts = [columns.pop(key) for key in ("name", "mark") if key in columns]
    if GAP + _width(columns) > width:
        del columns["age"]
    below = (Text(" " * GAP) + line for line in _lines(list(columns.values()), None))
    above = (_joined(cells) for cells in zip(*([column.title, *column.cells] for column in firsts), strict=True))
    for pair in zip(above, below, strict=True):
        yield from pair


def _columns(rows: Sequence[RunRow]) -> dict[str, Column]:
    columns = {
        "name": Column("name", [printable(f"{row.name} (study)" if row.is_study else row.name) for row in rows]),
        "status": Column("status", [Text(row.status, STATUS_STYLES.get(row.status, "")) for row in rows]),
        "test MSE": Column(
            "test MSE", ["" if row.test_mse is None else f"{row.test_mse:.3e}" for row in rows], at_right=True
        ),
        "age": Column("age", [age_shown(row.age) for row in rows], at_right=True),
        "id": Column("id", [row.run_id[:SHORT_ID] for row in rows]),
    }
    if any(row.mark for row in rows):
        columns["mark"] = Column("", [Text(row.mark, "yellow") for row in rows])
    return columns | {"folder": Column("folder", [printable(row.folder) for row in rows])}


def _width(columns: Mapping[str, Column], but: str | None = None) -> int:
    widths = [column.width for key, column in columns.items() if key != but]
    return sum(widths) + GAP * (len(widths) - 1)


def _lines(columns: Sequence[Column], width: int | None) -> Iterator[Text]:
    """Yield the heading and a line a row; where there is too little room the last column is cut."""
    widths = [column.width for column in columns]
    if width is not None:
        taken = sum(widths) + GAP * (len(widths) - 1)
        widths[-1] = min(widths[-1], width - taken + widths[-1])
    for cells in zip(*([column.title, *column.cells] for column in columns), strict=True):
        yield _joined(column.shown(cell, size) for column, cell, size in zip(columns, cells, widths, strict=True))


def _joined(cells: Iterable[Text]) -> Text:
    line = Text(" " * GAP).join(cells)
    line.rstrip()
    return line


def age_shown(seconds: float) -> str:
    """Return an age as people say it: ``5 min``."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"

"""The list of runs on a screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from rnnlab.columns import Column, status_cell, table_lines
from rnnlab.console import printable
from rnnlab.tracking.folder import SHORT_ID
from rnnlab.tracking.query import RunRow


def run_lines(rows: Sequence[RunRow], width: int | None) -> Iterator[Text]:
    """Yield the lines of a list of runs, with a heading; see `rnnlab.columns.table_lines`.

    Args:
        rows: what is listed.
        width: columns of the screen, or None where nothing is to be cut.
    """
    columns = [
        Column("name", [Text(printable(f"{row.name} (study)" if row.is_study else row.name)) for row in rows]),
        Column("status", [status_cell(row.status) for row in rows]),
        Column("test MSE", [Text("" if row.test_mse is None else f"{row.test_mse:.3e}") for row in rows], True),
        Column("age", [Text(age_shown(row.age)) for row in rows], at_right=True),
        Column("id", [Text(row.run_id[:SHORT_ID]) for row in rows]),
    ]
    if any(row.mark for row in rows):
        columns.append(Column("", [Text(row.mark, "yellow") for row in rows]))
    columns.append(Column("folder", [Text(printable(row.folder)) for row in rows]))
    return table_lines(columns, width, title="name", cut="folder", drop=("age",))


def age_shown(seconds: float) -> str:
    """Return an age as people say it: ``5 min``."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"

"""A series of the user's own: one column of a text file, read from its first line to its last.

Python's `csv` reads more than a million rows in two seconds, knows the line of every cell and holds one line at a
time: beside training that is little, and no reason to import a library of data frames.
"""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.csv_cells import Cells, missing_setting
from rnnlab.data.csv_layout import Asked, Layout, layout_of, with_title
from rnnlab.data.csv_rows import RowReader, Rows
from rnnlab.data.file_kinds import new_name, other_kind, undecodable_line
from rnnlab.errors import BadInputError, Problem, listed
from rnnlab.home import as_typed

HEADERS = ("auto", "present", "absent")
FILLS = ("refuse", "linear")
GAPS_SHOWN = 5
LINES_LOOKED_AT = 20
NO_MORE = "none"
"""Among the markers of missing values: no other number is one."""
NINES = 2
"""Digits that a number has at least which is taken for a marker: -99, 999.9, -9999."""
COARSEST = 0.01
"""Float32 must hold the values to this part of their standard deviation."""


@dataclass(frozen=True)
class Csv:
    """Which column of which file, and how it is read.

    Attributes:
        path: the file, UTF-8 with or without a byte-order mark.
        column: its name, or its number counted from 1; None where there is but one.
        header: ``auto`` finds out by itself whether the first line holds names.
        fill: ``refuse`` gaps, or fill them by a straight ``linear`` line between their neighbours.
        skip_lines: how many lines stand above the table.
        missing: what stands for a missing value, beside `rnnlab.data.csv_cells.GAPS`; a marker that is a number
            stands for every spelling of it. A number that looks like another marker is refused unless the list is
            empty or holds ``none``.
    """

    path: Path
    column: str | None = None
    header: str = "auto"
    fill: str = "refuse"
    skip_lines: int = 0
    missing: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Column:
    """What was read: the values, the column as messages show it, and the lines of its first and last value."""

    values: NDArray[np.float32]
    name: str
    first_line: int
    last_line: int


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the file, as hexadecimal.

    Raises:
        BadInputError: it cannot be read.
    """
    return _digest(path, _version(path))


def read_column(asked: Csv) -> NDArray[np.float32]:
    """Return the column's values, shape (rows,), float32; the array is shared and not to be written to.

    Raises:
        BadInputError: the file cannot be read, has no such column, or a cell is no number; with line and column.
    """
    return _column(asked, _version(asked.path)).values


def end_of_column(asked: Csv) -> str:
    """Return where the column's last value stands, ``line 21, column 2 (level)``.

    Raises:
        BadInputError: as `read_column`.
    """
    column = _column(asked, _version(asked.path))
    return f"line {column.last_line}, {column.name}"


def check_varies(asked: Csv) -> None:
    """Refuse a column in which there is nothing to learn.

    Raises:
        BadInputError: all its values are equal, or as `read_column`.
    """
    column = _column(asked, _version(asked.path))
    values = column.values
    if len(values) > 1 and (values == values[0]).all():
        why = f"all {len(values)} values from here on are {values[0]:g}; there is nothing to learn"
        raise BadInputError(Problem("data.path", asked.path, f"line {column.first_line}, {column.name}: {why}"))


def _version(path: Path) -> tuple[int, int]:
    """Return what changes when the file changes."""
    try:
        status = path.stat()
    except OSError as error:
        raise BadInputError(Problem("data.path", path, f"cannot be read ({error.strerror})")) from error
    if not path.is_file():
        raise BadInputError(Problem("data.path", path, "must be a file"))
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=16)
def _digest(path: Path, _version: tuple[int, int]) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInputError(Problem("data.path", path, f"cannot be read ({error.strerror})")) from error


@lru_cache(maxsize=2)
def _column(asked: Csv, _version: tuple[int, int]) -> _Column:
    path = asked.path
    cells = Cells(asked.missing or ())
    wish = Asked(asked.column, asked.header, asked.skip_lines, cells)
    try:
        kind = other_kind(path)
        if kind is not None:
            raise BadInputError(Problem("data.path", path, f"line 1: {kind.what}", command=kind.command))
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = list(islice(file, asked.skip_lines, asked.skip_lines + LINES_LOOKED_AT))
            try:
                layout = layout_of(first, path, wish)
                file.seek(0)
                rows = RowReader(layout, cells, path).read(file)
            except BadInputError as error:
                raise with_title(error, first, path, wish) from error
    except UnicodeDecodeError as error:
        line, kind = undecodable_line(path)
        raise BadInputError(
            Problem("data.path", path, f"line {line}: {kind.what}", command=kind.command)
        ) from error
    except OSError as error:
        raise BadInputError(Problem("data.path", path, f"cannot be read ({error.strerror})")) from error
    _fill(rows, layout, asked)
    if asked.missing is None or (asked.missing and NO_MORE not in asked.missing):
        _check_markers(rows, layout, path, cells.missing)
    return _Column(_rounded(rows.values, layout, path), layout.name, layout.first_line, rows.last_line)


def _fill(rows: Rows, layout: Layout, asked: Csv) -> None:
    if not rows.gaps:
        return
    places, lines = zip(*rows.gaps, strict=True)
    count = len(rows.values)
    more = f" and {len(lines) - 1} more, in lines {_shown(lines[1:])}" if len(lines) > 1 else ""
    if (
        asked.fill != "linear"
        and len(places) > 1
        and places in (tuple(range(0, count, 2)), tuple(range(1, count, 2)))
    ):
        why = f"has no value{more}: every second row, as where line ends are doubled"
        new = shlex.quote(new_name(asked.path, "lines"))
        raise _bad(asked.path, lines[0], layout, why, f"tr -d '\\r' < {shlex.quote(as_typed(asked.path))} > {new}")
    if len(places) == count > 1:
        raise _bad(asked.path, lines[0], layout, f"has no value, nor has any of the {count} rows")
    if places[0] == 0 or places[-1] == count - 1:
        line = lines[0] if places[0] == 0 else lines[-1]
        why = "has no value, and a gap at an end has but one neighbour, so that nothing fills it; cut it off"
        raise _bad(asked.path, line, layout, why)
    if asked.fill != "linear":
        why = f"has no value{more}; data.fill=linear fills gaps by straight lines"
        raise _bad(asked.path, lines[0], layout, why)
    known = np.isfinite(rows.values)
    at = np.arange(count)
    rows.values[~known] = np.interp(at[~known], at[known], rows.values[known])


def _check_markers(rows: Rows, layout: Layout, path: Path, known: tuple[str, ...]) -> None:
    """Refuse a number that looks like a marker of missing values, such as -9999 far below all others.

    Raises:
        BadInputError: there is one, and nobody said what it is.
    """
    values = rows.values
    for extreme in (values.min(), values.max()):
        digits = f"{abs(extreme):.10g}".replace(".", "")
        if set(digits) != {"9"} or len(digits) < NINES:
            continue
        others = values[values != extreme]
        if len(others) > 1 and np.abs(others - extreme).min() > others.std():
            line = rows.line(int(np.argmax(values == extreme)))
            marker = f"{extreme:.10g}"
            as_gap, as_value = [*known, marker], [*known, NO_MORE] if known else []
            why = (
                f"{marker} lies far from all other values, {others.min():.6g} to {others.max():.6g}; if it "
                f"marks missing ones: {missing_setting(as_gap)}, and if it is a value: {missing_setting(as_value)}"
            )
            raise _bad(path, line, layout, why)


def _rounded(values: NDArray[np.float64], layout: Layout, path: Path) -> NDArray[np.float32]:
    """Return the values as float32.

    Raises:
        BadInputError: float32 cannot hold what they differ by.
    """
    lowest, highest = float(values.min()), float(values.max())
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
        coarse = lowest < highest and np.abs(rounded - values).max() > COARSEST * values.std()
    if coarse or not np.isfinite(rounded).all():
        why = (
            f"the values from here on, {lowest:.9g} to {highest:.9g}, differ by less than the 7 digits of "
            "float32 tell apart, or lie beyond its range; subtract an offset or change the unit"
        )
        raise _bad(path, layout.first_line, layout, why)
    return rounded


def _bad(path: Path, line: int, layout: Layout, why: str, command: str | None = None) -> BadInputError:
    return BadInputError(Problem("data.path", path, f"line {line}, {layout.name}: {why}", command=command))


def _shown(lines: tuple[int, ...]) -> str:
    return listed(lines[:GAPS_SHOWN]) + (", ..." if len(lines) > GAPS_SHOWN else "")

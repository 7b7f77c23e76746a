"""A series of the user's own: one column of a text file, read from its first line to its last.

Python's `csv` reads more than a million rows in two seconds, knows the line of every cell and holds one line at a
time: beside training that is little, and no reason to import a library of data frames.
"""

from __future__ import annotations

import csv
import hashlib
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.csv_layout import GAPS, Layout, is_number, layout_of
from rnnlab.errors import BadInputError, Problem, listed

HEADERS = ("auto", "present", "absent")
FILLS = ("refuse", "linear")
GAPS_SHOWN = 5
LINES_LOOKED_AT = 20
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
            stands for every spelling of it. None: none, and a number that looks like a marker is refused.
    """

    path: Path
    column: str | None = None
    header: str = "auto"
    fill: str = "refuse"
    skip_lines: int = 0
    missing: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Column:
    """What was read: the values, the column as messages show it, and the line of its last value."""

    values: NDArray[np.float32]
    name: str
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
    try:
        with asked.path.open(encoding="utf-8-sig", newline="") as file:
            first = list(islice(file, LINES_LOOKED_AT))
            layout = layout_of(first, asked.path, asked.column, asked.header)
            file.seek(0)
            values, gaps, last_line = _read(file, layout, asked.path)
    except UnicodeDecodeError as error:
        line = _undecodable_line(asked.path)
        raise _bad(asked.path, line, None, "holds bytes that are no UTF-8 text; it may be no CSV file") from error
    except OSError as error:
        raise BadInputError(Problem("data.path", asked.path, f"cannot be read ({error.strerror})")) from error
    _fill(values, gaps, layout, asked)
    return _Column(_rounded(values, layout, asked.path), layout.name, last_line)


def _read(
    lines: Iterator[str], layout: Layout, path: Path
) -> tuple[NDArray[np.float64], list[tuple[int, int]], int]:
    """Return the column, NaN where a value is missing; each gap's place in it and line; the last line."""
    values, gaps, blank, last_line = array("d"), list[tuple[int, int]](), list[int](), 0
    rows = csv.reader(lines, delimiter=layout.separator)
    try:
        for row in islice(rows, int(layout.has_header), None):
            if not any(row):
                blank.append(rows.line_num)
                continue
            if blank and layout.columns == 1:  # with nothing after them they are the file's end
                gaps += ((len(values) + index, line) for index, line in enumerate(blank))
                values.extend([math.nan] * len(blank))
            blank.clear()
            value = _number(row, rows.line_num, layout, path)
            if value is None:
                gaps.append((len(values), rows.line_num))
            values.append(math.nan if value is None else value)
            last_line = rows.line_num
    except csv.Error as error:
        raise _bad(path, rows.line_num, None, f"cannot be read as CSV ({error})") from error
    if not values:
        raise _bad(path, rows.line_num, layout, "holds a name, and no rows follow")
    return np.frombuffer(values, dtype=np.float64), gaps, last_line


def _number(row: list[str], line: int, layout: Layout, path: Path) -> float | None:
    """Return the number in a row, or None where it has none."""
    if layout.index >= len(row):
        raise _bad(path, line, layout, f"is missing; the line has {_cells(len(row))}")
    cell = row[layout.index]
    try:
        value = float(cell)
    except ValueError:
        if cell.strip().lower() not in GAPS:
            raise _bad(path, line, layout, _why_no_number(cell)) from None
        return None
    if math.isinf(value):
        raise _bad(path, line, layout, f"{cell.strip()!r} is not finite")
    return None if math.isnan(value) else value


def _fill(values: NDArray[np.float64], gaps: list[tuple[int, int]], layout: Layout, asked: Csv) -> None:
    if not gaps:
        return
    places, lines = zip(*gaps, strict=True)
    if asked.fill != "linear":
        more = f" and {len(gaps) - 1} more, in lines {_shown(lines[1:])}" if len(gaps) > 1 else ""
        raise _bad(
            asked.path, lines[0], layout, f"has no value{more}; data.fill=linear fills gaps by straight lines"
        )
    if places[0] == 0 or places[-1] == len(values) - 1:
        line = lines[0] if places[0] == 0 else lines[-1]
        raise _bad(asked.path, line, layout, "has no value, and a gap at an end has but one neighbour; cut it off")
    known = np.isfinite(values)
    at = np.arange(len(values))
    values[~known] = np.interp(at[~known], at[known], values[known])


def _rounded(values: NDArray[np.float64], layout: Layout, path: Path) -> NDArray[np.float32]:
    """Return the values as float32.

    Raises:
        BadInputError: they are all equal, or float32 cannot hold what they differ by.
    """
    lowest, highest = float(values.min()), float(values.max())
    if lowest == highest and len(values) > 1:
        why = f"all {len(values)} values from here on are {lowest:g}; there is nothing to learn"
        raise _bad(path, layout.first_line, layout, why)
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
        coarse = len(values) > 1 and np.abs(rounded - values).max() > COARSEST * values.std()
    if coarse or not np.isfinite(rounded).all():
        why = (
            f"the values from here on, {lowest:.9g} to {highest:.9g}, differ by less than the 7 digits of "
            "float32 tell apart, or lie beyond its range; subtract an offset or change the unit"
        )
        raise _bad(path, layout.first_line, layout, why)
    return rounded


def _why_no_number(cell: str) -> str:
    shown = repr(cell.strip() if len(cell) <= 40 else cell.strip()[:40] + "...")  # noqa: PLR2004 - fits on a line
    decimal_comma = is_number(cell.strip().replace(",", ".", 1))
    return f"{shown} is no number" + (" (a decimal comma is not read; write a point)" if decimal_comma else "")


def _undecodable_line(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _bad(path: Path, line: int, layout: Layout | None, why: str) -> BadInputError:
    column = f", {layout.name}" if layout is not None else ""
    return BadInputError(Problem("data.path", path, f"line {line}{column}: {why}"))


def _cells(count: int) -> str:
    return f"{count} cell{'s' if count != 1 else ''}"


def _shown(lines: tuple[int, ...]) -> str:
    return listed(lines[:GAPS_SHOWN]) + (", ..." if len(lines) > GAPS_SHOWN else "")

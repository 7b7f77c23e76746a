"""How a CSV file is laid out, found out from its first lines: separator, header, and the column that is meant."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnlab.errors import BadInputError, Problem, listed, nearest

SEPARATORS = ("\t", ";", ",")
"""In this order: where every line has a tab or a semicolon, a comma is a decimal comma or part of a text."""

GAPS = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "?"})
"""Cells, in small letters, that hold no value."""


@dataclass(frozen=True)
class Layout:
    """Where the values stand.

    Attributes:
        separator: between cells.
        has_header: whether the first line holds names.
        columns: how many there are.
        index: of the column that is meant, counted from 0.
        name: the column as messages show it, counted from 1.
    """

    separator: str
    has_header: bool
    columns: int
    index: int
    name: str

    @property
    def first_line(self) -> int:
        """The line where the values begin, where no blank ones stand before them."""
        return 1 + self.has_header


def layout_of(lines: Sequence[str], path: Path, column: str | None, header: str) -> Layout:
    """Return the layout of a file.

    Args:
        lines: its first lines.
        path: for the messages.
        column: the name, or the number from 1, of the column that is meant; None where there is but one.
        header: ``present``, ``absent`` or ``auto``.

    Raises:
        BadInputError: the file is empty, or it is not clear which column is meant.
    """
    if not any(line.strip() for line in lines):
        raise BadInputError(Problem("data.path", path, "line 1: the file is empty"))
    separator = _separator(lines)
    try:
        first, *rows = [row for row in csv.reader(lines, delimiter=separator) if any(row)]
    except csv.Error as error:
        raise BadInputError(Problem("data.path", path, f"line 1: cannot be read as CSV ({error})")) from error
    first = [cell.strip() for cell in first]
    if header == "auto":
        named = column in first and not is_number(str(column))
        has_header = named or _is_header(first, rows)
    else:
        has_header = header == "present"
    index = _index(first if has_header else [], len(first), path, column)
    name = f"column {index + 1}" + (f" ({first[index]})" if has_header and first[index] else "")
    return Layout(separator, has_header, len(first), index, name)


def is_number(cell: str) -> bool:
    """Return whether a cell holds a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _separator(lines: Sequence[str]) -> str:
    """Return what splits every line into equally many cells, or else the first line into several."""
    counts = {
        separator: [len(row) for row in csv.reader(lines, delimiter=separator) if any(row)]
        for separator in SEPARATORS
        if any(separator in line for line in lines)
    }
    even = [separator for separator, found in counts.items() if found[0] > 1 and len(set(found)) == 1]
    uneven = [separator for separator, found in counts.items() if found[0] > 1]
    return next(iter(even + uneven), ",")


def _is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a column of numbers has something else in the first line."""
    if not rows:
        return not any(is_number(cell) for cell in first)
    below = [
        [row[index].strip() for row in rows if index < len(row) and row[index].strip().lower() not in GAPS]
        for index in range(len(first))
    ]
    return any(
        not is_number(cell) and cell.lower() not in GAPS and any(map(is_number, cells))
        for cell, cells in zip(first, below, strict=True)
    )


def _index(names: Sequence[str], columns: int, path: Path, column: str | None) -> int:
    """Return the place of the column that is meant."""
    if column is None:
        if columns == 1:
            return 0
        legal = names or range(1, columns + 1)
        raise BadInputError(
            Problem("data.column", "null", f"{path} has {columns} columns; give one of {listed(legal)}")
        )
    if names.count(column) > 1:
        raise BadInputError(
            Problem("data.column", column, f"{path} has several columns of that name; give its number")
        )
    if column in names:
        return names.index(column)
    if column.isdecimal() and 1 <= int(column) <= columns:
        return int(column) - 1
    near = nearest(column, names)
    legal = f"one of {listed(names)}, or " if names else "(the file has no first line of names) "
    raise BadInputError(
        Problem(
            "data.column",
            column,
            f"{path}, line 1: must be {legal}a number from 1 to {columns}",
            f"data.column={near}" if near else None,
        )
    )

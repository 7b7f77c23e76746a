"""How a CSV file is laid out, found out from its first lines: separator, header, and the column that is meant."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rnnlab.data.csv_cells import Cells
from rnnlab.data.csv_header import check_numbers, is_header, is_like_below
from rnnlab.errors import BadInputError, Problem, listed, nearest, shell_word, visible

SEPARATORS = ("\t", ";", ",")
"""In this order: where every line has a tab or a semicolon, a comma is a decimal comma or part of a text."""

ROWS_BELOW_A_TITLE = 2


class _UnreadableError(csv.Error):
    """A line cannot be read as CSV; it is counted from 1."""

    def __init__(self, line: int, why: str) -> None:
        self.line = line
        super().__init__(why)


@dataclass(frozen=True)
class Asked:
    """What was asked for of a file, beside its path.

    Attributes:
        column: the name, or the number from 1, of the column that is meant; None where there is but one.
        header: ``present``, ``absent`` or ``auto``.
        skip_lines: lines above the table.
        cells: tells numbers and missing values.
    """

    column: str | None
    header: str
    skip_lines: int
    cells: Cells


@dataclass(frozen=True)
class Layout:
    """Where the values stand.

    Attributes:
        separator: between cells.
        has_header: whether the first line holds names.
        columns: how many there are.
        index: of the column that is meant, counted from 0.
        name: the column as messages show it, counted from 1.
        top: the number of the table's first line that is not blank, in the file.
        first_line: the line where the values begin.
    """

    separator: str
    has_header: bool
    columns: int
    index: int
    name: str
    top: int
    first_line: int


def layout_of(lines: Sequence[str], path: Path, asked: Asked) -> Layout:
    """Return the layout of a file.

    Args:
        lines: the first ones of those below ``asked.skip_lines``.
        path: for the messages.
        asked: what was asked for.

    Raises:
        BadInputError: the file is empty, or it is not clear which column is meant, or whether line 1 holds names.
    """
    skipped = asked.skip_lines
    try:
        separator = _separator(lines)
        rows = _rows(lines, separator)
    except _UnreadableError as error:
        raise _bad(path, skipped + error.line, f"cannot be read as CSV ({error})") from error
    if not rows:
        raise _bad(path, skipped + 1, "nothing is left below data.skip_lines" if skipped else "the file is empty")
    (top, after, first), *others = rows
    first, below = [cell.strip() for cell in first], [row for _, _, row in others]
    column = asked.column
    if asked.header == "auto":
        named = column in first and not asked.cells.may_be_value(str(column))
        has_header = named or is_header(first, below, asked.cells)
    else:
        has_header = asked.header == "present"
    place = f"{path}, line {skipped + top}"
    if asked.header == "auto" and not has_header and column in first and not is_like_below(first, below):
        raise BadInputError(
            Problem(
                "data.column",
                column,
                f"{place} holds {column}, which may be a name or a value: data.header=present takes that line for "
                "names, data.header=absent for values",
            )
        )
    index = _index(first if has_header else [], first, place, column)
    if asked.header == "auto" and not has_header:
        check_numbers(first, below, index, place)
    name = f"column {index + 1}" + (f" ({visible(first[index])})" if has_header and first[index] else "")
    first_line = skipped + (after + 1 if has_header else 1)
    return Layout(separator, has_header, len(first), index, name, skipped + top, first_line)


def lines_above_table(lines: Sequence[str], path: Path, asked: Asked) -> int:
    """Return how many of the lines seem to be titles above the table, 0 where none or where that is not plain."""
    for count in range(1, len(lines) - ROWS_BELOW_A_TITLE + 1):
        below = lines[count:]
        if not lines[count].strip():
            continue
        try:
            layout = layout_of(below, path, asked)
            table = [row for _, _, row in _rows(below, layout.separator)]
            above = [row for _, _, row in _rows(lines[:count], layout.separator)]
        except (BadInputError, _UnreadableError):
            continue
        even = all(len(row) == layout.columns for row in table)
        titles = all(
            len(row) != layout.columns or not any(asked.cells.may_be_value(cell) for cell in row if cell.strip())
            for row in above
        )
        if even and titles and all(asked.cells.is_value(row[layout.index]) for row in table[layout.has_header :]):
            return count
    return 0


def with_title(error: BadInputError, lines: Sequence[str], path: Path, asked: Asked) -> BadInputError:
    """Return the error with the key that passes over a title above the table, where there seems to be one."""
    count = lines_above_table(lines, path, asked)
    if not count:
        return error
    skipped = asked.skip_lines + count
    what = f"line {skipped} looks like a title" if count == 1 else f"the first {skipped} lines look like titles"
    problems = [
        replace(problem, allowed=f"{problem.allowed}; {what} above the table: data.skip_lines={skipped}")
        for problem in error.problems
    ]
    return BadInputError(problems)


def _rows(lines: Sequence[str], separator: str) -> list[tuple[int, int, list[str]]]:
    """Return the rows that are not blank, each with the numbers of its first and last line, from 1."""
    rows, found, line = csv.reader(lines, delimiter=separator), [], 0
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                found.append((line + 1, rows.line_num, row))
            line = rows.line_num
    except csv.Error as error:
        raise _UnreadableError(line + 1, str(error)) from error
    return found


def _separator(lines: Sequence[str]) -> str:
    """Return what splits the first line into several cells, and the most of the others into as many."""
    alike = dict.fromkeys(SEPARATORS, 0.0)
    for separator in SEPARATORS:
        if any(separator in line for line in lines):
            counts = [len(row) for _, _, row in _rows(lines, separator)]
            if not counts or counts[0] > 1:
                alike[separator] = counts.count(counts[0]) / len(counts) if counts else 1
    best = max(SEPARATORS, key=lambda separator: alike[separator])  # the first of equals
    return best if alike[best] else ","


def _index(names: Sequence[str], first: Sequence[str], place: str, column: str | None) -> int:
    """Return the place of the column that is meant.

    Args:
        names: of the columns; empty where they have none.
        first: the cells of the table's first line.
        place: file and line, for the messages.
        column: as asked.
    """
    columns = len(first)
    if column is None:
        if columns == 1:
            return 0
        legal = _listed(names) if names else listed(range(1, columns + 1))
        numbers = "" if names else f", or data.header=present, if {_listed(first)} are names"
        raise BadInputError(
            Problem("data.column", "null", f"{place}: has {columns} columns; give one of {legal}{numbers}")
        )
    if names.count(column) > 1:
        raise BadInputError(
            Problem("data.column", column, f"{place} has several columns of that name; give its number")
        )
    if column in names:
        return names.index(column)
    if column.isdecimal() and 1 <= int(column) <= columns:
        return int(column) - 1
    near = nearest(column, names)
    legal = f"one of {_listed(names)}, or " if names else "(the file has no first line of names) "
    raise BadInputError(
        Problem(
            "data.column",
            column,
            f"{place}: must be {legal}a number from 1 to {columns}",
            shell_word("data.column", near) if near else None,
        )
    )


def _listed(names: Sequence[str]) -> str:
    """Return names as a message shows them; a column without one goes by its number alone."""
    return listed(visible(name) for name in names if name)


def _bad(path: Path, line: int, why: str) -> BadInputError:
    return BadInputError(Problem("data.path", path, f"line {line}: {why}"))

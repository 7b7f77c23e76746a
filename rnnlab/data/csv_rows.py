"""The rows of a CSV file below its header: each is a value, a gap, or refused with its line."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.csv_cells import Cells, NotANumberError, is_number
from rnnlab.data.csv_layout import SEPARATORS, Layout
from rnnlab.errors import BadInputError, Problem


@dataclass(frozen=True)
class Rows:
    """A column as it stands in the file.

    Attributes:
        values: shape (rows,), NaN where one is missing.
        gaps: the places of those, and their lines.
        last_line: the line of the last row.
        jumps: how many rows stand before a certain line, at the first row and after each that takes several lines.
    """

    values: NDArray[np.float64]
    gaps: list[tuple[int, int]]
    last_line: int
    jumps: list[tuple[int, int]]

    def line(self, place: int) -> int:
        """Return the line of a row, which is counted from 0."""
        before, line = next(jump for jump in reversed(self.jumps) if jump[0] <= place)
        return line + place - before


class RowReader:
    """Reads one column of a file.

    Args:
        layout: of the file.
        cells: tells numbers and missing values.
        path: for the messages.
    """

    def __init__(self, layout: Layout, cells: Cells, path: Path) -> None:
        self._layout, self._cells, self._path = layout, cells, path

    def read(self, lines: Iterator[str]) -> Rows:
        """Return the column.

        A line with nothing in it is a row without a value, like `,,`; at the end of the file it is none.

        Args:
            lines: of the whole file.

        Raises:
            BadInputError: a row is neither a value nor a gap, or there is none.
        """
        layout, value_of = self._layout, self._cells.value
        columns, index = layout.columns, layout.index
        passed = (layout.top if layout.has_header else layout.first_line) - 1
        rows = csv.reader(islice(lines, passed, None), delimiter=layout.separator, strict=True)
        values, gaps, blank = array("d"), list[tuple[int, int]](), list[int]()
        jumps, line, end = [(0, layout.first_line)], passed, passed
        try:
            self._pass_names(rows)
            end = last_line = passed + rows.line_num
            for row in rows:
                line, end = end + 1, passed + rows.line_num
                if end != line:
                    self._check_lines_within(row, line)
                    jumps.append((len(values) + len(blank) + 1, end + 1))
                if len(row) != columns and not self._is_blank(row):
                    self._check_width(row, line)
                value = value_of(row[index] if len(row) > index else "")
                if value != value and self._is_blank(row):  # noqa: PLR0124 - so it is NaN, at the least cost
                    blank.append(line)
                    continue
                if blank:  # they do not stand at the end
                    gaps += enumerate(blank, len(values))
                    values.extend([nan] * len(blank))
                    blank.clear()
                if value != value:  # noqa: PLR0124
                    gaps.append((len(values), line))
                values.append(value)
                last_line = line
        except csv.Error as error:
            raise self._unreadable(end + 1, error) from error
        except NotANumberError as error:
            raise self._refused(line, str(error)) from None
        if not values:
            raise self._refused(end, "holds a name, and no rows follow")
        return Rows(np.frombuffer(values, dtype=np.float64), gaps, last_line, jumps)

    def _pass_names(self, rows: Iterator[list[str]]) -> None:
        if self._layout.has_header:
            self._check_lines_within(next(rows), self._layout.top)

    def _is_blank(self, row: Sequence[str]) -> bool:
        """Return whether nothing but white space stands in a row's line; `""` is an empty cell."""
        if not row:
            return True
        lone = len(row) == 1 and row[0] != ""
        return (lone or self._layout.separator == "\t") and not any(cell.strip() for cell in row)

    def _check_width(self, row: Sequence[str], line: int) -> None:
        """Refuse a row with more or fewer cells than the first line; empty ones at the end may be too many."""
        columns, separator = self._layout.columns, self._layout.separator
        if len(row) > columns and not any(cell.strip() for cell in row[columns:]):
            return
        for other in SEPARATORS:
            if other != separator and len(separator.join(row).split(other)) == columns > 1:
                cause = f"it is separated by {other!r}, that one by {separator!r}"
                break
        else:
            cause = (
                "is it cut off? A missing value is an empty cell" if len(row) < columns else _too_many(separator)
            )
        counts = f"the line has {_cells(len(row))}, and line {self._layout.top} has {columns}"
        raise self._refused(line, f"{counts}: {cause}")

    def _check_lines_within(self, row: Sequence[str], line: int) -> None:
        """Refuse a quoted cell that goes on over lines which look like rows of their own."""
        separator = self._layout.separator
        for place, cell in enumerate(row):
            _, *pieces = cell.splitlines() or [""]
            if pieces:
                tails = [*([] for _ in pieces[1:]), row[place + 1 :]]  # what follows each of them in its line
                if any(
                    separator in piece and self._looks_like_row([*piece.split(separator), *tail])
                    for piece, tail in zip(pieces, tails, strict=True)
                ):
                    why = (
                        'a quote (") is opened here and closed in a later line, and the lines between look like '
                        "rows of their own; take the quote out, or double it if it belongs to a text"
                    )
                    raise self._refused(line, why, of_column=False)

    def _looks_like_row(self, cells: Sequence[str]) -> bool:
        return len(cells) == self._layout.columns and is_number(cells[self._layout.index].strip('" '))

    def _unreadable(self, line: int, error: csv.Error) -> BadInputError:
        cause = {
            "unexpected end of data": '; a quote (") is opened here and never closed',
            "field larger": '; is a quote (") opened here and never closed?',
            "expected after": '; a quote (") within a quoted text has to be doubled',
        }
        mend = next((mend for words, mend in cause.items() if words in str(error)), "")
        return self._refused(line, f"cannot be read as CSV ({error}){mend}", of_column=False)

    def _refused(self, line: int, why: str, *, of_column: bool = True) -> BadInputError:
        column = f", {self._layout.name}" if of_column else ""
        return BadInputError(Problem("data.path", self._path, f"line {line}{column}: {why}"))


def _too_many(separator: str) -> str:
    if separator != ",":
        return f"a text that holds {separator!r} has to be quoted"
    return (
        "a comma within a number, as in 3,5, is taken for a separator; write decimal points and no marks of "
        "thousands, quote texts that hold commas, and give every column a name"
    )


def _cells(count: int) -> str:
    return f"{count} cell{'s' if count != 1 else ''}"

"""Whether the first line of a table holds names: plain where it is text above numbers, else a question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rnnlab.data.csv_cells import Cells, is_number
from rnnlab.errors import BadInputError, Problem, listed

WHOLE = re.compile(r"[0-9]+")
CELLS_SHOWN = 4


def is_header(first: Sequence[str], rows: Sequence[Sequence[str]], cells: Cells) -> bool:
    """Return whether a table's first line is names, as far as that can be seen.

    It is where it has something else above numbers or dates, unless that line is made like those below: a first
    row of `2019-01-01,missing` is a row with a date.

    Args:
        first: the cells of the first line.
        rows: some of those below.
        cells: tells numbers and missing values.
    """
    if not any(cells.may_be_value(cell) for cell in first):
        return not is_like_below(first, rows)
    names = False
    for index, cell in enumerate(first):
        if not cells.may_be_value(cell):
            below = [row[index].strip() for row in rows if index < len(row) and not cells.is_gap(row[index])]
            numbers = any(map(is_number, below))
            dates = re.search(r"\d", cell) is None and bool(below) and all(text[0].isdigit() for text in below)
            names = names or numbers or dates
    return names and not is_like_below(first, rows)


def check_numbers(first: Sequence[str], rows: Sequence[Sequence[str]], index: int, place: str) -> None:
    """Refuse a first line of numbers that may well be names: 2019 above values of 3 to 5, or 0,1,2 above decimals.

    So are 0 alone above decimals, and whole numbers beside a cell that is empty in the first line alone: the
    names that pandas gives to what has none.

    Args:
        first: the cells of the first line.
        rows: some of those below.
        index: of the column that is meant.
        place: file and line, for the message.

    Raises:
        BadInputError: it is not plain what that line is.
    """
    names = [cell for cell in first if cell]
    if not names or not all(map(WHOLE.fullmatch, names)):
        return
    below = [row[index].strip() for row in rows if index < len(row) and is_number(row[index])]
    if not below:
        return
    counted = _counts_on(first) and not any(_counts_on(row) for row in rows)
    beside_index = any(
        not cell and all(place < len(row) and row[place].strip() for row in rows)
        for place, cell in enumerate(first)
    )
    unnamed = list(first) == ["0"] and len(below) > 1 and not any(map(WHOLE.fullmatch, below))
    if _is_outside(first[index], below) or counted or beside_index or unnamed:
        shown = listed(names[:CELLS_SHOWN]) + (", ..." if len(names) > CELLS_SHOWN else "")
        raise BadInputError(
            Problem(
                "data.header",
                "auto",
                f"{place} holds whole numbers alone ({shown}), and may be names or values: data.header=present "
                "takes it for names, data.header=absent for values",
            )
        )


def _is_outside(head: str, below: Sequence[str]) -> bool:
    """Return whether a number lies farther from all those below it than they do from each other."""
    if not head:
        return False
    lowest, highest = min(map(float, below)), max(map(float, below))
    return max(lowest - float(head), float(head) - highest) > highest - lowest > 0


def _counts_on(row: Sequence[str]) -> bool:
    """Return whether cells are whole numbers, each one more than the last: 2019, 2020."""
    if len(row) == 1 or not all(WHOLE.fullmatch(cell.strip()) for cell in row):
        return False
    numbers = [int(cell) for cell in row]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def is_like_below(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a cell with digits that is no number, a date most likely, is made like the one below."""
    return any(
        not is_number(cell) and re.search(r"\d", cell) is not None and _shape(cell) == _shape(row[index])
        for row in rows[:1]
        for index, cell in enumerate(first[: len(row)])
    )


def _shape(cell: str) -> str:
    return re.sub(r"[^\W\d]+", "a", re.sub(r"\d", "9", cell.strip()))

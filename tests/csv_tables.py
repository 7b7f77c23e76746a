"""Random CSV files, with what a reader has to find in each."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

VALUES = st.integers(-4000, 4000).map(lambda quarters: quarters / 4)
SPELLINGS = (str, "{:.4f}".format, "{:+.6e}".format, " {} ".format)
GAPS = ("", "NA", "nan", " null ", "-", "?", "gone", "-77.5", "-77.50")
NO_NUMBERS = ("1_000", "0x10", "1e999", "inf", "\uff11\uff12", "warm", "1.234,5", "--", "5 6", "3\u20ac")
NOTES = st.text("abc, ;\t\"'\u00e4\u6c34", max_size=6).map("n".__add__)
KINDS = ["value"] * 12 + ["gap", "gap", "blank", "empty", "text", "wide", "narrow"]


@dataclass
class Table:
    """A file as it is written.

    Attributes:
        text: all of it.
        options: how it is to be read.
        rows: the line of each row, and what it holds: a number, None for a gap, or the name of a fault.
    """

    text: str
    options: dict[str, Any]
    rows: list[tuple[int, Any]]


class Writer:
    """Writes one table, line for line."""

    def __init__(self, draw):
        self.draw = draw
        self.separator, self.end = draw(st.sampled_from(",;\t")), draw(st.sampled_from(("\n", "\r\n", "\r")))
        self.place, self.width = draw(st.sampled_from([(0, 1), (0, 2), (1, 2), (1, 3)]))
        self.text, self.rows = "", []

    def write(self, line, what=None, *, is_row=True):
        if is_row:
            self.rows.append((1 + self.text.count(self.end), what))
        self.text += line + self.end

    def quoted(self, cell):
        if any(part in cell for part in ',;\t"\r\n') or self.draw(st.integers(0, 9)) == 0:
            return '"' + cell.replace('"', '""') + '"'
        return cell

    def row(self, cell):
        cells = [self.draw(NOTES) for _ in range(self.width)]
        if self.width > 1 and self.draw(st.integers(0, 5)) == 0:
            cells[1 - self.place] = f"two{self.end}lines"
        cells[self.place] = cell
        return self.separator.join(map(self.quoted, cells))

    def some_row(self, kind):
        value = self.draw(VALUES)
        if kind == "value":
            self.write(self.row(self.draw(st.sampled_from(SPELLINGS))(value)), value)
        elif kind == "text":
            self.write(self.row(self.draw(st.sampled_from(NO_NUMBERS))), "no number")
        elif kind == "gap":
            gap = self.draw(st.sampled_from(GAPS))
            self.write(self.row(gap) if gap or self.width > 1 else '""')
        elif kind == "blank":
            self.write(self.draw(st.sampled_from(["", "  "])), "blank")
        elif kind == "empty" and self.width > 1 and self.separator != "\t":
            self.write(self.separator * (self.width - 1))
        elif kind == "wide":
            self.write(self.row(str(value)) + f"{self.separator}5", "too many cells")
        elif kind == "narrow" and self.width > 1:
            self.write(str(value), "too few cells")


@st.composite
def tables(draw):
    """Return a `Table`."""
    writer, has_header, titles = Writer(draw), draw(st.booleans()), draw(st.integers(0, 2))
    for number in range(titles):
        writer.write(f"title {number}", is_row=False)
    if has_header:
        writer.write(writer.separator.join(f"name{place}" for place in range(writer.width)), is_row=False)
    writer.some_row("value")  # without names the first row says how wide the table is
    for _ in range(draw(st.integers(3, 24))):
        writer.some_row(draw(st.sampled_from(KINDS)))
    rows = writer.rows
    while rows[-1][1] == "blank":
        rows.pop()
    options = {
        "column": f"name{writer.place}" if has_header else str(writer.place + 1),
        "header": "present" if has_header else "absent",
        "skip_lines": titles,
        "missing": ("gone", "-77.5"),
    }
    return Table(writer.text, options, [(line, None if what == "blank" else what) for line, what in rows])

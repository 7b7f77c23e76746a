"""The cells of a CSV file: which text is a number, which stands for a missing value, and why another is neither."""

from __future__ import annotations

import math
import re
import shlex
import unicodedata
from collections.abc import Collection

GAPS = frozenset({"", "na", "n/a", "nan", "-nan", "+nan", "null", "none", "-", "?"})
"""Cells, in small letters, that hold no value."""

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
BESIDE_DIGITS = re.compile(r"[\s_,'\u2019%€$£¥]")
THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}([,.'\u2019 _\u00a0\u202f][0-9]{3})+([.,][0-9]+)?")
LONGEST_MARKER = 20
SHOWN = 40
"""Characters of a cell that a message shows."""


class NotANumberError(ValueError):
    """A cell is neither a number nor a gap; the text says why and what to do."""


class Cells:
    """Reads cells.

    Args:
        missing: what stands for a missing value beside `GAPS`: texts as they stand, numbers in every spelling.
    """

    def __init__(self, missing: Collection[str] = ()) -> None:
        self.missing = tuple(dict.fromkeys(text.strip() for text in missing))
        self.texts = frozenset(self.missing)
        self.numbers = frozenset(float(text) for text in self.texts if is_number(text))

    def value(self, cell: str) -> float:
        """Return the number in a cell, NaN where it holds none.

        Raises:
            NotANumberError: it is neither.
        """
        try:
            value = float(cell)
        except ValueError:
            value = math.inf
        if (
            math.isfinite(value) and "_" not in cell and (cell.isascii() or cell.strip().isascii())
        ):  # float() takes 1_000 and digits of all scripts; white space of any kind may stand around a number
            return math.nan if value in self.numbers else value
        if self.is_gap(cell):
            return math.nan
        raise NotANumberError(self._why_no_number(cell.strip()))

    def is_gap(self, cell: str) -> bool:
        """Return whether a cell stands for a missing value."""
        text = cell.strip()
        if text in self.texts or text.lower() in GAPS:
            return True
        return bool(self.numbers) and is_number(text) and float(text) in self.numbers

    def is_value(self, cell: str) -> bool:
        """Return whether a cell is a number or stands for a missing one."""
        return self.is_gap(cell) or (is_number(cell) and math.isfinite(float(cell)))

    def may_be_value(self, cell: str) -> bool:
        """Return whether a cell could be meant as a number or as a missing one, so that it is hardly a name."""
        text = unicodedata.normalize("NFKC", BESIDE_DIGITS.sub("", cell)).replace("\u2212", "-")
        try:
            float(text)
        except ValueError:
            return self.is_gap(cell) or not any(map(str.isalnum, text)) or _hexadecimal(text) is not None
        return True

    def _why_no_number(self, text: str) -> str:
        """Return what is wrong with a cell, and its mend."""
        shown = repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")
        if is_number(text) or text.lower().lstrip("+-") in ("inf", "infinity"):
            return f"{shown} is not finite" + self._marked(text)
        return f"{shown} is no number" + (_likely_cause(text) or self._marked(text))

    def _marked(self, text: str) -> str:
        """Return the key that makes a gap of such a cell too, if it may well be meant as one."""
        if not text or len(text) > LONGEST_MARKER or not text.isprintable():
            return ""
        setting = missing_setting([*self.missing, text])
        return f"; if it marks a missing value: {setting}" if setting else ""


def missing_setting(markers: Collection[str]) -> str | None:
    """Return the setting that names markers of missing values, to be pasted into a shell.

    It is None where a marker holds what no quotes help against in an override.
    """
    words = []
    for marker in markers:
        quote = next((quote for quote in "\"'" if quote not in marker), None)
        if re.fullmatch(r"[\w.+-]+(/[\w.+-]+)*", marker):
            words.append(marker)
        elif quote is None or marker.endswith("\\") or "$" in marker:
            return None
        else:
            words.append(f"{quote}{marker}{quote}")
    setting = f"data.missing=[{','.join(words)}]"
    return setting if "".join(words) == "".join(markers) else shlex.quote(setting)


def is_number(cell: str) -> bool:
    """Return whether a cell holds a number: decimal digits, with a point and an exponent if need be."""
    return NUMBER.fullmatch(cell.strip()) is not None


def _likely_cause(text: str) -> str:
    """Return cause and mend where a cell is plainly meant as a number, or is no single cell; else nothing."""
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace(" ", "").replace("_", "")
    hexadecimal = _hexadecimal(text)
    pieces = re.split(r"[ |]+", text)
    separator = "|" if "|" in text else " "
    thousands = THOUSANDS.fullmatch(plain) is not None
    comma = is_number(plain.replace(",", ".", 1))
    causes = (
        ("\0" in text, ": it holds NUL bytes, as a file does that is no text"),
        ("\n" in text or "\r" in text, ': a quote (") is opened here and closed in a later line only'),
        (hexadecimal is not None, f"; in decimal digits it is {hexadecimal}"),
        (
            len(pieces) > 1 and all(map(is_number, pieces)),
            f": cells are separated by commas, semicolons or tabs, not by {separator!r}; numbers have no spaces",
        ),
        (is_number(plain), f"; write {plain}"),
        (comma and thousands, " (a decimal comma is not read, write a point; marks of thousands have to go)"),
        (comma, " (a decimal comma is not read; write a point)"),
        (thousands, " (marks of thousands are not read; write digits and a decimal point alone)"),
    )
    return next((cause for holds, cause in causes if holds), "")


def _hexadecimal(text: str) -> int | None:
    if re.fullmatch(r"[+-]?0[xXbBoO][0-9a-fA-F]+", text) is None:
        return None
    try:
        return int(text, 0)
    except ValueError:
        return None

"""Characters that look like those of the command line's grammar and are not: full-width forms and curly quotes."""

from __future__ import annotations

import shlex
import unicodedata

from rnnlab.errors import Problem, listed

NAMES = {
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{IDEOGRAPHIC COMMA}": ",",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "--",
    "\N{MINUS SIGN}": "-",
    "\N{IDEOGRAPHIC SPACE}": " ",
    "\N{NO-BREAK SPACE}": " ",
}
"""Beside the full-width forms of ASCII, which Unicode itself maps to what they look like."""

FULL_WIDTH = range(0xFF01, 0xFF5F)


def plain_form(text: str) -> str:
    """Return a text with the characters of ASCII that its others look like."""
    return "".join(
        unicodedata.normalize("NFKC", char) if ord(char) in FULL_WIDTH else NAMES.get(char, char) for char in text
    )


def lookalike_problem(word: str, *, can_study: bool) -> Problem | None:
    """Return what is wrong with a word that holds such characters, or None if it holds none.

    Args:
        word: an override as it was typed.
        can_study: whether several values may be given, with ``-m``.
    """
    plain = plain_form(word)
    if plain == word:
        return None
    found = dict.fromkeys(char for char in word if plain_form(char) != char)
    told = listed(f"{char} where {plain_form(char)!r} is meant" for char in found)
    mend = shlex.quote(plain)
    return Problem(word, None, f"has {told}", mend, alternatives=(f"-m {mend}",) if can_study else ())

"""Values that hold several: split at the commas outside quotes."""

from __future__ import annotations

import re

from rnnlab.config.quoting import OUTER_QUOTES

QUOTED_PIECE = re.compile(rf"\s*(?P<piece>{OUTER_QUOTES.pattern})\s*(?=,|\Z)", re.DOTALL)
BARE_PIECE = re.compile(r"\s*(?P<piece>[^,]*?)\s*(?=,|\Z)")
BRACKETS = {")": "(", "]": "[", "}": "{"}


def pieces(value: str) -> list[str]:
    """Return the parts of a value between the commas that stand outside quotes."""
    found, place = [], 0
    while place <= len(value):
        piece = QUOTED_PIECE.match(value, place) or BARE_PIECE.match(value, place)
        assert piece is not None  # noqa: S101 - the second matches anything
        found.append(piece["piece"])
        place = piece.end() + 1
    return found


def is_balanced(text: str) -> bool:
    """Return whether every bracket in a text is closed; a text in quotes as a whole has none."""
    if OUTER_QUOTES.fullmatch(text):
        return True
    opened: list[str] = []
    for char in text:
        if char in BRACKETS.values():
            opened.append(char)
        elif char in BRACKETS and (not opened or opened.pop() != BRACKETS[char]):
            return False
    return not opened


def list_items(value: str) -> list[str] | None:
    """Return the parts of a list in brackets, or None if it is none."""
    bare = value.strip()
    if not (bare.startswith("[") and bare.endswith("]") and is_balanced(bare)):
        return None
    return pieces(bare[1:-1]) if bare[1:-1].strip() else []

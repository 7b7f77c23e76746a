"""Texts as values of overrides, in the grammar that Hydra and OmegaConf read."""

from __future__ import annotations

import re

OUTER_QUOTES = re.compile(r"""(?P<quote>['"])(?P<text>(?:\\.|(?!(?P=quote))[^\\])*)(?P=quote)""", re.DOTALL)
"""A whole text in quotes, with those inside it behind a backslash."""

PLAIN = re.compile(r"[A-Za-z_/][\w./:@%*+-]*", re.ASCII)
"""What Hydra takes for itself without quotes, if it is not one of `OTHER_VALUES`."""

OTHER_VALUES = ("true", "false", "null", "inf", "nan")


def quoted(text: str) -> str:
    """Return a text so that it is taken for itself, whatever quotes, commas, backslashes or `${` it holds."""
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), unresolved(text))
    return f"'{escaped}'"


def unresolved(text: str) -> str:
    r"""Return a text so that OmegaConf takes it for itself: `${` as `\${`, with backslashes before it doubled."""
    return re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + "\\${", text)


def as_value(text: str) -> str:
    """Return a text as the value of an override, in quotes only where it needs them."""
    return text if PLAIN.fullmatch(text) and text.lower() not in OTHER_VALUES else quoted(text)


def without_quotes(value: str) -> str:
    """Return the text of a value that stands in outer quotes as a whole; any other as it is."""
    found = OUTER_QUOTES.fullmatch(value)
    if found is None:
        return value
    quote = found["quote"]
    return re.sub(rf"(\\+)({quote}|$)", lambda end: "\\" * (len(end[1]) // 2) + end[2], found["text"])


def easily_quoted(text: str) -> str:
    """Return the same as `quoted` where that can be, in the quotes that look better inside a shell's own."""
    return quoted(text) if set(text) & set('"\\$') else f'"{text}"'

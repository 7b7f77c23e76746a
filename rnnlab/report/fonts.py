"""Fonts for text that matplotlib's own font has no glyphs for: Chinese names, say.

The other font is named only in text that needs it, and draws only what is missing: all other text, and all figures
without such text, are the same whatever fonts a machine has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

OWN = "DejaVu Sans"
"""The font that comes with matplotlib."""

PREFERRED = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Noto Sans CJK JP", "WenQuanYi Micro Hei"),
    *("WenQuanYi Zen Hei", "Droid Sans Fallback", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "STHeiti"),
    *("Microsoft YaHei", "SimHei", "Arial Unicode MS"),
)
"""Of several fonts that have a glyph: sans serif, and with all of Chinese."""

NO_TEXT = ("Last Resort", ".LastResort", "Adobe Blank")
"""Fonts that have a glyph for everything: a box, or nothing."""

SHOWN = 12
_missing: dict[str, None] = {}


def fit_fonts(figure: Figure) -> None:
    """Give every text of a figure the fonts that it needs beside its own; note what no font has."""
    for text in figure.findobj(Text):
        if isinstance(text, Text) and (more := fallbacks(text.get_text())):
            text.set_fontfamily(list(dict.fromkeys([*text.get_fontfamily(), *more])))


def fallbacks(text: str) -> list[str]:
    """Return the names of the fonts that a text needs beside matplotlib's own; note what no font has."""
    names: dict[str, None] = {}
    for sign in _foreign(text):
        name = _font_for(sign)
        if name is None:
            _missing[sign] = None
        else:
            names[name] = None
    return list(names)


def missing_glyphs() -> str | None:
    """Return one line on the signs that this process could not draw, and what helps, or None if there are none."""
    if not _missing:
        return None
    signs = "".join(_missing)
    shown = signs if len(signs) <= SHOWN else f"{signs[:SHOWN]}…"
    is_chinese = any("CJK" in unicodedata.name(sign, "") for sign in _missing)
    font = "Noto Sans CJK SC (Debian and Ubuntu: fonts-noto-cjk)" if is_chinese else "one of Noto's, that has them"
    return f"the figures show boxes instead of {shown}, which no font here has; install a font, such as {font}"


def _foreign(text: str) -> Iterator[str]:
    if not text.isascii():
        own = _signs(font_manager.findfont(OWN))
        yield from (sign for sign in dict.fromkeys(text) if ord(sign) not in own and not sign.isspace())


@cache
def _font_for(sign: str) -> str | None:
    """Return the name of a font that has a sign, the same one every time, or None."""
    return _first_with(sign, _known()) or _first_with(sign, _newcomers())


def _first_with(sign: str, fonts: Iterable[tuple[str, str]]) -> str | None:
    places = {name: place for place, name in enumerate(PREFERRED)}
    ordered = sorted(fonts, key=lambda font: (places.get(font[0], len(places)), font))
    return next((name for name, path in ordered if ord(sign) in _signs(path) and _can_draw(path, sign)), None)


def _known() -> list[tuple[str, str]]:
    entries = font_manager.fontManager.ttflist
    return [(one.name, one.fname) for one in entries if not one.name.startswith(NO_TEXT)]


@cache
def _newcomers() -> list[tuple[str, str]]:
    """Return fonts that were installed after matplotlib had made its list of them, now in it."""
    before = _known()
    paths = {path for _, path in before}
    for path in sorted(font_manager.findSystemFonts()):
        if path not in paths:
            try:
                font_manager.fontManager.addfont(path)
            except Exception:  # noqa: BLE001, S112 - a font that cannot be read is none
                continue
    return [font for font in _known() if font not in before]


@cache
def _signs(path: str) -> frozenset[int]:
    try:
        return frozenset(font_manager.get_font(path).get_charmap())
    except Exception:  # noqa: BLE001 - a font that cannot be read has none
        return frozenset()


def _can_draw(path: str, sign: str) -> bool:
    """Return whether a glyph has an outline; those of emoji are often pictures, which Agg cannot draw."""
    try:
        font = font_manager.get_font(path)
        font.set_size(10, 100)
        font.load_char(ord(sign))
    except Exception:  # noqa: BLE001 - each kind of font has its own way to fail
        return False
    return True

"""Where text stands: measured and wrapped, ticks in plain numbers, labels that keep clear of each other."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from matplotlib.axis import Axis
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from rnnlab.report.fonts import OWN, fallbacks
from rnnlab.report.style import SMALL

LONGEST = 96
"""Characters of a name that are shown."""
PLAIN_FROM, PLAIN_TO = 0.0099999, 1e4
LEAST_DECADES = 0.4
"""A logarithmic axis is at least so long: room for three round numbers."""


def shown(name: str) -> str:
    """Return a name as it is shown: no control characters, and no longer than `LONGEST`."""
    visible = (char for char in name if unicodedata.category(char) != "Cf")  # what turns the direction of text, too
    text = "".join(char if char.isprintable() else "\ufffd" for char in visible)
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[: half - 1]}…{text[-half:]}"


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = SMALL) -> float:
    """Return how wide a line of text is, in inches."""
    font = FontProperties(family=[OWN, *fallbacks(text)], size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text or " ", font, ismath=False)
    return float(width) / 72


def wrapped(name: str, inches: float, size: float = SMALL) -> str:
    """Return a name in lines that are no wider than ``inches``."""
    text = shown(name)
    for characters in range(len(text), 4, -1):
        lines = textwrap.wrap(text, characters, break_on_hyphens=False)
        if max(text_width(line, size) for line in lines) <= inches:
            return "\n".join(lines)
    return text


def clipped(name: str, inches: float, size: float = SMALL) -> str:
    """Return as much of a name as fits in one line."""
    text = shown(name)
    while len(text) > 2 and text_width(text, size) > inches:  # noqa: PLR2004
        text = text[:-2] + "…"
    return text


def number(value: float) -> str:
    """Return a number as an axis shows it: ``0.5``, ``200``, ``2e-5``."""
    if value == 0 or PLAIN_FROM <= abs(value) < PLAIN_TO:
        return f"{value:.4g}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def positive(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the numbers among the values that have a place on a logarithmic axis."""
    array = np.asarray(values, dtype=float).ravel()
    return array[np.isfinite(array) & (array > 0)]


def log_limits(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Return limits of a logarithmic axis around all positive values, or around 1 if there are none."""
    known = np.log10(positive(values))
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    padding = max(0.05 + 0.04 * (high - low), (LEAST_DECADES - high + low) / 2)
    return 10 ** max(low - padding, -300), 10 ** min(high + padding, 300)


def log_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Return round numbers within the limits: powers of ten, or 1, 2, 5 where these would be fewer than three."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 2:  # noqa: PLR2004
        step = math.ceil((last - first + 1) / most)
        return [10.0**exponent for exponent in range(first, last + 1) if exponent % step == 0]
    for mantissas in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        ticks = [m * 10.0**exponent for exponent in range(first - 1, last + 1) for m in mantissas]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) >= 3:  # noqa: PLR2004
            break
    return inside


def make_log(axis: Axis, limits: tuple[float, float], most: int = 8) -> None:
    """Make an axis logarithmic, with limits and ticks in plain numbers."""
    axes = axis.axes
    if axis is axes.xaxis:
        axes.set(xscale="log", xlim=limits)
    else:
        axes.set(yscale="log", ylim=limits)
    axis.set_major_locator(FixedLocator(log_ticks(*limits, most)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(NullLocator())


def on_log_axis(values: Sequence[float] | np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return the values with zeros, which have no logarithm, moved to the axis's lower end."""
    return np.clip(np.asarray(values, dtype=float), limits[0], None)


def above_lines(places: Sequence[float], widths: Sequence[float], right: float) -> list[tuple[bool, int]]:
    """Place the labels of vertical lines above their upper ends, so that none covers another or another's line.

    Args:
        places: where the lines stand, ascending.
        widths: of the labels.
        right: where the room for labels ends.

    Returns:
        for each label, whether it begins at its line (else it ends there), and its level: 0 is the lowest.
    """
    count = len(places)
    begins = [place + width <= right for place, width in zip(places, widths, strict=True)]
    for i in reversed(range(count)):
        reach = places[i] + widths[i]
        if any(
            not begins[j] and places[j] <= reach and places[j] - widths[j] <= places[i] for j in range(i + 1, count)
        ):
            begins[i] = False
    spans = [
        (place, place + width) if start else (place - width, place)
        for place, width, start in zip(places, widths, begins, strict=True)
    ]

    def covered(line: int, label: int) -> bool:
        low, high = spans[label]
        return low <= places[line] <= high

    levels = [0] * count
    for _ in range(count):
        for i, (low, high) in enumerate(spans):
            for j, place in enumerate(places):
                # A label stands higher than every line that it would cover; of equal lines, and of labels that
                # would cover each other alone, the first's is higher.
                covers = low <= place <= high and (place != places[i] or i < j)
                overlaps = i < j and low < spans[j][1] and spans[j][0] < high and not covered(i, j)
                if i != j and (covers or overlaps) and levels[i] <= levels[j]:
                    levels[i] = min(levels[j] + 1, count - 1)
    return list(zip(begins, levels, strict=True))


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move ascending places apart to a distance of ``gap`` at least, within limits as far as they allow it."""
    moved = [max(low, place) for place in places]
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + gap)
    if moved:
        moved[-1] = min(moved[-1], high)
    for i in reversed(range(len(moved) - 1)):
        moved[i] = min(moved[i], moved[i + 1] - gap)
    return moved


def jitter(count: int, reach: float) -> np.ndarray:
    """Return offsets that spread dots evenly, the same every time: multiples of the golden ratio, shape (n,)."""
    return (((np.arange(count) * 0.6180339887) % 1) - 0.5) * 2 * reach if count > 1 else np.zeros(count)

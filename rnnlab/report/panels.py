"""Small multiples: panels in columns, each below its title, with one legend for all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab.report.layout import text_width, wrapped
from rnnlab.report.style import SMALL, TEXT, WIDTH, add_axes, new_figure

LINE = 0.155
"""Inches from a line of small text to the next."""
TITLE = 0.34
TICKS_LEFT, TICKS_BELOW, LABEL = 0.55, 0.26, 0.24
HANDLE = 0.5
"""Inches that a legend's handle takes with the space around it."""


@dataclass(frozen=True)
class Key:
    """An entry of a legend: how something is drawn, and what it is."""

    handle: Artist
    text: str


def legend_columns(keys: Sequence[Key], width: float = WIDTH - 0.2) -> int:
    """Return how many columns a legend has if it is to be no wider than ``width`` inches."""
    widest = max((text_width(line) for key in keys for line in key.text.split("\n")), default=0.0)
    return max(1, min(len(keys), int(width / (widest + HANDLE))))


def legend_height(keys: Sequence[Key], width: float = WIDTH - 0.2) -> float:
    """Return how many inches a legend of `draw_legend` takes."""
    if not keys:
        return 0.0
    lines = max(key.text.count("\n") + 1 for key in keys)
    return math.ceil(len(keys) / legend_columns(keys, width)) * (LINE * lines + 0.02) + 0.06


def draw_legend(
    parent: Figure | Axes, keys: Sequence[Key], left: float, top: float, width: float = WIDTH - 0.2
) -> None:
    """Draw a legend with its upper left corner at a place in inches from the figure's upper left corner."""
    if not keys:
        return
    figure = parent if isinstance(parent, Figure) else parent.get_figure(root=True)
    assert figure is not None  # noqa: S101 - axes are always made by a figure here
    across, down = figure.get_size_inches()
    # Names that begin with an underscore would be left out: the texts come after.
    legend = parent.legend(
        [key.handle for key in keys],
        ["-"] * len(keys),
        loc="upper left",
        bbox_to_anchor=(left / across, 1 - top / down),
        bbox_transform=figure.transFigure,
        ncols=legend_columns(keys, width),
        borderaxespad=0,
        borderpad=0,
        labelspacing=0.35,
        handlelength=2.2,
        columnspacing=1.4,
    )
    for text, key in zip(legend.get_texts(), keys, strict=True):
        text.set_text(key.text)


def heading(figure: Figure, text: str) -> None:
    """Write a figure's title."""
    down = figure.get_size_inches()[1]
    figure.text(0.1 / WIDTH, 1 - 0.09 / down, text, va="top", size=TEXT + 1, weight="bold")


def columns_for(panels: int) -> int:
    """Return in how many columns panels are legible: 1, 2 or 3."""
    return 1 if panels <= 2 else 2 if panels <= 12 else 3  # noqa: PLR2004


def small_multiples(
    names: Sequence[str],
    title: str,
    labels: tuple[str, str],
    *,
    height: float,
    columns: int = 1,
    keys: Sequence[Key] = (),
    notes: Sequence[str] = (),
    below: Sequence[float] | None = None,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel a name.

    Args:
        names: the panels' titles.
        title: the figure's.
        labels: of the horizontal and of the vertical axes, written once for all panels.
        height: of the inside of a panel, in inches.
        columns: of panels.
        keys: the figure's legend.
        notes: a line below each panel's title.
        below: inches to be kept free below each panel, beside its ticks.
    """
    left, pitch = 0.32, (WIDTH - 0.42) / columns
    inside = pitch - TICKS_LEFT - 0.06
    titles = [wrapped(name, inside) for name in names]
    if notes:
        titles = [f"{name}\n{note}" for name, note in zip(titles, notes, strict=True)]
    rows = [range(start, min(start + columns, len(names))) for start in range(0, len(names), columns)]
    above = [LINE * max(titles[i].count("\n") + 1 if titles[i] else 0 for i in row) + 0.08 for row in rows]
    free = [max(below[i] for i in row) if below else 0.0 for row in rows]
    top = TITLE + legend_height(keys) + 0.04
    total = top + sum(above) + sum(free) + len(rows) * (height + TICKS_BELOW) + (LABEL if labels[0] else 0.05)
    figure = new_figure(total)
    heading(figure, title)
    draw_legend(figure, keys, 0.12, TITLE)
    found = []
    down = top
    for row, over, under in zip(rows, above, free, strict=True):
        down += over
        for place, i in enumerate(row):
            axes = add_axes(figure, left + place * pitch + TICKS_LEFT, down, inside, height)
            axes.annotate(
                titles[i], (0, 1), xytext=(0, 3), xycoords="axes fraction", textcoords="offset points",
                size=SMALL, va="bottom",
            )  # fmt: skip
            found.append(axes)
        down += height + TICKS_BELOW + under
    middle = (left + TICKS_LEFT + WIDTH) / 2 / WIDTH
    figure.text(middle, 0.06 / total, labels[0], ha="center", va="bottom", size=TEXT)
    figure.text(0.1 / WIDTH, (total - top) / 2 / total, labels[1], ha="left", va="center", rotation=90, size=TEXT)
    return figure, found

"""Saturation: how often the gates of each layer are closed or open, networks side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter

from rnnlab.report.inside.film import GATES
from rnnlab.report.inside.shapes import Saturation
from rnnlab.report.layout import clipped, text_width
from rnnlab.report.panels import TICKS_LEFT, Key, small_multiples
from rnnlab.report.style import INK, RUNG, SMALL, WIDTH, styled

CLOSED, OPEN = (to_hex(colormaps[GATES](end)) for end in (0.0, 1.0))
BETWEEN = "#c9c9c9"
BAR, BAR_PITCH, LAYER_NAME = 0.16, 0.2, 0.22
"""Inches: thickness of a bar, from a bar to the next, and room for a layer's name."""
LEAST_NAMED = 0.11
"""Smallest share whose number has room in its part of a bar."""
MOST_NAME = 1.1


@styled
def saturation(groups: Sequence[Saturation]) -> Figure | None:
    """Draw the shares of gates that are closed, between and open: a bar a gate, a panel a network.

    Returns:
        the figure, or None if no network has a gate. Networks without are left out of it.
    """
    gated = [group for group in groups if group.shares]
    if not gated:
        return None
    places = [_places(group) for group in gated]
    deepest = max(max(place) for place in places) + BAR_PITCH / 2
    keys = [
        Key(Patch(facecolor=CLOSED), "closed: below 0.1"),
        Key(Patch(facecolor=BETWEEN), "between"),
        Key(Patch(facecolor=OPEN), "open: above 0.9"),
    ]
    figure, panels = small_multiples(
        [group.label for group in gated],
        "How often gates are closed or open",
        ("share of all test windows, steps and units", ""),
        height=deepest,
        columns=1 if len(gated) == 1 else 2,
        keys=keys,
    )
    names = [[gate for _, gate in group.shares] for group in gated]
    room = min(MOST_NAME, max(text_width(name) for each in names for name in each))
    moved = max(0.0, room + 0.2 - TICKS_LEFT)
    for axes, group, down, ticks in zip(panels, gated, places, names, strict=True):
        box = axes.get_position()
        axes.set_position((box.x0 + moved / WIDTH, box.y0, box.width - (moved + 0.1) / WIDTH, box.height))
        axes.texts[0].set_position((-72 * moved, 3))  # the title has the panel's whole width
        axes.set(xlim=(0, 1), ylim=(deepest, 0))
        axes.set_yticks(down, [clipped(name, room + 0.01) for name in ticks])
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}%"))
        for (layer, _), place, other in zip(group.shares, down, [None, *group.shares], strict=False):
            if other is None or other[0] != layer:
                axes.text(0, place - BAR_PITCH / 2, f"layer {layer}", va="bottom", size=SMALL, color=RUNG)
        _bars(axes, down, np.array(list(group.shares.values()), dtype=float))
    return figure


def _places(group: Saturation) -> list[float]:
    """Return where each bar stands below the panel's upper end, in inches."""
    down, before, found = -BAR_PITCH / 2, None, []
    for layer, _ in group.shares:
        down += BAR_PITCH + (LAYER_NAME if layer != before else 0)
        found.append(down)
        before = layer
    return found


def _bars(axes: Axes, down: Sequence[float], shares: np.ndarray) -> None:
    closed, opened = shares.T
    between = 1 - closed - opened
    parts = ((closed, CLOSED, "white"), (between, BETWEEN, INK), (opened, OPEN, INK))
    left = np.zeros(len(shares))
    for values, face, ink in parts:
        axes.barh(down, values, BAR, left=left, color=face, linewidth=0)
        for place, start, value in zip(down, left, values, strict=True):
            if value >= LEAST_NAMED:
                axes.text(
                    start + value / 2, place, f"{100 * value:.0f}%", ha="center", va="center_baseline", size=SMALL,
                    color=ink, gid="share",
                )  # fmt: skip
        left = left + values

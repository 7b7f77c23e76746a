"""Reach: how much of what a layer holds is left after so many steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rnnlab.report.inside.shapes import Floats, Reach
from rnnlab.report.layout import log_limits, make_log, positive, wrapped
from rnnlab.report.panels import Key, small_multiples
from rnnlab.report.style import FAINT, LINES, RUNG, WIDTH, Dashes, shade, styled

DECADES = 12
"""So far below the largest norm does the axis go: what is lower is nothing in single precision."""


@styled
def reach(groups: Sequence[Reach]) -> Figure:
    """Draw the norms of dh_T/dh_t, and of dh_T/dC_t dotted, against the lag: a panel a layer, a line a network.

    Untrained networks have thin, dashed, lighter lines. A vertical line stands at the window's length.
    Networks without recurrent layers are left out.
    """
    groups = [group for group in groups if group.norms]
    layers = sorted({layer for group in groups for layer in (*group.norms, *group.cell_norms)})
    windows = sorted({group.window for group in groups})
    styles = _styles(groups)
    columns = 1 if len(layers) == 1 else 2
    figure, panels = small_multiples(
        [f"layer {layer}" for layer in layers],
        "How far the memory reaches",
        ("lag T - t (steps)", "norm of the derivative of h_T"),
        height=2.6 if columns == 1 else 1.8,
        columns=columns,
        keys=_keys(groups, styles, windows),
    )
    values = np.concatenate([[], *(line for group in groups for line in _lines(group))])
    limits = log_limits(values[values >= values.max(initial=0.0) * 10.0**-DECADES])
    farthest = max((int(lag) for group in groups for lag in group.lags), default=1)
    for axes, layer in zip(panels, layers, strict=True):
        make_log(axes.yaxis, limits, most=7)
        axes.set_xlim(0, max(farthest, *windows))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        for window in windows:
            axes.axvline(window, color=RUNG, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1.5, gid="window")
        for group, (line_colour, dashes) in zip(groups, styles, strict=True):
            width = 1.6 if group.trained else 0.9
            for norms, style, gid in (
                (group.norms, dashes, "norm"),
                (group.cell_norms, LINES[2], "cell norm"),
            ):
                if layer in norms:
                    known = np.where(norms[layer] > 0, norms[layer], np.nan)
                    axes.plot(group.lags, known, color=line_colour, linestyle=style, linewidth=width, gid=gid)
    return figure


def _lines(group: Reach) -> list[Floats]:
    return [positive(line) for line in (*group.norms.values(), *group.cell_norms.values())]


def _styles(groups: Sequence[Reach]) -> list[tuple[str, Dashes]]:
    """Return colour and dashes of each network: shades within a cell, light and dashed where it is untrained."""
    found: list[tuple[str, Dashes]] = []
    for i, group in enumerate(groups):
        alike = [one for one in groups if (one.cell, one.trained) == (group.cell, group.trained)]
        before = sum((one.cell, one.trained) == (group.cell, group.trained) for one in groups[:i])
        place = before / (len(alike) - 1) if len(alike) > 1 else 0.0
        if group.trained:
            found.append((shade(group.cell, 0.5 + 0.5 * place), "-"))
        else:
            found.append((shade(group.cell, 0.1 + 0.25 * place), LINES[1]))
    return found


def _keys(groups: Sequence[Reach], styles: Sequence[tuple[str, Dashes]], windows: Sequence[int]) -> list[Key]:
    keys = [
        Key(
            Line2D([], [], color=line_colour, linestyle=dashes, linewidth=1.6 if group.trained else 0.9),
            wrapped(group.label, WIDTH - 0.8),
        )
        for group, (line_colour, dashes) in zip(groups, styles, strict=True)
    ]
    if any(group.cell_norms for group in groups):
        keys.append(Key(Line2D([], [], color=FAINT, linewidth=1.6), "by the hidden state, dh_T/dh_t"))
        keys.append(
            Key(Line2D([], [], color=FAINT, linestyle=LINES[2], linewidth=1.6), "by the cell state, dh_T/dC_t")
        )
    text = ", ".join(map(str, windows))
    line = Line2D([], [], color=RUNG, linewidth=0.9, linestyle=(0, (4, 2)))
    return [*keys, Key(line, f"the window's length: {text}")]

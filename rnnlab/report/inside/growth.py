"""Growth: how a network's derivatives and predictions got to where they are, epoch by epoch."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from rnnlab.report.curve_figures import TRUTH
from rnnlab.report.inside.dependence import EXACT, INPUT, name_inputs, seen_text
from rnnlab.report.inside.shapes import Floats, Growth, Snapshot
from rnnlab.report.layout import number
from rnnlab.report.panels import Key, columns_for, small_multiples
from rnnlab.report.shapes import cell_name
from rnnlab.report.style import INK, colour, shade, styled

MOST_DOTS = 30
BEYOND = 0.5
"""A panel shows so much more than the truth spans, above and below: early predictions may be far away."""


def growing(one: Growth) -> tuple[list[Floats], Floats | None, bool]:
    """Return the derivative after each epoch, the exact one, and whether it is the part that the data can tell."""
    seen = [snapshot.dependence.seen for snapshot in one.snapshots]
    known = [values for values in seen if values is not None]
    last = one.snapshots[-1].dependence
    if len(known) == len(seen):
        return known, last.exact_seen, True
    return [snapshot.dependence.mean for snapshot in one.snapshots], last.exact, False


@styled
def growth_of_dependence(one: Growth) -> Figure:
    """Draw the derivative of the output by each value of the window after each epoch, later ones darker."""
    lines, exact, seen = growing(one)
    tints = (
        [shade(one.cell, place) for place in np.linspace(0, 1, len(lines))]
        if len(lines) > 1
        else [colour(one.cell)]
    )
    keys = [
        Key(Line2D([], [], color=tint, marker="o", markersize=3.5, linewidth=1.4), _epoch(snapshot))
        for snapshot, tint in zip(one.snapshots, tints, strict=True)
    ]
    if exact is not None:
        keys.append(Key(Line2D([], [], **EXACT), "exact recurrence"))  # type: ignore[arg-type]
    figure, (axes,) = small_multiples(
        [f"{one.label}: {seen_text(noisy=one.snapshots[-1].dependence.noisy)}" if seen else one.label],
        "How the derivatives grew",
        (INPUT, "derivative of the output"),
        height=2.8,
        keys=keys,
    )
    axes.axhline(0, color=INK, linewidth=0.7, zorder=1.5)
    longest = max([len(line) for line in lines], default=1)
    marked = "o" if longest <= MOST_DOTS else ""
    if exact is not None:
        axes.plot(_places(exact), exact, gid="exact", zorder=2, **EXACT)  # type: ignore[arg-type]
    for line, tint in zip(lines, tints, strict=True):
        axes.plot(
            _places(line),
            line,
            color=tint,
            marker=marked,
            markersize=3.5,
            linewidth=1.4,
            zorder=3,
            gid="derivative",
        )
    margin = max(0.5, longest / 60)
    axes.set_xlim(1 - longest - margin, margin)
    name_inputs(axes, longest, most=10)
    _plain(axes)
    return figure


def _places(values: Floats) -> np.ndarray:
    return np.arange(len(values)) - len(values) + 1


def _epoch(snapshot: Snapshot) -> str:
    return f"epoch {snapshot.epoch}"


def _plain(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


@styled
def growth_of_predictions(one: Growth) -> Figure:
    """Draw truth and prediction on the test stretch after each epoch, a panel an epoch, the MSE in its title."""
    name = f"prediction of {cell_name(one.cell)}" if one.cell else "prediction"
    keys = [
        Key(Line2D([], [], color=TRUTH, linewidth=3.2), "truth"),
        Key(Line2D([], [], color=colour(one.cell), linewidth=1.3), name),
    ]
    columns = max(2, columns_for(len(one.snapshots))) if len(one.snapshots) > 1 else 1
    figure, panels = small_multiples(
        [f"{_epoch(snapshot)}: test MSE {number(snapshot.mse)}" for snapshot in one.snapshots],
        "How the predictions grew",
        ("time (units of the curve)", "value"),
        height=1.15,
        columns=columns,
        keys=keys,
    )
    low, high = float(np.min(one.truth)), float(np.max(one.truth))
    room = BEYOND * ((high - low) or 1.0)
    for axes, snapshot in zip(panels, one.snapshots, strict=True):
        axes.plot(one.times, one.truth, color=TRUTH, linewidth=3.2, gid="truth")
        axes.plot(one.times, snapshot.prediction, color=colour(one.cell), linewidth=1.2, gid="prediction")
        least, most = float(np.min(snapshot.prediction)), float(np.max(snapshot.prediction))
        margin = 0.12 * room
        axes.set_ylim(max(low - room, min(low, least) - margin), min(high + room, max(high, most) + margin))
        axes.xaxis.set_major_locator(MaxNLocator(6))
        _plain(axes)
    return figure

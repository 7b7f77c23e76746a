"""Curves: how the groups trained, and what the median run of each predicts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from rnnlab.report.layout import log_limits, make_log, number, shown, wrapped
from rnnlab.report.panels import LABEL, TICKS_BELOW, Key, columns_for, draw_legend, legend_height, small_multiples
from rnnlab.report.shapes import Curves, Floats, Track, cell_name
from rnnlab.report.style import INK, LINES, WIDTH, Dashes, colour, shade, styled

LINES_IN_PANEL = 6
MOST_PANELS = 60
TRUTH = "#a0a0a0"
ZOOMS = (30, 20, 14, 10, 7, 5, 3)
"""Points to both sides of the highest one: as many as leave the two curves apart."""
APART = 0.1
"""The gap of two curves that an eye can see, as a share of what the truth spans."""


@styled
def loss_curves(groups: Sequence[Curves]) -> Figure:
    """Draw the training MSE by epoch: the median, the quartiles and the range of the seeds, a panel a cell.

    Deeper networks have darker lines. The median ends where more than half of the runs have stopped: that of the
    others would say more on who is left than on how they train.
    """
    panels = _loss_panels(groups)
    columns = 1 if len(panels) == 1 else 2
    half = (WIDTH - 0.42) / columns - 0.2
    depths = sorted({group.layers for group in groups})
    keys = [
        [
            Key(Line2D([], [], color=line_colour, linestyle=dashes, linewidth=1.6), wrapped(one.label, half - 0.6))
            for one, (line_colour, dashes) in zip(lines, _loss_styles(lines, depths), strict=True)
        ]
        for _, lines in panels
    ]
    below = [LABEL + legend_height(one, half) for one in keys]
    figure, found = small_multiples(
        [name for name, _ in panels],
        "Training MSE: median, quartiles and range of the seeds",
        ("", "training MSE (squared units of the curve)"),
        height=2.3 if columns > 1 else 3.2,
        columns=columns,
        below=below,
    )
    limits = log_limits(np.concatenate([[], *(group.values.ravel() for group in groups)]))
    ends = [float(end) for group in groups if len(group.epochs) for end in (group.epochs.min(), group.epochs.max())]
    across = (min(ends, default=0.0), max(ends, default=1.0))
    total = figure.get_size_inches()[1]
    for axes, (_, lines), legend in zip(found, panels, keys, strict=True):
        make_log(axes.yaxis, limits)
        axes.set_xlim(across if across[0] < across[1] else (across[0] - 1, across[1] + 1))
        axes.set_xlabel("epoch", labelpad=2)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        for one, style in zip(lines, _loss_styles(lines, depths), strict=True):
            _draw_band(axes, one, *style)
        box = axes.get_position()
        draw_legend(axes, legend, box.x0 * WIDTH - 0.1, (1 - box.y0) * total + TICKS_BELOW + LABEL, half)
    return figure


def _loss_panels(groups: Sequence[Curves]) -> list[tuple[str, list[Curves]]]:
    """Return the groups by their cell, in panels of a legible number of lines, with titles."""
    by_cell: dict[str, list[Curves]] = {}
    for group in groups:
        by_cell.setdefault(group.cell, []).append(group)
    panels = []
    for cell, members in by_cell.items():
        parts = math.ceil(len(members) / LINES_IN_PANEL)
        size = math.ceil(len(members) / parts)
        for part in range(parts):
            name = cell_name(cell) if parts == 1 else f"{cell_name(cell)} ({part + 1} of {parts})"
            panels.append((name, members[part * size : (part + 1) * size]))
    return panels[:MOST_PANELS]


def _loss_styles(lines: Sequence[Curves], depths: Sequence[int]) -> list[tuple[str, Dashes]]:
    """Return colour and dashes of each line: a shade a depth, and dashes for those of equal depth."""
    met: dict[int, int] = {}
    found: list[tuple[str, Dashes]] = []
    for one in lines:
        place = depths.index(one.layers) / (len(depths) - 1) if len(depths) > 1 else 0.5
        found.append((shade(one.cell, place), LINES[met.get(one.layers, 0) % len(LINES)]))
        met[one.layers] = met.get(one.layers, 0) + 1
    return found


def _draw_band(axes: Axes, curves: Curves, line_colour: str, dashes: Dashes) -> None:
    values = np.where(curves.values > 0, curves.values, np.nan)
    left = np.isfinite(values).sum(axis=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN", category=RuntimeWarning)
        low, lower, median, upper, high = np.nanquantile(values, (0, 0.25, 0.5, 0.75, 1), axis=0)
    if len(values) > 1:
        axes.fill_between(curves.epochs, low, high, color=line_colour, alpha=0.1, linewidth=0)
        axes.fill_between(curves.epochs, lower, upper, color=line_colour, alpha=0.22, linewidth=0)
    kept = np.where(2 * left >= len(values), median, np.nan)
    marked = "o" if np.isfinite(kept).sum() == 1 else ""
    axes.plot(curves.epochs, kept, color=line_colour, linestyle=dashes, linewidth=1.6, marker=marked, gid="median")


@styled
def tracks(groups: Sequence[Track]) -> Figure:
    """Draw truth and prediction over the whole test stretch, a panel a group."""
    notes = [f"test MSE {number(float(np.mean(group.errors**2)))}" for group in groups]
    figure, panels = _panels(groups, notes, "Truth and prediction", "value", legend=True)
    bounds = [(min(g.truth.min(), g.prediction.min()), max(g.truth.max(), g.prediction.max())) for g in groups]
    spans = [float(high - low) for low, high in bounds]
    shared = max(spans, default=0) <= 3 * min(spans, default=0)
    for axes, group, (low, high) in zip(panels, groups, bounds, strict=False):
        if shared:
            low, high = min(low for low, _ in bounds), max(high for _, high in bounds)  # noqa: PLW2901
        _draw_both(axes, group, slice(None))
        margin = 0.06 * float(high - low) or 1.0
        axes.set_ylim(float(low) - margin, float(high) + margin)
        _plain_ticks(axes)
    return figure


@styled
def zooms(groups: Sequence[Track]) -> Figure:
    """Draw truth and prediction around the highest point of the truth, as near as sets the two curves apart.

    The vertical axis counts from that highest point: its digits would hide what is to be seen.
    """
    stretches = [zoom_stretch(group) for group in groups]
    gaps = [float(np.abs(g.errors[s]).max()) for g, s in zip(groups, stretches, strict=True)]
    notes = [f"gap up to {number(gap)}" for gap in gaps]
    label = "value, from the highest true one"
    figure, panels = _panels(groups, notes, "Truth and prediction around a peak", label, legend=True)
    for axes, group, stretch in zip(panels, groups, stretches, strict=False):
        _draw_both(axes, group, stretch, float(group.truth.max()), marker="o")
        axes.margins(0.05, 0.1)
        _plain_ticks(axes)
    return figure


def zoom_stretch(track: Track) -> slice:
    """Return the points around the highest one that show truth and prediction apart, or the narrowest stretch."""
    centre = int(np.argmax(track.truth))
    for reach in ZOOMS:
        stretch = slice(max(0, centre - reach), centre + reach + 1)
        if np.abs(track.errors[stretch]).max() >= APART * np.ptp(track.truth[stretch]):
            break
    return stretch


@styled
def residuals(groups: Sequence[Track]) -> Figure:
    """Draw prediction minus truth over time, each group on its own scale."""
    notes = [f"RMSE {number(float(np.sqrt(np.mean(group.errors**2))))}" for group in groups]
    title = "Residuals: each panel has its own scale"
    figure, panels = _panels(groups, notes, title, "prediction - truth", legend=False)
    for axes, group in zip(panels, groups, strict=False):
        bound = round_up(float(np.abs(group.errors).max()))
        axes.axhline(0, color=INK, linewidth=0.7, zorder=1.5)
        axes.plot(group.times, group.errors, color=colour(group.cell), linewidth=0.9, gid="residual")
        axes.set_ylim(-1.05 * bound, 1.05 * bound)
        axes.yaxis.set_major_locator(FixedLocator([-bound, 0, bound]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    return figure


def round_up(value: float) -> float:
    """Return the next of 1, 2 and 5 times a power of ten; 1 for 0."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (1, 2, 5, 10) if value <= m * power * (1 + 1e-9))


def _panels(
    groups: Sequence[Track], notes: Sequence[str], title: str, label: str, *, legend: bool
) -> tuple[Figure, list[Axes]]:
    """Return a panel for each of the first `MOST_PANELS` groups, with a time axis."""
    if len(groups) > MOST_PANELS:
        title = f"{title}; the first {MOST_PANELS} of {len(groups)} groups"
    groups = groups[:MOST_PANELS]
    keys = [Key(Line2D([], [], color=TRUTH, linewidth=3.2), "truth")] if legend else []
    keys += [
        Key(Line2D([], [], color=colour(cell), linewidth=1.3), f"prediction of {shown(cell_name(cell))}")
        for cell in dict.fromkeys(group.cell for group in groups)
    ]
    columns = columns_for(len(groups))
    figure, panels = small_multiples(
        [group.label for group in groups],
        title,
        ("time (units of the curve)", label),
        height=1.9 if columns == 1 else 1.15,
        columns=columns,
        keys=keys,
        notes=notes[:MOST_PANELS],
    )
    for axes in panels:
        axes.xaxis.set_major_locator(MaxNLocator(4 if columns == 3 else 6))  # noqa: PLR2004
    return figure, panels


def _plain_ticks(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _draw_both(axes: Axes, track: Track, stretch: slice, origin: float = 0.0, marker: str = "") -> None:
    times: Floats = track.times[stretch]
    truth, prediction = (line[stretch].astype(np.float64) - origin for line in (track.truth, track.prediction))
    axes.plot(
        times, truth, color=TRUTH, linewidth=1.8 if marker else 3.2, marker=marker, markersize=3.5, gid="truth"
    )
    axes.plot(
        times, prediction, color=colour(track.cell), linewidth=1.2, marker=marker, markersize=2.2, gid="prediction"
    )

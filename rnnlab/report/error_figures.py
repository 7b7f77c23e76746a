"""Test errors: every seed of every group beside the ladder of trivial predictors, and error against depth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from rnnlab.report.layout import (
    above_lines,
    clipped,
    jitter,
    log_limits,
    make_log,
    on_log_axis,
    shown,
    spread,
    text_width,
    wrapped,
)
from rnnlab.report.panels import (
    LABEL,
    LINE,
    TICKS_BELOW,
    TITLE,
    Key,
    draw_legend,
    heading,
    legend_height,
    small_multiples,
)
from rnnlab.report.shapes import Dots, cell_name
from rnnlab.report.style import FAINT, INK, RUNG, SMALL, WIDTH, add_axes, colour, new_figure, styled

MSE_LABEL = "test MSE (squared units of the curve)"
MOST_ROWS, MOST_PANELS = 120, 20
RUNG_GAP = 11.5
"""Points from a label to the next."""
MANY_SEEDS = 50
MOST_VECTOR_DOTS = 3000
"""Beyond so many dots an SVG holds them as a picture: it would take megabytes to write them one by one."""
NAME_WIDTH, COUNT_WIDTH, ROW, SIDE = 2.15, 0.62, 0.4, 1.4
"""Inches: the most that names take at the left, room for counts, least height of a row, room for the ladder."""


@styled
def distribution(groups: Sequence[Dots], ladder: Mapping[str, float], title: str = "Test MSE by group") -> Figure:
    """Draw the test MSE of every seed in a row a group, its geometric mean with interval, and the ladder.

    Args:
        groups: from top to bottom; more than `MOST_ROWS` are cut, which the title says.
        ladder: the test MSE of trivial predictors, by their names.
        title: above the figure.
    """
    if len(groups) > MOST_ROWS:
        title = f"{shown(title)}: the first {MOST_ROWS} of {len(groups)} groups"
    groups = groups[:MOST_ROWS]
    names = [wrapped(group.label, NAME_WIDTH) for group in groups]
    left = max((text_width(line) for name in names for line in name.split("\n")), default=0.5) + 0.2
    width = WIDTH - left - COUNT_WIDTH
    rungs = sorted(ladder.items(), key=lambda rung: rung[1])
    limits = log_limits([*_all_values(groups), *ladder.values()])
    decades = np.log10(limits)
    shares = (np.log10(on_log_axis([value for _, value in rungs], limits)) - decades[0]) / (decades[1] - decades[0])
    texts = [f"{shown(name)} (0)" if value == 0 else shown(name) for name, value in rungs]
    widths = [text_width(text) + 0.12 for text in texts]
    places = above_lines([left + width * share for share in shares], widths, WIDTH - 0.05)
    heights = np.array([max(ROW, LINE * (name.count("\n") + 1) + 0.08) for name in names])
    keys = _distribution_keys(groups, ladder)
    head = TITLE + LINE * (1 + max((level for _, level in places), default=-1)) + 0.08
    total = head + heights.sum() + TICKS_BELOW + LABEL + legend_height(keys)
    figure = new_figure(total)
    heading(figure, title)
    axes = add_axes(figure, left, head, width, heights.sum())
    make_log(axes.xaxis, limits, most=9)
    centres = np.cumsum(heights) - heights / 2
    axes.set(ylim=(heights.sum(), 0))
    axes.set_yticks(centres, names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.hlines(np.cumsum(heights)[:-1], 0, 1, transform=axes.get_yaxis_transform(), color="#eeeeee", linewidth=0.8)
    for (_, value), text, (begins, level) in zip(rungs, texts, places, strict=True):
        _rung(axes, float(on_log_axis([value], limits)[0]), text, begins=begins, level=level)
    many = sum(len(group.values) for group in groups) > MOST_VECTOR_DOTS
    for group, centre in zip(groups, centres, strict=True):
        _row(axes, group, centre, limits, rasterized=many)
    axes.set_xlabel(f"{MSE_LABEL}; left is better")
    draw_legend(figure, keys, left, total - legend_height(keys))
    return figure


def _all_values(groups: Sequence[Dots]) -> list[float]:
    bounds = (bound for group in groups for bound in (group.mean, group.low, group.high) if bound is not None)
    return [*(value for group in groups for value in group.values.tolist()), *bounds]


def _distribution_keys(groups: Sequence[Dots], ladder: Mapping[str, float]) -> list[Key]:
    dot = Line2D([], [], color=RUNG, marker="o", markersize=4.5, linestyle="", alpha=0.7, markeredgewidth=0)
    mean = Line2D([], [], color=INK, marker="D", markersize=4, linewidth=1.6)
    keys = [Key(dot, "a seed")]
    if any(group.mean is not None for group in groups):
        known = any(group.low is not None for group in groups)
        keys.append(Key(mean, "geometric mean, 95% interval" if known else "geometric mean"))
    rung = Line2D([], [], color=RUNG, linestyle=(0, (4, 2)), linewidth=0.9)
    return [*keys, Key(rung, "trivial predictor")] if ladder else keys


def _rung(axes: Axes, value: float, text: str, *, begins: bool, level: int) -> None:
    """Draw a line down the axes, and its label so many lines above them."""
    axes.axvline(value, color=RUNG, linestyle=(0, (4, 2)), linewidth=0.9, zorder=1.5)
    up = 72 * LINE * level
    axes.annotate(
        text, (value, 1), xytext=(3 if begins else -3, up + 3), xycoords=axes.get_xaxis_transform(),
        textcoords="offset points", ha="left" if begins else "right",
        va="bottom", size=SMALL, color=INK, gid="rung",
    )  # fmt: skip
    axes.annotate(
        "", (value, 1), xytext=(0, up + 12), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
        arrowprops={"arrowstyle": "-", "color": RUNG, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip


def _row(axes: Axes, group: Dots, centre: float, limits: tuple[float, float], *, rasterized: bool) -> None:
    """Draw a group: dots in the upper part of its row, mean and interval in the lower."""
    count = len(group.values)
    across = axes.get_yaxis_transform()
    axes.text(1.02, centre, f"n = {count}", transform=across, va="center", size=SMALL, clip_on=False)
    if not count:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        axes.text(
            0.012, centre, "no finished run", transform=across, va="center", size=SMALL, style="italic", bbox=box
        )
        return
    values = np.sort(on_log_axis(group.values, limits))
    size = 22 if count <= MANY_SEEDS else 12
    axes.scatter(
        values, centre - 0.06 + jitter(count, min(0.08, 0.02 * count)), color=colour(group.cell),
        alpha=alpha(count), s=size, linewidths=0, rasterized=rasterized, zorder=2, gid="seeds", clip_on=False,
    )  # fmt: skip
    if group.mean is not None:
        _interval(axes, group, centre + 0.13, limits)


def alpha(count: int) -> float:
    """Return how opaque dots are: the more there are, the less."""
    return float(np.clip(3 / np.sqrt(count), 0.25, 0.75))


def _interval(axes: Axes, group: Dots, place: float, limits: tuple[float, float], *, upright: bool = False) -> None:
    """Draw a geometric mean, with its interval where there is one."""
    mean, low, high = (
        None if bound is None else float(on_log_axis([bound], limits)[0])
        for bound in (group.mean, group.low, group.high)
    )
    if low is not None and high is not None:
        bar = ([place, place], [low, high]) if upright else ([low, high], [place, place])
        axes.plot(*bar, color=INK, linewidth=1.6, zorder=3, solid_capstyle="butt")
    point = ([place], [mean]) if upright else ([mean], [place])
    style = {"marker": "D", "markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.7, "zorder": 4}
    axes.plot(*point, color=INK, linestyle="", gid="mean", **style)  # type: ignore[arg-type]


@styled
def depth(groups: Sequence[Dots], ladder: Mapping[str, float]) -> Figure | None:
    """Draw the test MSE against the number of layers: a line a cell through the geometric means.

    Groups that differ in more than cell and depth get a panel for each of their other settings, at most
    `MOST_PANELS`.

    Returns:
        the figure, or None if the groups that have a finished run have fewer than two depths.
    """
    with_runs = [group for group in groups if len(group.values)]
    depths = sorted({group.layers for group in with_runs})
    if len(depths) < 2:  # noqa: PLR2004
        return None
    settings = settings_beside_depth(with_runs)
    variants = list(dict.fromkeys(settings))[:MOST_PANELS]
    cells = list(dict.fromkeys(group.cell for group in with_runs))
    limits = _depth_limits(with_runs, ladder)
    keys = [
        Key(Line2D([], [], color=colour(cell), marker="o", markersize=4, linewidth=1.6), shown(cell_name(cell)))
        for cell in cells
    ]
    keys.append(_distribution_keys(with_runs, {})[-1])
    figure, panels = small_multiples(
        variants if len(variants) > 1 else [""], "Test MSE against depth", ("layers", MSE_LABEL), keys=keys,
        height=3.2 if len(variants) == 1 else 2.2,
    )  # fmt: skip
    step = min(after - before for before, after in pairwise(depths))
    many = sum(len(group.values) for group in with_runs) > MOST_VECTOR_DOTS
    for axes, variant in zip(panels, variants, strict=True):
        box = axes.get_position()
        axes.set_position((box.x0, box.y0, box.width - SIDE / WIDTH, box.height))
        axes.set_xlim(depths[0] - 0.5 * step, depths[-1] + 0.5 * step)
        axes.xaxis.set_major_locator(FixedLocator(depths))
        make_log(axes.yaxis, limits, most=7)
        _side_rungs(axes, ladder, limits)
        for number_of, cell in enumerate(cells):
            place = 0.13 * step * (number_of - (len(cells) - 1) / 2)
            chosen = zip(with_runs, settings, strict=True)
            line = [group for group, setting in chosen if (group.cell, setting) == (cell, variant)]
            _depth_line(axes, sorted(line, key=lambda one: one.layers), place, step, limits, rasterized=many)
    return figure


def settings_beside_depth(groups: Sequence[Dots]) -> list[str]:
    """Return what is left of each group's label without its cell and depth; nothing where these tell all apart."""
    if len({(group.cell, group.layers) for group in groups}) == len(groups):
        return [""] * len(groups)
    found = []
    for group in groups:
        words = rf"(?<!\w)({re.escape(group.cell)}|{group.layers} layers?)(?!\w)"
        left = re.sub(words, " ", group.label, flags=re.IGNORECASE)
        found.append(re.sub(r"[\s,]*,[\s,]*", ", ", " ".join(left.split())).strip(", "))
    return found


def _depth_limits(groups: Sequence[Dots], ladder: Mapping[str, float]) -> tuple[float, float]:
    """Return limits that hold all runs, and of the ladder what is near: the rest would press the lines flat."""
    low, high = log_limits(_all_values(groups))
    near = [value for value in ladder.values() if low / 30 <= value <= high * 30]
    return log_limits([low * 1.5, high / 1.5, *near])


def _side_rungs(axes: Axes, ladder: Mapping[str, float], limits: tuple[float, float]) -> None:
    """Draw the ladder as faint lines with labels at the right; what is off the axis is named at its end."""
    height = axes.get_window_extent().height / axes.get_figure().dpi * 72  # type: ignore[union-attr]
    decades = np.log10(limits)
    rungs = sorted(ladder.items(), key=lambda rung: rung[1])
    inside = [(name, value) for name, value in rungs if limits[0] <= value <= limits[1]]
    below = [f"↓ {name}" for name, value in rungs if value < limits[0]]
    above = [f"↑ {name}" for name, value in rungs if value > limits[1]]
    for _, value in inside:
        axes.axhline(value, color=FAINT, linestyle=(0, (4, 2)), linewidth=0.8, zorder=1.5)
    wanted = [height * (np.log10(value) - decades[0]) / (decades[1] - decades[0]) for _, value in inside]
    names = [*below, *(name for name, _ in inside), *above]
    lowest = 8.0 - RUNG_GAP * len(below)  # beside the ticks, where nothing else is
    places = spread([*([lowest] * len(below)), *wanted, *([height] * len(above))], RUNG_GAP, lowest, height)
    for name, place in zip(names, places, strict=True):
        axes.annotate(
            clipped(name, SIDE - 0.1), (1, 0), xytext=(4, place), xycoords="axes fraction",
            textcoords="offset points", va="center", size=SMALL, color=RUNG, gid="rung",
        )  # fmt: skip


def _depth_line(
    axes: Axes, line: Sequence[Dots], place: float, step: float, limits: tuple[float, float], *, rasterized: bool
) -> None:
    for group in line:
        count = len(group.values)
        axes.scatter(
            group.layers + place + jitter(count, 0.04 * step), on_log_axis(group.values, limits),
            color=colour(group.cell), alpha=alpha(count) * 0.8, s=14, linewidths=0, rasterized=rasterized, zorder=2,
            gid="seeds", clip_on=False,
        )  # fmt: skip
        if group.mean is not None:
            _interval(axes, group, group.layers + place, limits, upright=True)
    known = [(group.layers + place, group.mean) for group in line if group.mean is not None]
    if known:
        layers, means = zip(*known, strict=True)
        axes.plot(layers, on_log_axis(means, limits), color=colour(line[0].cell), linewidth=1.6, zorder=2.5)

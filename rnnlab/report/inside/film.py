"""The gate film: what goes on in every unit of every layer while a network reads one window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from rnnlab.report.curve_figures import TRUTH
from rnnlab.report.inside.shapes import Film, Row
from rnnlab.report.layout import number, text_width, wrapped
from rnnlab.report.panels import LINE, TITLE, Key, draw_legend, heading, legend_height
from rnnlab.report.shapes import cell_name
from rnnlab.report.style import DPI, INK, SMALL, TEXT, WIDTH, add_axes, colour, new_figure, styled

GATES, SIGNED = "cividis", "RdBu_r"
"""Colour maps that colour-blind readers can read: from closed to open, and away from 0 to both sides."""
LEFT, GAP, BETWEEN_LAYERS = 0.62, 0.1, 0.17
"""Inches: room for the layers' names and the units' numbers, between images side by side, and between layers."""
CURVE = 1.05
MOST_IMAGE_WIDTH, MOST_LAYER_HEIGHT, ALL_LAYERS_HEIGHT = 3.0, 1.35, 6.5
BAR = 0.09
BOLD = 1.16
"""How much wider bold text is, at most."""


@dataclass(frozen=True)
class Column:
    """A gate, candidate or state in all layers: they share a colour scale."""

    symbol: str
    name: str
    is_gate: bool
    limit: float

    @property
    def ticks(self) -> tuple[float, float, float]:
        """The ends of the scale, and its middle."""
        return (0, 0.5, 1) if self.is_gate else (-self.limit, 0, self.limit)


@styled
def film(film: Film) -> Figure:
    """Draw a window's points above the images, units by steps, of every gate, candidate and state, a row a layer.

    Gates have a scale from 0 to 1; what has a sign has one that is symmetric about 0 and the same in all layers.
    """
    columns = _columns(film)
    keys = _keys(film)
    title = wrapped(f"{film.label}: window {film.window}, {film.place}", (WIDTH - 0.3) / BOLD, TEXT + 1)
    pitch = (WIDTH - 0.1 - LEFT + GAP) / max(1, len(columns))
    width = min(pitch - GAP, MOST_IMAGE_WIDTH)
    names = [wrapped(f"{column.name} {column.symbol}_t", width) for column in columns]
    heights = [_layer_height(layer, len(film.layers)) for layer in film.layers]
    head = TITLE + LINE * title.count("\n") + legend_height(keys) + 0.08
    top = head + CURVE + 0.48 + LINE * max((name.count("\n") + 1 for name in names), default=0)
    bottom = top + sum(heights) + BETWEEN_LAYERS * (len(heights) - 1)
    figure = new_figure(bottom + 0.42 + BAR + 0.26)
    heading(figure, title)
    draw_legend(figure, keys, 0.12, head - legend_height(keys) - 0.08)
    _curve(add_axes(figure, LEFT, head, WIDTH - 0.1 - LEFT, CURVE), film)
    downs = np.cumsum([top, *(height + BETWEEN_LAYERS for height in heights[:-1])]).tolist()
    for place, (column, name) in enumerate(zip(columns, names, strict=True)):
        left, image = LEFT + place * pitch, None
        for down, height, layer in zip(downs, heights, film.layers, strict=True):
            axes = add_axes(figure, left, down, width, height)
            last = layer is film.layers[-1]
            image = _image(axes, layer, column, len(film.values), with_units=place == 0, with_steps=last)
            if down == top:
                axes.annotate(
                    name, (0, 1), xytext=(0, 3), xycoords="axes fraction", textcoords="offset points", size=SMALL,
                    va="bottom",
                )  # fmt: skip
        if image is not None:
            _bar(add_axes(figure, left, bottom + 0.42, width, BAR), image, column)
    _name_layers(figure, downs, heights)
    return figure


def _name_layers(figure: Figure, downs: Sequence[float], heights: Sequence[float]) -> None:
    """Name the layers at the left of their images, and the steps below the last ones."""
    total = figure.get_size_inches()[1]
    for depth, (down, height) in enumerate(zip(downs, heights, strict=True), start=1):
        name = f"units of layer {depth}"
        name = name if text_width(name, TEXT) <= height + BETWEEN_LAYERS else f"layer {depth}"
        figure.text(0.1 / WIDTH, 1 - (down + height / 2) / total, name, rotation=90, va="center", size=TEXT)
    below = 1 - (downs[-1] + heights[-1] + 0.14) / total
    figure.text((LEFT - 0.08) / WIDTH, below, "step", ha="right", va="center", size=SMALL)


def _columns(film: Film) -> list[Column]:
    """Return the columns of images, in the order of the equations, with the ends of their scales."""
    found: dict[str, list[Row]] = {}
    for row in (row for layer in film.layers for row in layer):
        found.setdefault(row.symbol, []).append(row)
    return [Column(symbol, rows[0].name, rows[0].is_gate, _limit(rows)) for symbol, rows in found.items()]


def _limit(rows: Sequence[Row]) -> float:
    """Return the end of a scale: 1, and of cell states, and of what goes beyond 1, the largest absolute value."""
    known = [np.abs(row.values[np.isfinite(row.values)]).max(initial=0.0) for row in rows]
    largest = float(max(known, default=0.0))
    own = any("cell" in row.name for row in rows) or largest > 1
    if not own or largest == 0:
        return 1.0
    power = 10.0 ** (math.floor(math.log10(largest)) - 1)
    return float(f"{math.ceil(largest / power - 1e-9) * power:.1e}")


def _layer_height(layer: Sequence[Row], layers: int) -> float:
    """Return the inches of a layer's images: as many pixels as units where these are not too many."""
    units = max((len(row.values) for row in layer), default=1)
    usual = min(MOST_LAYER_HEIGHT, ALL_LAYERS_HEIGHT / layers)
    return max(usual if units > 1 else 0.5, min(units / DPI, 1.5 * MOST_LAYER_HEIGHT))


def _keys(film: Film) -> list[Key]:
    name = f"predicted by {cell_name(film.cell)}" if film.cell else "predicted"
    point = Line2D([], [], color=INK, marker="o", markersize=3.5, linewidth=0.8)
    truth = Line2D([], [], color=TRUTH, marker="o", markersize=8, linestyle="")
    prediction = Line2D([], [], color=colour(film.cell), marker="D", markersize=4, linestyle="")
    which = "next point" if film.horizon == 1 else f"point {film.horizon} steps ahead"
    return [
        Key(point, "points of the window"),
        Key(truth, f"true {which}, {film.truth:.6g}"),
        Key(prediction, f"{name}, {film.prediction:.6g} ({film.prediction - film.truth:+.1e})"),
    ]


def _curve(axes: Axes, film: Film) -> None:
    """Draw the points that go in, and the true and the predicted one after them."""
    steps = np.arange(1, len(film.values) + 1)
    after = len(film.values) + film.horizon
    axes.plot(steps, film.values, color=INK, marker="o", markersize=3.5, linewidth=0.8, gid="window")
    axes.plot([after], [film.truth], color=TRUTH, marker="o", markersize=8, linestyle="", gid="truth")
    axes.plot(
        [after],
        [film.prediction],
        color=colour(film.cell),
        marker="D",
        markersize=4,
        linestyle="",
        gid="prediction",
    )
    margin = max(0.5, after / 60)
    axes.set_xlim(1 - margin, after + margin)
    axes.margins(y=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    axes.set_xlabel(f"step; the window is from time {film.times[0]:.6g} to {film.times[-1]:.6g}", labelpad=1)


def _image(
    axes: Axes, layer: Sequence[Row], column: Column, points: int, *, with_units: bool, with_steps: bool
) -> AxesImage:
    """Draw a layer's row of a column, each column of the image at its step of the window."""
    row = next(row for row in layer if row.symbol == column.symbol)
    units, steps = row.values.shape
    first = points - steps
    image = axes.imshow(
        row.values, cmap=GATES if column.is_gate else SIGNED, vmin=column.ticks[0], vmax=column.ticks[-1],
        interpolation="nearest", aspect="auto", extent=(first + 0.5, points + 0.5, units + 0.5, 0.5),
    )  # fmt: skip
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    ticks = MaxNLocator(4, integer=True).tick_values(1, units)
    chosen = sorted({1, *(int(tick) for tick in ticks if units * 0.2 <= tick <= units * 0.85), units})
    axes.yaxis.set_major_locator(FixedLocator(chosen) if with_units else NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(_step_ticks(first + 1, points)) if with_steps else NullLocator())
    return image


def _step_ticks(first: int, last: int) -> list[int]:
    """Return the steps that are named below a narrow image: both ends, and one between where there is room."""
    middle = (first + last) // 2
    return sorted({first, middle, last}) if last - first > 3 else sorted({first, last})  # noqa: PLR2004


def _bar(axes: Axes, image: AxesImage, column: Column) -> None:
    """Draw the scale of a column of images."""
    bar = Colorbar(axes, image, orientation="horizontal", ticks=list(column.ticks))
    bar.outline.set_visible(False)
    axes.grid(visible=False)
    bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    first, _, last = axes.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")

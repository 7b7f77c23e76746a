"""What an error costs: test MSE against fit time and against trainable parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab.report.error_figures import MOST_VECTOR_DOTS, MSE_LABEL, alpha
from rnnlab.report.layout import log_limits, make_log, on_log_axis, positive, shown
from rnnlab.report.panels import Key, small_multiples
from rnnlab.report.shapes import Cost, Floats, cell_name
from rnnlab.report.style import RUNG, colour, marker, styled


@styled
def time(groups: Sequence[Cost]) -> Figure:
    """Draw the test MSE against the fit time, a dot a run and a large one a group: the geometric means of both.

    Runs whose time is not known (0 or NaN) have no place here.
    """
    return _scatter(groups, [group.seconds for group in groups], "Test MSE against fit time", "fit time (s)")


@styled
def parameters(groups: Sequence[Cost]) -> Figure:
    """Draw the test MSE against the number of trainable parameters, as in `time`."""
    across = [np.full(len(group.values), float(group.parameters)) for group in groups]
    return _scatter(groups, across, "Test MSE against size", "trainable parameters")


def _scatter(groups: Sequence[Cost], across: Sequence[Floats], title: str, label: str) -> Figure:
    cells, depths = dict.fromkeys(group.cell for group in groups), sorted({group.layers for group in groups})
    keys = [
        Key(Line2D([], [], color=colour(cell), marker="o", markersize=6, linestyle=""), shown(cell_name(cell)))
        for cell in cells
    ]
    for layers in depths:
        handle = Line2D([], [], color=RUNG, marker=marker(layers), markersize=6, linestyle="", fillstyle="none")
        keys.append(Key(handle, f"{layers} layer{'s' if layers > 1 else ''}"))
    keys.append(Key(Line2D([], [], color=RUNG, marker="o", markersize=3, linestyle="", alpha=0.6), "a seed"))
    mean = Line2D([], [], color=RUNG, marker="o", markersize=8, linestyle="", markeredgecolor="white")
    keys.append(Key(mean, "geometric mean of a group"))
    figure, (axes,) = small_multiples([""], title, (label, MSE_LABEL), keys=keys, height=3.6)
    horizontal = log_limits(np.concatenate([[], *across]))
    vertical = log_limits(np.concatenate([[], *(group.values for group in groups)]))
    make_log(axes.xaxis, horizontal)
    make_log(axes.yaxis, vertical)
    many = sum(len(group.values) for group in groups) > MOST_VECTOR_DOTS
    for group, places in zip(groups, across, strict=True):
        values = on_log_axis(group.values, vertical)
        known = np.isin(places, positive(places))
        axes.scatter(
            places[known], values[known], color=colour(group.cell), marker=marker(group.layers), s=13,
            alpha=alpha(len(values)) * 0.8, linewidths=0, rasterized=many, zorder=2, gid="seeds", clip_on=False,
        )  # fmt: skip
        if known.any():
            centre = [np.exp(np.mean(np.log(one[known]))) for one in (places, values)]
            axes.plot(
                *centre, color=colour(group.cell), marker=marker(group.layers), markersize=9, linestyle="",
                markeredgecolor="white", markeredgewidth=0.9, zorder=3, gid="mean",
            )  # fmt: skip
    return figure

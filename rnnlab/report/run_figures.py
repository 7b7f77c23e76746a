"""The pictures of one run. Many runs draw them, so nothing here waits for a layout engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnnlab.report.fonts import fit_fonts
from rnnlab.report.style import FAINT, new_figure, plainly_styled

TRUTH, PREDICTION, ERROR = "#0072b2", "#cc3311", "#444444"
"""A blue and a red that colour-blind readers can tell apart (Okabe and Ito 2008; Tol 2021)."""

DPI = 110
POINTS_IN_ZOOM = 61
POINTS_DRAWN = 20_000

Curve = tuple[Sequence[int], Sequence[float]]
"""Steps or epochs, and the values there."""


@plainly_styled
def draw_losses(path: Path, loss: Curve, train_mse: Curve, val_mse: Curve, title: str) -> None:
    """Draw the loss curve on a log scale: the loss of mini-batches by step, the MSE by epoch."""
    figure, (left, right) = _figure(9, 3.6, columns=2)
    left.plot(*loss, color=FAINT, linewidth=0.9)
    left.set(yscale="log", xlabel="optimiser step", ylabel="train/loss (sum over a mini-batch)")
    right.plot(*train_mse, color=TRUTH, label="train/mse")
    if val_mse[0]:
        right.plot(*val_mse, color=PREDICTION, label="val/mse")
    right.set(yscale="log", xlabel="epoch", ylabel="mean squared error")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.minorticks_off()  # dozens of ticks on a log axis, half of the time that the figure takes
    figure.suptitle(f"{title}: loss curve", parse_math=False)
    save_figure(figure, path)


@plainly_styled
def draw_predictions(
    path: Path, times: NDArray[Any], truth: NDArray[Any], prediction: NDArray[Any], title: str
) -> None:
    """Draw truth and prediction over the whole test stretch; all arrays have shape (n,)."""
    figure, (axes,) = _figure(9, 3.6)
    _draw_both(axes, *thinned(times, truth, prediction))
    axes.set(xlabel="time", ylabel="value")
    axes.legend(frameon=False, loc="best")
    figure.suptitle(title, parse_math=False)
    save_figure(figure, path)


@plainly_styled
def draw_zoom(path: Path, times: NDArray[Any], truth: NDArray[Any], prediction: NDArray[Any], title: str) -> None:
    """Draw truth and prediction around the highest point of the truth, the error below; shapes (n,)."""
    centre = int(np.argmax(truth))
    start = max(0, min(centre - POINTS_IN_ZOOM // 2, len(truth) - POINTS_IN_ZOOM))
    shown = slice(start, start + POINTS_IN_ZOOM)
    figure, (upper, lower) = _figure(9, 5.2, rows=2, sharex=True, height_ratios=(2, 1))
    _draw_both(upper, times[shown], truth[shown], prediction[shown], marker=".")
    upper.set(ylabel="value")
    upper.legend(frameon=False, loc="best")
    errors = prediction.astype(np.float64) - truth
    lower.axhline(0, color=FAINT, linewidth=0.8)
    lower.plot(times[shown], errors[shown], color=ERROR, marker=".", linewidth=1)
    lower.set(xlabel="time", ylabel="prediction - truth")
    lower.ticklabel_format(axis="y", style="sci", scilimits=(-2, 2))
    figure.suptitle(f"{title}: zoomed in around a peak", parse_math=False)
    save_figure(figure, path)


def _figure(
    width: float, height: float, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, list[Axes]]:
    """Return a figure with fixed margins: measuring every label, as layout engines do, takes as long again."""
    figure = new_figure(height, width)
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel().tolist()
    figure.subplots_adjust(
        left=0.85 / width,
        right=1 - 0.15 / width,
        bottom=0.55 / height,
        top=1 - 0.4 / height,
        wspace=0.24,
        hspace=0.14,
    )
    return figure, [tidied(one) for one in axes]


def tidied(axes: Axes) -> Axes:
    """Return the axes, with a faint grid and no box."""
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def thinned(
    times: NDArray[Any], truth: NDArray[Any], prediction: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return at most about `POINTS_DRAWN` points: of a longer curve the lowest and the highest of each part."""
    parts = POINTS_DRAWN // 2
    if len(times) <= POINTS_DRAWN:
        return times, truth, prediction
    size = -(-len(times) // parts)
    whole = len(times) // size * size
    rows = (curve[:whole].reshape(-1, size) for curve in (truth, prediction))
    ranges = [np.column_stack([part.min(axis=1), part.max(axis=1)]).ravel() for part in rows]
    return np.repeat(times[:whole:size], 2), ranges[0], ranges[1]


def _draw_both(
    axes: Axes, times: NDArray[Any], truth: NDArray[Any], prediction: NDArray[Any], marker: str | None = None
) -> None:
    axes.plot(times, truth, color=TRUTH, linewidth=2.2, marker=marker, label="truth")
    axes.plot(times, prediction, color=PREDICTION, linewidth=1.1, marker=marker, label="prediction")


def save_figure(figure: Figure, path: Path, title: str | None = None) -> None:
    """Write the figure as a PNG, its folder made where there is none; a title stands in its metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fit_fonts(figure)
    figure.savefig(path, dpi=DPI, format="png", metadata={"Software": None} | ({"Title": title} if title else {}))

"""The picture of a forecast: the newest known points, and what a network says comes after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.series import Series
from rnnlab.report.run_figures import PREDICTION, TRUTH, save_figure, tidied
from rnnlab.report.style import new_figure, plainly_styled

LEAST_KNOWN = 50
"""Known points that are shown at least, where there are so many; else twice as many as steps."""

MOST_DRAWN = 20_000


@plainly_styled
def draw_forecast(
    path: Path, known: Series, times: NDArray[Any], values: NDArray[Any], title: str, *, mark: str
) -> None:
    """Draw known points and forecast as a PNG.

    Args:
        path: the file to write, whatever its name ends in.
        known: the points before the forecast.
        times: of the forecast, shape (steps,).
        values: of the forecast, shape (steps,).
        title: above the picture.
        mark: the title that stands in the file's metadata.
    """
    shown = known.part(max(0, len(known) - max(LEAST_KNOWN, 2 * len(values))), len(known))
    figure = new_figure(4, 9)
    axes = tidied(figure.subplots())
    marker = "." if len(shown) + len(values) <= 2 * LEAST_KNOWN else None
    axes.plot(*_thinned(shown.times, shown.values), color=TRUTH, marker=marker, label="known")
    joined = np.append(shown.times[-1], times), np.append(shown.values[-1], values)
    axes.plot(*_thinned(*joined), color=PREDICTION, marker=marker, linewidth=1.1, label="forecast")
    axes.axvline(shown.times[-1], color="0.7", linewidth=0.8, zorder=0)
    axes.set(xlabel="time", ylabel="value")
    axes.legend(frameon=False, loc="best")
    figure.suptitle(title, parse_math=False)
    save_figure(figure, path, mark)


def _thinned(times: NDArray[Any], values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    every = -(-len(times) // MOST_DRAWN)
    return times[::every], values[::every]

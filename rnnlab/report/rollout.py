"""The picture of a closed loop: how it leaves the truth in time, and where it goes in the plane of two values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

from rnnlab.report.run_figures import ERROR, PREDICTION, TRUTH, save_figure, tidied
from rnnlab.report.style import FAINT, new_figure, plainly_styled

BEYOND = 3.0
"""How many times the truth's range is shown where the loop runs away."""


@plainly_styled
def draw_rollout(
    path: Path,
    times: NDArray[Any],
    truth: NDArray[Any],
    values: NDArray[Any],
    title: str,
    *,
    amplitude: float | None = None,
) -> None:
    """Draw truth and closed loop, their distance below, and at the right the phase portraits.

    A portrait is x[t+1] over x[t], an ellipse for a sinusoid. Points lie so close in time that it would be a
    line to the eye: it is drawn sheared, as x[t+1] - x[t] over x[t].

    Args:
        path: the PNG to write.
        times: shape (n,).
        truth: shape (n,), NaN where it is not known.
        values: shape (n,), the loop's.
        title: the run's name.
        amplitude: of the curve, which the errors are shown in; None, where it is constant, shows them as they are.
    """
    figure = new_figure(5, 11)
    grid = GridSpec(
        2,
        2,
        figure,
        width_ratios=(2, 1),
        height_ratios=(2, 1),
        left=0.07,
        right=0.985,
        bottom=0.11,
        wspace=0.22,
        top=0.89,
    )
    upper = tidied(figure.add_subplot(grid[0, 0]))
    lower = tidied(figure.add_subplot(grid[1, 0], sharex=upper))
    portrait = tidied(figure.add_subplot(grid[:, 1]))
    lowest, highest = float(np.nanmin(truth)), float(np.nanmax(truth))
    room = (BEYOND - 1) / 2 * ((highest - lowest) or 1.0)
    shown = np.clip(np.nan_to_num(values.astype(np.float64), nan=lowest - room), lowest - room, highest + room)
    upper.plot(times, truth, color=TRUTH, linewidth=2.2, label="truth")
    upper.plot(times, shown, color=PREDICTION, linewidth=1.1, label="closed loop")
    upper.set(ylabel="value")
    upper.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.98), ncols=2)
    errors = np.abs(shown - truth) / (amplitude or 1.0)
    lower.plot(times, np.maximum(errors, np.finfo(np.float32).eps / 2), color=ERROR, linewidth=1)
    if amplitude is not None:
        lower.axhline(0.1, color=FAINT, linewidth=1, linestyle="--")
    lower.set(yscale="log", xlabel="time", ylabel="|error|" if amplitude is None else "|error| / amplitude")
    lower.minorticks_off()
    portrait.plot(truth[:-1], np.diff(truth), color=TRUTH, linewidth=2.2)
    portrait.plot(shown[:-1], np.diff(shown), color=PREDICTION, linewidth=0.9)
    portrait.set(xlabel="x[t]", ylabel="x[t+1] - x[t]", title="phase portrait")
    portrait.ticklabel_format(axis="y", style="sci", scilimits=(-2, 2))
    figure.suptitle(f"{title}: predictions fed back for {len(values)} steps", parse_math=False)
    save_figure(figure, path)

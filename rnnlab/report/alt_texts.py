"""What each figure of a study shows and its main finding, in words, for those who do not see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from rnnlab.report.shapes import Cost, Curves, Dots, Floats, Track

T = TypeVar("T")


def distribution_alt(groups: Sequence[Dots], ladder: Mapping[str, float]) -> str:
    """Return the alternative text of `distribution`."""
    counts = [len(group.values) for group in groups]
    text = f"Test MSE of {_count(counts)} on a log scale, a dot a seed."
    known = [(group, group.mean) for group in groups if group.mean is not None]
    if known:
        best, mean = min(known, key=lambda one: one[1])
        interval = f", 95% interval {best.low:.2g} to {best.high:.2g}" if None not in (best.low, best.high) else ""
        text += f" Lowest geometric mean: {best.label}, {mean:.2g}{interval}"
        if len(known) > 1:
            worst, highest = max(known, key=lambda one: one[1])
            text += f"; highest: {worst.label}, {highest:.2g}"
        text += "."
    if ladder:
        rungs = sorted(ladder.items(), key=lambda rung: -rung[1])
        text += " Trivial predictors: " + ", ".join(f"{name} {value:.2g}" for name, value in rungs) + "."
    return text


def depth_alt(groups: Sequence[Dots]) -> str:
    """Return the alternative text of `depth`."""
    depths = sorted({group.layers for group in groups if len(group.values)})
    text = f"Test MSE on a log scale against {', '.join(map(str, depths))} layers, a line a cell."
    for cell in dict.fromkeys(group.cell for group in groups):
        known = [(group, group.mean) for group in groups if group.cell == cell and group.mean is not None]
        if known:
            best, mean = min(known, key=lambda one: one[1])
            text += f" Lowest geometric mean with {cell}: {mean:.2g}, {best.label}."
    return text


def time_alt(groups: Sequence[Cost]) -> str:
    """Return the alternative text of `time`."""
    return _cost_alt(groups, "fit time", lambda group: _geometric(group.seconds), lambda value: f"{value:.3g} s")


def parameters_alt(groups: Sequence[Cost]) -> str:
    """Return the alternative text of `parameters`."""
    return _cost_alt(groups, "trainable parameters", lambda group: group.parameters, lambda value: f"{value:,}")


def _cost_alt(groups: Sequence[Cost], what: str, cost: Callable[[Cost], T], text: Callable[[T], str]) -> str:
    counted = _count([len(group.values) for group in groups])
    said = f"Test MSE against {what} of {counted}, both on log scales."
    known = [group for group in groups if len(group.values)]
    if known:
        for name, best in (
            ("Lowest error", min(known, key=lambda group: _geometric(group.values))),
            ("least cost", min(known, key=cost)),  # type: ignore[arg-type]
        ):
            said += f" {name}: {best.label}, {_geometric(best.values):.2g} at {text(cost(best))};"
    return said.rstrip(";") + ("." if known else "")


def loss_curves_alt(groups: Sequence[Curves]) -> str:
    """Return the alternative text of `loss_curves`."""
    text = f"Training MSE by epoch of {_count([len(group.values) for group in groups])}, median and band."
    ends = [(group, _last_median(group)) for group in groups if np.isfinite(group.values).any()]
    if ends:
        best, value = min(ends, key=lambda one: one[1])
        text += f" Lowest median at the end: {best.label}, {value:.2g}"
        if len(ends) > 1:
            worst, highest = max(ends, key=lambda one: one[1])
            text += f"; highest: {worst.label}, {highest:.2g}"
        text += "."
    return text


def tracks_alt(groups: Sequence[Track]) -> str:
    """Return the alternative text of `tracks`."""
    return f"Truth and prediction of the median run of {_groups(groups)}. {_mse_range(groups)}"


def zooms_alt(groups: Sequence[Track]) -> str:
    """Return the alternative text of `zooms`."""
    return f"The same curves of {_groups(groups)}, zoomed in around the highest point. {_mse_range(groups)}"


def residuals_alt(groups: Sequence[Track]) -> str:
    """Return the alternative text of `residuals`."""
    text = f"Prediction minus truth over time, for the median run of {_groups(groups)}, each on its own scale."
    known = [(group, float(np.abs(group.errors).max())) for group in groups if len(group.errors)]
    if known:
        (best, low), (worst, high) = (choose(known, key=lambda one: one[1]) for choose in (min, max))
        text += f" Largest residual: {low:.2g} with {best.label}"
        text += f", {high:.2g} with {worst.label}." if len(known) > 1 else "."
    return text


def _mse_range(groups: Sequence[Track]) -> str:
    known = [(group, float(np.mean(group.errors**2))) for group in groups if len(group.errors)]
    if not known:
        return ""
    (best, low), (worst, high) = (choose(known, key=lambda one: one[1]) for choose in (min, max))
    return f"Test MSE {low:.2g} with {best.label}" + (
        f", {high:.2g} with {worst.label}." if len(known) > 1 else "."
    )


def _groups(groups: Sequence[Track]) -> str:
    return f"{len(groups)} group" + ("s" if len(groups) != 1 else "")


def _count(counts: Sequence[int]) -> str:
    """Return how many groups of how many seeds there are: ``4 groups of 10 seeds``."""
    groups = f"{len(counts)} group" + ("s" if len(counts) != 1 else "")
    least, most = min(counts, default=0), max(counts, default=0)
    return f"{groups} of {most if least == most else f'{least} to {most}'} seed" + ("s" if most != 1 else "")


def _geometric(values: Floats) -> float:
    known = values[values > 0]
    return float(np.exp(np.mean(np.log(known)))) if known.size else 0.0


def _last_median(curves: Curves) -> float:
    """Return the median over the runs of each one's last value."""
    lasts = [row[np.isfinite(row)][-1] for row in curves.values if np.isfinite(row).any()]
    return float(np.median(lasts))

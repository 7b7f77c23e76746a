"""What the page says of networks in sentences, with their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnnlab.explain.subject import Subject
from rnnlab.report.inside.shapes import Dependence, Growth, Inside, Loop, Reach, Saturation
from rnnlab.report.shapes import cell_name
from rnnlab.report.wording import layers_text, mse_text

LEARNED = 0.01
"""A derivative that is less than this part apart from the exact recurrence's is called the same."""


def description(subjects: Sequence[Subject]) -> str:
    """Return what the page is about, in a sentence."""
    first = subjects[0]
    shown, whole = len(first.numbers), len(first.windows)
    windows = f"all {whole}" if shown == whole else f"{shown} of {whole}"
    said = "; ".join(
        f"{one.label} ({cell_name(one.cell)}, {layers_text(one.run.config.layers)}), "
        f"epoch {one.run.epoch}, test MSE {mse_text(one.mse)}"
        for one in subjects
    )
    return f"{said}. Looked into on {windows} test windows of {first.windows.window} points."


def notes(subjects: Sequence[Subject], inside: Inside) -> dict[str, list[str]]:
    """Return the findings by section of the page."""
    return {
        "saturation": [said for one in inside.saturations if (said := _of_gates(one))],
        "dependence": [_of_dependence(one) for one in inside.dependences],
        "reach": [_of_reach(one) for one in inside.reaches if one.trained],
        "loop": [_of_loop(one, subject.distance) for one, subject in zip(inside.loops, subjects, strict=False)],
        "growth": [_of_growth(one) for one in inside.growths],
    }


def left_out(inside: Inside) -> list[str]:
    """Return which parts there is nothing to show of, and why."""
    found = []
    if not inside.reaches:
        found.append("Memory: the layers are not computed step by step, so that there is no state to follow.")
    if not inside.loops:
        found.append("Closed loop: a network that skips the next point cannot be fed with its predictions.")
    if not inside.growths:
        found.append("Snapshots: none were kept; train with trainer.snapshots=true to see how the network grew.")
    return found


def _of_gates(one: Saturation) -> str:
    if not one.shares:
        return ""
    most = max(one.shares, key=lambda key: sum(one.shares[key]))
    closed, opened = one.shares[most]
    layer, gate = most
    return f"{one.label}: most saturated is the {gate} of layer {layer}, {closed:.0%} closed and {opened:.0%} open."


def _of_dependence(one: Dependence) -> str:
    last = f"the last value counts {one.mean[-1]:.3g}"
    if len(one.mean) > 1:
        last += f" and the one before it {one.mean[-2]:.3g}"
    if one.exact is None or one.apart is None:
        return f"{one.label}: {last}."
    learned = (
        "so it did learn the recurrence"
        if one.apart < LEARNED
        else "so it learned something near the recurrence, not the recurrence itself"
    )
    exact = f"the exact recurrence says {one.exact[-1]:.5g} and {one.exact[-2]:.5g}"
    return (
        f"{one.label}: {last}; {exact}. Of what these data can tell, the two are {one.apart:.2%} apart, {learned}."
    )


def _of_reach(one: Reach) -> str:
    end = int(one.lags.searchsorted(one.window - 1))
    parts = []
    for layer, norms in one.norms.items():
        text = f"{norms[end]:.2g} in layer {layer}"
        if layer in one.cell_norms:
            text += f" ({one.cell_norms[layer][end]:.2g} of the cell state)"
        parts.append(text)
    return f"{one.label}: of a change at the first step of a window is left at its last: {', '.join(parts)}."


def _of_loop(one: Loop, distance: float | None) -> str:
    modulus = float(abs(one.of_mean[0]))
    trend = "grows" if modulus > 1 else "dies out"
    said = f"{one.label}: the largest eigenvalue has the modulus {modulus:.6f}: on average the closed loop {trend}"
    if distance is not None:
        period = 2 * math.pi / distance
        said += f" by a factor of {modulus**period:.3g} in a period of {period:.0f} steps"
    return said + "."


def _of_growth(one: Growth) -> str:
    said = ", ".join(f"{mse_text(snapshot.mse)} after {snapshot.epoch}" for snapshot in one.snapshots)
    return f"{one.label}: test MSE by epoch: {said}."

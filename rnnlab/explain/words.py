"""What the page says of networks in sentences, with their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnnlab.explain.subject import Subject
from rnnlab.report.inside.shapes import Dependence, Growth, Inside, Loop, Reach, Saturation
from rnnlab.report.shapes import cell_name
from rnnlab.report.wording import layers_text, mse_text

LEARNED, NEAR = 0.01, 0.1
"""Parts of the exact recurrence's length: a derivative that is less than the one away is called the same, less than
the other near it."""
SATURATED = 0.005
"""A gate that is closed or open in a smaller share is called free."""
STEADY = 5e-7
"""A modulus nearer to 1 is 1 in all digits that are shown."""
LARGEST = 300
"""Digits of a power that a float holds for certain."""


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
    loops = zip(inside.loops, (one for one in subjects if one.windows.ahead[0] == 1), strict=True)
    sections = {
        "saturation": [(one.label, _of_gates(one)) for one in inside.saturations if one.shares],
        "dependence": [(one.label, _of_dependence(one)) for one in inside.dependences],
        "reach": [(one.label, _of_reach(one)) for one in inside.reaches if one.trained],
        "loop": [(loop.label, of_loop(loop, subject.distance, subject.windows.outputs)) for loop, subject in loops],
        "growth": [(one.label, _of_growth(one)) for one in inside.growths],
    }
    alone = len(subjects) == 1
    return {
        section: [text[:1].upper() + text[1:] if alone else f"{label}: {text}" for label, text in said]
        for section, said in sections.items()
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
    layer, gate = most = max(one.shares, key=lambda key: sum(one.shares[key]))
    closed, opened = one.shares[most]
    if closed + opened < SATURATED:
        return "no gate is saturated: all of them weigh, hardly one is ever closed or open."
    return f"most saturated is the {gate} of layer {layer}, {closed:.1%} closed and {opened:.1%} open."


def _of_dependence(one: Dependence) -> str:
    last = f"the last value counts {one.mean[-1]:.3g}"
    if len(one.mean) > 1:
        last += f" and the one before it {one.mean[-2]:.3g}"
    if one.exact is None or one.apart is None:
        return f"{last}."
    learned = (
        "it did learn the recurrence"
        if one.apart < LEARNED
        else f"it came {'near' if one.apart < NEAR else 'nowhere near'} the recurrence"
    )
    exact = f"the exact recurrence says {one.exact[-1]:.5g} and {one.exact[-2]:.5g}"
    return f"{last}; {exact}. Of what these data can tell, the two are {one.apart:.2%} apart: {learned}."


def _of_reach(one: Reach) -> str:
    end = int(one.lags.searchsorted(one.window - 1))
    parts = []
    for layer, norms in one.norms.items():
        text = f"{norms[end]:.2g} times as large in layer {layer}"
        if layer in one.cell_norms:
            text += f" (one of the cell state {one.cell_norms[layer][end]:.2g} times)"
        parts.append(text)
    return f"{one.lags[end]} steps later a small change of the hidden state is at most {', '.join(parts)}."


def of_loop(one: Loop, distance: float | None, outputs: int) -> str:
    """Return what becomes of the closed loop, which goes on by as many steps at a time as there are outputs."""
    modulus = float(abs(one.of_mean[0]))
    said = f"the largest eigenvalue has the modulus {modulus:.6f}: on average the closed loop"
    if abs(modulus - 1) < STEADY:
        return f"{said} neither grows nor dies out."
    said += " grows" if modulus > 1 else " dies out"
    if distance is not None:
        period = 2 * math.pi / distance
        said += f" by a factor of {_power(modulus, period / outputs)} in a period of {period:.0f} steps"
    return said + "."


def _power(base: float, exponent: float) -> str:
    """Return a power to three digits; of one that no float holds the order of magnitude alone."""
    digits = exponent * math.log10(base) if base > 0 else -math.inf
    return f"{base**exponent:.3g}" if abs(digits) < LARGEST or not base else f"1e{digits:+.0f}"


def _of_growth(one: Growth) -> str:
    said = ", ".join(f"{mse_text(snapshot.mse)} after {snapshot.epoch}" for snapshot in one.snapshots)
    text = f"test MSE by epoch: {said}."
    if one.diverged:
        text += f" After {', '.join(map(str, one.diverged))} it computed no finite numbers."
    return text

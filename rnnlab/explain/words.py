"""What the page says of networks in sentences, with their numbers."""

from __future__ import annotations

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
DOUBLED = 2
"""From this modulus on a growth is told as a factor."""


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
    sections = {
        "saturation": [(one.label, _of_gates(one)) for one in inside.saturations if one.shares],
        "dependence": [(one.label, _of_dependence(one)) for one in inside.dependences],
        "reach": [(one.label, _of_reach(one)) for one in inside.reaches if one.trained],
        "loop": [(one.label, of_loop(one)) for one in inside.loops],
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


def of_loop(one: Loop) -> str:
    """Return what a small change does in the closed loop, if each step had the mean derivative."""
    modulus = float(abs(one.of_mean[0]))
    said = f"the largest eigenvalue has the modulus {modulus:.6f}"
    said += ", that of the exact recurrence 1" if one.exact is not None else ""
    if abs(modulus - 1) < STEADY:
        return f"{said}: a small change neither grows nor dies out."
    if modulus >= DOUBLED:
        return f"{said}: a small change is {modulus:.3g} times as large after each step of the closed loop."
    trend = "grows" if modulus > 1 else "dies out"
    return f"{said}: a small change {trend} by {abs(modulus - 1):.2%} at each step of the closed loop."


def _of_growth(one: Growth) -> str:
    said = ", ".join(f"{mse_text(snapshot.mse)} after {snapshot.epoch}" for snapshot in one.snapshots)
    text = f"test MSE by epoch: {said}."
    if one.diverged:
        text += f" After {', '.join(map(str, one.diverged))} it computed no finite numbers."
    return text

"""What the page says of networks in sentences, with their numbers."""

from __future__ import annotations

from collections.abc import Sequence

from rnnlab.analysis.gates import CLOSED, OPEN
from rnnlab.explain.learned import recurrence_of
from rnnlab.explain.loop_words import of_mean, of_recurrence, of_rollout, of_windows
from rnnlab.explain.reaches import SEQUENCES
from rnnlab.explain.subject import Subject
from rnnlab.report.inside.shapes import Dependence, Growth, Inside, Loop, Reach, Saturation
from rnnlab.report.shapes import cell_name
from rnnlab.report.wording import layers_text, mse_text

SATURATED = 0.005
"""A gate that is closed or open in a smaller share is called free."""


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
    dependences = {one.label: one for one in inside.dependences}
    sections = {
        "saturation": [(one.label, _of_gates(one)) for one in inside.saturations if one.shares],
        "dependence": [(one.label, _of_dependence(one)) for one in inside.dependences],
        "reach": [(one.label, _of_reach(one)) for one in inside.reaches if one.trained],
        "loop": [(one.label, text) for one in inside.loops for text in _of_loop(one, dependences[one.label])],
        "growth": [(one.label, _of_growth(one)) for one in inside.growths],
    }
    alone = len(subjects) == 1
    return {
        section: [text[:1].upper() + text[1:] if alone else f"{label}: {text}" for label, text in said]
        for section, said in sections.items()
    }


def left_out(subjects: Sequence[Subject], inside: Inside) -> list[str]:
    """Return which parts there is nothing to show of, of which networks, and why."""
    parts = [
        (
            [one.label for one in inside.reaches],
            "Memory{of}: the layers are not computed step by step, so that there is no state to follow.",
        ),
        (
            [one.label for one in inside.loops],
            "Closed loop{of}: a network that skips the next point cannot be fed with its predictions.",
        ),
        (
            [one.label for one in inside.growths],
            "Snapshots{of}: none were kept; train with trainer.snapshots=true to see how the network grew.",
        ),
    ]
    found = []
    for there, text in parts:
        without = [one.label for one in subjects if one.label not in there]
        if without:
            found.append(text.format(of="" if len(without) == len(subjects) else f" of {', '.join(without)}"))
    return found


def _of_gates(one: Saturation) -> str:
    layer, gate = most = max(one.shares, key=lambda key: sum(one.shares[key]))
    closed, opened = one.shares[most]
    if closed + opened < SATURATED:
        return f"no gate is closed (below {CLOSED}) or open (above {OPEN}) more often than {SATURATED:.1%}."
    ends = f"{closed:.1%} closed (below {CLOSED}) and {opened:.1%} open (above {OPEN})"
    return f"most saturated is the {gate} of layer {layer}, {ends}."


def _of_dependence(one: Dependence) -> str:
    last = f"on average the last value counts {_weight(one, -1)}"
    if len(one.mean) > 1:
        last += f" and the one before it {_weight(one, -2)}"
    last += ", with the standard deviation over the windows in brackets"
    if one.exact is None or one.apart is None:
        return f"{last}."
    exact = f"the exact recurrence has {one.exact[-1]:.5g} and {one.exact[-2]:.5g}"
    plane = "the plane of the curve's windows, of which alone these data tell,"
    if one.noisy:
        plane = "the plane of the curve's windows without their noise"
    text = f"{last}; {exact}. In {plane} the two are {one.apart:.2%} apart."
    return text + (" With noise the best predictor is not the recurrence." if one.noisy else "")


def _weight(one: Dependence, place: int) -> str:
    return f"{one.mean[place]:.3g} ({one.deviation[place]:.2g})"


def _of_reach(one: Reach) -> str:
    end = int(one.lags.searchsorted(one.window - 1))
    parts = []
    for layer, norms in one.norms.items():
        text = f"{norms[end]:.2g} times as large in layer {layer}"
        if layer in one.cell_norms:
            text += f" (one of the cell state {one.cell_norms[layer][end]:.2g} times)"
        parts.append(text)
    lag = f"{one.lags[end]} step{'s' if one.lags[end] != 1 else ''}"
    stretches = f"the geometric mean of up to {SEQUENCES} stretches of the curve"
    return f"{lag} later a small change of the hidden state is at most {', '.join(parts)}: {stretches}."


def _of_loop(one: Loop, dependence: Dependence) -> list[str]:
    recurrence = recurrence_of(dependence, one)
    said = [of_mean(one), of_windows(one, recurrence), of_rollout(one)]
    return said if recurrence is None else [*said, of_recurrence(recurrence)]


def _of_growth(one: Growth) -> str:
    said = ", ".join(f"{mse_text(snapshot.mse)} after {snapshot.epoch}" for snapshot in one.snapshots)
    text = f"test MSE by epoch: {said}."
    if one.diverged:
        text += f" After {', '.join(map(str, one.diverged))} it computed no finite numbers."
    return text

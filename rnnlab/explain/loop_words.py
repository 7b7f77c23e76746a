"""What the page says of a closed loop: its eigenvalues, what was measured, and where the two disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnnlab.analysis.dependence import dominant_pair, largest, oscillating
from rnnlab.analysis.rollout import FARTHEST, TOLERANCE
from rnnlab.explain.learned import Recurrence
from rnnlab.report.inside.shapes import Loop

STEADY = 5e-6
"""A modulus that is nearer to 1 is said to neither grow nor die out: in 1000 steps it makes half a hundredth."""
SAME = 5e-5
"""Angles that are less apart, relatively, are said to be no other than each other."""
FACTOR = 2.0
"""What is foretold and what is measured agree where neither is more than so many times the other; a modulus from
here on is told as a factor."""
PART = 10.0
"""From so many amplitudes on a distance is told in amplitudes, below it in per cent."""


def of_mean(one: Loop) -> str:
    """Return what a small change does in the closed loop, if each step had the mean derivative."""
    first, pair = largest(one.of_mean), dominant_pair(one.of_mean)
    given = "if each step had the mean derivative, the closed loop's"
    if not np.abs(first).any():
        return f"{given} eigenvalues would all be 0: a change of the window is forgotten."
    if pair is not None and oscillating(first).any():
        text = f"{given} dominant pair of eigenvalues would have {_polar(pair)}{_exact(one, pair)}: "
        text += f"an oscillation {_trend(pair, one)}."
        if not oscillating(first[:1]).any():
            text += f" A larger one is real, {first[0].real:.6f}: what does not turn {_trend(first[0], one)}."
        return text
    reals = " and ".join(f"{value.real:.6f}" for value in first)
    named = f"two largest eigenvalues would be real, {reals}" if len(first) > 1 else f"eigenvalue would be {reals}"
    text = f"{given} {named}, and what is real cannot oscillate: a small change {_trend(first[0], one)}"
    text += ", with another sign each time." if first[0].real < 0 else "."
    if pair is None:
        return text + f" No eigenvalue is complex{_exact(one)}."
    return text + f" The largest complex pair has {_polar(pair)}{_exact(one)}."


def _polar(value: complex) -> str:
    return f"the modulus {abs(value):.6f} and the angle {abs(np.angle(value)):.6f}"


def _exact(one: Loop, pair: complex | None = None) -> str:
    """Return the exact recurrence's pair in brackets, and how far off the angle of another is."""
    exact = None if one.exact is None else dominant_pair(one.exact)
    if exact is None:
        return ""
    angle = float(np.angle(exact))
    text = f" (the exact recurrence's pair has 1 and {angle:.6f}"
    if pair is not None:
        off = float(np.angle(pair)) / angle - 1
        text += f": the angle is {abs(off):.2%} too {'large' if off > 0 else 'small'}" if abs(off) > SAME else ""
    return f"{text})"


def _trend(value: complex, one: Loop) -> str:
    modulus = float(abs(value))
    each = "step" if one.points == 1 else f"turn of {one.points} points"
    if abs(modulus - 1) < STEADY:
        return "neither grows nor dies out"
    if modulus >= FACTOR:
        return f"is {modulus:.3g} times as large after each {each}"
    return f"{'grows' if modulus > 1 else 'dies out'} by {_percent(abs(modulus - 1))} a {each}"


def of_windows(one: Loop, recurrence: Recurrence | None) -> str:
    """Return how far the eigenvalues of single windows spread."""
    leading = [largest(values) for values in one.by_window]
    pairs = [
        pair
        for values, first in zip(one.by_window, leading, strict=True)
        if oscillating(first).any() and (pair := dominant_pair(values)) is not None
    ]
    moduli, angles = [abs(first[0]) for first in leading], [float(np.angle(pair)) for pair in pairs]
    text = f"at {len(leading)} windows one by one the largest modulus is {_range(moduli)}"
    if pairs:
        text += f", the angle of the dominant pair {_range(angles)}"
    if real := len(leading) - len(pairs):
        text += f"; at {'all' if real == len(leading) else real} of them the largest eigenvalues are real"
    if recurrence is not None:
        text += f"; at {recurrence.within} the pair is within {recurrence.tolerance:.0%} of the exact one"
    return f"{text}."


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.6f}", f"{max(values):.6f}"
    return low if low == high else f"{low} to {high}"


def of_rollout(one: Loop) -> str:
    """Return what the network's own loop did, what the mean derivative's does, and where they disagree."""
    measured, linear = one.measured, one.linear
    if measured is None or linear is None:
        return "the loop was not measured: there is no truth to compare it with."
    steps = measured["steps"]
    if not measured["amplitude"]:
        counted = f"{steps:,.0f} step" + ("s" if steps > 1 else "")
        error = f"{measured['largest_absolute_error']:.3g}"
        return f"measured over {counted}, in which the truth does not change, the loop's largest error is {error}."
    amplitude = "the amplitude" if one.swings else "half of what the curve spans in the test stretch"
    rest = f", and come to rest at {_part(linear['rest'])}" if "rest" in linear else ""
    return (
        f"measured, the loop stays within {TOLERANCE:.0%} of {amplitude} for {_stays(measured)}; its largest error "
        f"is {_part(measured['largest_error'])}, and in the second half its values lie up to "
        f"{_part(measured['extent'])} from the curve's middle. With the mean derivative at each step it would stay "
        f"for {_stays(linear)}, with {_part(linear['largest_error'])} and {_part(linear['extent'])}{rest}. "
        f"{_compared(one)}"
    )


def _stays(measures: Mapping[str, float]) -> str:
    steps, horizon = measures["steps"], measures["horizon"]
    return f"all {steps:,.0f} steps" if horizon >= steps else f"{horizon:,.0f} of {steps:,.0f} steps"


def _part(amplitudes: float) -> str:
    if amplitudes >= 0.99 * FARTHEST:
        return "a million amplitudes or more"
    return _percent(amplitudes) if amplitudes < PART else f"{float(f'{amplitudes:.3g}'):,.0f} amplitudes"


def _percent(share: float) -> str:
    """Return a share with three digits; one of a thousand per cent or more as that."""
    return f"{100 * share:.3g}%" if share < PART else "more than 1,000%"


def disagreements(one: Loop) -> list[str]:
    """Return in which of ``horizon`` and ``extent`` the network's loop and the mean derivative's disagree."""
    measured, linear = one.measured, one.linear
    if measured is None or linear is None or not measured["amplitude"]:
        return []
    stay = {loop["horizon"] >= loop["steps"] for loop in (measured, linear)}
    found = ["horizon"] if len(stay) > 1 or _differ(measured["horizon"], linear["horizon"], 1.0) else []
    # What is nearer to the middle than an error may be is nothing, for either.
    return [*found, "extent"] if _differ(measured["extent"], linear["extent"], TOLERANCE) else found


def _differ(one: float, other: float, least: float) -> bool:
    low, high = sorted([max(one, least), max(other, least)])
    return high > FACTOR * low


def _compared(one: Loop) -> str:
    ways = {"horizon": ("stays longer", "leaves sooner"), "extent": ("goes farther", "goes less far")}
    found = [
        ways[name][0 if one.measured[name] > one.linear[name] else 1]
        for name in disagreements(one)
        if one.measured is not None and one.linear is not None
    ]
    if not found:
        return f"The two agree within a factor of {FACTOR:.0f}."
    return f"They disagree: the network {' and '.join(found)} than its mean derivative foretells."


def of_recurrence(one: Recurrence) -> str:
    """Return whether a network learned the recurrence, with what that takes and what was measured."""
    within = f"within {one.tolerance:.0%} of the exact ones"
    near = f"within {TOLERANCE:.0%} of the amplitude"
    derivative = _percent(one.derivative)
    pair = "there is no pair" if one.pair is None else f"the pair {_percent(one.pair)}"
    if one.learned is None:
        why = f"it leaves the curve after {one.horizon:,} steps, but starts from a window with noise"
        return (
            f"whether it learned the recurrence its loop cannot tell: its derivatives are {within}; "
            f"{why if one.steps else 'there is no truth that changes to measure the loop by'}."
        )
    if one.learned:
        own = f"its mean derivative ({derivative} off), its dominant pair ({_percent(one.pair or 0.0)})"
        return (
            f"it learned the recurrence: {own} and the pair at each of {one.windows} windows are {within}, and "
            f"the measured loop stays {near} for {one.horizon:,} of {one.steps:,} steps."
        )
    takes = f"a mean derivative and a dominant pair, of the mean and at each window, {within}"
    found = f"the derivative is {derivative} off, {pair}"
    found += f" (within {one.tolerance:.0%} at {one.within} of {one.windows} windows)"
    if one.steps:
        takes += f", and a loop {near} for {one.needed:,} steps"
        found += f", and the loop stays for {one.horizon:,} steps"
    follows = " So it carries the curve on in another way." if one.followed and not one.linear else ""
    return f"it did not learn the recurrence. That takes {takes}: {found}.{follows}"

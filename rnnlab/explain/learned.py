"""Whether a network learned the recurrence of a sinusoid: what that takes, and what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnlab.analysis.dependence import dominant_pair, relative_distance
from rnnlab.report.inside.shapes import Dependence, Loop

LEARNED = 0.01
"""What learned the recurrence is less than so far from it, relatively: its mean derivative, in the plane of the
curve's windows, and the dominant pair of its closed loop, of the mean derivative and at each window. A pair that is
so far away changes the curve by one part in a hundred while it turns by a radian: in 1.6 turns, which is what the
lab tests, by a tenth, from where on a rollout counts as having left the curve."""


@dataclass(frozen=True)
class Recurrence:
    """What was measured of a network beside the exact recurrence.

    Attributes:
        tolerance: `LEARNED`.
        derivative: the relative distance of the mean derivative, in the plane of the curve's windows.
        pair: that of the dominant pair of the mean derivative's loop; None where it has no pair.
        windows: how many windows were looked at one by one.
        within: at how many of these the pair is within the tolerance.
        steps: how many steps the loop was measured for; 0 if it was not, or the truth did not change in them.
        horizon: for how many of these it stayed with the curve.
        needed: for how many it should have: a whole turn of the curve, or all where they are fewer.
        noisy: whether the window that the loop starts from holds noise, with which it may leave the curve at once.
    """

    tolerance: float
    derivative: float
    pair: float | None
    windows: int
    within: int
    steps: int
    horizon: int
    needed: int
    noisy: bool

    @property
    def linear(self) -> bool:
        """Whether the derivatives are those of the recurrence."""
        near = self.derivative < self.tolerance and self.pair is not None and self.pair < self.tolerance
        return near and self.within == self.windows

    @property
    def followed(self) -> bool:
        """Whether the measured loop stayed with the curve."""
        return self.steps > 0 and self.horizon >= self.needed

    @property
    def learned(self) -> bool | None:
        """Whether it learned the recurrence: both; None where its derivatives say so and its loop cannot tell."""
        if not self.linear:
            return False
        cannot_tell = not self.steps or (self.noisy and not self.followed)
        return None if cannot_tell else self.followed


def recurrence_of(dependence: Dependence, loop: Loop | None) -> Recurrence | None:
    """Return what was measured beside the exact recurrence, or None where there is none or no closed loop."""
    exact = None if loop is None or loop.exact is None else dominant_pair(loop.exact)
    if loop is None or exact is None or dependence.apart is None:
        return None
    at_windows = [relative_distance(dominant_pair(values), exact) for values in loop.by_window]
    measured = loop.measured if loop.measured is not None and loop.measured["amplitude"] > 0 else {}
    steps = int(measured.get("steps", 0))
    return Recurrence(
        LEARNED,
        dependence.apart,
        relative_distance(dominant_pair(loop.of_mean), exact),
        len(at_windows),
        int(np.sum([one is not None and one < LEARNED for one in at_windows])),
        steps,
        int(measured.get("horizon", 0)),
        min(steps, loop.period or steps),
        dependence.noisy,
    )

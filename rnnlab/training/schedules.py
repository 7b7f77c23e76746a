"""Learning-rate schedules: each maps the part of the run that is done to a factor of the learning rate.

A new one is a function here (or in a module of your own) and a YAML file in ``conf/schedule``.
"""

from __future__ import annotations

import math


def constant(progress: float) -> float:  # noqa: ARG001 - every schedule is called with it
    """Return 1 for any ``progress`` in [0, 1]."""
    return 1.0


def cosine(progress: float, final: float = 0.0) -> float:
    """Return half a cosine from 1 at progress 0 down to ``final`` at progress 1.

    Source: Loshchilov and Hutter 2017, equation 5, without restarts.
    """
    return final + (1 - final) * (1 + math.cos(math.pi * progress)) / 2

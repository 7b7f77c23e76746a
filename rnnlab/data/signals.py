"""The curves: each maps an array of times to an array of values, both of shape (n,).

A new one is a function here (or in a module of your own) and a YAML file in ``conf/function``. It
computes in the precision of the times it is given.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.series import Signal


def sin(times: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the sine of times in radians: amplitude 1, period 2 pi."""
    return np.sin(times)


def cos(times: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the cosine of times in radians: amplitude 1, period 2 pi."""
    return np.cos(times)


ANGULAR_FREQUENCIES: dict[Signal, float] = {sin: 1.0, cos: 1.0}
"""The sinusoids among the curves, with their radians per unit of time."""


def angular_frequency(signal: Signal) -> float | None:
    """Return the radians per unit of time of a curve that is a sinusoid, else None."""
    function = signal.func if isinstance(signal, partial) else signal
    return ANGULAR_FREQUENCIES.get(function)

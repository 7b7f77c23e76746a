"""The curves: each maps an array of times to an array of values, both of shape (n,).

A new one is a function here (or in a module of your own) and a YAML file in ``conf/function``. It
computes in the precision of the times it is given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sin(times: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the sine of times in radians: amplitude 1, period 2 pi."""
    return np.sin(times)


def cos(times: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the cosine of times in radians: amplitude 1, period 2 pi."""
    return np.cos(times)

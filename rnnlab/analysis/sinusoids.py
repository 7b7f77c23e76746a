"""What is known of sinusoids: the recurrence that they obey, and the plane that their windows lie in.

All windows of a sinusoid lie in one plane, the span of sin(kd) and cos(kd) over the window's steps k. What a
network would do with other windows the data cannot tell, and two networks that differ there alone predict the same.
So the part of a derivative that counts is its projection on that plane.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.windows import Windows

Floats = NDArray[np.float64]


def angle(windows: Windows, angular_frequency: float) -> float:
    """Return the angle in radians from one point to the next.

    Args:
        windows: of a sinusoid.
        angular_frequency: radians per unit of time.
    """
    times = windows.series.times
    return angular_frequency * (float(times[-1]) - float(times[0])) / (len(times) - 1)


def recurrence(window: int, distance: float, ahead: int = 1) -> Floats:
    """Return the weights of the exact recurrence of a sinusoid, shape (window,), the oldest value first.

    They are 0, but for the last two: ``x[t+h] = (sin((h + 1) d) x[t] - sin(h d) x[t-1]) / sin(d)``, and for h = 1
    ``2 cos(d) x[t] - x[t-1]``.

    Args:
        window: at least 2.
        distance: d, the angle in radians from one point to the next.
        ahead: h, how many points after the window is predicted.
    """
    weights = np.zeros(window)
    if ahead == 1:
        weights[-2:] = -1, 2 * np.cos(distance)
    else:
        weights[-2:] = -np.sin(ahead * distance), np.sin((ahead + 1) * distance)
        weights[-2:] /= np.sin(distance)
    return weights


def seen(weights: Floats, distance: float) -> Floats:
    """Return the projection of weights (..., window) on the plane of all windows of a sinusoid.

    Args:
        weights: of a window's values.
        distance: the angle in radians from one point to the next.
    """
    angles = distance * np.arange(weights.shape[-1])
    basis, _ = np.linalg.qr(np.column_stack([np.sin(angles), np.cos(angles)]))
    projected: Floats = weights @ basis @ basis.T
    return projected

"""Predictors that learn nothing, or next to nothing: what a network has to be worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.windows import Windows

Predicted = NDArray[np.float64]


def persistence(windows: Windows) -> Predicted:
    """Return the last value of each window, shape (n,)."""
    return _values(windows)[:, -1]


def linear_extrapolation(windows: Windows) -> Predicted:
    """Return the straight line through the last two values, one step on, shape (n,)."""
    values = _values(windows)
    return 2 * values[:, -1] - values[:, -2]


def least_squares(train: Windows, windows: Windows) -> Predicted:
    """Return the linear combination of each window's values that fits the training windows best, shape (n,)."""
    weights, *_ = np.linalg.lstsq(_values(train), train.labels.astype(np.float64), rcond=None)
    return _values(windows) @ weights


def exact_recurrence(windows: Windows, angular_frequency: float) -> Predicted:
    """Return ``2 cos(d) x[t] - x[t-1]``, shape (n,), which a sinusoid of any phase and amplitude obeys exactly.

    Args:
        windows: at least two points wide.
        angular_frequency: radians per unit of time; d is that times the distance of two points.
    """
    first, last = float(windows.times[0]), float(windows.times[-1])
    distance = (last - first) / max(1, len(windows) - 1)
    values = _values(windows)
    return 2 * np.cos(angular_frequency * distance) * values[:, -1] - values[:, -2]


def ladder(train: Windows, test: Windows, angular_frequency: float | None = None) -> dict[str, float]:
    """Return the test MSE of each baseline, from what knows least to what knows most.

    Two rungs need a window of two points, the last of them also more than one window.

    Args:
        train: what the least squares are fitted on.
        test: what all are tested on.
        angular_frequency: radians per unit of time where the tested curve is a sinusoid, else None.
    """
    predicted = {"persistence": persistence(test)}
    if test.inputs.shape[1] > 1:
        predicted["linear extrapolation"] = linear_extrapolation(test)
    predicted["least squares"] = least_squares(train, test)
    if angular_frequency is not None and test.inputs.shape[1] > 1 and len(test) > 1:
        predicted["exact recurrence"] = exact_recurrence(test, angular_frequency)
    return {name: float(np.mean((values - test.labels) ** 2)) for name, values in predicted.items()}


def _values(windows: Windows) -> NDArray[np.float64]:
    return windows.inputs[..., 0].astype(np.float64)

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


def ladder(train: Windows, test: Windows) -> dict[str, float]:
    """Return the test MSE of each baseline, the worst first.

    A window of one value has no straight line through it; that rung is then missing.
    """
    predicted = {"persistence": persistence(test)}
    if test.inputs.shape[1] > 1:
        predicted["linear extrapolation"] = linear_extrapolation(test)
    predicted["least squares"] = least_squares(train, test)
    return {name: float(np.mean((values - test.labels) ** 2)) for name, values in predicted.items()}


def _values(windows: Windows) -> NDArray[np.float64]:
    return windows.inputs[..., 0].astype(np.float64)

"""Predictors that learn nothing, or next to nothing: what a network has to be worth.

Each predicts the point ``ahead`` points after each window, and returns shape (n,).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnlab.analysis.sinusoids import angle, recurrence
from rnnlab.data.windows import Windows

Predicted = NDArray[np.float64]

ROWS_AT_ONCE = 2**16
"""Windows that are held in memory at a time."""


def persistence(windows: Windows, ahead: int = 1) -> Predicted:  # noqa: ARG001 - the last value, whatever the horizon
    """Return the last value of each window."""
    return windows.inputs[:, -1, 0].astype(np.float64)


def linear_extrapolation(windows: Windows, ahead: int = 1) -> Predicted:
    """Return the straight line through the last two values, ``ahead`` steps on."""
    last, before = _last_two(windows)
    return last + ahead * (last - before)


def least_squares(train: Windows, windows: Windows, ahead: int = 1) -> Predicted:
    """Return the linear combination of each window's values that fits the training windows best.

    The training windows are taken in parts, each reduced to the triangle of its QR decomposition: that keeps
    the precision, which the normal equations lose, and needs no more memory for more windows.
    """
    inputs, labels = train.inputs[..., 0], _labels(train, ahead)
    triangle = np.empty((0, train.window + 1))
    for start in range(0, len(train), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        rows = np.column_stack([inputs[part].astype(np.float64), labels[part].astype(np.float64)])
        triangle = np.asarray(np.linalg.qr(np.vstack([triangle, rows]), mode="r"))
    negligible = np.finfo(np.float64).eps * max(len(train), train.window)
    weights, *_ = np.linalg.lstsq(triangle[:, :-1], triangle[:, -1], rcond=negligible)
    tested = windows.inputs[..., 0]
    starts = range(0, len(windows), ROWS_AT_ONCE)
    return np.concatenate([tested[at : at + ROWS_AT_ONCE].astype(np.float64) @ weights for at in starts])


def exact_recurrence(windows: Windows, angular_frequency: float, ahead: int = 1) -> Predicted:
    """Return ``(sin((h + 1) d) x[t] - sin(h d) x[t-1]) / sin(d)`` for h points ahead.

    A sinusoid of any phase and amplitude obeys it exactly; for h = 1 it is ``2 cos(d) x[t] - x[t-1]``.

    Args:
        windows: at least two points wide.
        angular_frequency: radians per unit of time; d is that times the distance of two points.
        ahead: h.
    """
    before, last = recurrence(2, angle(windows, angular_frequency), ahead)
    return last * windows.inputs[:, -1, 0].astype(np.float64) + before * windows.inputs[:, -2, 0].astype(np.float64)


def ladder(train: Windows | None, test: Windows, angular_frequency: float | None = None) -> dict[str, float]:
    """Return the test MSE of each baseline, from what knows least to what knows most.

    Where all points up to the horizon are predicted it is the mean over them. Two rungs need a window of two
    points. A curve with observation noise has a last rung: the curve itself, without the noise.

    Args:
        train: what the least squares are fitted on; None leaves them out.
        test: what all are tested on.
        angular_frequency: radians per unit of time where the tested curve is a sinusoid, else None.
    """
    rungs: dict[str, list[float]] = {}
    for ahead in test.ahead:
        predicted = {"persistence": persistence(test, ahead)}
        if test.window > 1:
            predicted["linear extrapolation"] = linear_extrapolation(test, ahead)
        if train is not None:
            predicted["least squares"] = least_squares(train, test, ahead)
        if angular_frequency is not None and test.window > 1:
            predicted["exact recurrence"] = exact_recurrence(test, angular_frequency, ahead)
        labels = _labels(test, ahead)
        for name, values in predicted.items():
            rungs.setdefault(name, []).append(float(np.mean((values - labels) ** 2)))
    found = {name: float(np.mean(mses)) for name, mses in rungs.items()}
    if test.noise_free is not None:
        found["noise floor"] = float(np.mean((test.noise_free.astype(np.float64) - test.labels) ** 2))
    return found


def _labels(windows: Windows, ahead: int) -> NDArray[np.float32]:
    return windows.labels[:, ahead - 1] if windows.outputs > 1 else windows.labels


def _last_two(windows: Windows) -> tuple[Predicted, Predicted]:
    return windows.inputs[:, -1, 0].astype(np.float64), windows.inputs[:, -2, 0].astype(np.float64)

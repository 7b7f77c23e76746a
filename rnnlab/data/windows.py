"""Windows: the points that go in and the next one, which is to be predicted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rnnlab.data.series import Grid, Series, Signal, sample


@dataclass(frozen=True)
class Windows:
    """All windows of a series.

    Attributes:
        inputs: shape (n, window, 1), float32, a view of the series.
        labels: shape (n,), float32, the value after each window.
        times: shape (n,), the time of each label.
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.float32]
    times: NDArray[np.floating]

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.labels)

    def digest(self) -> str:
        """Return the SHA-256 of inputs and labels, as hexadecimal."""
        digest = hashlib.sha256()
        for array in (self.inputs, self.labels):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def cut_windows(series: Series, window: int) -> Windows:
    """Return the windows of ``window`` points and the point after each.

    Raises:
        ValueError: the series has no window with a point after it.
    """
    if window >= len(series):
        raise ValueError(f"a window of {window} needs a series of at least {window + 1} points, not {len(series)}")
    inputs = sliding_window_view(series.values[:-1], window)[..., np.newaxis]
    return Windows(inputs, series.values[window:], series.times[window:])


@dataclass(frozen=True)
class Splits:
    """The windows to train on, to choose the best epoch by (or None) and to test on."""

    train: Windows
    val: Windows | None
    test: Windows


def split_windows(
    signal: Signal, test_signal: Signal, grid: Grid, window: int, val_fraction: float = 0.0
) -> Splits:
    """Return the windows of the lab's experiment.

    Args:
        signal: the curve to train on.
        test_signal: the curve to test on.
        grid: the times of both stretches.
        window: points that go in.
        val_fraction: the last part of the training stretch, kept for validation; no window crosses over.

    Raises:
        ValueError: a stretch is too short for a window, or a signal misbehaves.
    """
    test = cut_windows(sample(test_signal, grid.test_times()), window)
    training = sample(signal, grid.train_times())
    if not val_fraction:
        return Splits(cut_windows(training, window), None, test)
    first, last = training.split(val_fraction)
    return Splits(cut_windows(first, window), cut_windows(last, window), test)

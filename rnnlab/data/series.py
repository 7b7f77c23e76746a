"""Sampled series: a function on the lab's grid of times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Signal = Callable[[NDArray[np.floating]], NDArray[np.floating]]
"""Maps times of shape (n,) to values of shape (n,)."""


@dataclass(frozen=True)
class Grid:
    """The lab's two stretches of time, which meet at ``train_samples * spacing``.

    Attributes:
        train_samples: points in the training stretch.
        test_samples: points in the test stretch.
        spacing: nominal distance of two points. Both ends of a stretch are sampled, so that the true
            distance is ``spacing * n / (n - 1)``.
        time_dtype: float32 or float64, the precision the times are rounded to before the function.
    """

    train_samples: int
    test_samples: int
    spacing: float
    time_dtype: str

    def train_times(self) -> NDArray[np.floating]:
        """Return the times of the training stretch, shape (train_samples,)."""
        return self._times(0, self.train_samples)

    def test_times(self) -> NDArray[np.floating]:
        """Return the times of the test stretch, shape (test_samples,)."""
        return self._times(self.train_samples, self.train_samples + self.test_samples)

    def _times(self, first: int, last: int) -> NDArray[np.floating]:
        times = np.linspace(first * self.spacing, last * self.spacing, last - first)
        return times.astype(self.time_dtype)


@dataclass(frozen=True)
class Series:
    """A sampled curve.

    Attributes:
        times: shape (n,), float32 or float64.
        values: shape (n,), float32.
    """

    times: NDArray[np.floating]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.values)

    def split(self, fraction: float) -> tuple[Series, Series]:
        """Return the first points and the last ``fraction`` of them, in the order of time."""
        kept = len(self) - round(len(self) * fraction)
        return Series(self.times[:kept], self.values[:kept]), Series(self.times[kept:], self.values[kept:])


def sample(signal: Signal, times: NDArray[np.floating]) -> Series:
    """Return ``signal`` at ``times``, its values rounded to float32.

    Raises:
        ValueError: the signal does not return one finite value for each time.
    """
    values = np.asarray(signal(times))
    if values.shape != times.shape:
        raise ValueError(f"the function returned shape {values.shape} for {times.shape} times")
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("the function returned values that are not finite")
    return Series(times, values)

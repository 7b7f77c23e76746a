"""Sampled series: a function on the lab's grid of times, or the points of a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Signal = Callable[[NDArray[np.floating]], NDArray[np.floating]]
"""Maps times of shape (n,) to values of shape (n,)."""

TRAINING, TESTING = 0, 1
"""The stretches, told apart by the generator of their observation noise."""


@dataclass(frozen=True)
class Grid:
    """The two stretches of time, which meet at ``train_samples * spacing``.

    Attributes:
        train_samples: points in the training stretch.
        test_samples: points in the test stretch.
        spacing: nominal distance of two points.
        time_dtype: float32 or float64, the precision the times are rounded to before the function.
        endpoint: whether both ends of a stretch are sampled, as in the lab, so that the true distance of two
            points is ``spacing * n / (n - 1)``; else it is the spacing.
    """

    train_samples: int
    test_samples: int
    spacing: float
    time_dtype: str
    endpoint: bool = True

    def train_times(self) -> NDArray[np.floating]:
        """Return the times of the training stretch, shape (train_samples,)."""
        return self._times(0, self.train_samples)

    def test_times(self, more: int = 0) -> NDArray[np.floating]:
        """Return the times of the test stretch and ``more`` points after it, shape (test_samples + more,)."""
        times = self._times(self.train_samples, self.train_samples + self.test_samples)
        if not more:
            return times
        distance = (
            self.spacing * self.test_samples / (self.test_samples - 1 if self.endpoint else self.test_samples)
        )
        start = self.train_samples * self.spacing
        after = start + distance * np.arange(self.test_samples, self.test_samples + more)
        return np.concatenate([times, after.astype(self.time_dtype)])

    def _times(self, first: int, last: int) -> NDArray[np.floating]:
        ends = first * self.spacing, last * self.spacing
        return np.linspace(*ends, last - first, endpoint=self.endpoint).astype(self.time_dtype)


@dataclass(frozen=True)
class Series:
    """A sampled curve.

    Attributes:
        times: shape (n,), float32 or float64.
        values: shape (n,), float32.
        noise_free: the values before observation noise was added, shape (n,), or None where there is none.
    """

    times: NDArray[np.floating]
    values: NDArray[np.float32]
    noise_free: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.values)

    def part(self, first: int, last: int) -> Series:
        """Return the points from number ``first`` to before ``last``."""
        clean = None if self.noise_free is None else self.noise_free[first:last]
        return Series(self.times[first:last], self.values[first:last], clean)

    def split(self, fraction: float) -> tuple[Series, Series]:
        """Return the first points and the last ``fraction`` of them, in the order of time."""
        kept = len(self) - round(len(self) * fraction)
        return self.part(0, kept), self.part(kept, len(self))


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


def with_noise(series: Series, deviation: float, seed: int, stretch: int) -> Series:
    """Return the series with Gaussian observation noise, the same for the same arguments.

    A longer series gets the same noise on its first points.

    Args:
        series: the points.
        deviation: standard deviation of the noise, in units of the values; 0 returns the series as it is.
        seed: of the noise, not of the network.
        stretch: `TRAINING` or `TESTING`, whose noises are independent.
    """
    if not deviation:
        return series
    noise = np.random.default_rng((seed, stretch)).normal(0, deviation, len(series))
    return Series(series.times, (series.values + noise).astype(np.float32), series.values)

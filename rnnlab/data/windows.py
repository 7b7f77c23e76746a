"""Windows: the points that go in and the one, or those, which are to be predicted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rnnlab.data.series import Series

HORIZON_OUTPUTS = ("last", "all")
"""What is predicted ``horizon`` points ahead: that point alone, or each one on the way to it too."""


@dataclass(frozen=True)
class Windows:
    """All windows of a series; inputs and labels are views of it, however many windows there are.

    Attributes:
        series: the points.
        window: points that go in.
        horizon: how many points after the window the last point to be predicted lies.
        output: ``last`` or ``all``, see `HORIZON_OUTPUTS`.

    Raises:
        ValueError: the series has no window with enough points after it.
    """

    series: Series
    window: int
    horizon: int = 1
    output: str = "last"

    def __post_init__(self) -> None:
        needed = self.window + self.horizon
        if needed > len(self.series):
            ahead = f" and a horizon of {self.horizon}" if self.horizon > 1 else ""
            points = f"a series of at least {needed} points, not {len(self.series)}"
            raise ValueError(f"a window of {self.window}{ahead} needs {points}")

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.series) - self.window - self.horizon + 1

    @property
    def outputs(self) -> int:
        """How many values are predicted from a window."""
        return self.horizon if self.output == "all" else 1

    @property
    def inputs(self) -> NDArray[np.float32]:
        """The points that go in, shape (n, window, 1), float32."""
        return sliding_window_view(self.series.values[: -self.horizon], self.window)[..., np.newaxis]

    @property
    def labels(self) -> NDArray[np.float32]:
        """What is to be predicted: shape (n,), float32, or (n, outputs) where that is several values."""
        return self._after(self.series.values)

    @property
    def noise_free(self) -> NDArray[np.float32] | None:
        """The labels without their observation noise, or None where they have none."""
        return None if self.series.noise_free is None else self._after(self.series.noise_free)

    @property
    def times(self) -> NDArray[np.floating]:
        """The time of the last point to be predicted of each window, shape (n,)."""
        return self.series.times[self.window + self.horizon - 1 :]

    @property
    def ahead(self) -> range:
        """How many points after the window each of its labels lies."""
        return range(self.horizon - self.outputs + 1, self.horizon + 1)

    def digest(self) -> str:
        """Return the SHA-256 of the points and of how they are cut, as hexadecimal."""
        digest = hashlib.sha256(f"{self.window} {self.horizon} {self.output}".encode())
        digest.update(np.ascontiguousarray(self.series.values).data)
        return digest.hexdigest()

    def _after(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.outputs > 1:
            return sliding_window_view(values[self.window :], self.horizon)
        return values[self.window + self.horizon - 1 :]


@dataclass(frozen=True)
class Splits:
    """The windows to train on, to choose the best epoch by (or None) and to test on."""

    train: Windows
    val: Windows | None
    test: Windows


def split_windows(
    training: Series,
    testing: Series,
    window: int,
    *,
    val_fraction: float = 0.0,
    horizon: int = 1,
    output: str = "last",
) -> Splits:
    """Return the windows of the lab's experiment.

    Args:
        training: the stretch to train on.
        testing: the stretch to test on.
        window: points that go in.
        val_fraction: the last part of the training stretch, kept for validation; no window crosses over.
        horizon: how many points ahead is predicted.
        output: that point alone or all up to it, see `HORIZON_OUTPUTS`.

    Raises:
        ValueError: a stretch is too short for a window.
    """
    first, last = training.split(val_fraction)
    return Splits(
        Windows(first, window, horizon, output),
        Windows(last, window, horizon, output) if val_fraction else None,
        Windows(testing, window, horizon, output),
    )

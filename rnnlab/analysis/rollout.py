"""The closed loop: a network's predictions fed back as its inputs, and how long they stay with the truth."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

TOLERANCE = 0.1
"""The part of the amplitude that an error must not pass within the horizon."""

SAME = 1e-6
"""A truth that varies by a smaller part of its size than this is constant but for rounding: it has no amplitude."""

UNKNOWNS_OF_A_SINUSOID = 3
"""Amplitude, phase and mean: as few points fit any of them."""

FARTHEST = 1e6
"""Errors are counted up to so many amplitudes: a loop that runs away still has a number."""


@torch.no_grad()
def closed_loop(
    network: nn.Module, window: NDArray[np.float32], steps: int, outputs: int, device: torch.device
) -> NDArray[np.floating]:
    """Return ``steps`` values after the window, each window after the first one made of predictions.

    They have shape (steps,) and the precision of the network.

    Args:
        network: is moved to the device.
        window: the last thing that is known, shape (window,).
        steps: how many values.
        outputs: how many values the network predicts at a time; all of them are taken.
        device: where it runs.
    """
    size = len(window)
    dtype = next((parameter.dtype for parameter in network.parameters()), torch.float32)
    values = torch.empty(size + math.ceil(steps / outputs) * outputs, dtype=dtype, device=device)
    values[:size] = torch.from_numpy(np.array(window))
    was_training = network.training
    network.eval().to(device)
    for at in range(0, steps, outputs):
        values[at + size : at + size + outputs] = network(values[at : at + size].view(1, size, 1)).flatten()
    network.train(was_training)
    return values[size : size + steps].cpu().numpy()


@dataclass(frozen=True)
class Rollout:
    """What the closed loop gave, beside the truth.

    Attributes:
        times: shape (steps,).
        truth: shape (steps,), NaN from where on it is not known.
        values: shape (steps,), the loop's, in the precision of the network.
        angular_frequency: radians per unit of time where the truth is a sinusoid, else None.
        curve: more of the truth, shape (n,), whose amplitude counts: a few steps of the loop are too short a piece
            of it. None takes the truth of the steps.
    """

    times: NDArray[np.floating]
    truth: NDArray[np.float32]
    values: NDArray[np.floating]
    angular_frequency: float | None = None
    curve: NDArray[np.float32] | None = None

    @property
    def known(self) -> int:
        """How many of the steps have a truth."""
        return int(np.isfinite(self.truth).sum())

    @property
    def amplitude(self) -> float | None:
        """Half of the distance from the curve's lowest to its highest point; None where it is constant."""
        values = self._curve
        if not len(values):
            return None
        spread = float(np.ptp(values))
        return spread / 2 if spread > SAME * float(np.abs(values).max()) else None

    @property
    def middle(self) -> float:
        """The value in the middle between the curve's lowest and its highest point."""
        return float(self._curve.max() + self._curve.min()) / 2

    @property
    def swings(self) -> bool:
        """Whether the curve passes its middle up, down and up again: a shorter piece has no amplitude."""
        above = self._curve > self.middle
        return self.amplitude is not None and int(np.count_nonzero(np.diff(above))) > 2  # noqa: PLR2004

    @property
    def _curve(self) -> NDArray[np.float64]:
        values = self.truth[: self.known] if self.curve is None else self.curve
        return values.astype(np.float64)

    @property
    def errors(self) -> NDArray[np.float64]:
        """The loop minus the truth where that is known, at most `FARTHEST` amplitudes; shape (known,)."""
        farthest = FARTHEST * (self.amplitude or 1.0)
        with np.errstate(invalid="ignore"):
            errors = self.values[: self.known].astype(np.float64) - self.truth[: self.known]
        return np.nan_to_num(errors, nan=farthest, posinf=farthest, neginf=-farthest).clip(-farthest, farthest)

    def measures(self) -> dict[str, float]:
        """Return how the loop compares with the truth; empty where no truth is known.

        * ``steps``: the steps that have a truth.
        * ``rmse``: the root mean squared error over them.
        * ``largest_error``: the largest error, as a part of the amplitude; absent where there is none.
        * ``horizon``: the steps before the error first passes `TOLERANCE` amplitudes; all, if it never does. Absent
          where there is no amplitude.
        * ``amplitude_drift``: the loop's amplitude at the end relative to the truth's, minus 1.
        * ``phase_drift``: of a sinusoid, by how many radians the loop is ahead of it at the end.
        """
        if not self.known:
            return {}
        errors, amplitude = self.errors, self.amplitude
        found = {"steps": float(self.known), "rmse": math.sqrt(float(np.mean(errors**2)))}
        if amplitude is not None:
            passed = np.flatnonzero(np.abs(errors) > TOLERANCE * amplitude)
            found["largest_error"] = float(np.abs(errors).max()) / amplitude
            found["horizon"] = float(passed[0]) if len(passed) else float(self.known)
        truth = self.truth[: self.known].astype(np.float64)
        return found | self._drift(truth, truth + errors)

    def _drift(self, truth: NDArray[np.float64], values: NDArray[np.float64]) -> dict[str, float]:
        """Compare the last period of a sinusoid, or the second half of another curve."""
        times = self.times[: self.known].astype(np.float64)
        if self.angular_frequency is None:
            half = len(truth) // 2
            spread = float(truth[half:].std())
            return {"amplitude_drift": float(values[half:].std()) / spread - 1} if spread > 0 else {}
        if len(times) <= UNKNOWNS_OF_A_SINUSOID:
            return {}
        angles = self.angular_frequency * times
        last = angles >= angles[-1] - 2 * math.pi
        waves = np.column_stack([np.exp(1j * angles[last]), np.exp(-1j * angles[last]), np.ones(last.sum())])
        (true, *_), (found, *_) = (np.linalg.lstsq(waves, curve[last], rcond=None)[0] for curve in (truth, values))
        if abs(true) == 0 or abs(found) == 0:
            return {}
        return {"amplitude_drift": abs(found) / abs(true) - 1, "phase_drift": float(np.angle(found / true))}

    def save(self, path: Path) -> None:
        """Write a CSV with all digits: step from 1, time, truth (empty where it is not known), rollout."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("step", "time", "truth", "rollout"))
            rows = zip(self.times.tolist(), self.truth.tolist(), self.values.tolist(), strict=True)
            for step, (time, truth, value) in enumerate(rows, start=1):
                writer.writerow((step, time, "" if math.isnan(truth) else truth, value))

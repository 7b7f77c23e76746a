"""Predictions of a network on windows it was not trained on, and how good they are."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rnnlab.data.batches import to_tensors
from rnnlab.data.windows import Windows
from rnnlab.models.network import SequenceNetwork, predict
from rnnlab.report.yardstick import with_persistence

ROWS_AT_ONCE = 2**16
"""Rows of `predictions.csv` that are held in memory at a time."""


@dataclass(frozen=True)
class Predictions:
    """Predictions of the points after windows.

    Attributes:
        times: shape (n,), the time of the last point that is predicted from each window.
        truth: shape (n,), float32, or (n, outputs) where several points are predicted from each window.
        prediction: the shape of ``truth``, in the precision of the network.
        ahead: how many points after its window each output lies.
    """

    times: NDArray[np.floating]
    truth: NDArray[np.float32]
    prediction: NDArray[np.floating]
    ahead: range

    @property
    def errors(self) -> NDArray[np.float64]:
        """Prediction minus truth, in the shape of both."""
        return self.prediction.astype(np.float64) - self.truth

    @property
    def mse(self) -> float:
        """The mean squared error."""
        return float(np.mean(self.errors**2))

    @property
    def mse_by_output(self) -> dict[int, float]:
        """The mean squared error by how far ahead is predicted, where several points are."""
        if self.truth.ndim == 1:
            return {}
        return dict(zip(self.ahead, np.mean(self.errors**2, axis=0).tolist(), strict=True))

    @property
    def nrmse(self) -> float | None:
        """The root mean squared error of the point furthest ahead over the standard deviation of its truth.

        1 is what the mean of the tested stretch would reach. None where all truth is the same.
        """
        _, truth, prediction = self.last
        spread = float(truth.astype(np.float64).std())
        error = math.sqrt(float(np.mean((prediction.astype(np.float64) - truth) ** 2)))
        return error / spread if spread > 0 else None

    def metrics(self) -> dict[str, float]:
        """Return what is logged of a test, by name."""
        found = {"test/mse": self.mse, "test/rmse": math.sqrt(self.mse)}
        if self.nrmse is not None:
            found["test/nrmse"] = self.nrmse
        return found | {f"test/mse_at_{ahead}": mse for ahead, mse in self.mse_by_output.items()}

    @property
    def last(self) -> tuple[NDArray[np.floating], NDArray[np.float32], NDArray[np.float32]]:
        """Times, truth and prediction of the point furthest ahead, each of shape (n,)."""
        if self.truth.ndim == 1:
            return self.times, self.truth, self.prediction
        return self.times, self.truth[:, -1], self.prediction[:, -1]

    def in_words(self, baselines: Mapping[str, float]) -> str:
        """Return what a figure of the point furthest ahead shows, and how good that is beside persistence.

        Args:
            baselines: the test MSE of each, a mean over all outputs.
        """
        ahead = self.ahead[-1]
        what = "prediction" if ahead == 1 else f"prediction {ahead} points ahead"
        if self.truth.ndim > 1:
            return f"{what}, its MSE {self.mse_by_output[ahead]:.3e}"
        return f"{what}, test MSE {with_persistence(self.mse, baselines)}"

    def save(self, path: Path) -> None:
        """Write a CSV with all digits: index, time, truth, prediction.

        Where several points are predicted, the last two columns are the point furthest ahead, whose time it is,
        and the columns ``prediction_1`` and so on are those before it.
        """
        times, truth, prediction = self.last
        columns = [times, truth, prediction]
        names = ["index", "time", "truth", "prediction"]
        for output, ahead in enumerate(self.ahead[:-1]):
            columns.append(self.prediction[:, output])
            names.append(f"prediction_{ahead}")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            for start in range(0, len(times), ROWS_AT_ONCE):
                part = [column[start : start + ROWS_AT_ONCE].tolist() for column in columns]
                writer.writerows((start + row, *cells) for row, cells in enumerate(zip(*part, strict=True)))


def predict_windows(network: SequenceNetwork, windows: Windows, device: torch.device) -> Predictions:
    """Return the network's predictions for the windows; the network is moved to the device."""
    inputs, _ = to_tensors(windows, device, network.dtype)
    return Predictions(windows.times, windows.labels, predict(network.to(device), inputs), windows.ahead)


def draw_prediction_figures(
    predictions: Predictions, figures: Path, name: str, baselines: Mapping[str, float]
) -> None:
    """Draw truth against prediction, whole and zoomed in, as PNGs in the folder ``figures``."""
    from rnnlab.report.run_figures import draw_predictions, draw_zoom

    title = f"{name}: {predictions.in_words(baselines)}"
    draw_predictions(figures / "prediction.png", *predictions.last, title)
    draw_zoom(figures / "zoom.png", *predictions.last, name)

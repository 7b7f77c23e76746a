"""Predictions of a network on windows it was not trained on, and how good they are."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rnnlab.data.batches import to_tensors
from rnnlab.data.windows import Windows
from rnnlab.models.network import SequenceNetwork, predict


@dataclass(frozen=True)
class Predictions:
    """One-step predictions.

    Attributes:
        times: shape (n,), the time of each predicted point.
        truth: shape (n,), float32.
        prediction: shape (n,), in the precision of the network.
    """

    times: NDArray[np.floating]
    truth: NDArray[np.float32]
    prediction: NDArray[np.floating]

    @property
    def errors(self) -> NDArray[np.float64]:
        """Prediction minus truth, shape (n,)."""
        return self.prediction.astype(np.float64) - self.truth

    @property
    def mse(self) -> float:
        """The mean squared error."""
        return float(np.mean(self.errors**2))

    def save(self, path: Path) -> None:
        """Write a CSV with all digits: index, time, truth, prediction."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("index", "time", "truth", "prediction"))
            columns = (self.times.tolist(), self.truth.tolist(), self.prediction.tolist())
            writer.writerows((index, *row) for index, row in enumerate(zip(*columns, strict=True)))


def predict_windows(network: SequenceNetwork, windows: Windows, device: torch.device) -> Predictions:
    """Return the network's predictions for the windows; the network is moved to the device."""
    inputs, _ = to_tensors(windows, device, network.dtype)
    return Predictions(windows.times, windows.labels, predict(network.to(device), inputs))


def draw_prediction_figures(predictions: Predictions, figures: Path, name: str) -> None:
    """Draw truth against prediction, whole and zoomed in, as PNGs in the folder ``figures``."""
    from rnnlab.report.run_figures import draw_predictions, draw_zoom

    curves = (predictions.times, predictions.truth, predictions.prediction)
    draw_predictions(figures / "prediction.png", *curves, name)
    draw_zoom(figures / "zoom.png", *curves, name)

"""What a study's figures are drawn from. matplotlib is not needed to make one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ladder = Mapping[str, float]
"""The test MSE of predictors that learn next to nothing, by their names."""


CELL_NAMES = {
    "lstm": "LSTM",
    "gru": "GRU",
    "rnn": "RNN",
    "peepholelstm": "peephole LSTM",
    "labgru": "lab GRU",
    "mingru": "minGRU",
    "minlstm": "minLSTM",
    "lru": "LRU",
    "mlp": "MLP",
}


def cell_name(cell: str) -> str:
    """Return a cell's name as people write it."""
    return CELL_NAMES.get(cell, cell)


@dataclass(frozen=True)
class Dots:
    """The test MSE of a group of runs that differ in the seed alone.

    Attributes:
        label: what they are, in words.
        cell: their cell, which decides the colour.
        layers: their depth.
        values: the test MSE of each seed, shape (n,); empty where no run is finished.
        mean: the geometric mean, or None.
        low, high: its 95% interval, or None.
    """

    label: str
    cell: str
    layers: int
    values: Floats
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Curves:
    """The training of a group.

    Attributes:
        label, cell, layers: as in `Dots`.
        epochs: shape (E,).
        values: the training MSE, shape (runs, E), NaN where a run stopped earlier.
    """

    label: str
    cell: str
    layers: int
    epochs: NDArray[np.integer]
    values: Floats


@dataclass(frozen=True)
class Track:
    """What the median run of a group predicts.

    Attributes:
        label, cell, layers: as in `Dots`.
        times, truth, prediction: shapes (n,).
    """

    label: str
    cell: str
    layers: int
    times: Floats
    truth: Floats
    prediction: Floats

    @property
    def errors(self) -> NDArray[np.float64]:
        """Prediction minus truth, shape (n,)."""
        return self.prediction.astype(np.float64) - self.truth


@dataclass(frozen=True)
class Cost:
    """What a group costs, and what it gives.

    Attributes:
        label, cell, layers: as in `Dots`.
        seconds: fit time, shape (n,).
        parameters: how many are trained.
        values: test MSE, shape (n,).
    """

    label: str
    cell: str
    layers: int
    seconds: Floats
    parameters: int
    values: Floats

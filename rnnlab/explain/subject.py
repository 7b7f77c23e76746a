"""A trained network to be looked into, with the windows that it is looked into on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnlab.analysis.sinusoids import angle
from rnnlab.config.record import facets
from rnnlab.data.batches import to_tensors
from rnnlab.data.signals import angular_frequency
from rnnlab.data.windows import Windows
from rnnlab.errors import BadInputError, Problem
from rnnlab.models.network import SequenceNetwork, predict
from rnnlab.tracking.folder import SHORT_ID
from rnnlab.training.build import series_to_test, tested_signal
from rnnlab.training.saved import SavedRun, load_saved, unusable

MOST_WINDOWS = 1000
"""Windows that are looked at, evenly spread where there are more; the lab has 990."""
MOST_VALUES = 2**23
"""Values of one gate of one layer that are held at a time: fewer windows where they are long or layers wide."""
NOT_FINITE = "that are no finite numbers: it diverged in training"
FLAT = 1e-7
"""The sine of an angle that is less is taken for that of a multiple of pi."""


@dataclass(frozen=True)
class Subject:
    """A trained network, on the CPU.

    Attributes:
        label: what it is called beside the others.
        run: where it comes from.
        network: with its best weights.
        windows: all that it is tested on.
        numbers: which of them are looked at, shape (n,).
        inputs: these, shape (n, window, 1).
        mse: the mean squared error on all windows.
        distance: the angle in radians from one point to the next where the curve is a sinusoid whose windows fill a
            plane, else None: windows of one point, and of an angle that is a multiple of pi, lie on a line, those
            of amplitude 0 on one another.
    """

    label: str
    run: SavedRun
    network: SequenceNetwork
    windows: Windows
    numbers: NDArray[np.intp]
    inputs: Tensor
    mse: float
    distance: float | None

    @property
    def cell(self) -> str:
        """The short name of its cell."""
        return str(facets(self.run.config)["cell"])

    @property
    def run_id(self) -> str:
        """The id of its run."""
        return str(self.run.folder.read_manifest().get("run_id", ""))

    @property
    def truth(self) -> NDArray[np.float32]:
        """What is to be predicted from the windows, shape (n,) or (n, outputs)."""
        return self.windows.labels[self.numbers]


def load_subject(text: str, allowed: Sequence[str], key: str) -> Subject:
    """Return a saved run's network and its test windows.

    Args:
        text: which run, see `load_saved`.
        allowed: packages that its record may name objects of.
        key: the key that it was given for, ``run`` or ``runs``.

    Raises:
        BadInputError: there is no such run, it has no sound checkpoint, or it cannot predict its test windows.
    """
    run = load_saved(text, allowed, key)
    config = run.config
    torch.set_num_threads(config.trainer.threads)
    try:
        data = config.data
        windows = Windows(series_to_test(config), data.window, data.horizon, data.horizon_output)
        network = run.network().eval()
        most = MOST_VALUES // (data.window * config.model.hidden_size)
        numbers = spread(len(windows), min(MOST_WINDOWS, max(1, most)))
        inputs = to_tensors(windows, torch.device("cpu"), network.dtype)[0][numbers]
        mse = mse_of(network, windows)
    except (RuntimeError, ValueError, TypeError) as error:
        raise unusable(key, text, error) from error
    if not math.isfinite(mse):
        raise BadInputError(Problem(key, text, f"predicts values {NOT_FINITE}"))
    signal = tested_signal(config)
    frequency = angular_frequency(signal) if signal is not None else None
    distance = None if frequency is None else _distance(windows, frequency)
    return Subject(run.name, run, network, windows, numbers, inputs, mse, distance)


def _distance(windows: Windows, frequency: float) -> float | None:
    """Return the angle from one point to the next, None where the windows do not fill a plane."""
    distance = abs(angle(windows, frequency))
    series = windows.series
    clean = series.values if series.noise_free is None else series.noise_free
    fills = windows.window > 1 and abs(math.sin(distance)) > FLAT and float(np.ptp(clean)) > 0
    return distance if fills else None


def load_subjects(text: str, allowed: Sequence[str]) -> list[Subject]:
    """Return several runs that are to stand side by side.

    Args:
        text: which, with commas between.
        allowed: packages that their records may name objects of.

    Raises:
        BadInputError: one cannot be loaded, there are fewer than two, one is given twice, or they are not tested on
            the same windows.
    """
    names = [name.strip() for name in text.split(",")]
    if len(names) < 2 or not all(names):  # noqa: PLR2004
        raise BadInputError(Problem("runs", text, "must be two runs or more with commas between"))
    found = [load_subject(name, allowed, "runs") for name in names]
    if len({one.run.folder.path.resolve() for one in found}) < len(found):
        raise BadInputError(Problem("runs", text, "names a run twice"))
    first = found[0]
    for other, name in zip(found, names, strict=True):
        if other.windows.digest() != first.windows.digest():
            allowed_text = f"is tested on other windows than {first.label}; side by side they must be the same"
            raise BadInputError(Problem("runs", name, allowed_text))
    if len({one.label for one in found}) < len(found):
        found = [replace(one, label=f"{one.label} {one.run_id[:SHORT_ID]}") for one in found]
    # The same windows for all: those of the network that can be shown the fewest.
    fewest = min(found, key=lambda one: len(one.numbers))
    return [_on(one, fewest.numbers) if len(one.numbers) > len(fewest.numbers) else one for one in found]


def _on(subject: Subject, numbers: NDArray[np.intp]) -> Subject:
    inputs = to_tensors(subject.windows, torch.device("cpu"), subject.network.dtype)[0][numbers]
    return replace(subject, numbers=numbers, inputs=inputs)


def mse_of(network: SequenceNetwork, windows: Windows) -> float:
    """Return a network's mean squared error on windows."""
    prediction = predict(network, to_tensors(windows, torch.device("cpu"), network.dtype)[0])
    return float(np.mean((prediction.astype(np.float64) - windows.labels) ** 2))


def spread(count: int, most: int) -> NDArray[np.intp]:
    """Return up to ``most`` of the numbers below ``count``, evenly spread and the first among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.intp))

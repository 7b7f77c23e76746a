"""What predictions depend on, what that means in the closed loop, and how it came about in training."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from rnnlab.analysis.dependence import derivatives
from rnnlab.analysis.sinusoids import recurrence, seen
from rnnlab.errors import BadInputError, Problem
from rnnlab.explain.loops import closed_loop
from rnnlab.explain.subject import NOT_FINITE, Subject, mse_of, spread
from rnnlab.models.network import SequenceNetwork, predict
from rnnlab.report.inside.shapes import Dependence, Floats, Growth, Loop, Snapshot
from rnnlab.training.snapshots import read_snapshots

DERIVED = 250
"""Windows that a snapshot's derivatives are averaged over: they are many, and little changes with more."""


class Influence:
    """The derivatives of one network's outputs by its inputs.

    Args:
        subject: the network.

    Raises:
        BadInputError: they are not finite.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._all = derivatives(subject.network, subject.inputs)
        if not np.isfinite(self._all).all():
            raise BadInputError(Problem("run", subject.label, f"has derivatives {NOT_FINITE}"))

    @property
    def dependence(self) -> Dependence:
        """What the first output depends on: the only one, unless all points up to a horizon are predicted."""
        return _dependence(self._subject, self._all[:, 0])

    @property
    def loop(self) -> Loop | None:
        """The closed loop, or None where the network does not predict the next point."""
        return closed_loop(self._subject, self._all)


def growth(subject: Subject) -> Growth | None:
    """Return how a network got to where it is, or None where its run kept no snapshots.

    Raises:
        BadInputError: a snapshot is damaged, or is none of this network.
    """
    kept = read_snapshots(subject.run.folder.snapshots, "run")
    if not kept:
        return None
    networks = {epoch: _network(subject, epoch, weights) for epoch, weights in kept.items()}
    networks[subject.run.epoch] = subject.network
    some = subject.inputs[spread(len(subject.inputs), DERIVED)]
    found = {epoch: _snapshot(subject, epoch, network, some) for epoch, network in sorted(networks.items())}
    snapshots = [snapshot for snapshot in found.values() if snapshot is not None]
    diverged = [epoch for epoch, snapshot in found.items() if snapshot is None]
    times = subject.windows.series.times[subject.windows.window + subject.windows.ahead[0] - 1 :][subject.numbers]
    return Growth(subject.label, subject.cell, times, _first(subject.truth), snapshots, diverged)


def _network(subject: Subject, epoch: int, weights: dict[str, Any]) -> SequenceNetwork:
    try:
        return subject.run.network(weights).eval()
    except (RuntimeError, ValueError, TypeError) as error:
        raise BadInputError(
            Problem("run", subject.label, f"has a snapshot of epoch {epoch} that is none of its network")
        ) from error


def _snapshot(subject: Subject, epoch: int, network: SequenceNetwork, some: Tensor) -> Snapshot | None:
    """Return what a network does after an epoch, or None where that is no finite number."""
    mse, found = mse_of(network, subject.windows), derivatives(network, some)
    if not (np.isfinite(mse) and np.isfinite(found).all()):
        return None
    return Snapshot(epoch, _dependence(subject, found[:, 0]), _first(predict(network, subject.inputs)), mse)


def _first(values: Floats) -> Floats:
    """Return the first output of each window, shape (n,)."""
    return values if values.ndim == 1 else values[:, 0]


def _dependence(subject: Subject, found: Floats) -> Dependence:
    """Return what derivatives (n, window) say, beside the exact recurrence where there is one."""
    mean, deviation = found.mean(axis=0), found.std(axis=0)
    if subject.distance is None:
        return Dependence(subject.label, subject.cell, mean, deviation)
    exact = recurrence(len(mean), subject.distance, subject.windows.ahead[0])
    both = seen(mean, subject.distance), seen(exact, subject.distance)
    apart = float(np.linalg.norm(both[0] - both[1]) / np.linalg.norm(both[1]))
    noisy = subject.windows.noise_free is not None
    return Dependence(subject.label, subject.cell, mean, deviation, exact, *both, apart, noisy)

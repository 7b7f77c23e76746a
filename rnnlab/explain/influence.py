"""What predictions depend on, what that means in the closed loop, and how it came about in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from rnnlab.analysis.dependence import derivatives, eigenvalues
from rnnlab.analysis.sinusoids import recurrence, seen
from rnnlab.explain.subject import Subject, spread
from rnnlab.models.network import SequenceNetwork, predict
from rnnlab.report.inside.shapes import Dependence, Floats, Growth, Loop, Snapshot
from rnnlab.training.snapshots import read_snapshots

LOOPS = 60
"""Windows whose Jacobians are shown one by one."""
DERIVED = 250
"""Windows that a snapshot's derivatives are averaged over: they are many, and little changes with more."""


class Influence:
    """The derivatives of one network's outputs by its inputs.

    Args:
        subject: the network.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._all = derivatives(subject.network, subject.inputs)

    @property
    def dependence(self) -> Dependence:
        """What the first output depends on: the only one, unless all points up to a horizon are predicted."""
        return _dependence(self._subject, self._all[:, 0])

    @property
    def loop(self) -> Loop | None:
        """The closed loop, or None where the network does not predict the next point."""
        subject, windows = self._subject, self._subject.windows
        if windows.ahead[0] != 1:
            return None
        exact = None
        if subject.distance is not None:
            weights = [recurrence(windows.window, subject.distance, ahead) for ahead in windows.ahead]
            exact = eigenvalues(np.array(weights))
        some = self._all[spread(len(self._all), LOOPS)]
        return Loop(subject.label, subject.cell, eigenvalues(self._all.mean(axis=0)), eigenvalues(some), exact)


def growth(subject: Subject) -> Growth | None:
    """Return how a network got to where it is, or None where its run kept no snapshots.

    Raises:
        BadInputError: a snapshot is damaged.
    """
    kept = read_snapshots(subject.run.folder.snapshots, "run")
    if not kept:
        return None
    networks = {epoch: subject.run.network(weights).eval() for epoch, weights in kept.items()}
    networks[subject.run.epoch] = subject.network
    some = subject.inputs[spread(len(subject.inputs), DERIVED)]
    snapshots = [_snapshot(subject, epoch, network, some) for epoch, network in sorted(networks.items())]
    times = subject.windows.times[subject.numbers]
    return Growth(subject.label, subject.cell, times, _first(subject.truth), snapshots)


def _snapshot(subject: Subject, epoch: int, network: SequenceNetwork, some: Tensor) -> Snapshot:
    prediction = predict(network, subject.inputs)
    mse = float(np.mean((prediction.astype(np.float64) - subject.truth) ** 2))
    found = _dependence(subject, derivatives(network, some)[:, 0])
    return Snapshot(epoch, found, _first(prediction), mse)


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
    return Dependence(subject.label, subject.cell, mean, deviation, exact, *both, apart)


def largest_eigenvalues(loops: Sequence[Loop]) -> list[dict[str, object]]:
    """Return modulus and angle of each network's two largest eigenvalues, beside the exact recurrence's."""
    rows: list[dict[str, object]] = []
    for loop in loops:
        for place in range(min(2, len(loop.of_mean))):
            row: dict[str, object] = {"label": loop.label}
            for prefix, values in (("", loop.of_mean), ("exact_", loop.exact)):
                value = None if values is None else values[place]
                row[prefix + "modulus"] = None if value is None else float(abs(value))
                row[prefix + "angle"] = None if value is None else float(np.angle(value))
            rows.append(row)
    return rows

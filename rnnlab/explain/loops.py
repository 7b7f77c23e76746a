"""The closed loop of a network: what its derivatives foretell, and what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from rnnlab.analysis.dependence import affine_loop, dominant_pair, eigenvalues
from rnnlab.analysis.rollout import Rollout
from rnnlab.analysis.sinusoids import recurrence
from rnnlab.explain.subject import Subject, spread
from rnnlab.models.network import predict
from rnnlab.report.inside.shapes import Loop
from rnnlab.training.rollouts import STEPS_BY_DEFAULT, roll_out

WINDOWS = 60
"""Windows whose Jacobians are looked at one by one."""
MOST_STEPS = 10 * STEPS_BY_DEFAULT
"""A run's rollout is measured again, with the weights that are looked into, as far as this at most."""


def closed_loop(subject: Subject, found: NDArray[np.float64]) -> Loop | None:
    """Return the closed loop, or None where the network does not predict the next point.

    Args:
        subject: the network.
        found: the derivatives of its outputs at its windows, shape (n, outputs, window).
    """
    windows = subject.windows
    if windows.ahead[0] != 1:
        return None
    exact, period = None, None
    if subject.distance is not None:
        weights = [recurrence(windows.window, subject.distance, ahead) for ahead in windows.ahead]
        exact = eigenvalues(np.array(weights))
        if dominant_pair(exact) is None:  # so many points at a time turn the curve by a multiple of pi
            exact = None
        turned = abs(math.remainder(subject.distance, 2 * math.pi))
        period = math.ceil(2 * math.pi / turned)
    rollout = _measured(subject)
    mean = found.mean(axis=0)
    return Loop(
        subject.label,
        subject.cell,
        eigenvalues(mean),
        eigenvalues(found[spread(len(found), WINDOWS)]),
        exact,
        len(windows.ahead),
        period,
        None if rollout is None else _measures(rollout),
        None if rollout is None else _measures(_linear(subject, mean, rollout)),
    )


def _measured(subject: Subject) -> Rollout | None:
    """Return the run's closed loop as its test makes it, or None where no truth is known for it."""
    config = deepcopy(subject.run.config)
    if config.data.rollout_steps is not None:
        config.data.rollout_steps = min(config.data.rollout_steps, MOST_STEPS) or None
    rollout = roll_out(config, subject.network, torch.device("cpu"))
    return rollout if rollout is not None and rollout.known else None


def _linear(subject: Subject, mean: NDArray[np.float64], rollout: Rollout) -> Rollout:
    """Return the loop of a linear map: at the mean window the mean prediction, everywhere the mean derivative."""
    middle = subject.inputs[..., 0].double().numpy().mean(axis=0)
    predicted = np.atleast_2d(predict(subject.network, subject.inputs).astype(np.float64).T).mean(axis=1)
    window = subject.windows.series.values[: subject.windows.window].astype(np.float64)
    values = affine_loop(window, mean, predicted - mean @ middle, len(rollout.values))
    with np.errstate(over="ignore"):
        return replace(rollout, values=values.astype(np.float32))


def _measures(rollout: Rollout) -> Mapping[str, float]:
    truth = rollout.truth[: rollout.known].astype(np.float64)
    second = (truth + rollout.errors)[len(truth) // 2 :]
    extent = float(np.abs(second - rollout.middle).max()) / (rollout.amplitude or 1.0)
    largest = float(np.abs(rollout.errors).max())  # as it is, where there is no amplitude
    return (
        {"largest_error": largest} | rollout.measures() | {"amplitude": rollout.amplitude or 0.0, "extent": extent}
    )

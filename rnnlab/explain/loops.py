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
STEADY = 1e-6
"""A loop whose largest modulus is nearer to 1 comes to rest at no time that matters."""
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
    rollout, mean = _measured(subject), found.mean(axis=0)
    of_mean = eigenvalues(mean)
    loop = Loop(
        subject.label,
        subject.cell,
        of_mean,
        eigenvalues(found[spread(len(found), WINDOWS)]),
        exact,
        len(windows.ahead),
        period,
    )
    if rollout is None:
        return loop
    offset = _offset(subject, mean)
    window = windows.series.values[: windows.window].astype(np.float64)
    foretold = replace(rollout, values=affine_loop(window, mean, offset, len(rollout.values)))
    linear = dict(_measures(foretold))
    if rollout.amplitude is not None and len(mean) == 1 and abs(of_mean[0]) < 1 - STEADY:
        linear["rest"] = abs(float(offset[0] / (1 - mean.sum())) - rollout.middle) / rollout.amplitude
    return replace(loop, measured=_measures(rollout), linear=linear, swings=rollout.swings)


def _measured(subject: Subject) -> Rollout | None:
    """Return the run's closed loop as its test makes it, or None where no truth is known for it."""
    config = deepcopy(subject.run.config)
    if config.data.rollout_steps is not None:
        config.data.rollout_steps = min(config.data.rollout_steps, MOST_STEPS) or None
    rollout = roll_out(config, subject.network, torch.device("cpu"))
    return rollout if rollout is not None and rollout.known else None


def _offset(subject: Subject, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a map with the mean derivative adds, to predict the mean at the mean window; shape (outputs,)."""
    middle = subject.inputs[..., 0].double().numpy().mean(axis=0)
    predicted = np.atleast_2d(predict(subject.network, subject.inputs).astype(np.float64).T).mean(axis=1)
    offset: NDArray[np.float64] = predicted - mean @ middle
    return offset


def _measures(rollout: Rollout) -> Mapping[str, float]:
    """Return a rollout's measures, its amplitude (0 where it has none) and its ``extent``, see `Loop`."""
    amplitude = rollout.amplitude
    measures = rollout.measures() | {"largest_absolute_error": float(np.abs(rollout.errors).max())}
    if amplitude is not None:
        truth = rollout.truth[: rollout.known].astype(np.float64)
        second = (truth + rollout.errors)[len(truth) // 2 :]
        measures["extent"] = float(np.abs(second - rollout.middle).max()) / amplitude
    return {name: float(value) for name, value in measures.items()} | {"amplitude": amplitude or 0.0}

"""The closed loop of a run: from the first window of the test stretch on, as far as asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from rnnlab.analysis.rollout import Rollout, closed_loop
from rnnlab.config.schema import RunConfig
from rnnlab.models.network import SequenceNetwork
from rnnlab.training.build import series_to_test, tested_frequency

STEPS_BY_DEFAULT = 1000
"""A step takes a fraction of a millisecond on a CPU; a run that nobody asked for more is not held up."""


def roll_out(config: RunConfig, network: SequenceNetwork, device: torch.device) -> Rollout | None:
    """Return the closed loop of ``data.rollout_steps`` steps, or None where there is none.

    The truth goes on after the test stretch: a function on the same grid, a file to its end.
    """
    data = config.data
    outputs = data.horizon if data.horizon_output == "all" else 1
    if data.rollout_steps == 0 or (data.horizon > 1 and outputs == 1):
        return None
    within = (data.test_samples or 0) - data.window
    steps = min(within, STEPS_BY_DEFAULT) if data.rollout_steps is None else data.rollout_steps
    series = series_to_test(config, more=max(0, steps - within))
    values = closed_loop(network, series.values[: data.window], steps, outputs, device)
    known = series.part(data.window, data.window + steps)
    missing = steps - len(known)
    distance = float(series.times[-1] - series.times[-2])
    times = np.concatenate([known.times, known.times[-1] + distance * np.arange(1, missing + 1)])
    clean = known.values if known.noise_free is None else known.noise_free
    truth = np.concatenate([clean, np.full(missing, np.nan, dtype=np.float32)])
    curve = series.values if series.noise_free is None else series.noise_free
    return Rollout(times, truth, values, tested_frequency(config), curve)


def draw_rollout_figure(rollout: Rollout, figures: Path, name: str) -> None:
    """Draw the closed loop as a PNG in the folder ``figures``."""
    from rnnlab.report.rollout import draw_rollout

    if rollout.known:
        shown = (rollout.times, rollout.truth, rollout.values)
        draw_rollout(figures / "rollout.png", *shown, name, amplitude=rollout.amplitude)

"""A worker that records runs which nobody trains: `recording.py ADDRESS WORKER RUNS`."""

from __future__ import annotations

import sys

from helpers import lab_config

from rnnlab.config.schema import RunConfig, TrackingConfig
from rnnlab.tracking.recorder import Recorder
from rnnlab.tracking.store import open_if_reachable

EPOCHS = 10
POINTS = EPOCHS + 2
"""Metric points of a run."""


def recorded_config(address: str, name: str) -> RunConfig:
    return lab_config(tracking=TrackingConfig(store="server", uri=address), name=name)


def record(config: RunConfig) -> str:
    with Recorder(config, [], open_if_reachable(config.tracking)) as recorder:
        for epoch in range(EPOCHS):
            recorder.metrics.add("train/mse", 0.5**epoch, epoch)
        recorder.metrics.add("test/mse", 1e-5, EPOCHS)
        recorder.metrics.add("time/fit_seconds", 1.0, EPOCHS)
        recorder.publish()
    return recorder.result.status


if __name__ == "__main__":
    address, worker, runs = sys.argv[1:]
    for run in range(int(runs)):
        assert record(recorded_config(address, f"w{worker}-{run}")) == "FINISHED"

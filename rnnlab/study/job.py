"""One job of a study, in the process that a launcher runs it in."""

from __future__ import annotations

from rnnlab.config.schema import RunConfig
from rnnlab.interrupts import interrupts_raised
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import open_store
from rnnlab.training.run import train_run


def train_job(config: RunConfig, overrides: list[str]) -> RunResult:
    """Train one run of a study, quietly, and return how it went."""
    with interrupts_raised():
        return train_run(config, overrides, open_store(config.tracking))

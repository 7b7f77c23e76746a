"""The result of a run, as `result.json` holds it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any


@dataclass
class RunResult:
    """How a run went.

    Attributes:
        run_id: the MLflow run id, or one of the same form where nothing is tracked.
        name: what the run is called.
        status: RUNNING, FINISHED, FAILED or KILLED.
        overrides: what was given on the command line or by the study.
        config_hash: see `rnnlab.config.record.config_hash`.
        fingerprint: see `rnnlab.tracking.fingerprint.fingerprint`; None where it was not recorded.
        folder: the run's folder (absolute).
        function, cell, layers, seed: what the run is compared by.
        metrics: the last value of each metric.
        fit_seconds: time spent training.
        total_seconds: time from the creation of the run to its end.
        parameters: trainable parameters of the network.
        error: why it failed, or None.
        job: the number of the job in its study, or None.
        parent: the run id of its study, or None.
    """

    run_id: str
    name: str
    overrides: list[str]
    config_hash: str
    folder: str
    function: str
    cell: str
    layers: int
    seed: int
    status: str = "RUNNING"
    metrics: dict[str, float] = field(default_factory=dict)
    fit_seconds: float | None = None
    total_seconds: float | None = None
    parameters: int | None = None
    error: str | None = None
    job: int | None = None
    parent: str | None = None
    fingerprint: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the run by itself."""
        return self.status != "RUNNING"

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunResult:
        """Return the result that `to_dict` made; keys it does not know are passed over."""
        known = {item.name for item in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})

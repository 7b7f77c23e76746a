"""What a report is about: the places of a grid, the runs that fill them, and the groups that these make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rnnlab.config.record import differing_keys
from rnnlab.tracking.metrics import BASELINE
from rnnlab.tracking.studies import StoredRun, StoredStudy

FACETS = ("function", "cell", "layers", "seed")
NOT_IN_THE_STORE = "MISSING"
NOT_STARTED = "NOT STARTED"


@dataclass(frozen=True)
class Entry:
    """One place of a grid.

    Attributes:
        name: the name of its run.
        factors: function, cell, layers, seed, and whatever else varies in the grid.
        status: FINISHED, FAILED, KILLED, RUNNING, NOT STARTED, or MISSING where the store has lost the run.
        error: why there is no result, or None.
        run: its run, or None.
    """

    name: str
    factors: Mapping[str, Any]
    status: str
    error: str | None
    run: StoredRun | None

    @property
    def seed(self) -> int:
        """The seed of the weights and of the order of the windows."""
        return int(self.factors["seed"])

    def metric(self, name: str) -> float:
        """Return a metric of the run, NaN where it has none."""
        return float(self.run.metrics.get(name, float("nan"))) if self.run else float("nan")


@dataclass(frozen=True)
class Group:
    """The entries that differ in the seed alone.

    Attributes:
        factors: what they share.
        entries: in the order of the grid.
    """

    factors: Mapping[str, Any]
    entries: Sequence[Entry]

    @cached_property
    def finished(self) -> list[Entry]:
        """The entries whose run has a result."""
        return [entry for entry in self.entries if entry.status == "FINISHED"]

    @property
    def run_ids(self) -> list[str]:
        """The ids of the finished runs."""
        return [entry.run.run_id for entry in self.finished if entry.run]

    def values(self, metric: str) -> list[float]:
        """Return a metric of each finished run."""
        return [entry.metric(metric) for entry in self.finished]

    @property
    def baselines(self) -> dict[str, float]:
        """The test MSE of each predictor that learns next to nothing, on this group's windows."""
        runs = [entry.run for entry in self.finished if entry.run]
        metrics = runs[0].metrics if runs else {}
        return {key.removeprefix(BASELINE): value for key, value in metrics.items() if key.startswith(BASELINE)}


def entries_of_study(study: StoredStudy) -> list[Entry]:
    """Return an entry for every job of a study."""
    return [_entry_of_job(job, study.runs.get(job["job"])) for job in study.jobs]


def _entry_of_job(job: Mapping[str, Any], run: StoredRun | None) -> Entry:
    if run is None:
        status = NOT_IN_THE_STORE if job["run_id"] else job["status"]
        why = "its run is no longer in the store" if job["run_id"] else job["error"]
        return Entry(job["name"], job["factors"], status, why, None)
    status = "FAILED" if job["status"] == "FAILED" else run.status
    error = run.tags.get("rnnlab.error") or job["error"]
    return Entry(run.name, job["factors"], status, None if status == "FINISHED" else error, run)


def entries_of_runs(runs: Sequence[StoredRun]) -> list[Entry]:
    """Return an entry for each run; of several finished runs of the same seed and factors the newest stays."""
    varying = differing_keys([run.params for run in runs])
    entries: dict[tuple[Any, ...], Entry] = {}
    for run in sorted(runs, key=lambda run: (run.status == "FINISHED", run.started, run.run_id)):
        factors = {key: _number(run.params.get(key, "")) for key in (*FACETS, *varying)}
        error = None if run.status == "FINISHED" else run.tags.get("rnnlab.error")
        entries[tuple(factors.values())] = Entry(run.name, factors, run.status, error, run)
    return sorted(entries.values(), key=lambda entry: [_sortable(value) for value in entry.factors.values()])


def groups_of(entries: Sequence[Entry]) -> list[Group]:
    """Return the groups of the entries, in the order in which they come up."""
    found: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in entries:
        key = tuple((name, str(value)) for name, value in entry.factors.items() if name != "seed")
        found.setdefault(key, []).append(entry)
    return [
        Group({name: value for name, value in group[0].factors.items() if name != "seed"}, group)
        for group in found.values()
    ]


def other_factors(factors: Mapping[str, Any]) -> dict[str, Any]:
    """Return what varies beside function, cell, layers and seed."""
    return {name: value for name, value in factors.items() if name not in FACETS}


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _sortable(value: Any) -> tuple[bool, float, str]:
    return (False, float(value), "") if isinstance(value, int | float) else (True, 0.0, str(value))

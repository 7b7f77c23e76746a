"""What a report is about: the places of a grid, the runs that fill them, and the groups that these make."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rnnlab.config.factors import curve_labels, differing_keys, following_keys
from rnnlab.config.schema import TARGET_SECTIONS
from rnnlab.tracking.fingerprint import OTHER_CONFIG
from rnnlab.tracking.metrics import BASELINE, BEST_EPOCH, chosen_by
from rnnlab.tracking.studies import StoredRun, StoredStudy

FACETS = ("function", "cell", "layers", "seed")
MSE = "test/mse"
NOT_IN_THE_STORE, NO_RESULT, CHANGED = "MISSING", "NO RESULT", "CHANGED"
"""What an entry can be beyond the statuses of runs and of jobs that never started."""


@dataclass(frozen=True)
class Entry:
    """One place of a grid.

    Attributes:
        name: the name of its run.
        factors: function, cell, layers, seed, and whatever else varies in the grid.
        status: FINISHED, FAILED, KILLED, RUNNING or NOT STARTED; MISSING where the store has lost the run, CHANGED
            where it went on with another config, NO RESULT where it logged none.
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

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose weights were tested, or None where the run did not say: older ones do not."""
        best = self.metric(BEST_EPOCH)
        return None if math.isnan(best) else int(best)

    @property
    def monitored(self) -> float | None:
        """What the best epoch was chosen by, or None where the run did not say."""
        value = self.metric(self.chosen_by)
        return None if math.isnan(value) else value

    @property
    def chosen_by(self) -> str:
        """The metric that holds what its best epoch was chosen by."""
        return chosen_by(self.run.params.get("data.val_fraction") if self.run else None)

    @property
    def last_epoch(self) -> int | None:
        """The last epoch that was trained, or None where the run did not say."""
        epochs = self.run.tags.get("rnnlab.epochs", "") if self.run else ""
        return int(epochs) if epochs.isdecimal() else None


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
        """The test MSE of each predictor that learns next to nothing, on this group's windows, the worst first."""
        runs = [entry.run for entry in self.finished if entry.run]
        found = runs[0].metrics.items() if runs else ()
        ladder = {key.removeprefix(BASELINE): value for key, value in found if key.startswith(BASELINE)}
        return dict(sorted(ladder.items(), key=lambda rung: -rung[1]))


def entries_of_study(study: StoredStudy) -> list[Entry]:
    """Return an entry for every job of a study."""
    factors = _factors_of_jobs(study)
    return [
        _entry_of_job(job, mine, study.runs.get(job["job"]), deleted=job["job"] in study.deleted)
        for job, mine in zip(study.jobs, factors, strict=True)
    ]


def _factors_of_jobs(study: StoredStudy) -> list[dict[str, Any]]:
    """Return what each job is compared by; older studies recorded keys that follow from others, or are absent."""
    taken = {
        (job["factors"]["cell"], key)
        for job in study.jobs
        if (run := study.runs.get(job["job"])) is not None
        for key in run.params
    }
    rows = [
        {
            key: value
            for key, value in job["factors"].items()
            if value is not None
            or key.partition(".")[0] not in TARGET_SECTIONS
            or (job["factors"]["cell"], key) in taken
        }
        for job in study.jobs
    ]
    following = following_keys(rows, list(dict.fromkeys(key for row in rows for key in other_factors(row))))
    return [
        {key: value for key, value in row.items() if key not in following} | {"function": curve}
        for row, curve in zip(rows, curve_labels(rows), strict=True)
    ]


def _entry_of_job(
    job: Mapping[str, Any], factors: Mapping[str, Any], run: StoredRun | None, *, deleted: bool
) -> Entry:
    if run is None:
        lost = job["run_id"] or job["status"] == "FINISHED"
        status = NOT_IN_THE_STORE if lost else job["status"]
        gone = "its run was deleted in MLflow" if deleted else "its run is no longer in the store"
        why = gone if lost else job["error"]
        return Entry(job["name"], factors, status, why, None)
    status, error = _outcome(run)
    if status == "FINISHED" and run.tags.get("rnnlab.config_hash") != job["config_hash"]:
        status, error = CHANGED, OTHER_CONFIG
    return Entry(run.name, factors, status, error or (job["error"] if status != "FINISHED" else None), run)


def _outcome(run: StoredRun) -> tuple[str, str | None]:
    """Return a run's status, and why it has no result that can be compared."""
    if run.status != "FINISHED":
        return run.status, run.tags.get("rnnlab.error") or None
    if run.tags.get("rnnlab.fingerprint") == OTHER_CONFIG:
        return CHANGED, OTHER_CONFIG
    if not math.isfinite(run.metrics.get(MSE, math.nan)):
        return NO_RESULT, f"it logged no {MSE}"
    return "FINISHED", None


def entries_of_runs(runs: Sequence[StoredRun]) -> tuple[list[Entry], int]:
    """Return an entry for each run, and how many runs were left out.

    Left out are runs that recorded no config, and of several finished runs of the same seed and factors all but
    the newest.
    """
    whole = [run for run in runs if all(run.params.get(key) for key in FACETS)]
    rows = [run.params for run in whole]
    varying = differing_keys(rows)
    curves = dict(zip((run.run_id for run in whole), curve_labels(rows), strict=True))
    entries: dict[tuple[Any, ...], Entry] = {}
    for run in sorted(whole, key=lambda run: (_outcome(run)[0] == "FINISHED", run.started, run.run_id)):
        keys = [key for key in (*FACETS, *varying) if key in run.params]
        factors = {key: _number(run.params[key]) for key in keys} | {"function": curves[run.run_id]}
        status, error = _outcome(run)
        entries[tuple(factors.items())] = Entry(run.name, factors, status, error, run)
    ordered = sorted(
        entries.values(), key=lambda entry: [_sortable(entry.factors.get(key)) for key in (*FACETS, *varying)]
    )
    return ordered, len(runs) - len(entries)


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

"""The typed config of each command; that of `rnnlab train` stands in `rnnlab.config.schema`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rnnlab.config.keys import Key, key, keys_of
from rnnlab.config.schema import ALLOW_TARGETS, RunConfig, TrackingConfig


@dataclass
class ForecastDataConfig:
    """The points after which a forecast begins; null keeps the run's own value."""

    path: str | None = key(
        None, "a CSV file, after whose last row the forecast begins; null: after the run's own data"
    )
    column: str | None = key(None, "name of its column, or else its number from 1; null: as trained")
    header: str | None = key(
        None, "whether its first line holds names; null: as trained", choices=("auto", "present", "absent")
    )
    skip_lines: int | None = key(None, "lines above its table to pass over; null: as trained", at_least=0)
    missing: list[str] | None = key(
        None, "what stands for a missing value in it, such as [-9999,.]; null: as trained"
    )
    fill: str | None = key(
        None, "refuse its gaps, or fill them by straight lines; null: as trained", choices=("refuse", "linear")
    )


@dataclass
class PredictDataConfig(ForecastDataConfig):
    """What to predict on; null keeps the run's own value."""

    path: str | None = key(
        None, "a CSV file to predict, all its rows unless train_samples or test_samples is given"
    )
    train_samples: int | None = key(
        None, "points before the test stretch, which set where it begins; null: as trained", at_least=2
    )
    test_samples: int | None = key(None, "points in the test stretch; null: as trained", at_least=2)
    spacing: float | None = key(None, "nominal distance of two points; null: as trained", above=0)


@dataclass
class PredictConfig:
    """What ``rnnlab predict`` predicts with and on."""

    run: str = key("latest", "the run to predict with: latest, an id or its start, a name, or a folder")
    allow_targets: list[str] = key(list, ALLOW_TARGETS)
    function: dict[str, Any] = key(dict, "the curve to predict; empty: the one the run was tested on")
    rollout: int | None = key(
        None, "steps to feed predictions back for; null: to the end of the test, at most 1000; 0: none", at_least=0
    )
    data: PredictDataConfig = key(PredictDataConfig, "the stretch to predict")


@dataclass
class ForecastConfig:
    """What ``rnnlab forecast`` goes on from, how far, and where it writes."""

    run: str = key("latest", "the run to forecast with: latest, an id or its start, a name, or a folder")
    steps: int = key(1, "how many points to go on for, each made from those before it", at_least=1)
    output: str | None = key(
        None, "the CSV file to write, in place of an older forecast of that name; null: standard output"
    )
    figure: str | None = key(None, "a PNG to draw beside it; null: none")
    allow_targets: list[str] = key(list, ALLOW_TARGETS)
    data: ForecastDataConfig = key(ForecastDataConfig, "the points after which it begins")


@dataclass
class RunsConfig:
    """Which runs ``rnnlab runs`` lists."""

    function: str | None = key(None, "only runs on this function")
    cell: str | None = key(None, "only runs with this cell")
    layers: int | None = key(None, "only runs with this many layers", at_least=1)
    study: str | None = key(None, "only runs of this study")
    status: str | None = key(
        None, "only runs with this status", choices=("RUNNING", "FINISHED", "FAILED", "KILLED")
    )
    limit: int = key(20, "how many runs to list", at_least=1, at_most=50000)
    tracking: TrackingConfig = key(TrackingConfig, "the store to look into")


@dataclass
class ExplainConfig:
    """What ``rnnlab explain`` looks into."""

    run: str | None = key(
        None, "the run: latest, an id or its start, a name, or a folder; latest where runs is not given"
    )
    runs: str | None = key(None, "several runs instead, with commas between, side by side on the same windows")
    window: int | None = key(
        None, "a test window to show beside those at a peak, at a zero crossing and at random; from 0", at_least=0
    )
    allow_targets: list[str] = key(list, ALLOW_TARGETS)


@dataclass
class ReproduceConfig:
    """Which run ``rnnlab reproduce`` trains again, and how the two are compared."""

    run: str = key("latest", "the run to train again: latest, an id or its start, a name, or a folder")
    tolerance: float = key(
        0.01, "largest relative difference of any epoch's and the test's MSE that is WITHIN TOLERANCE", at_least=0
    )
    threads: int | None = key(None, "CPU threads; null: as many as the run had", at_least=1, at_most=1024)
    checkout: bool = key(False, "train with the recorded commit and diff, in a git worktree; runs that code")
    allow_targets: list[str] = key(list, ALLOW_TARGETS)
    tracking: TrackingConfig = key(TrackingConfig, "where the new run is recorded")


@dataclass
class SyncConfig:
    """What ``rnnlab sync`` sends: everything, each run to the store that it was recorded for."""


@dataclass
class UiConfig:
    """How ``rnnlab ui`` serves MLflow's pages."""

    host: str = key("127.0.0.1", "address to listen on; any other lets everyone who reaches it read and delete")
    port: int | None = key(
        None, "port to listen on; null: 5000 if it is free, else another", at_least=1, at_most=65535
    )
    tracking: TrackingConfig = key(TrackingConfig, "the store to show")


@dataclass
class ReportConfig:
    """What ``rnnlab report`` reports on."""

    study: str | None = key(None, "the study: latest, a name, or its parent's id; latest where runs is not given")
    runs: str | None = key(None, "any runs instead: ids with commas between, or a filter in MLflow's language")
    check: bool = key(False, "write nothing, but say whether the stored report still holds")
    tracking: TrackingConfig = key(TrackingConfig, "the store to look into")


@dataclass
class CompareConfig:
    """What ``rnnlab compare`` compares."""

    study: str = key("", "two studies with a comma between, before and after: each latest, a name, or an id")
    check: bool = key(False, "write nothing, but say whether the stored report still holds")
    tracking: TrackingConfig = key(TrackingConfig, "the store to look into")


SCHEMAS = {
    "train": RunConfig,
    "predict": PredictConfig,
    "forecast": ForecastConfig,
    "report": ReportConfig,
    "compare": CompareConfig,
    "explain": ExplainConfig,
    "reproduce": ReproduceConfig,
    "runs": RunsConfig,
    "sync": SyncConfig,
    "ui": UiConfig,
}
"""The schema of each command that takes a config."""


def keys_by_name(command: str) -> dict[str, Key]:
    """Return every key of a command's config by its dotted name."""
    return {key.name: key for key in keys_of(SCHEMAS[command])}

"""A study's summary: the test MSE of each cell and depth, against predictors that learn next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.analysis.statistics import Estimate, geometric_mean
from rnnlab.config.targets import setting
from rnnlab.report.shapes import Dots
from rnnlab.study.grid import group_label
from rnnlab.study.record import StudyRecord
from rnnlab.tracking.metrics import BASELINE


@dataclass(frozen=True)
class Group:
    """The runs that differ in nothing but the seed.

    Attributes:
        label: what they are: ``cos lstm 3 layers``.
        cell: their cell.
        layers: their depth.
        jobs: how many there should be.
        mses: the test MSE of those that are FINISHED.
        fit_seconds: the time each of them took.
    """

    label: str
    cell: str
    layers: int
    jobs: int
    mses: list[float]
    fit_seconds: list[float]

    @property
    def mean(self) -> Estimate | None:
        """The geometric mean of the test MSEs with its interval, None where nothing has finished."""
        return geometric_mean(self.mses) if self.mses else None

    def dots(self) -> Dots:
        """Return what a figure shows of them."""
        interval = (self.mean.value, self.mean.low, self.mean.high) if self.mean else (None, None, None)
        return Dots(self.label, self.cell, self.layers, np.array(self.mses), *interval)


def groups_of(record: StudyRecord) -> Iterator[Group]:
    """Yield the groups of a study in the order of its grid."""
    found: dict[tuple[str, ...], Group] = {}
    for job in record.grid.jobs:
        is_ = record.grid.factors(job)
        same = tuple(setting(key, value) for key, value in record.grid.settings(job).items())
        same = (group_label(is_), *same)
        label = " ".join(same)
        group = found.get(same, Group(label, is_["cell"], is_["layers"], 0, [], []))
        result = record.finished(job)
        mses = [result.metrics["test/mse"]] if result else []
        seconds = [result.fit_seconds or 0.0] if result else []
        found[same] = replace(
            group, jobs=group.jobs + 1, mses=group.mses + mses, fit_seconds=group.fit_seconds + seconds
        )
    yield from found.values()


def baselines_of(record: StudyRecord) -> dict[str, float]:
    """Return the baselines' test MSE if all runs were tested on the same windows, else nothing."""
    finished = [result for job in record.grid.jobs if (result := record.finished(job)) is not None]
    found = [
        {key.removeprefix(BASELINE): value for key, value in result.metrics.items() if key.startswith(BASELINE)}
        for result in finished
    ]
    return found[0] if found and all(one == found[0] for one in found) else {}

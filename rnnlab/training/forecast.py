"""A forecast: a saved run's network goes on after the last point that is known, fed with its own predictions."""

from __future__ import annotations

import csv
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from numpy.typing import NDArray

from rnnlab.analysis.rollout import closed_loop
from rnnlab.config.commands import ForecastConfig
from rnnlab.config.record import curve_label, plain
from rnnlab.config.schema import RunConfig
from rnnlab.config.stretches import file_to_read, typed
from rnnlab.config.targets import label
from rnnlab.data.csv_file import end_of_column, file_digest, read_column
from rnnlab.data.series import Series
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import found_path, given_path
from rnnlab.training.build import series_to_test, tested_signal, times_after_test
from rnnlab.training.capacity import check_points
from rnnlab.training.fit import prepare_device
from rnnlab.training.saved import SavedRun, load_saved, unusable

COLUMNS = ("step", "time", "prediction")
ROWS_AT_ONCE = 2**16
"""Rows that are made into text at a time."""


@dataclass(frozen=True)
class Forecast:
    """What comes after the last known point, according to a network.

    Attributes:
        run: the run that it was made with.
        source: what was known, in words.
        known: the points of it, the last one just before the forecast.
        times: shape (steps,), on the axis of ``known``: of a file the rows, the first one 0.
        values: shape (steps,), in the precision of the network.
    """

    run: SavedRun
    source: str
    known: Series
    times: NDArray[np.floating]
    values: NDArray[np.floating]

    def save(self, file: TextIO) -> None:
        """Write a CSV with all digits: step from 1, time, prediction."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for start in range(0, len(self.times), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            rows = zip(self.times[part].tolist(), self.values[part].tolist(), strict=True)
            writer.writerows((step, *row) for step, row in enumerate(rows, start=start + 1))


def forecast_with(asked: ForecastConfig) -> Forecast:
    """Return the forecast of a saved run from the newest window on; nothing is written.

    Raises:
        BadInputError: there is no such run, it cannot be fed back, or there is no window of known points.
    """
    check_points("steps", asked.steps)
    run = load_saved(asked.run, asked.allow_targets)
    config = deepcopy(run.config)
    data = config.data
    outputs = data.horizon if data.horizon_output == "all" else 1
    if data.horizon > outputs:
        why = (
            f"{run.name} predicts point {data.horizon} after its window and none before it, which cannot be fed "
            "back; a run with data.horizon_output=all can"
        )
        raise BadInputError(Problem("run", asked.run, why))
    known, times, source = _newest(config, asked, run.name)
    device = prepare_device(
        config.trainer.accelerator if torch.cuda.is_available() else "cpu", config.trainer.threads
    )
    try:
        values = closed_loop(run.network(), known.values[-data.window :], asked.steps, outputs, device)
    except (RuntimeError, ValueError, TypeError) as error:
        raise unusable("run", asked.run, error) from error
    finite = np.isfinite(values)
    if not finite.all():
        first = int(np.argmin(finite)) + 1
        raise BadInputError(
            Problem(
                "steps",
                asked.steps,
                f"step {first} is no finite number: fed with its own predictions the network runs away",
            )
        )
    return Forecast(run, source, known, times, values)


def _newest(config: RunConfig, asked: ForecastConfig, name: str) -> tuple[Series, NDArray[np.floating], str]:
    """Return the known points, the times of the steps after them, and where they come from.

    A file is taken as it stands, without the noise that a run may have been given; of a curve what the run was
    tested on, as it was observed.
    """
    data = config.data
    if asked.data.path is None and tested_signal(config) is not None:
        for key, value in plain(asked.data).items():
            if value is not None:
                raise BadInputError(Problem(f"data.{key}", typed(value), "goes with data.path="))
        curve = label(data.test_function) if data.test_function else curve_label(config)
        return series_to_test(config), times_after_test(config, asked.steps), f"the test stretch of {curve}"
    for key, value in plain(asked.data).items():
        if value is not None:
            setattr(data, key, value)
    path = _own_file(config) if asked.data.path is None else given_path("data.path", asked.data.path)
    file = file_to_read(data, path)
    values = read_column(file)
    rows = len(values)
    if rows < data.window:
        counted = f"{rows} row{'s' if rows > 1 else ''} of values"
        why = f"ends after {counted}, and {name} goes on from data.window={data.window} of them"
        raise BadInputError(Problem("data.path", path, f"{end_of_column(file)}: {why}"))
    times = np.arange(rows + asked.steps, dtype=np.float64)
    return Series(times[:rows], values), times[rows:], f"the last of {rows} rows of {path.name}"


def _own_file(config: RunConfig) -> Path:
    """Return the file that a run was made with.

    Raises:
        BadInputError: it is gone, or another one by now.
    """
    path = found_path(str(config.data.path))
    if file_digest(path) != config.data.digest:
        allowed = "has changed since the run was made; to go on after its last row, name it"
        raise BadInputError(Problem("data.path", config.data.path, allowed, f"data.path={path}"))
    return path

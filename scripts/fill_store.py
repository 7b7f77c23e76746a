#!/usr/bin/env python3
"""Studies whose results are made up: written to a real store, in a second or two a hundred runs, without training.

    .venv/bin/python scripts/fill_store.py --runs 2000 --epochs 50 FOLDER

What benchmarks and tests of reports and stores need: as many runs as asked for, with errors that are known.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rnnlab.config.record import facets, flat, plain, run_name
from rnnlab.config.schema import RunConfig
from rnnlab.study.grid import Grid, Job, digest
from rnnlab.study.parent import ParentRun
from rnnlab.study.record import StudyRecord
from rnnlab.tracking.left import STUDY_FILE
from rnnlab.tracking.metrics import BASELINE, Point
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import Store, open_store
from rnnlab.tracking.tags import run_tags

LADDER = {
    "persistence": 4.95e-5,
    "linear extrapolation": 5.07e-9,
    "least squares": 3e-16,
    "exact recurrence": 1.4e-15,
}
BEGAN = 1_790_000_000.0
WINDOWS = 90
CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}


def made_up_config(cell: str = "lstm", layers: int = 1, seed: int = 0, function: str = "cos") -> RunConfig:
    """Return a run's config that nobody trained."""
    config = RunConfig(
        layers=layers,
        seed=seed,
        function={"_target_": f"rnnlab.data.signals.{function}"},
        cell={"_target_": f"rnnlab.models.cells.{CELLS[cell]}"},
        head={"_target_": "rnnlab.models.heads.Direct"},
        optimizer={"_target_": "torch.optim.Adam", "lr": 0.01},
        schedule={"_target_": "rnnlab.training.schedules.constant"},
    )
    config.data.train_samples = config.data.test_samples = 1000
    return config


def made_up_study(
    store: Store,
    folder: Path,
    name: str,
    configs: Sequence[RunConfig],
    mse_of: Callable[[RunConfig], float | None],
    *,
    epochs: int = 5,
) -> str:
    """Write a study and its runs to a store, and return the parent's id.

    Args:
        store: a real one.
        folder: of the study, for `study.json`.
        name: the study's.
        configs: of its jobs.
        mse_of: returns the test MSE of a job, or None for one that failed.
        epochs: points of each curve.
    """
    axes = {
        key: list(dict.fromkeys(str(facets(one)[key]) for one in configs)) for key in ("cell", "layers", "seed")
    }
    jobs = [Job(number, [], config) for number, config in enumerate(configs)]
    grid = Grid(axes, jobs)
    key = digest([name, *(job.config_hash for job in jobs)])
    with ParentRun(store, configs[0].tracking, name, grid, key, anew=True) as parent:
        record = StudyRecord(name, parent.run_id, folder, grid)
        record.begin({}, [])
        predictions = folder / "predictions.csv"
        for job in jobs:
            record.results[job.number] = _write_run(
                store, job, parent.run_id, mse_of(job.config), epochs=epochs, predictions=predictions
            )
        predictions.unlink(missing_ok=True)
        record.save()
        parent.log_files([STUDY_FILE, "results.csv"])
        return parent.run_id


def _write_run(
    store: Store, job: Job, parent: str, mse: float | None, *, epochs: int, predictions: Path
) -> RunResult:
    config = job.config
    config.study.parent, config.study.job = parent, job.number
    run = MlflowRun.create(store, run_name(config), run_tags(config, run_name(config)), BEGAN)
    run.log_params(dict(flat(plain(config))) | facets(config))
    result = RunResult(run.run_id, job.name, [], job.config_hash, "", **facets(config))
    result.job, result.parent = job.number, parent
    if mse is None:
        result.status, result.error = "FAILED", "DivergedError: the loss is nan in epoch 2, step 17"
        run.set_tags({"rnnlab.error": result.error, "rnnlab.device": "cpu"})
        run.end("FAILED", BEGAN + 10)
        return result
    result.status = "FINISHED"
    result.metrics = {"test/mse": mse, "test/rmse": mse**0.5, "time/fit_seconds": 2.0 * config.layers}
    result.metrics |= {"time/steps_per_second": 400.0 / config.layers}
    result.metrics |= {"best/epoch": epochs, "best/train_mse": mse * (1 + 100 * 0.8**epochs)}
    result.metrics |= {BASELINE + rung: value for rung, value in LADDER.items()}
    curve = [
        Point("train/mse", epoch, mse * (1 + 100 * 0.8**epoch), BEGAN + epoch) for epoch in range(1, epochs + 1)
    ]
    run.log_points(curve + [Point(key, epochs, value, BEGAN) for key, value in result.metrics.items()])
    result.parameters = 1000 * config.layers
    tags = {"parameters": result.parameters, "device": "cpu", "epochs": epochs}
    run.set_tags({f"rnnlab.{name}": str(value) for name, value in tags.items()})
    _write_predictions(predictions, mse)
    run.log_file(predictions)
    run.end("FINISHED", BEGAN + 10)
    return result


def _write_predictions(path: Path, mse: float) -> None:
    times = 0.1 * np.arange(WINDOWS)
    truth = np.cos(times)
    prediction = truth + np.sqrt(2 * mse) * np.sin(7 * times)
    rows = [f"{n},{t},{x},{y}" for n, (t, x, y) in enumerate(zip(times, truth, prediction, strict=True))]
    path.write_text("\n".join(["index,time,truth,prediction", *rows]) + "\n", encoding="utf-8")


def main() -> None:
    """Fill the store of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=2000, help="a multiple of 10")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--name", default="many")
    asked = parser.parse_args()
    os.environ["RNNLAB_HOME"] = str(asked.folder.absolute())
    places = itertools.product(("lstm", "gru"), range(1, 6), range(asked.runs // 10))
    configs = [made_up_config(cell, layers, seed) for cell, layers, seed in places]
    dice = np.random.default_rng(1)
    store = open_store(configs[0].tracking)
    if store is None:
        raise RuntimeError("a local store was expected")
    folder = asked.folder.absolute() / "outputs" / asked.name
    made_up_study(
        store,
        folder,
        asked.name,
        configs,
        lambda config: 1e-6 * 2**config.layers * 10 ** dice.normal(0, 0.5),
        epochs=asked.epochs,
    )


if __name__ == "__main__":
    main()

"""The epoch that counts: which one was the best, and by what, told wherever the test error is."""

import csv
import json
import sqlite3

import numpy as np
import pytest
from helpers import SMALL, TINY_DATA, train
from known_study import fill

from rnnlab.cli import dispatch
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import read_curves
from rnnlab.training.checkpoint_files import read_checkpoint

UNSTEADY = [*SMALL[:1], "layers=1", "optimizer.lr=0.2", "trainer.max_epochs=12", *TINY_DATA]
"""Overrides of a run whose errors rise again."""
CASES = [("val", "data.val_fraction=0.3"), ("train", "data.val_fraction=0")]


@pytest.mark.parametrize(("chosen", "override"), CASES)
def test_a_run_tells_its_best_epoch_and_what_that_was_chosen_by(chosen, override, home):
    folder = train(*UNSTEADY, override)
    epochs, values = read_curves(folder.metrics)[f"{chosen}/mse"]
    best = int(np.argmin(values))
    assert epochs[best] < 12, "the best epoch is not the last, or this shows nothing"
    metrics = folder.read_result().metrics
    assert metrics["best/epoch"] == epochs[best]
    assert metrics[f"best/{chosen}_mse"] == values[best]
    assert metrics[f"{chosen}/mse"] == values[-1], "that of the last epoch, as ever"
    assert [name for name in metrics if name.startswith("best/")] == ["best/epoch", f"best/{chosen}_mse"]
    assert read_curves(folder.metrics)["best/epoch"] == ([epochs[best]], [epochs[best]])


def test_a_best_epoch_before_the_resumption_stays_the_best(home):
    folder = train(*UNSTEADY, "seed=2", "trainer.max_epochs=14")
    before = folder.read_result().metrics
    assert dispatch(["train", "resume=latest", "trainer.max_epochs=16"]) == 0
    metrics, best = folder.read_result().metrics, read_checkpoint(folder.best, "run")
    assert best["epoch"] == before["best/epoch"] < 14, "or this shows nothing"
    assert metrics["best/epoch"] == best["epoch"]
    assert metrics["best/train_mse"] == best["monitored"] == before["best/train_mse"]
    assert metrics["train/mse"] == read_curves(folder.metrics)["train/mse"][1][-1]


def test_a_better_epoch_after_the_resumption_takes_its_place(home):
    steady = [word.replace("lr=0.2", "lr=0.001") for word in UNSTEADY]
    folder = train(*steady, "trainer.max_epochs=3")
    assert dispatch(["train", "resume=latest", "trainer.max_epochs=6"]) == 0
    curves = read_curves(folder.metrics)
    assert folder.read_result().metrics["best/epoch"] == 6
    assert folder.read_result().metrics["best/train_mse"] == curves["train/mse"][1][-1]
    assert curves["best/epoch"] == ([3, 6], [3.0, 6.0])


def test_what_was_measured_of_epochs_that_are_trained_again_is_taken_back(home):
    folder = train(*UNSTEADY, "optimizer.lr=0.001", "trainer.checkpoint_seconds=0")
    folder.last.write_bytes(b"damaged")
    words = ["resume=latest", "trainer.max_epochs=12", "trainer.gradient_clip=1e-9"]
    assert dispatch(["train", *words]) == 0
    best, curves = read_checkpoint(folder.best, "run"), read_curves(folder.metrics)
    assert curves["best/epoch"] == ([best["epoch"]], [best["epoch"]])
    assert curves["best/train_mse"] == ([best["epoch"]], [best["monitored"]])
    assert curves["test/mse"][1] == [folder.read_result().metrics["test/mse"]]


def columns_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_and_its_report_have_the_best_epoch_of_every_run(home):
    words = ["seed=0,1", "data.val_fraction=0,0.3", "study.name=best", *UNSTEADY]
    assert dispatch(["train", "-m", "trainer=cpu", *words]) == 0
    study = home / "outputs" / "best"
    assert dispatch(["report"]) == 0
    report = json.loads((study / "report" / "report.json").read_text())
    of_report = {run["run_id"]: run for group in report["groups"] for run in group["runs"]}
    tables = columns_of(study / "results.csv"), columns_of(study / "report" / "results.csv")
    late = 0
    for row, again in zip(*tables, strict=True):
        result = next(one for one in map(RunFolder.read_result, runs_in(study)) if one.run_id == row["run_id"])
        chosen, other = ("val", "train") if float(row["data.val_fraction"]) else ("train", "val")
        said = of_report[row["run_id"]]
        for table in (row, again):
            assert int(table["best/epoch"]) == result.metrics["best/epoch"] == said["best/epoch"]
            value = result.metrics[f"best/{chosen}_mse"]
            assert float(table[f"best/{chosen}_mse"]) == value == said[f"best/{chosen}_mse"]
            assert table[f"best/{other}_mse"] == ""
        late += said["best/epoch"] < said["epochs"] == 12
    assert report["best_epochs"] == {"runs": 4, "not_the_last": late,
                                     "chosen_by": ["best/train_mse", "best/val_mse"]}  # fmt: skip
    assert any(f"In {late} of 4 runs the best epoch" in note for note in report["notes"])
    database = sqlite3.connect(home / "mlruns" / "mlflow.db")
    stored = dict(database.execute("select run_uuid, value from latest_metrics where key = 'best/epoch'"))
    assert stored == {run: float(said["best/epoch"]) for run, said in of_report.items()}


def runs_in(study):
    return [RunFolder(path.parent) for path in study.glob("*/result.json")]


def test_runs_that_never_told_their_best_epoch_are_reported_with_empty_cells(home):
    fill(home, seeds=2)
    with sqlite3.connect(home / "mlruns" / "mlflow.db") as database:
        for table in ("metrics", "latest_metrics"):
            database.execute(f"delete from {table} where key like 'best/%'")
        database.execute("delete from tags where key = 'rnnlab.epochs'")
    assert dispatch(["report"]) == 0
    folder = home / "outputs" / "known" / "report"
    assert {row["best/epoch"] + row["best/train_mse"] for row in columns_of(folder / "results.csv")} == {""}
    report = json.loads((folder / "report.json").read_text())
    assert report["best_epochs"]["runs"] == 0
    assert not any("best epoch" in note for note in report["notes"])

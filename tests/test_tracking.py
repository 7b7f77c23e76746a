"""Tracking: a real SQLite store, a status that one class owns, and nothing lost between folder and store."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from helpers import PATIENCE, environment, lab_config

from rnnlab.config.schema import TrackingConfig
from rnnlab.interrupts import Interrupted
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import LARGEST_BATCH, MetricBuffer, read_curves
from rnnlab.tracking.recorder import Recorder
from rnnlab.tracking.store import check_places, open_store
from rnnlab.training.run import train_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that was trained once, with its store; shared, because making a store takes seconds."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("RNNLAB_HOME", raising=False)
        store = open_store(TrackingConfig())
        result = train_run(lab_config(seed=3), ["seed=3"], store)
        yield result, store.client.get_run(result.run_id), store


def test_a_run_is_finished_in_the_store_and_in_its_folder(finished):
    result, run, _ = finished
    assert run.info.status == result.status == "FINISHED"
    assert run.info.run_name == result.name == "sin-lstm-1x6-s3"
    assert RunFolder(Path(result.folder)).read_result() == result


def test_params_are_flat_with_the_facets_on_top(finished):
    _, run, _ = finished
    expected = {"function": "sin", "cell": "lstm", "layers": "1", "seed": "3", "model.hidden_size": "6",
                "optimizer.lr": "0.01", "cell._target_": "rnnlab.models.cells.LSTM"}  # fmt: skip
    assert expected.items() <= run.data.params.items()


def test_every_point_of_the_folder_is_in_the_store(finished):
    result, run, store = finished
    curves = read_curves(RunFolder(Path(result.folder)).metrics)
    assert {"train/loss", "train/mse", "test/mse", "test/rmse", "time/fit_seconds"} <= set(curves)
    for metric, (steps, values) in curves.items():
        history = sorted(store.client.get_metric_history(run.info.run_id, metric), key=lambda point: point.step)
        assert [point.step for point in history] == steps
        assert [point.value for point in history] == values
    assert curves["train/loss"][0] == [10, 20, 30]


def test_tags_say_where_the_run_comes_from(finished):
    result, run, _ = finished
    tags = run.data.tags
    assert tags["mlflow.source.git.commit"]
    assert tags["rnnlab.git.dirty"] in ("true", "false")
    assert tags["rnnlab.version.torch"]
    assert tags["rnnlab.device"] == "cpu"
    assert tags["rnnlab.threads"] == "1"
    assert tags["rnnlab.folder"] == f"outputs/single/{Path(result.folder).name}"
    assert "LSTM with 1 layer of 6 units on sin" in tags["mlflow.note.content"]


def test_data_sets_are_logged_with_their_digests(finished):
    result, run, _ = finished
    manifest = RunFolder(Path(result.folder)).read_manifest()
    logged = {entry.tags[0].value: entry.dataset.digest for entry in run.inputs.dataset_inputs}
    assert logged == {
        "training": manifest["data_sha256"]["train"][:36],
        "testing": manifest["data_sha256"]["test"][:36],
    }


def test_artifacts_hold_config_figures_and_best_checkpoint(finished):
    _, run, store = finished
    names = set()
    for folder in (None, "figures", "checkpoints"):
        names |= {file.path for file in store.client.list_artifacts(run.info.run_id, folder)}
    assert {"config.yaml", "manifest.json", "predictions.csv", "rollout.csv", "result.json",
            "checkpoints/best.ckpt",
            "figures/loss.png", "figures/prediction.png", "figures/zoom.png"} <= names  # fmt: skip


def test_the_store_is_sqlite_with_a_write_ahead_log(finished):
    _, _, store = finished
    database = store.uri.removeprefix("sqlite:///")
    assert database.endswith("/mlruns/mlflow.db")
    assert sqlite3.connect(database).execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_error_makes_the_run_failed_with_the_error_as_a_tag(finished):
    _, _, store = finished
    with Recorder(lab_config(), [], store) as recorder:
        raise RuntimeError("the roof is on fire")
    run = store.client.get_run(recorder.result.run_id)
    assert run.info.status == recorder.result.status == "FAILED"
    assert run.data.tags["rnnlab.error"] == "RuntimeError: the roof is on fire"
    assert "Traceback" in recorder.folder.log.read_text()


@pytest.mark.parametrize("interruption", [Interrupted(signal.SIGTERM), KeyboardInterrupt()])
def test_an_interruption_makes_the_run_killed_and_goes_on(interruption, finished):
    _, _, store = finished
    with pytest.raises(type(interruption)), Recorder(lab_config(), [], store) as recorder:
        raise interruption
    assert store.client.get_run(recorder.result.run_id).info.status == "KILLED"
    assert recorder.folder.read_result().status == "KILLED"


def test_while_it_is_open_a_run_is_running(finished):
    _, _, store = finished
    with Recorder(lab_config(), [], store) as recorder:
        assert store.client.get_run(recorder.result.run_id).info.status == "RUNNING"
        assert recorder.folder.read_result().status == "RUNNING"


def test_a_store_is_made_once_by_many_processes(tmp_path):
    script = (
        "from rnnlab.tracking.store import open_store; from rnnlab.config.schema import TrackingConfig;"
        "print(open_store(TrackingConfig()).experiment_id)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = [process.communicate(timeout=PATIENCE) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, outputs
    assert len({out for out, _ in outputs}) == 1
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    (experiment,) = (entry for entry in client.search_experiments() if entry.name == "rnnlab")
    assert experiment.experiment_id != "0"
    assert experiment.artifact_location == (tmp_path / "mlruns" / "artifacts").as_uri()


def test_looking_for_places_creates_nothing(home):
    check_places(TrackingConfig())
    assert list(home.iterdir()) == []


def test_two_runs_of_the_same_name_have_folders_of_their_own(home):
    results = [train_run(lab_config(name="same"), [], None) for _ in range(2)]
    assert len({result.folder for result in results}) == 2
    assert len(list(home.glob("outputs/single/same-*"))) == 2


def test_points_are_sent_in_batches_that_mlflow_takes(tmp_path):
    sent = []
    buffer = MetricBuffer(tmp_path / "metrics.csv", sent.append)
    for step in range(LARGEST_BATCH + 5):
        buffer.add("train/loss", 1 / (step + 1), step)
    assert sent == []
    buffer.flush()
    assert [len(batch) for batch in sent] == [LARGEST_BATCH, 5]
    steps, values = read_curves(tmp_path / "metrics.csv")["train/loss"]
    assert steps == list(range(LARGEST_BATCH + 5))
    assert values[6] == 1 / 7

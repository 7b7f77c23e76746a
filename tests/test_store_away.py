"""A store that is locked, full, down or restarted: training goes on, and nothing is missing or twice afterwards."""

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import mlflow
import pytest
import torch
from helpers import SMALL, TINY_DATA, environment, lab_config, port_of_its_own, wait_for

from rnnlab.cli import dispatch
from rnnlab.config.schema import TrackingConfig
from rnnlab.tracking.metrics import read_points
from rnnlab.tracking.outbox import FILE, Outbox, read_outbox
from rnnlab.tracking.recorder import Recorder
from rnnlab.tracking.store import open_store
from rnnlab.tracking.sync import send_waiting
from rnnlab.training.checkpoint_files import read_checkpoint
from rnnlab.training.module import SequenceRegression


def local_config():
    config = lab_config()
    config.tracking.store = "local"
    return config


def in_folder(recorder):
    return sorted((p.metric, p.step, p.value) for p in read_points(recorder.folder.metrics))


def in_store(client, run_id, metrics=("train/mse",)):
    histories = (client.get_metric_history(run_id, metric) for metric in metrics)
    return sorted((point.key, point.step, point.value) for history in histories for point in history)


def record(recorder, epochs):
    for epoch in epochs:
        recorder.metrics.add("train/mse", 1 / epoch, epoch)
    recorder.metrics.flush()


@contextmanager
def tiny_disk(place, size):
    """Mount a file system in memory; skips the test where that is not allowed."""
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place]
    made = subprocess.run(words, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def fill(disk):
    """Take all that is left of a disk."""
    with (disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_locked_database_holds_nothing_up_and_gets_every_point_once(home):
    store = open_store(TrackingConfig())
    with Recorder(local_config(), [], store) as recorder:
        record(recorder, [1, 2])
        wait_for(lambda: len(in_store(store.client, recorder.result.run_id)) == 2)
        with closing(sqlite3.connect(home / "mlruns" / "mlflow.db", timeout=30)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            record(recorder, range(3, 100))
            recorder.tag(device="cpu")
            assert len(in_folder(recorder)) == 99, "the run's folder has everything while the database is locked"
            assert lock.execute("select count(*) from metrics").fetchone() == (2,)
            lock.execute("ROLLBACK")
    run = store.client.get_run(recorder.result.run_id)
    assert (run.info.status, run.data.tags["rnnlab.device"]) == ("FINISHED", "cpu")
    assert in_store(store.client, recorder.result.run_id) == in_folder(recorder)
    assert read_outbox(recorder.folder.path) is None


def test_a_store_that_fills_up_is_warned_of_once_and_sync_sends_the_rest(home, capsys):
    with tiny_disk(home / "mlruns", "6m") as disk:
        store = open_store(TrackingConfig())
        with Recorder(local_config(), [], store) as recorder:
            record(recorder, range(1, 10))
            wait_for(lambda: len(in_store(store.client, recorder.result.run_id)) == 9)
            fill(disk)
            for first in range(10, 4000, 1000):
                record(recorder, range(first, first + 1000))
            wait_for(lambda: recorder._sender._failures)
        assert recorder.result.status == "FINISHED"
        assert recorder.folder.read_result().status == "FINISHED"
        said = capsys.readouterr().err
        assert said.count("the store does not take the run") == 1
        assert said.count("`rnnlab sync` sends the rest") == 1
        assert read_outbox(recorder.folder.path) is not None
        assert dispatch(["sync"]) == 1
        assert "not sent: " in capsys.readouterr().out
        (disk / "filler").unlink()
        assert dispatch(["sync"]) == 0
        assert dispatch(["sync"]) == 0
        assert capsys.readouterr().out.endswith("nothing is missing\n")
        assert in_store(store.client, recorder.result.run_id) == in_folder(recorder)
        assert store.client.get_run(recorder.result.run_id).info.status == "FINISHED"


def test_what_a_killed_process_could_not_send_is_sent_by_the_next_command(home):
    store = open_store(TrackingConfig())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        recorder = Recorder(local_config(), [], store)
        recorder.__enter__()
        for epoch in range(1, 50):
            recorder.metrics.add("train/mse", 1 / epoch, epoch)
        recorder.metrics.write()
        os.write(writing, str(recorder.folder.path).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    folder = Path(os.read(reading, 1000).decode())
    assert (folder / FILE).exists()
    assert dispatch(["runs"]) == 0
    result = json.loads((folder / "result.json").read_text())
    assert (result["status"], result["error"]) == ("KILLED", "its process is gone")
    assert len(in_store(store.client, result["run_id"])) == 49
    run = store.client.get_run(result["run_id"])
    assert (run.info.status, run.data.params["layers"]) == ("KILLED", "1")
    assert not (folder / FILE).exists()


def test_paths_that_lead_out_of_the_folder_are_not_sent(home):
    folder = home / "outputs" / "single" / "foreign"
    folder.mkdir(parents=True)
    (home / "secret").write_text("secret")
    files = [["../../../secret", None]]
    outbox = Outbox("local", None, "rnnlab", "0" * 32, "foreign", 1.0, in_store=False, files=files)
    outbox.status = "FINISHED"
    outbox.save(folder)
    assert send_waiting() == []
    assert not (home / "mlruns").exists()


@contextmanager
def server(folder, port):
    """A real MLflow server; ended by `kill -9`, its workers too."""
    words = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
             "--backend-store-uri", f"sqlite:///{folder}/server.db",
             "--artifacts-destination", f"{folder}/served"]  # fmt: skip
    process = subprocess.Popen(
        words, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    client = mlflow.MlflowClient(tracking_uri=f"http://127.0.0.1:{port}")

    def answers():
        with suppress(Exception):
            client.search_experiments(max_results=1)
            return True

    try:
        wait_for(answers, seconds=300)
        yield client
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_server_that_is_down_at_first_killed_in_mid_run_and_restarted_misses_nothing(home, capsys):
    port = port_of_its_own()
    config = lab_config()
    config.tracking = TrackingConfig(store="server", uri=f"http://127.0.0.1:{port}")
    with Recorder(config, [], None) as recorder:
        local_id = recorder.result.run_id
        record(recorder, [1, 2])
        wait_for(lambda: recorder._sender._failures)
        with server(home, port) as client:
            wait_for(lambda: recorder._sender.run_id != local_id)
            run_id = recorder._sender.run_id
            wait_for(lambda: len(in_store(client, run_id)) == 2)
            record(recorder, [3])
            wait_for(lambda: len(in_store(client, run_id)) == 3)
        record(recorder, range(4, 60))
        wait_for(lambda: recorder._sender._failures)
    assert recorder.result.status == "FINISHED"
    assert capsys.readouterr().err.count("the store does not take the run") == 1
    with server(home, port) as client:
        assert dispatch(["sync"]) == 0
        assert "outputs/single/" in capsys.readouterr().out
        assert in_store(client, run_id) == in_folder(recorder)
        run = client.get_run(run_id)
        assert (run.info.status, run.data.tags["rnnlab.local_id"]) == ("FINISHED", local_id)
        assert run.data.params["layers"] == "1"
        experiment = client.get_experiment_by_name("rnnlab")
        assert len(client.search_runs([experiment.experiment_id])) == 1
    assert recorder.folder.read_result().run_id == recorder.folder.read_manifest()["run_id"] == run_id


def test_a_folder_that_fills_up_stops_the_run_with_a_clear_error_and_a_whole_checkpoint(home, capsys, monkeypatch):
    words = [
        "tracking=off",
        "trainer=cpu",
        "trainer.checkpoint_seconds=0",
        "trainer.max_epochs=9",
        SMALL[0],
        SMALL[2],
    ]
    assert dispatch(["train", "name=whole", *words, *TINY_DATA]) == 0
    (whole,) = home.glob("outputs/single/whole-*")
    with tiny_disk(home / "small", "8m") as disk, monkeypatch.context() as patch:
        patch.setenv("RNNLAB_HOME", str(disk))
        real, filled = SequenceRegression.take_step, []

        def hook(self, *batch):
            real(self, *batch)
            if self.trainer.global_step == 30 and not filled:
                fill(disk)
                filled.append(True)

        patch.setattr(SequenceRegression, "take_step", hook)
        capsys.readouterr()
        assert dispatch(["train", "name=full", *words, *TINY_DATA]) == 1
        said = capsys.readouterr().err
        assert "the run's folder cannot be written" in said
        assert os.strerror(errno.ENOSPC) in said
        assert "Traceback" not in said
        (folder,) = disk.glob("outputs/single/full-*")
        assert 0 < read_checkpoint(folder / "checkpoints" / "last.ckpt", "run")["global_step"] <= 30
        (disk / "filler").unlink()
        assert dispatch(["train", "resume=full"]) == 0
        lasts = [run / "checkpoints" / "last.ckpt" for run in (folder, whole)]
        left, right = (read_checkpoint(last, "run")["state_dict"] for last in lasts)
        assert all(torch.equal(left[name], right[name]) for name in left)
        assert (folder / "losses.json").read_bytes() == (whole / "losses.json").read_bytes()


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_created(home, capsys):
    with tiny_disk(home / "outputs", "1m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert dispatch(["train", *SMALL, *TINY_DATA]) == 2
        assert "must be a folder that can be written (Read-only file system)" in capsys.readouterr().err
    assert not (home / "mlruns").exists()

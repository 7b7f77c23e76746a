"""What is gone, a folder, a store or a run deleted in MLflow, is said to be gone, and what is left is used."""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
from contextlib import suppress
from pathlib import Path

import pytest
from helpers import SMALL, TINY_DATA, command_line, composed, environment, outcome, wait_for

from rnnlab.cli import dispatch
from rnnlab.config.schema import TrackingConfig
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.recorder import Recorder, Resumed
from rnnlab.tracking.store import find_store, open_store
from rnnlab.tracking.sync import send_waiting
from rnnlab.training.checkpoint_files import BEST, LAST, write_checkpoint

WORDS = ["trainer=cpu", *SMALL, *TINY_DATA]
GRID = ["train", "-m", "study.name=pair", "cell=gru,lstm", *WORDS]
MSES = {"gru": 2e-3, "lstm": 3e-3}


def record(*words, mse=1e-3):
    """Record a FINISHED run that nobody trained, and return it."""
    config = composed(*WORDS, *words)
    with Recorder(config, list(words), open_store(config.tracking)) as recorder:
        recorder.metrics.add("test/mse", mse, 2)
        recorder.publish()
    return recorder.result


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder with two runs and their store."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNLAB_HOME", str(folder))
        runs = {cell: record(f"cell={cell}", mse=mse) for cell, mse in MSES.items()}
    return folder, runs


@pytest.fixture
def kept(template, home):
    """A copy of both, and the ids of the runs."""
    folder, runs = template
    for part in ("outputs", "mlruns"):
        shutil.copytree(folder / part, home / part)
    return {cell: run.run_id for cell, run in runs.items()}


@pytest.fixture
def folders(template, home):
    """A copy of the folders alone."""
    folder, runs = template
    shutil.copytree(folder / "outputs", home / "outputs")
    return {cell: run.run_id for cell, run in runs.items()}


def with_checkpoint(folder):
    """Make a run one that its training could go on from."""
    callbacks = {LAST: {"epochs": 2}, BEST: {"reference_epoch": 2}}
    write_checkpoint(
        folder / "checkpoints" / "last.ckpt", {"state_dict": {}, "callbacks": {"EpochEnds": callbacks}}
    )


def delete(run_id):
    find_store(TrackingConfig()).client.delete_run(run_id)


def printed(words, capsys):
    capsys.readouterr()
    assert dispatch(words) == 0
    return capsys.readouterr().out


def folder_of(run_id):
    (folder,) = Path("outputs").glob(f"*/*-{run_id[:8]}")
    return folder


def test_a_list_that_is_cut_says_of_how_many_runs(kept, capsys):
    assert "1 of 2 runs; limit=2 shows all" in printed(["runs", "limit=1"], capsys)
    assert "limit=" not in printed(["runs", "limit=2"], capsys)


def test_a_filter_that_no_run_goes_with_is_named_with_the_nearest_that_does(kept, capsys):
    said = printed(["runs", "cell=gruu", "layers=1"], capsys)
    assert "no run matches cell=gruu layers=1" in said
    assert "no run has cell=gruu; did you mean cell=gru?" in said
    assert "no run has layers" not in said


def test_an_experiment_that_the_store_lacks_is_named_beside_those_that_it_has(kept, capsys):
    said = "is no experiment of the store mlruns; there is Default, rnnlab. Did you mean tracking.experiment=rnnl"
    assert said in printed(["runs", "tracking.experiment=rnlab"], capsys)
    code, error = outcome(["report", "tracking.experiment=rnlab"], capsys)
    assert (code, said in error) == (2, True)


@pytest.mark.parametrize("command", [["predict", "run={}"], ["explain", "run={}"], ["reproduce", "run={}"],
                                     ["train", "resume={}"]])  # fmt: skip
def test_a_run_whose_folder_is_gone_is_no_unknown_run(command, kept, capsys):
    folder = folder_of(kept["gru"])
    shutil.rmtree(folder)
    for name in (kept["gru"][:6], "cos-gru-1x6-s0", str(folder)):
        code, said = outcome([word.format(name) for word in command], capsys)
        assert code == 2
        assert f"its folder {folder} is gone; the store still has it" in said
        assert "test MSE 2.0000e-03" in said


def test_the_newest_run_of_a_store_whose_folders_are_all_gone_is_told(kept, capsys):
    shutil.rmtree("outputs")
    code, said = outcome(["predict", "run=latest"], capsys)
    assert code == 2
    assert f"cos-lstm-1x6-s0 ({kept['lstm'][:8]}, FINISHED): its folder" in said


def test_a_run_whose_folder_is_gone_is_marked_in_the_list(kept, capsys):
    shutil.rmtree(folder_of(kept["gru"]))
    lines = printed(["runs"], capsys).splitlines()
    assert ["folder gone" in line for line in lines if line.startswith("cos-")] == [False, True]
    assert "what is marked 'folder gone' is in the store alone" in lines[-1]


def test_runs_of_a_store_that_is_gone_are_listed_from_their_folders(folders, capsys):
    said = printed(["runs"], capsys)
    assert said.count("not in store  outputs/single/cos-") == 2
    assert "3.000e-03" in said
    assert "the store mlruns is gone or was never made here" in said
    assert not Path("mlruns").exists()
    assert printed(["runs", "cell=gru"], capsys).count("FINISHED") == 1
    assert "1 of 2 runs" in printed(["runs", "limit=1"], capsys)


def test_runs_that_a_store_made_anew_lacks_are_listed_with_its_own(folders, capsys):
    new = record("cell=rnn")
    record("cell=mlp", "tracking=off")
    lines = {line.split()[0]: line for line in printed(["runs"], capsys).splitlines()}
    assert "untracked" in lines["cos-mlp-1x6-s0"]
    assert new.run_id[:8] in lines["cos-rnn-1x6-s0"]
    assert "not in store" not in lines["cos-rnn-1x6-s0"]
    assert "not in store" in lines["cos-gru-1x6-s0"]


def test_sync_says_what_a_store_has_lost(folders, capsys):
    record("cell=mlp", "tracking=off")
    assert dispatch(["sync"]) == 1
    said = capsys.readouterr().out
    assert "the store mlruns is gone or was never made here; it lacks 2 runs" in said
    assert "nothing is missing" not in said
    shutil.rmtree(folder_of(folders["gru"]))
    assert (dispatch(["sync"]), "it lacks 1 run that is in its" in capsys.readouterr().out) == (1, True)


def test_a_report_of_a_store_that_is_gone_says_what_is_left(folders, capsys):
    for command in (["report", "study=pair"], ["ui"]):
        code, said = outcome(command, capsys)
        assert code == 2
        assert "the store mlruns is gone or was never made here; outputs still has 2 run folders" in said


def test_a_study_takes_over_what_folders_hold_that_the_store_lacks(folders, capsys):
    said = printed(GRID, capsys)
    assert "2 runs, 2 done before, 0 to run" in said
    assert "2 of those done before are in their folders alone" in said
    assert all(f"{mse:.3e}" in said for mse in MSES.values())
    code, said = outcome(["report", "study=pair"], capsys)
    assert code == 2
    assert "its run is no longer in the store" in said


def test_a_study_that_is_recorded_leaves_out_what_was_deleted_or_not_recorded(kept, capsys):
    delete(kept["gru"])
    record("cell=rnn", "tracking=off")
    said = printed([*GRID, "cell=gru,lstm,rnn", "study.dry_run=true"], capsys)
    assert "3 runs, 1 done before, 2 to run" in said
    assert "1 of those to run are FINISHED in folders here, but were deleted in MLflow" in said
    assert "1 of those to run are FINISHED in folders here, but were not recorded in this store" in said
    untracked = printed([*GRID, "cell=gru,lstm,rnn", "tracking=off", "study.dry_run=true"], capsys)
    assert "3 done before, 0 to run" in untracked


def test_a_run_that_was_deleted_in_mlflow_is_not_resumed_untracked(kept, capsys):
    delete(kept["gru"])
    config = folder_of(kept["gru"]) / "config.yaml"
    before = config.read_text()
    with_checkpoint(config.parent)
    code, said = outcome(["train", f"resume={kept['gru'][:8]}", "trainer.max_epochs=4"], capsys)
    assert code == 2
    assert f"the run {kept['gru']} was deleted in MLflow" in said
    assert "restore it there, or go on without the store: tracking=off" in said
    assert config.read_text() == before


def test_a_run_is_not_resumed_into_another_experiment(kept, capsys):
    open_store(TrackingConfig(experiment="other"))
    with_checkpoint(folder_of(kept["gru"]))
    words = ["train", f"resume={kept['gru'][:8]}", "trainer.max_epochs=4", "tracking.experiment=other"]
    code, said = outcome(words, capsys)
    assert code == 2
    assert "is in another experiment, and stays there" in said


def test_a_run_deleted_while_it_is_trained_is_said_to_be_once_and_stays_deleted(home, capsys):
    store = open_store(TrackingConfig())
    with Recorder(composed(*WORDS), [], store) as recorder:
        run_id = recorder.result.run_id
        wait_for(lambda: recorder._sender._delivery._tags)
        store.client.delete_run(run_id)
        for epoch in range(1, 4):
            recorder.metrics.add("train/mse", 1 / epoch, epoch)
            recorder.metrics.flush()
        wait_for(lambda: recorder._sender._delivery.is_deleted)
        recorder.metrics.add("test/mse", 1e-3, 3)
        recorder.publish()
    said = capsys.readouterr().err
    assert said.count("deleted in MLflow, not sent; its folder has everything") == 1
    assert "rnnlab sync" not in said
    assert "deleted in MLflow, not sent" in recorder.folder.log.read_text()
    assert recorder.folder.read_result().metrics["test/mse"] == 1e-3
    assert store.client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert dispatch(["sync"]) == 0
    said = capsys.readouterr().out
    assert "the run was deleted in MLflow, not sent; its folder has everything" in said
    assert "nothing is missing" not in said
    store.client.restore_run(run_id)
    assert [run.deleted for run in send_waiting()] == [None]
    run = store.client.get_run(run_id)
    assert (run.info.status, run.data.metrics["test/mse"]) == ("FINISHED", 1e-3)


def test_a_report_of_what_was_deleted_in_mlflow_says_so(kept, capsys):
    assert dispatch(GRID) == 0
    delete(kept["gru"])
    code, said = outcome(["report", f"runs={kept['gru'][:8]}"], capsys)
    assert (code, "the run cos-gru-1x6-s0 was deleted in MLflow" in said) == (2, True)
    code, said = outcome(["report", "runs=params.cell = 'gru'"], capsys)
    assert (code, "but 1 that were deleted in MLflow" in said) == (2, True)
    assert "1 that match were deleted in MLflow" in printed(["runs", "cell=gru"], capsys)
    assert dispatch(["report", "study=pair"]) == 0
    assert "its run was deleted in MLflow" in Path("outputs/pair/report/report.json").read_text()
    store = find_store(TrackingConfig())
    (parent,) = store.pages("tags.`rnnlab.kind` = 'study'")
    delete(parent.info.run_id)
    for text in ("pair", parent.info.run_id[:8], "latest"):
        code, said = outcome(["report", f"study={text}"], capsys)
        assert (code, "was deleted in MLflow; restore it there" in said) == (2, True)


def test_a_study_whose_own_run_was_deleted_in_mlflow_says_that_it_has_a_new_one(kept, capsys):
    assert dispatch(GRID) == 0
    (parent,) = find_store(TrackingConfig()).pages("tags.`rnnlab.kind` = 'study'")
    delete(parent.info.run_id)
    assert f"in MLflow, {parent.info.run_id[:8]}, was deleted there; it has a new one" in printed(GRID, capsys)


def on_a_terminal(columns, *words):
    """Return what a command writes to a terminal of so many columns, without its colours."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    known = environment() | {"COLUMNS": str(columns)}  # what runs the tests may say something else there
    with subprocess.Popen(command_line(*words), stdin=its, stdout=its, stderr=its, env=known) as process:
        os.close(its)
        shown = b""
        with suppress(OSError):  # the other end is closed
            while part := os.read(ours, 65536):
                shown += part
    os.close(ours)
    assert process.returncode == 0
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown.decode()).replace("\r", "").splitlines()


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_on_a_narrow_screen_what_has_to_be_typed_is_cut_last_and_the_folder_first(columns, kept):
    lines = on_a_terminal(columns, "runs")
    assert max(map(len, lines)) <= columns
    said = "\n".join(lines)
    for whole in ("cos-gru-1x6-s0", kept["gru"][:8], "cos-lstm-1x6-s0", "2.000e-03", "3.000e-03"):
        assert whole in said
    assert said.count("FINISHED") == 2
    assert ("outputs/single/cos-gru-1x6-s0-" in said) == (columns > 80)


def test_a_run_that_goes_on_into_a_store_made_anew_has_its_settings_and_points_there(folders):
    folder, store = RunFolder(folder_of(folders["gru"]).absolute()), open_store(TrackingConfig())
    resumed = Resumed(folder, folder.read_result())
    with Recorder(composed(*WORDS, "cell=gru"), [], store, resumed) as recorder:
        recorder.metrics.add("train/mse", 0.5, 3)
    run = store.client.get_run(recorder.result.run_id)
    assert (run.info.status, run.data.params["cell"]) == ("FINISHED", "gru")
    assert (run.data.metrics["test/mse"], run.data.metrics["train/mse"]) == (2e-3, 0.5)
    assert folder.read_result().run_id == run.info.run_id

"""Checkpoint files: sealed, kept twice, named and set aside when they are damaged, and exact to go on from."""

import io
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch
from helpers import SMALL, TINY_DATA, train

from rnnlab import files
from rnnlab.cli import dispatch
from rnnlab.errors import BadInputError
from rnnlab.interrupts import Interrupted, interrupts_raised
from rnnlab.tracking.folder import RunFolder, run_folders
from rnnlab.tracking.metrics import read_curves
from rnnlab.training.checkpoint_files import LAST, read_checkpoint, saved_state, write_checkpoint
from rnnlab.training.module import SequenceRegression

RUN = [*SMALL[:1], "layers=1", *TINY_DATA, "schedule=cosine", "data.val_fraction=0.2", "trainer.max_epochs=6"]
EVERY_EPOCH = "trainer.checkpoint_seconds=0"
STEPS_AN_EPOCH = 6


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("whole"))
        patch.delenv("RNNLAB_HOME", raising=False)
        return RunFolder(train("name=whole", EVERY_EPOCH, *RUN).path.absolute())


def interrupted_in_step(step, monkeypatch, *words):
    """Train, get a Ctrl-C in the middle of a step, and return the run's folder and the exit code."""
    real = SequenceRegression.take_step

    def interrupted(self, *batch):
        real(self, *batch)
        if self.trainer.global_step == step:
            os.kill(os.getpid(), signal.SIGINT)

    known = {folder.path for folder in run_folders(Path("outputs").absolute())}
    with monkeypatch.context() as patch:
        patch.setattr(SequenceRegression, "take_step", interrupted)
        with pytest.raises(Interrupted) as interruption_raised, interrupts_raised():
            dispatch(["train", "tracking=off", "trainer=cpu", *words])
    (new,) = {folder.path for folder in run_folders(Path("outputs").absolute())} - known
    return RunFolder(new), interruption_raised.value.exit_code


def content(path):
    values = read_checkpoint(path, "run")
    return values["state_dict"], values["epoch"], values.get("optimizer_states")


def assert_same(left, right):
    for path in ("best", "last"):
        (weights, epoch, optimizer), (others, other_epoch, other) = (
            content(getattr(run, path)) for run in (left, right)
        )
        assert epoch == other_epoch
        assert all(torch.equal(weights[name], others[name]) for name in weights)
        assert repr(optimizer) == repr(other)
    curves = [
        {k: v for k, v in read_curves(run.metrics).items() if not k.startswith("time/")} for run in (left, right)
    ]
    assert curves[0] == curves[1]
    assert left.losses.read_text() == right.losses.read_text()
    assert left.predictions.read_bytes() == right.predictions.read_bytes()


def test_any_flipped_bit_and_any_cut_is_noticed(tmp_path):
    path = tmp_path / "checkpoints" / "last.ckpt"
    path.parent.mkdir()
    write_checkpoint(path, {"state_dict": {"weight": torch.arange(40.0)}})
    sound = path.read_bytes()
    for place in range(0, len(sound), 7):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ (1 << place % 8)]) + sound[place + 1 :])
        with pytest.raises(BadInputError, match="damaged checkpoint"):
            read_checkpoint(path, "run")
    for length in range(0, len(sound), 97):
        path.write_bytes(sound[:length])
        with pytest.raises(BadInputError, match="damaged checkpoint"):
            read_checkpoint(path, "run")
    path.write_bytes(sound)
    assert torch.equal(read_checkpoint(path, "run")["state_dict"]["weight"], torch.arange(40.0))


def test_a_sealed_checkpoint_is_read_by_torch_itself(whole):
    for path in (whole.best, whole.last, whole.previous):
        assert "state_dict" in torch.load(path, weights_only=True)
        assert "state_dict" in torch.load(io.BytesIO(path.read_bytes()), weights_only=True)


@pytest.mark.parametrize(
    "step", [1, 2, STEPS_AN_EPOCH, STEPS_AN_EPOCH + 1, 3 * STEPS_AN_EPOCH - 1, 6 * STEPS_AN_EPOCH]
)
def test_ctrl_c_in_any_step_finishes_the_step_and_the_run_goes_on_exactly(step, whole, home, monkeypatch):
    folder, code = interrupted_in_step(step, monkeypatch, "name=stopped", *RUN)
    assert code == 130
    assert folder.read_result().status == "KILLED"
    assert read_checkpoint(folder.last, "run")["global_step"] == step
    assert dispatch(["train", "resume=stopped"]) == 0
    assert_same(folder, whole)


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_train_epoch_end"])
def test_a_sigterm_between_two_looks_for_it_is_not_lightnings(hook, whole, home, monkeypatch):
    """Lightning calls the module's hooks after those of its callbacks, and then looks for a SIGTERM itself."""
    calls = []

    def killed(self, *_):
        calls.append(self.trainer.global_step)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(SequenceRegression, hook, killed)
        with pytest.raises(Interrupted) as raised, interrupts_raised():
            dispatch(["train", "tracking=off", "trainer=cpu", "name=stopped", *RUN])
    assert raised.value.exit_code == 143
    (folder,) = run_folders(Path("outputs").absolute())
    assert folder.read_result().status == "KILLED"
    assert read_checkpoint(folder.last, "run")["global_step"] == calls[-1] + (hook == "on_train_epoch_end")
    assert dispatch(["train", "resume=stopped"]) == 0
    assert_same(folder, whole)


def test_the_time_before_an_interruption_counts(home, monkeypatch):
    folder, _ = interrupted_in_step(9, monkeypatch, "name=stopped", *RUN)
    state = read_checkpoint(folder.last, "run")["callbacks"]["EpochEnds"][LAST]
    before = state["fit_seconds"]
    state["fit_seconds"] = before + 1000
    values = read_checkpoint(folder.last, "run")
    values["callbacks"]["EpochEnds"][LAST] = state
    write_checkpoint(folder.last, values)
    assert dispatch(["train", "resume=stopped"]) == 0
    assert folder.read_result().fit_seconds > 1000 + before


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:500] + b"\x00\xff" + path.read_bytes()[502:]),
    ],
    ids=["cut short", "empty", "flipped bits"],
)
def test_a_damaged_last_checkpoint_is_named_set_aside_and_the_one_before_it_used(
    damage, whole, home, capsys, monkeypatch
):
    folder, _ = interrupted_in_step(4 * STEPS_AN_EPOCH + 2, monkeypatch, "name=hurt", EVERY_EPOCH, *RUN)
    damage(folder.last)
    assert dispatch(["train", "resume=hurt"]) == 0
    said = "last.ckpt is damaged and kept as last.ckpt.damaged-1; going on from last.prev.ckpt"
    assert said in capsys.readouterr().out
    assert said in folder.log.read_text()
    assert (folder.path / "checkpoints" / "last.ckpt.damaged-1").exists()
    assert_same(folder, whole)


def test_best_and_last_are_made_to_agree_whatever_a_kill_left(whole, home, monkeypatch):
    folder, _ = interrupted_in_step(3 * STEPS_AN_EPOCH, monkeypatch, "name=torn", EVERY_EPOCH, *RUN)
    shutil.copy(whole.best, folder.best)
    assert dispatch(["train", "resume=torn"]) == 0
    assert_same(folder, whole)
    for name in ("other", "gone"):
        folder, _ = interrupted_in_step(3 * STEPS_AN_EPOCH, monkeypatch, f"name={name}", EVERY_EPOCH, *RUN)
        folder.best.write_bytes(b"broken") if name == "other" else folder.best.unlink()
        assert dispatch(["train", f"resume={name}"]) == 0
        assert_same(folder, whole)


def test_a_run_without_a_sound_checkpoint_is_refused_and_left_as_it_was(home, capsys, monkeypatch):
    folder, _ = interrupted_in_step(9, monkeypatch, "name=lost", EVERY_EPOCH, *RUN)
    for path in (folder.last, folder.previous):
        path.write_bytes(b"broken")
    before = {path: path.read_bytes() for path in folder.path.rglob("*.*") if path.is_file()}
    assert dispatch(["train", "resume=lost"]) == 2
    assert "last.ckpt: is a damaged checkpoint" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.path.rglob("*.*") if path.is_file()} == before


def test_points_of_epochs_that_are_trained_again_are_taken_back(whole, home, monkeypatch):
    """With a schedule over more epochs the repeated epochs are other ones than those that were recorded."""
    folder, _ = interrupted_in_step(5 * STEPS_AN_EPOCH, monkeypatch, "name=longer", EVERY_EPOCH, *RUN)
    shutil.copy(folder.previous, folder.last)
    done = saved_state(read_checkpoint(folder.last, "run"), LAST)["epochs"]
    recorded = read_curves(folder.metrics)["train/mse"]
    assert done < len(recorded[0])
    assert dispatch(["train", "resume=longer", "trainer.max_epochs=12"]) == 0
    epochs, errors = read_curves(folder.metrics)["train/mse"]
    assert epochs == list(range(1, 13))
    assert errors[:done] == recorded[1][:done]
    assert errors[done] != recorded[1][done], "the longer schedule acts from the first epoch that comes again"
    assert len(json.loads(folder.losses.read_text())) == 12


def test_a_file_is_whole_or_as_it_was_when_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.write_whole(path, b"old")
    for call in ("write", "fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space"):
                files.write_whole(path, b"new")
        assert path.read_bytes() == b"old"

"""Signals: finish the step, checkpoint, KILLED, the shell's exit code; a second Ctrl-C leaves at once."""

import json
import os
import signal
import subprocess
from io import StringIO
from types import SimpleNamespace

import pytest
from helpers import LONG, PATIENCE, command_line, environment, rnnlab, wait_for
from rich.console import Console

from rnnlab.interrupts import Interrupted, interrupts_kept, interrupts_raised
from rnnlab.study.table import announce
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import read_curves
from rnnlab.training.checkpoint_files import newest_sound, read_checkpoint


def started(folder, *words):
    return subprocess.Popen(
        command_line(*words),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_kept_signal_is_asked_for_and_raised_at_the_end_if_nobody_does():
    answers = []

    def work():
        with interrupts_raised(), interrupts_kept() as asked:
            for _ in range(2):
                answers.append(asked())
                os.kill(os.getpid(), signal.SIGTERM)
            answers.append(asked())

    with pytest.raises(Interrupted) as raised:
        work()
    assert answers == [None, signal.SIGTERM, signal.SIGTERM]
    assert raised.value.exit_code == 143


def test_outside_of_training_a_signal_is_raised_at_once():
    def work():
        with interrupts_raised():
            os.kill(os.getpid(), signal.SIGINT)
            raise AssertionError("it went on")

    with pytest.raises(Interrupted):
        work()


def test_a_second_ctrl_c_leaves_at_once_even_from_a_step_that_never_ends(tmp_path):
    (tmp_path / "endless.py").write_text(
        "import pathlib, time\n"
        "def schedule(progress):\n"
        "    if progress > 0.4:\n"
        "        pathlib.Path('stuck').touch()\n"
        "        while True: time.sleep(0.1)\n"
        "    return 1.0\n"
    )
    words = [
        "schedule._target_=endless.schedule",
        *LONG[:2],
        "trainer.max_epochs=10",
        "trainer.checkpoint_seconds=0",
    ]
    process = started(tmp_path, "train", "name=stuck", *words)
    try:
        wait_for((tmp_path / "stuck").exists)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 130
    finally:
        process.kill()
        process.communicate()
    (folder,) = map(RunFolder, tmp_path.glob("outputs/single/*"))
    assert newest_sound(folder, "resume").damaged == []
    listed = rnnlab("runs", folder=tmp_path)
    assert "KILLED" in listed.stdout
    assert "RUNNING" not in listed.stdout
    (tmp_path / "endless.py").write_text("def schedule(progress):\n    return 1.0\n")
    done = rnnlab("train", "resume=stuck", "allow_targets=[endless]", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert read_curves(folder.metrics)["train/mse"][0] == list(range(1, 11))


def test_of_two_processes_that_go_on_with_the_same_run_one_is_refused(tmp_path):
    process = started(tmp_path, "train", "name=one", *LONG)
    wait_for(lambda: list(tmp_path.glob("outputs/single/*/checkpoints/last.ckpt")))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 143
    process.communicate()
    (folder,) = map(RunFolder, tmp_path.glob("outputs/single/*"))
    epochs = read_checkpoint(folder.last, "run")["epoch"]
    words = ["train", "resume=one", f"trainer.max_epochs={epochs + 200}"]
    both = [started(tmp_path, *words) for _ in range(2)]
    said = [process.communicate(timeout=PATIENCE) for process in both]
    codes = sorted(process.returncode for process in both)
    # The second may also come when the first is done; then it is told that there is nothing left to train.
    assert codes == [0, 2], said
    refused = said[0][1] if both[0].returncode else said[1][1]
    assert any(why in refused for why in ("by another process", "has just gone on with it", "ask for more"))
    assert "Traceback" not in refused
    assert json.loads(folder.result.read_text())["status"] == "FINISHED"
    assert read_curves(folder.metrics)["train/mse"][0] == list(range(1, epochs + 201))


def test_pages_that_others_can_reach_are_warned_of(tmp_path):
    made = rnnlab("train", "trainer.max_epochs=1", "model.hidden_size=4", "layers=1", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    refused = rnnlab("ui", "host=203.0.113.7", folder=tmp_path)
    assert refused.returncode == 2
    assert "host=203.0.113.7: must be an address of this machine" in refused.stderr
    process = started(tmp_path, "ui", "host=127.0.0.2")  # not the usual address, and yet this machine's alone
    try:
        line = process.stderr.readline()
        assert "warning: MLflow asks for no password; whoever reaches 127.0.0.2:" in line
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)
        process.communicate()


def test_a_plan_counts_the_interrupted_runs_among_those_to_run():
    shown = StringIO()
    grid = SimpleNamespace(jobs=[1, 2, 3, 4], axes={})
    plan = SimpleNamespace(done={1: "a"}, interrupted={2: "b", 3: "c"}, to_run=[2, 3, 4], seconds=None)
    announce(Console(file=shown, width=200), "s", grid, plan, workers=2)
    assert "4 runs, 1 done before, 3 to run, 2 of these interrupted, to go on, 2 at a time" in shown.getvalue()

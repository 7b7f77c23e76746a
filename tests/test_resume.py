"""Resuming does what was asked for, or says why it cannot; the record never tells of what was not trained."""

import os
from pathlib import Path

import pytest
from helpers import SMALL, TINY_DATA, outcome, train

from rnnlab.cli import dispatch
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import read_curves

STOPS = [
    *("trainer.max_epochs=30", "trainer.early_stopping.patience=2"),
    "trainer.early_stopping.min_delta=10",  # so that no epoch but the first counts as an improvement
]


@pytest.fixture
def stopped(home):
    """A run that early stopping ended after its third epoch of thirty."""
    folder = train("name=stopped", *SMALL, *TINY_DATA, *STOPS)
    assert epochs_of(folder) == [1, 2, 3]
    return folder


def epochs_of(folder):
    return read_curves(folder.metrics)["train/mse"][0]


def record_of(folder):
    return folder.config.read_text(), folder.result.read_text(), folder.manifest.read_text()


def interrupt(folder):
    """Make a run one that was killed before its test."""
    result = folder.read_result()
    result.status, result.error = "KILLED", "Ctrl-C"
    folder.write_result(result)


def test_a_run_says_that_early_stopping_ended_it(capsys, stopped):
    said = capsys.readouterr().out.splitlines()
    assert "stopped  after epoch 3 of 30: 2 epochs without a new lowest value" in said


@pytest.mark.parametrize(
    "asked", [["trainer.max_epochs=80"], ["trainer.early_stopping.patience=1"], ["trainer.log_every_n_steps=3"]]
)
def test_a_run_that_stopped_early_says_what_ended_it_and_keeps_its_record(asked, stopped, capsys):
    before = record_of(stopped)
    code, said = outcome(["train", "resume=stopped", *asked], capsys)
    assert code == 2
    assert "early stopping ends stopped after epoch 3" in said
    assert "the last new lowest value was in epoch 1; no epoch would be trained" in said
    assert "What goes on is trainer.early_stopping.patience=null, or one above 2" in said
    assert record_of(stopped) == before


def test_a_trainer_of_ones_own_folder_counts_as_one_of_rnnlabs_does(stopped, home):
    (home / "mine" / "trainer").mkdir(parents=True)
    (home / "mine" / "trainer" / "patient.yaml").write_text("early_stopping: {patience: 3}\n")
    assert dispatch(["train", "resume=stopped", "trainer=patient", "--config-dir", "mine"]) == 0
    assert epochs_of(stopped) == [1, 2, 3, 4]


def test_a_run_that_stopped_early_goes_on_with_the_setting_that_is_named(stopped):
    assert dispatch(["train", "resume=stopped", "trainer.early_stopping.patience=3"]) == 0
    assert epochs_of(stopped) == [1, 2, 3, 4]
    assert (
        dispatch(["train", "resume=stopped", "trainer.early_stopping.patience=null", "trainer.max_epochs=6"]) == 0
    )
    assert epochs_of(stopped) == [1, 2, 3, 4, 5, 6]


def test_a_run_interrupted_before_its_test_is_tested_and_takes_no_setting_without_an_effect(stopped, capsys):
    interrupt(stopped)
    before = record_of(stopped)
    for words in (["trainer.max_epochs=80"], ["trainer.max_epochs=2"], ["trainer.early_stopping.patience=1"]):
        assert outcome(["train", "resume=stopped", *words], capsys)[0] == 2
    assert record_of(stopped) == before
    assert dispatch(["train", "resume=stopped"]) == 0
    assert stopped.read_result().status == "FINISHED"


def test_a_section_given_whole_to_a_run_that_goes_on_is_refused_as_its_other_keys_would_change(stopped, capsys):
    code, said = outcome(["train", "resume=stopped", "trainer.early_stopping={patience: 9}"], capsys)
    assert code == 2
    assert "give its keys one by one, such as trainer.early_stopping.patience" in said


def test_a_run_that_diverged_is_not_resumed_to_diverge_again(home, capsys):
    words = ["tracking=off", "trainer=cpu", "name=wild", "optimizer=sgd", "optimizer.lr=1e6", *SMALL, *TINY_DATA]
    assert dispatch(["train", *words]) == 1
    (path,) = Path("outputs/single").iterdir()
    before = record_of(RunFolder(path))
    code, said = outcome(["train", "resume=wild"], capsys)
    assert code == 2
    assert "wild diverged (the loss is " in said
    assert "would again with the same settings and code" in said
    assert record_of(RunFolder(path)) == before


def test_a_run_whose_folder_cannot_be_written_to_is_not_gone_on_with(stopped, monkeypatch, capsys):
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    code, message = outcome(["train", "resume=latest", "trainer.max_epochs=9"], capsys)
    assert code == 2
    assert "resume=latest: outputs/single/" in message
    assert "cannot be written to" in message

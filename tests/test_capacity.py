"""Runs and studies that cannot fit: refused by the name of what is too large, before anything is made."""

import pytest
from helpers import TINY_DATA, outcome

from rnnlab.cli import dispatch

TOO_LARGE = [
    ("model.hidden_size=100000000", "model.hidden_size=100000000"),
    ("layers=100000", "layers=100000"),
    ("data.train_samples=1000000000000", "data.train_samples=1000000000000"),
    ("data.test_samples=1000000000000", "data.test_samples=1000000000000"),
    ("data.rollout_steps=1000000000000", "data.rollout_steps=1000000000000"),
    ("cell=mlp model.hidden_size=100000000", "model.hidden_size=100000000"),
    ("cell=mlp layers=1 model.hidden_size=9000000", "model.hidden_size=9000000"),
    ("cell=lru layers=10000000", "layers=10000000"),
    ("data.batch_size=null data.train_samples=600000000 model.hidden_size=4096", "data.batch_size=null"),
]


@pytest.mark.parametrize(("given", "blamed"), TOO_LARGE)
def test_what_cannot_fit_into_memory_is_refused_by_its_own_name(given, blamed, home, capsys):
    code, message = outcome(["train", *given.split()], capsys)
    assert code == 2
    assert message.startswith(f"rnnlab: {blamed}: would take ")
    assert "of memory at the least; this machine has " in message
    assert list(home.iterdir()) == []


def test_one_job_of_a_grid_that_cannot_fit_is_named(home, capsys):
    code, message = outcome(["train", "-m", "layers=1,2,100000", "seed=0,1", *TINY_DATA], capsys)
    assert code == 2
    assert "layers=100000: would take" in message
    assert "(job 5: layers=100000 seed=0" in message
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    "axes",
    [["seed=range(1000000)"], ["seed=range(1000)", "layers=range(1,201)"], ["seed=shuffle(range(10000000000000))"]],
)
def test_a_grid_that_no_study_can_hold_is_refused_at_once(axes, home, capsys):
    code, message = outcome(["train", "-m", *axes], capsys)
    assert (code, list(home.iterdir())) == (2, [])
    assert message.startswith("--multirun: a grid of ")
    assert "runs; a study holds 100,000 at most" in message


def test_a_large_grid_says_while_it_is_checked_how_long_that_takes(home, capsys, monkeypatch):
    monkeypatch.setattr("rnnlab.study.table.JOBS_CHECKED_IN_SILENCE", 5)
    monkeypatch.setattr("rnnlab.study.table.JOBS_TIMED", 2)
    monkeypatch.setattr("rnnlab.study.table.SECONDS_BETWEEN_SIGNS", 0.0)
    assert dispatch(["train", "-m", "seed=range(6)", "study.dry_run=true", "tracking=off", *TINY_DATA]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("checking 6 jobs: ")
    assert "  checked 4 of 6" in said


def test_more_threads_than_any_machine_has_are_refused(home, capsys):
    code, message = outcome(["train", "trainer.threads=1000000000"], capsys)
    assert (code, list(home.iterdir())) == (2, [])
    assert "trainer.threads=1000000000: must be a whole number, at least 1, at most 1024" in message

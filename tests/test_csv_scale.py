"""A file of one's own in whatever unit: values are standardised by default, and the unit decides nothing."""

import json

import numpy as np
import pytest
from helpers import composed, train

from rnnlab.cli import dispatch

DAYS = np.arange(260)
SHAPE = np.sin(DAYS * 2 * np.pi / 24) + np.random.default_rng(0).normal(0, 0.05, len(DAYS))
TINY = ["layers=1", "model.hidden_size=8", "trainer.max_epochs=8", "data.rollout_steps=0", "data.batch_size=32"]


def write(home, offset, size):
    (home / "mine.csv").write_text("load\n" + "".join(f"{offset + size * value!r}\n" for value in SHAPE.tolist()))


def trained(home, offset, size, *words):
    write(home, offset, size)
    return train("function=csv", "data.path=mine.csv", "cell=gru", *TINY, *words)


def test_a_load_near_830_is_learned_as_it_lies(home):
    metrics = trained(home, 830, 60).read_result().metrics
    assert metrics["test/mse"] < 3 * metrics["baseline/persistence"]
    metrics = trained(home, 830, 60, "data.standardize=false").read_result().metrics
    assert metrics["test/mse"] > 1000 * metrics["baseline/persistence"]


@pytest.mark.parametrize(("offset", "size"), [(830, 60), (0, 1e-9)])
def test_the_unit_of_a_file_decides_nothing(offset, size, home):
    plain = trained(home, 0, 1).read_result().metrics
    metrics = trained(home, offset, size).read_result().metrics
    for name in ("test/mse", "train/mse", "train/loss"):
        assert metrics[name] / size**2 == pytest.approx(plain[name], rel=0.05)


@pytest.mark.parametrize(
    ("words", "standardized"),
    [([], True), (["data.standardize=false"], False), (["function=cos", "data.path=null"], False)],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_config_says_whether_values_are_standardised(words, standardized, home):
    write(home, 830, 60)
    assert composed("function=csv", "data.path=mine.csv", *words).data.standardize is standardized


def test_an_interrupted_and_a_whole_run_on_a_file_log_the_same_losses(home, capsys):
    whole = trained(home, 830, 60)
    parts = trained(home, 830, 60, "trainer.max_epochs=3")
    assert dispatch(["train", f"resume={parts.path}", "trainer.max_epochs=8"]) == 0
    read = [json.loads((folder.path / "result.json").read_text())["metrics"] for folder in (whole, parts)]
    for name in ("train/loss", "train/mse", "test/mse"):
        assert read[0][name] == read[1][name]

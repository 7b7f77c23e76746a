"""The closed loop against a loop by hand, and its measures against curves with known errors."""

import csv
import json

import numpy as np
import pytest
import torch
from helpers import SMALL, TINY_DATA, lab_config, train
from torch import nn

from rnnlab.analysis.rollout import Rollout, closed_loop
from rnnlab.cli import dispatch
from rnnlab.models.cells import GRU
from rnnlab.models.heads import Direct, Residual
from rnnlab.models.network import build_network, predict
from rnnlab.training.build import build_run_network
from rnnlab.training.rollouts import roll_out

CPU = torch.device("cpu")
TIMES = np.arange(1, 1001) * 0.02


def on_sine(values, angular_frequency=1.0):
    truth = np.sin(TIMES).astype(np.float32)
    return Rollout(TIMES, truth, np.asarray(values, dtype=np.float32), angular_frequency)


def make(head=Direct, outputs=1):
    return build_network(GRU, head, layers=1, hidden_size=5, seed=2, features="both", outputs=outputs)


class Recurrence(nn.Module):
    """The exact recurrence of a sine at these points, as a network."""

    def forward(self, windows):
        return 2 * np.cos(0.02) * windows[:, -1, 0] - windows[:, -2, 0]


@pytest.mark.parametrize("head", [Direct, Residual])
def test_each_step_is_the_prediction_of_the_window_before_it(head):
    network = make(head)
    values = list(np.linspace(-0.4, 0.5, 6, dtype=np.float32))
    found = closed_loop(network, np.array(values), 9, 1, CPU)
    for step in range(9):
        window = torch.tensor(values[-6:]).view(1, 6, 1)
        values.append(predict(network, window)[0])
        assert found[step] == values[-1]


def test_all_predicted_points_are_fed_back():
    network = make(outputs=3)
    values = list(np.linspace(-0.4, 0.5, 6, dtype=np.float32))
    found = closed_loop(network, np.array(values), 7, 3, CPU)
    assert found.shape == (7,)
    for _ in range(3):
        values += predict(network, torch.tensor(values[-6:]).view(1, 6, 1))[0].tolist()
    assert np.allclose(found, values[6:13], atol=1e-7)


def test_the_exact_recurrence_rolls_out_for_periods():
    window = np.sin(0.02 * np.arange(-9, 1)).astype(np.float32)
    measures = on_sine(closed_loop(Recurrence(), window, 1000, 1, CPU)).measures()
    assert measures["largest_error"] < 0.01
    assert measures["horizon"] == measures["steps"] == 1000


def test_the_horizon_is_where_the_error_first_passes_a_tenth_of_the_amplitude():
    values = np.sin(TIMES)
    values[417:430] += 0.2
    measures = on_sine(values).measures()
    assert measures["horizon"] == 417
    assert measures["rmse"] == pytest.approx(0.2 * np.sqrt(13 / 1000), rel=1e-3)
    assert measures["largest_error"] == pytest.approx(0.2, rel=1e-3)


def test_drift_is_that_of_the_last_period():
    growing = on_sine((1 + 0.01 * TIMES) * np.sin(TIMES)).measures()
    last_period = 1 + 0.01 * (TIMES[-1] - np.pi)
    assert growing["amplitude_drift"] == pytest.approx(last_period - 1, rel=0.05)
    assert growing["phase_drift"] == pytest.approx(0, abs=0.01)
    fast = on_sine(np.sin(1.01 * TIMES)).measures()
    assert fast["phase_drift"] == pytest.approx(0.01 * (TIMES[-1] - np.pi), rel=0.05)
    assert fast["amplitude_drift"] == pytest.approx(0, abs=0.01)


def test_of_a_curve_that_is_no_sinusoid_the_spread_is_compared():
    measures = on_sine(1.5 * np.sin(TIMES), angular_frequency=None).measures()
    assert measures["amplitude_drift"] == pytest.approx(0.5, rel=1e-3)
    assert "phase_drift" not in measures


def test_a_loop_that_runs_away_has_finite_measures():
    values = np.sin(TIMES)
    values[100:200] = 1e30
    values[200:] = np.nan
    measures = on_sine(values).measures()
    assert measures["horizon"] == 100
    assert all(np.isfinite(value) for value in measures.values())


def test_a_run_logs_its_closed_loop_and_draws_it(home):
    folder = train("function=sin", "data.rollout_steps=50", *SMALL, *TINY_DATA)
    metrics = folder.read_result().metrics
    with (folder.path / "rollout.csv").open() as file:
        rows = list(csv.DictReader(file))
    errors = [float(row["rollout"]) - float(row["truth"]) for row in rows]
    assert len(rows) == 50
    assert metrics["test/rollout_rmse"] == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-6)
    assert {"test/rollout_horizon", "test/rollout_amplitude_drift", "test/rollout_phase_drift"} <= set(metrics)
    assert (folder.figures / "rollout.png").stat().st_size > 10_000
    # The first step is the one-step prediction; beyond the 33 steps of the test stretch the curve goes on.
    with folder.predictions.open() as file:
        assert float(rows[0]["rollout"]) == pytest.approx(float(next(csv.DictReader(file))["prediction"]), rel=1e-6)
    truth = [float(row["truth"]) for row in rows]
    assert np.allclose(truth, np.sin([float(row["time"]) for row in rows]), atol=1e-6)
    assert np.allclose(np.diff([float(row["time"]) for row in rows]), 0.4 / 39, atol=1e-9)


def test_no_steps_no_loop(home):
    folder = train("data.rollout_steps=0", *SMALL, *TINY_DATA)
    assert not (folder.path / "rollout.csv").exists()
    assert not any("rollout" in name for name in folder.read_result().metrics)


def test_predict_rolls_out_as_far_as_asked(home, capsys):
    folder = train("function=sin", *SMALL, *TINY_DATA)
    assert dispatch(["predict", "run=latest", "rollout=120"]) == 0
    assert "over 120 steps" in capsys.readouterr().out
    assert len((folder.path / "predict-1" / "rollout.csv").read_text().splitlines()) == 121
    result = json.loads((folder.path / "predict-1" / "result.json").read_text())
    assert result["metrics"]["test/rollout_steps"] == 120


def test_a_forecast_beyond_a_file_has_no_truth(home, capsys):
    (home / "mine.csv").write_text("\n".join(str(np.sin(row / 5)) for row in range(60)) + "\n")
    words = ["function=csv", "data.path=mine.csv", "data.window=7", *SMALL]
    folder = train(*words, "data.test_samples=20", "data.rollout_steps=30")
    with (folder.path / "rollout.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["truth"]) for row in rows] == [True] * 13 + [False] * 17
    assert [float(row["time"]) for row in rows] == list(range(47, 77))
    assert folder.read_result().metrics["test/rollout_steps"] == 13


def test_points_on_the_way_are_needed_to_feed_back(home, capsys):
    words = ["data.horizon=3", *SMALL, *TINY_DATA]
    assert dispatch(["train", "tracking=off", "data.rollout_steps=20", *words]) == 2
    assert "data.horizon_output=all" in capsys.readouterr().err
    folder = train(*words)
    assert not (folder.path / "rollout.csv").exists()
    assert dispatch(["predict", "run=latest", "rollout=20"]) == 2


def test_noise_is_no_part_of_the_truth():
    config = lab_config()
    config.data.noise = 0.1
    rollout = roll_out(config, build_run_network(config), CPU)
    assert len(rollout.truth) == 990
    assert np.allclose(rollout.truth, np.sin(rollout.times), atol=1e-6)

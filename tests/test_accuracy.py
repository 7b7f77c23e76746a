"""Features, scales and the residual head, and that they buy what they are there for."""

import numpy as np
import pytest
import torch
from helpers import TINY_DATA, lab_config, train

from rnnlab.cli import dispatch
from rnnlab.data.series import Series
from rnnlab.data.windows import Windows
from rnnlab.models.cells import LSTM
from rnnlab.models.heads import Direct, Residual
from rnnlab.models.network import build_network, predict
from rnnlab.models.scaling import Scaling
from rnnlab.training.build import build_run_network
from rnnlab.training.checkpoint_files import read_checkpoint

RNG = np.random.default_rng(3)
SERIES = Series(np.arange(60.0), (5 + 3 * RNG.normal(size=60)).astype(np.float32))
WINDOWS = Windows(SERIES, 6)
INPUTS = torch.from_numpy(WINDOWS.inputs.copy())
VALUES = SERIES.values.astype(np.float64)


def fitted(windows=WINDOWS, **options):
    scaling = Scaling(**options)
    scaling.fit(windows)
    return scaling


def test_by_default_values_go_in_as_they_are_and_nothing_is_kept():
    scaling = fitted()
    assert torch.equal(scaling.inputs(INPUTS), INPUTS)
    assert scaling.state_dict() == {}
    network = build_network(LSTM, Direct, layers=1, hidden_size=5, seed=0)
    assert not any(name.startswith("scaling") for name in network.state_dict())


def test_standardised_values_have_mean_0_and_deviation_1_and_predictions_the_old_ones():
    scaling = fitted(standardize=True)
    assert scaling.mean.item() == pytest.approx(VALUES.mean(), rel=1e-6)
    assert scaling.deviation.item() == pytest.approx(VALUES.std(), rel=1e-6)
    expected = (INPUTS.numpy() - VALUES.mean()) / VALUES.std()
    assert np.allclose(scaling.inputs(INPUTS), expected, atol=1e-6)
    outputs = torch.tensor([0.0, 1.0, -2.0])
    expected = VALUES.mean() + VALUES.std() * outputs.numpy()
    assert np.allclose(scaling.predictions(outputs, INPUTS[:3]), expected, atol=1e-5)


def test_differences_are_divided_by_their_root_mean_square_and_leave_the_first_step_out():
    scale = np.sqrt(np.mean(np.diff(VALUES) ** 2))
    expected = np.diff(INPUTS.numpy(), axis=1) / scale
    assert np.allclose(fitted(features="differences").inputs(INPUTS), expected, atol=1e-6)
    both = fitted(features="both").inputs(INPUTS)
    assert both.shape == (54, 5, 2)
    assert np.allclose(both[..., 0], INPUTS[:, 1:, 0])
    assert np.allclose(both[..., 1:], expected, atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 3])
def test_outputs_of_a_residual_head_are_increments_in_units_of_their_root_mean_square(outputs):
    windows = Windows(SERIES, 6, outputs, "all")
    scaling = fitted(windows, increments=True, outputs=outputs)
    given = torch.from_numpy(RNG.normal(size=(5, outputs)).astype(np.float32))
    found = scaling.predictions(given if outputs > 1 else given[:, 0], INPUTS[:5]).numpy().reshape(5, outputs)
    for output in range(outputs):
        steps = VALUES[output + 1 :] - VALUES[: -output - 1]
        expected = INPUTS[:5, -1, 0].numpy() + np.sqrt(np.mean(steps**2)) * given[:, output].numpy()
        assert np.allclose(found[:, output], expected, atol=1e-5)


def test_a_residual_head_that_says_nothing_repeats_the_last_value():
    network = build_network(LSTM, Residual, layers=1, hidden_size=5, seed=0, features="both")
    network.scaling.fit(WINDOWS)
    torch.nn.init.zeros_(network.head.linear.weight)
    assert np.array_equal(predict(network, INPUTS), WINDOWS.inputs[:, -1, 0])


def test_a_constant_series_has_scales_of_1():
    constant = Windows(Series(np.arange(20.0), np.full(20, 7, dtype=np.float32)), 6)
    scaling = fitted(constant, features="both", standardize=True, increments=True)
    assert [scaling.deviation, scaling.difference, scaling.increment.item()] == [1, 1, 1]


def test_another_unit_changes_the_predictions_unit_and_nothing_else():
    def predictions(scale, offset):
        values = (offset + scale * VALUES).astype(np.float32)
        windows = Windows(Series(SERIES.times, values), 6)
        options = {"features": "both", "standardize": True}
        network = build_network(LSTM, Residual, layers=1, hidden_size=5, seed=0, **options)
        network.scaling.fit(windows)
        return predict(network, torch.from_numpy(windows.inputs.copy()))

    assert np.allclose(predictions(100, 32), 32 + 100 * predictions(1, 0), rtol=1e-4)


def test_scales_are_those_of_the_training_part_and_lie_in_both_checkpoints(home):
    words = ["head=residual", "data.features=both", "data.standardize=true", "layers=1", "model.hidden_size=6"]
    folder = train("trainer.max_epochs=2", "data.val_fraction=0.3", *words, *TINY_DATA)
    values = np.cos(np.linspace(0, 0.7, 70)).astype(np.float32)[:49].astype(np.float64)
    for path, prefix in ((folder.best, ""), (folder.last, "network.")):
        weights = read_checkpoint(path, "run")["state_dict"]
        assert weights[f"{prefix}scaling.mean"].item() == pytest.approx(values.mean(), rel=1e-6)
        scale = np.sqrt(np.mean(np.diff(values) ** 2))
        assert weights[f"{prefix}scaling.difference"].item() == pytest.approx(scale, rel=1e-5)
    whole = train("trainer.max_epochs=4", "data.val_fraction=0.3", *words, *TINY_DATA)
    assert dispatch(["train", f"resume={folder.read_result().run_id}", "trainer.max_epochs=4"]) == 0
    left, right = (read_checkpoint(one.last, "run")["state_dict"] for one in (folder, whole))
    assert all(torch.equal(left[name], right[name]) for name in right)


def test_a_head_of_ones_own_gives_several_values_if_it_takes_outputs():
    config = lab_config(head={"_target_": "torch.nn.Identity"})
    config.data.horizon, config.data.horizon_output = 3, "all"
    network = build_run_network(config)
    assert network(torch.zeros(2, 10, 1)).shape == (2, 6)  # Identity takes anything: its hidden size comes out
    config.head = {"_target_": "rnnlab.models.heads.Residual"}
    assert build_run_network(config)(torch.zeros(2, 10, 1)).shape == (2, 3)


def test_all_horizons_are_tested_one_by_one(home):
    folder = train("data.horizon=3", "data.horizon_output=all", "trainer.max_epochs=2", "layers=1",
                   "model.hidden_size=6", *TINY_DATA)  # fmt: skip
    metrics = folder.read_result().metrics
    single = [metrics[f"test/mse_at_{ahead}"] for ahead in (1, 2, 3)]
    assert metrics["test/mse"] == pytest.approx(np.mean(single), rel=1e-9)
    rows = np.genfromtxt(folder.predictions, delimiter=",", names=True)
    assert rows.dtype.names == ("index", "time", "truth", "prediction", "prediction_1", "prediction_2")
    assert np.mean((rows["prediction"] - rows["truth"]) ** 2) == pytest.approx(single[2], rel=1e-6)
    assert metrics["test/nrmse"] == pytest.approx(np.sqrt(single[2]) / rows["truth"].std(), rel=1e-6)
    truth = np.cos(np.linspace(0.7, 1.1, 40))
    assert np.mean((rows["prediction_1"] - truth[7:-2]) ** 2) == pytest.approx(single[0], rel=1e-4)


def test_the_accurate_preset_beats_a_straight_line_within_a_few_epochs(home):
    fewer = ["model.hidden_size=64", "trainer.max_epochs=12", "optimizer.lr=0.01", "data.batch_size=32"]
    metrics = train("experiment=accurate", "function=sin", "cell=gru", *fewer).read_result().metrics
    assert metrics["test/mse"] < metrics["baseline/linear extrapolation"] / 3

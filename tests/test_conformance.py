"""What every cell, function, optimiser and schedule must do; new files in conf are taken up by themselves."""

import dataclasses
from functools import cache

import numpy as np
import pytest
import torch
from helpers import SMALL, TINY_DATA, composed, train
from torch.func import functional_call

from rnnlab.cli import dispatch
from rnnlab.config import targets
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.record import load_config
from rnnlab.data.batches import to_tensors
from rnnlab.models.network import build_layer, predict
from rnnlab.report import run_figures
from rnnlab.training.build import build_optimizer, build_run_network, build_splits
from rnnlab.training.checkpoint_files import read_checkpoint

GROUPS = Groups([str(conf_folder())])


CELLS = GROUPS.options("cell")
FUNCTIONS = [function for function in GROUPS.options("function") if function != "csv"]
FEATURES, HIDDEN, BATCH, TIME = 2, 4, 3, 5


def unchanged(before, after):
    """Return the names of the tensors that are the same in both."""
    return [name for name, value in before.items() if torch.equal(value, after[name])]


def assert_every_parameter_moved(folder):
    before = build_run_network(load_config(folder.config)).state_dict()
    after = read_checkpoint(folder.last, "run")["state_dict"]
    assert len(before) > 0
    assert unchanged(before, {name: after[f"network.{name}"] for name in before}) == []


@cache
def config_of(cell):
    return composed(f"cell={cell}", "layers=2", *SMALL[:2], *TINY_DATA, "model.dtype=float64")


def layer_of(cell, index=0):
    """Return one layer in float64, its weights moved away from where they start."""
    factory = targets.factory("cell", config_of(cell).cell)
    width = {0: FEATURES, 1: HIDDEN}[index]
    torch.manual_seed(1)
    layer = build_layer(factory, index, width, HIDDEN, torch.float64)
    for weight in layer.parameters():
        weight.data += 0.1 * torch.randn_like(weight)
    return layer, torch.randn(BATCH, TIME, width, dtype=torch.float64)


@pytest.fixture(autouse=True)
def _the_same_numbers():
    """As a run is trained: one thread, which on a busy machine is also by far the fastest for layers this small."""
    torch.set_num_threads(1)
    torch.manual_seed(5)


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch):
    """Half the time of a run this small goes into its figures, which other tests look at."""
    for draw in ("draw_losses", "draw_predictions", "draw_zoom"):
        monkeypatch.setattr(run_figures, draw, lambda *_: None)


@pytest.mark.parametrize("cell", CELLS)
def test_an_option_is_called_what_its_runs_are_called(cell):
    assert targets.label(config_of(cell).cell) == cell


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_maps_sequences_of_any_length_to_hidden_states(cell, index):
    layer, inputs = layer_of(cell, index)
    for length in (1, 2, TIME):
        assert layer(inputs[:, :length]).shape == (BATCH, length, HIDDEN)


@pytest.mark.parametrize("cell", CELLS)
def test_no_step_sees_what_comes_after_it(cell):
    layer, inputs = layer_of(cell)
    changed = inputs.clone()
    changed[:, 3:] += 1
    before, after = layer(inputs), layer(changed)
    assert torch.allclose(before[:, :3], after[:, :3], rtol=0, atol=1e-13)
    assert (before[:, 3:] != after[:, 3:]).any(dim=-1).all()


@pytest.mark.parametrize("cell", CELLS)
def test_the_last_step_sees_the_first_and_windows_of_a_batch_do_not_mix(cell):
    layer, inputs = layer_of(cell)
    changed = inputs.clone()
    changed[0, 0] += 1
    before, after = layer(inputs), layer(changed)
    assert (before[0, -1] != after[0, -1]).any()
    assert torch.allclose(before[1], after[1], rtol=0, atol=1e-13)


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_those_of_finite_differences(cell, index):
    layer, inputs = layer_of(cell, index)
    names, weights = zip(*layer.named_parameters(), strict=True)
    mixed = torch.randn(BATCH, TIME, HIDDEN, dtype=torch.float64)

    def mixed_hidden(inputs, *weights):
        return (functional_call(layer, dict(zip(names, weights, strict=True)), inputs) * mixed).sum()

    arguments = (inputs.requires_grad_(), *(weight.detach().requires_grad_() for weight in weights))
    assert torch.autograd.gradcheck(mixed_hidden, arguments)


@pytest.mark.parametrize("cell", CELLS)
def test_the_same_seed_gives_the_same_weights_and_outputs(cell):
    config = config_of(cell)
    inputs = torch.randn(BATCH, TIME, 1, dtype=torch.float64)
    first, again = build_run_network(config), build_run_network(config)
    other = build_run_network(dataclasses.replace(config, seed=1))
    assert torch.equal(first(inputs), again(inputs))
    assert unchanged(first.state_dict(), again.state_dict()) == list(first.state_dict())
    assert not torch.equal(first(inputs), other(inputs))


@pytest.mark.parametrize("cell", CELLS)
def test_float32_starts_from_the_weights_of_float64(cell):
    config = config_of(cell)
    single = dataclasses.replace(config, model=dataclasses.replace(config.model, dtype="float32"))
    inputs = torch.randn(BATCH, TIME, 1)
    left, right = build_run_network(single), build_run_network(config)
    assert unchanged(left.double().state_dict(), right.state_dict()) == list(left.state_dict())
    assert torch.allclose(left.float()(inputs).double(), right(inputs.double()), atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_saved_weights_give_the_same_outputs(cell, tmp_path):
    config = config_of(cell)
    inputs = torch.randn(BATCH, TIME, 1, dtype=torch.float64)
    network, other = build_run_network(config), build_run_network(dataclasses.replace(config, seed=1))
    torch.save(network.state_dict(), tmp_path / "weights")
    other.load_state_dict(torch.load(tmp_path / "weights", weights_only=True))
    assert torch.equal(network(inputs), other(inputs))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_function_with_every_cell_gives_every_parameter_a_gradient_and_a_step(cell, function):
    values = GROUPS.file("function", function).values
    config = dataclasses.replace(config_of(cell), function=values)
    network = build_run_network(config)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    inputs, labels = to_tensors(build_splits(config).train, torch.device("cpu"), network.dtype)
    optimizer = build_optimizer(config, network.parameters())
    (network(inputs) - labels).square().sum().backward()
    assert [name for name, weight in network.named_parameters() if not (weight.grad != 0).any()] == []
    optimizer.step()
    assert unchanged(before, network.state_dict()) == []


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_trains_goes_on_exactly_and_predicts_again(cell, home):
    words = [f"cell={cell}", "layers=2", *SMALL[:1], *TINY_DATA]
    whole = train(*words, "trainer.max_epochs=4")
    parts = train(*words, "trainer.max_epochs=2", "name=parts")
    assert dispatch(["train", "resume=parts", "trainer.max_epochs=4"]) == 0
    assert_every_parameter_moved(parts)
    for checkpoint in ("best", "last"):
        left, right = (read_checkpoint(getattr(run, checkpoint), "run")["state_dict"] for run in (whole, parts))
        assert unchanged(left, right) == list(left)
    assert parts.read_result().metrics["test/mse"] == whole.read_result().metrics["test/mse"]
    assert dispatch(["predict", "run=parts"]) == 0
    assert (parts.path / "predict-1" / "predictions.csv").read_bytes() == whole.predictions.read_bytes()


FULL_BATCH = {"lbfgs": ["data.batch_size=null"]}


@pytest.mark.parametrize("function", GROUPS.options("function"))
def test_every_function(function, home):
    """With one cell: cells and functions meet in arrays of numbers, and nothing depends on the pair."""
    words = [*SMALL, *TINY_DATA]
    if function == "csv":
        rows = np.sin(np.arange(150) / 9).tolist()
        (home / "mine.csv").write_text("value\n" + "\n".join(map(str, rows)) + "\n")
        words.append("data.path=mine.csv")
    folder = train(f"function={function}", *words)
    assert folder.read_result().status == "FINISHED"
    assert_every_parameter_moved(folder)


@pytest.mark.parametrize("head", GROUPS.options("head"))
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_with_every_head_takes_features_and_gives_horizons(cell, head, horizon):
    words = ["data.features=both", "data.standardize=true", f"data.horizon={horizon}", "data.horizon_output=all"]
    config = composed(f"cell={cell}", f"head={head}", "layers=2", *SMALL[:2], *TINY_DATA, *words)
    network = build_run_network(config)
    splits = build_splits(config)
    network.scaling.fit(splits.train)
    predictions = predict(network, torch.from_numpy(splits.test.inputs[:5].copy()))
    assert predictions.shape == splits.test.labels[:5].shape
    again = build_run_network(config)
    again.load_state_dict(network.state_dict())
    assert np.array_equal(predict(again, torch.from_numpy(splits.test.inputs[:5].copy())), predictions)


@pytest.mark.parametrize("schedule", GROUPS.options("schedule"))
@pytest.mark.parametrize("optimizer", GROUPS.options("optimizer"))
def test_every_optimizer_with_every_schedule(optimizer, schedule, home):
    # In float64 a step shows, however small the learning rate is.
    words = [
        f"optimizer={optimizer}",
        f"schedule={schedule}",
        "model.dtype=float64",
        *FULL_BATCH.get(optimizer, []),
    ]
    assert_every_parameter_moved(train(*SMALL, *TINY_DATA, *words))


@pytest.mark.parametrize("optimizer", GROUPS.options("optimizer"))
def test_every_optimizer_goes_on_exactly(optimizer, home):
    words = [f"optimizer={optimizer}", *SMALL[:1], "layers=1", *TINY_DATA, *FULL_BATCH.get(optimizer, [])]
    whole = train(*words, "trainer.max_epochs=4")
    parts = train(*words, "trainer.max_epochs=2", "name=parts")
    assert dispatch(["train", "resume=parts", "trainer.max_epochs=4"]) == 0
    left, right = (read_checkpoint(run.last, "run")["state_dict"] for run in (whole, parts))
    assert unchanged(left, right) == list(left)
    assert parts.read_result().metrics["test/mse"] == whole.read_result().metrics["test/mse"]


def test_a_cell_of_the_users_own_by_its_path_alone(home, monkeypatch):
    (home / "my_lab.py").write_text(
        "from torch import nn\n"
        "class MinimalGRU(nn.Module):\n"
        "    def __init__(self, input_size, hidden_size, sharpness=1.0):\n"
        "        super().__init__()\n"
        "        self.gate = nn.Linear(input_size + hidden_size, hidden_size)\n"
        "        self.candidate = nn.Linear(input_size, hidden_size)\n"
        "        self.sharpness = sharpness\n"
        "    def forward(self, x, h):\n"
        "        h = x.new_zeros(len(x), self.gate.out_features) if h is None else h\n"
        "        z = (self.sharpness * self.gate(__import__('torch').cat([x, h], 1))).sigmoid()\n"
        "        return (1 - z) * h + z * self.candidate(x).tanh()\n"
    )
    monkeypatch.syspath_prepend(home)
    folder = train("cell._target_=my_lab.MinimalGRU", "+cell.sharpness=2.0", "layers=2", *SMALL[:2], *TINY_DATA)
    result = folder.read_result()
    assert (result.status, result.cell, result.name) == ("FINISHED", "minimalgru", "cos-minimalgru-2x6-s0")
    assert load_config(folder.config).cell == {"_target_": "my_lab.MinimalGRU", "sharpness": 2.0}
    assert_every_parameter_moved(folder)


def test_torchs_own_step_cell_by_its_path(home):
    assert_every_parameter_moved(train("cell._target_=torch.nn.GRUCell", *SMALL, *TINY_DATA))

"""Every function and every cell trains, and every parameter moves; new files in conf are taken up."""

import numpy as np
import pytest
import torch
from helpers import SMALL, TINY_DATA, lab_config, train

from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.record import load_config
from rnnlab.models.network import predict
from rnnlab.training.build import build_run_network, build_splits
from rnnlab.training.checkpoint_files import read_checkpoint

GROUPS = Groups([str(conf_folder())])


def assert_every_parameter_moved(folder):
    before = build_run_network(load_config(folder.config)).state_dict()
    after = read_checkpoint(folder.last, "run")["state_dict"]
    assert len(before) > 0
    for name, value in before.items():
        moved = after[f"network.{name}"] != value
        assert moved.any(), f"{name} did not move"


@pytest.mark.parametrize("cell", GROUPS.options("cell"))
def test_every_cell(cell, home):
    folder = train(f"cell={cell}", "layers=2", *SMALL[:2], *TINY_DATA)
    assert folder.read_result().status == "FINISHED"
    assert_every_parameter_moved(folder)


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
@pytest.mark.parametrize("cell", GROUPS.options("cell"))
def test_every_cell_with_every_head_takes_features_and_gives_horizons(cell, head, horizon):
    config = lab_config(cell=GROUPS.file("cell", cell).values, head=GROUPS.file("head", head).values, layers=2)
    data = config.data
    data.features, data.standardize, data.horizon, data.horizon_output = "both", True, horizon, "all"
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
    folder = train(f"optimizer={optimizer}", f"schedule={schedule}", *SMALL, *TINY_DATA)
    assert_every_parameter_moved(folder)


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

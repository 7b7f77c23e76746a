"""Every function with every cell trains, and every parameter moves; new files in conf are taken up."""

import pytest
from helpers import SMALL, TINY_DATA, train

from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.record import load_config
from rnnlab.training.build import build_run_network
from rnnlab.training.checkpoint_files import read_checkpoint

GROUPS = Groups([str(conf_folder())])


def assert_every_parameter_moved(folder):
    before = build_run_network(load_config(folder.config)).state_dict()
    after = read_checkpoint(folder.last, "run")["state_dict"]
    assert len(before) > 0
    for name, value in before.items():
        moved = after[f"network.{name}"] != value
        assert moved.any(), f"{name} did not move"


@pytest.mark.parametrize("function", GROUPS.options("function"))
@pytest.mark.parametrize("cell", GROUPS.options("cell"))
def test_every_function_with_every_cell(function, cell, home):
    folder = train(f"function={function}", f"cell={cell}", "layers=2", *SMALL[:2], *TINY_DATA)
    assert folder.read_result().status == "FINISHED"
    assert_every_parameter_moved(folder)


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

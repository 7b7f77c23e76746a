"""What holds of a run on a GPU; each test runs on the CPU too, so that it is known to be able to."""

import json

import pytest
import torch
from helpers import SMALL, TINY_DATA, lab_config, python, train

from rnnlab.training.build import build_run_network, build_splits
from rnnlab.training.fit import prepare_device

NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
DEVICES = ["cpu", pytest.param("gpu", marks=[pytest.mark.gpu, NO_GPU])]
TYPES = {"cpu": "cpu", "gpu": "cuda"}


@pytest.mark.parametrize("device", DEVICES)
def test_a_run_records_the_device_that_it_was_trained_on(device, home):
    folder = train(*SMALL, *TINY_DATA, f"trainer={device}")
    manifest = json.loads(folder.manifest.read_text())
    assert manifest["device"].startswith(TYPES[device])
    assert ("gpus" in manifest["machine"]) == torch.cuda.is_available()


@pytest.mark.gpu
@NO_GPU
def test_auto_takes_the_gpu(home):
    folder = train(*SMALL, *TINY_DATA, "trainer=auto")
    assert json.loads(folder.manifest.read_text())["device"].startswith("cuda")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN"])
def test_float32_is_float32_on_every_device(device, cell):
    """Ten bits of mantissa, which a GPU would take for it by default, are a thousand times less exact."""
    config = lab_config(cell={"_target_": f"rnnlab.models.cells.{cell}"}, layers=2)
    config.model.hidden_size = 64
    inputs = torch.from_numpy(build_splits(config).train.inputs.copy())
    network = build_run_network(config)
    place = prepare_device(device, 1)
    with torch.no_grad():
        exact = network.double()(inputs.double())
        found = network.float().to(place)(inputs.to(place)).cpu()
    assert (found - exact).abs().max() < 2e-6


@pytest.mark.parametrize("device", DEVICES)
def test_a_run_is_predicted_with_where_there_is_no_gpu(device, home):
    trained = train(*SMALL, *TINY_DATA, f"trainer={device}")
    script = "import os; os.environ['CUDA_VISIBLE_DEVICES'] = ''; from rnnlab.cli import main; main()"
    done = python("-c", script, "predict", f"run={trained.path}", folder=home)
    assert done.returncode == 0, done.stderr
    again = json.loads((trained.path / "predict-1" / "result.json").read_text())["metrics"]["test/mse"]
    assert again == pytest.approx(trained.read_result().metrics["test/mse"], rel=1e-3)

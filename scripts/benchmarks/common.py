"""What several benchmarks need: configs, a bare PyTorch loop, commands with their time and memory."""

from __future__ import annotations

import dataclasses
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
import torch
from omegaconf import OmegaConf, open_dict

from rnnlab.config.finish import finish
from rnnlab.config.groups import conf_folder
from rnnlab.config.register import register_schemas
from rnnlab.config.schema import RunConfig
from rnnlab.data.batches import epoch_order, to_tensors
from rnnlab.provenance.environment import machine, package_versions
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import read_curves
from rnnlab.training.build import build_optimizer, build_run_network, build_splits

CLASSROOM = ["experiment=classroom", "function=sin", "trainer=cpu"]


def composed(overrides: list[str]) -> RunConfig:
    """Return the config that `rnnlab train` would make of the overrides."""
    register_schemas("train")
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        made = hydra.compose("train", overrides, return_hydra_config=True)
    with open_dict(made):
        section = made.pop("hydra")
    config: RunConfig = finish(made, OmegaConf.masked_copy(section, ["runtime", "overrides"]))
    return config


def bare_loop(config: RunConfig, device: str = "cpu") -> tuple[float, list[float]]:
    """Return the seconds and the losses of a bare PyTorch loop over a run's config."""
    torch.set_num_threads(config.trainer.threads)
    network = build_run_network(config).to(device)
    inputs, labels = to_tensors(build_splits(config).train, torch.device(device))
    optimizer = build_optimizer(config, network.parameters())
    losses = []
    started = time.perf_counter()
    for epoch in range(config.trainer.max_epochs):
        order = epoch_order(len(labels), config.seed, epoch).to(device)
        size = config.data.batch_size or len(labels)
        for batch_inputs, batch_labels in zip(inputs[order].split(size), labels[order].split(size), strict=True):
            loss = (network(batch_inputs) - batch_labels).square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    values = torch.stack(losses).tolist()  # waits for a GPU
    return time.perf_counter() - started, values


def with_epochs(config: RunConfig, epochs: int) -> RunConfig:
    """Return the config with another number of epochs."""
    return dataclasses.replace(config, trainer=dataclasses.replace(config.trainer, max_epochs=epochs))


@dataclass(frozen=True)
class Command:
    """A command that has ended.

    Attributes:
        began: seconds since 1970.
        seconds: wall time.
        mebibytes: the most memory that its first process held.
        said: standard output.
    """

    began: float
    seconds: float
    mebibytes: float
    said: str


def run(words: list[str], folder: Path, **environment: str) -> Command:
    """Run a Python command in a folder and return what it took.

    Raises:
        RuntimeError: it failed.
    """
    began, started = time.time(), time.perf_counter()
    settings = {name: value for name, value in os.environ.items() if not name.startswith("RNNLAB_")}
    process = subprocess.Popen(
        [sys.executable, *words], cwd=folder, env=settings | environment, stdout=subprocess.PIPE, text=True
    )
    said = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with exit code {process.returncode}: {said[-2000:]}")
    return Command(began, seconds, _mebibytes(used), said)


def _mebibytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


def train(folder: Path, overrides: list[str]) -> tuple[Command, RunFolder]:
    """Train one run with `rnnlab train` and return what the command took and the run's folder.

    Raises:
        RuntimeError: it did not finish.
    """
    before = set(folder.glob("outputs/single/*"))
    command = run(["-m", "rnnlab", "train", *overrides], folder)
    (made,) = set(folder.glob("outputs/single/*")) - before
    return command, RunFolder(made)


def fit_seconds(made: RunFolder) -> float:
    """Return how long a finished run was trained."""
    result = made.read_result()
    if result is None or result.fit_seconds is None:
        raise RuntimeError(f"{made.path} did not finish")
    return result.fit_seconds


def check_losses(made: RunFolder, losses: list[float]) -> None:
    """Compare the losses that a run recorded with those of a bare loop: only equal work is worth a comparison.

    Raises:
        RuntimeError: they differ.
    """
    steps, recorded = read_curves(made.metrics)["train/loss"]
    if recorded != [losses[step - 1] for step in steps]:
        raise RuntimeError("the two did not compute the same losses")


def about() -> dict[str, Any]:
    """Return the machine and the versions that numbers were measured with."""
    known = machine()
    return {"machine": {key: known[key] for key in known if key != "host"}, "packages": package_versions()}

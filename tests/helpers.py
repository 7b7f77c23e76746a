"""What several tests need: the command line, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnnlab.cli import dispatch
from rnnlab.config.schema import RunConfig
from rnnlab.tracking.folder import RunFolder, run_folders

REPOSITORY = Path(__file__).parents[1]
SMALL = ["model.hidden_size=6", "trainer.max_epochs=2", "layers=1"]
"""Overrides of a run that takes no time; the sizes all differ, so that a swapped axis shows."""
LONG = ["layers=1", "model.hidden_size=8", "trainer.max_epochs=100000"]
"""Overrides of a run that goes on until it is stopped."""
TINY_DATA = ["data.train_samples=70", "data.test_samples=40", "data.window=7", "data.batch_size=9"]


def command_line(*words: str) -> list[str]:
    return [sys.executable, "-m", "rnnlab", *words]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("RNNLAB_")}


def rnnlab(*words: str, folder: Path, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, in ``folder``."""
    return subprocess.run(
        command_line(*words),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def train(*overrides: str) -> RunFolder:
    """Train one run in this process, untracked, and return its folder."""
    before = {folder.path for folder in run_folders(Path("outputs"))}
    code = dispatch(["train", "tracking=off", "trainer=cpu", *overrides])
    assert code == 0
    (new,) = {folder.path for folder in run_folders(Path("outputs"))} - before
    return RunFolder(new)


def lab_config(**changes) -> RunConfig:
    """Return the config of a small LSTM on sin, made by hand."""
    config = RunConfig(
        function={"_target_": "rnnlab.data.signals.sin"},
        cell={"_target_": "rnnlab.models.cells.LSTM"},
        head={"_target_": "rnnlab.models.heads.Direct"},
        optimizer={"_target_": "torch.optim.Adam", "lr": 0.01},
        schedule={"_target_": "rnnlab.training.schedules.constant"},
        layers=1,
    )
    config.model.hidden_size = 6
    config.data.train_samples = config.data.test_samples = 1000
    config.trainer.max_epochs = 2
    config.tracking.store = "off"
    config.trainer.accelerator = "cpu"
    for key, value in changes.items():
        setattr(config, key, value)
    return config


def wait_for(condition: Callable[[], Any], seconds: int = 90) -> Any:
    """Return the first true value of ``condition()``."""
    for _ in range(seconds * 10):
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")

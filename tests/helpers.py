"""What several tests need: the command line, in this process or in one of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from omegaconf import OmegaConf, open_dict

from rnnlab.cli import dispatch
from rnnlab.config.finish import finish
from rnnlab.config.groups import conf_folder
from rnnlab.config.register import register_schemas
from rnnlab.config.schema import RunConfig
from rnnlab.errors import BadInputError
from rnnlab.tracking.folder import RunFolder, run_folders

REPOSITORY = Path(__file__).parents[1]
SMALL = ["model.hidden_size=6", "trainer.max_epochs=2", "layers=1"]
"""Overrides of a run that takes no time; the sizes all differ, so that a swapped axis shows."""
LONG = ["layers=1", "model.hidden_size=8", "trainer.max_epochs=100000"]
"""Overrides of a run that goes on until it is stopped."""
TINY_DATA = ["data.train_samples=70", "data.test_samples=40", "data.window=7", "data.batch_size=9"]
LASTING = [
    "layers=1",
    "model.hidden_size=8",
    "trainer.max_epochs=600",
    "trainer.checkpoint_seconds=0.2",
    *TINY_DATA,
]
"""Overrides of a run that takes some seconds."""


PATIENCE = 1200
"""Seconds after which a command is taken for hanging: far more than any needs, on however busy a machine."""


def port_of_its_own() -> int:
    """Return a port that no other test's server takes, also while the one that it is for is down.

    A server's usual ports will not do: what runs beside this looks for the first free one of them too.
    """
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def command_line(*words: str) -> list[str]:
    return [sys.executable, "-m", "rnnlab", *words]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("RNNLAB_")}


@contextmanager
def started(*words: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a command in the background; end it if it is still there."""
    process = subprocess.Popen(
        command_line(*words),
        cwd=folder,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()


def rnnlab(*words: str, folder: Path, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, in ``folder``."""
    return python("-m", "rnnlab", *words, folder=folder, timeout=timeout)


def python(*words: str, folder: Path, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, in ``folder``."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def outcome(words, capsys):
    """Return exit code and message of a command run in this process."""
    try:
        code = dispatch(list(words))
    except BadInputError as error:
        return 2, str(error)
    return code, capsys.readouterr().err


def train(*overrides: str) -> RunFolder:
    """Train one run in this process, untracked, and return its folder."""
    before = {folder.path for folder in run_folders(Path("outputs"))}
    code = dispatch(["train", "tracking=off", "trainer=cpu", *overrides])
    assert code == 0
    (new,) = {folder.path for folder in run_folders(Path("outputs"))} - before
    return RunFolder(new)


def composed(*overrides: str) -> RunConfig:
    """Return the config that `rnnlab train` would make of the overrides."""
    register_schemas("train")
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        made = hydra.compose("train", list(overrides), return_hydra_config=True)
    with open_dict(made):
        section = made.pop("hydra")
    return finish(made, OmegaConf.masked_copy(section, ["runtime", "overrides"]))


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


def wait_for(condition: Callable[[], Any], seconds: int = PATIENCE) -> Any:
    """Return the first true value of ``condition()``."""
    for _ in range(seconds * 10):
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")

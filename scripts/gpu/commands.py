"""Commands of rnnlab on one device, each in a process of its own, and what their runs recorded."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
SECONDS_BETWEEN_LOOKS = 0.05


class CheckError(Exception):
    """Something is not as it has to be."""


@dataclass(frozen=True)
class Room:
    """A folder that runs are made in, on one device, until a certain time.

    Attributes:
        folder: where outputs/ goes.
        device: gpu or cpu.
        sizes: overrides that every run has.
        until: when `time.monotonic` says so, commands are ended.
    """

    folder: Path
    device: str
    sizes: Sequence[str]
    until: float

    @property
    def alone(self) -> Sequence[str]:
        """The overrides of a study whose runs have the device to themselves."""
        return ["study.workers=1"] if self.device == "cpu" else ["study.jobs_per_gpu=1"]

    def train(self, *words: str, device: str | None = None) -> str:
        """Train on the room's device, or on another, and return what was said.

        Raises:
            CheckError: the command failed.
        """
        return self.run("train", *self.sizes, f"trainer={device or self.device}", "tracking=off", *words)

    def run(self, *words: str) -> str:
        """Run a command of rnnlab and return what it said.

        Raises:
            CheckError: it failed, or the time is over.
        """
        return self.python("-m", "rnnlab", *words)

    def python(self, *words: str) -> str:
        """Run Python and return what it said.

        Raises:
            CheckError: it failed, or the time is over.
        """
        left = max(1.0, self.until - time.monotonic())
        try:
            done = subprocess.run(
                [sys.executable, *words],
                cwd=self.folder,
                env=self._environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=left,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CheckError(f"the time was over in: {' '.join(words)}") from error
        if done.returncode:
            end = "\n".join(done.stdout.strip().splitlines()[-6:])
            raise CheckError(f"exit code {done.returncode} of: {' '.join(words)}\n{end}")
        return done.stdout

    def train_and_kill(self, *words: str, when: Callable[[], bool]) -> None:
        """Train, and SIGKILL the process as soon as ``when`` holds.

        Raises:
            CheckError: it ended before, or the time is over.
        """
        command = ["-m", "rnnlab", "train", *self.sizes, f"trainer={self.device}", "tracking=off", *words]
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not when():
                if process.poll() is not None or time.monotonic() > self.until:
                    raise CheckError("the run ended before it could be killed")
                time.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def _environment(self) -> Mapping[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("RNNLAB_")}
        paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
        return own | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}

    def made(self, place: str) -> list[Made]:
        """Return the runs in `outputs/<place>`, in the order of their names."""
        files = sorted((self.folder / "outputs" / place).glob("*/result.json"))
        return [Made(file.parent) for file in files]

    def one(self, name: str) -> Made:
        """Return the single run of a name.

        Raises:
            CheckError: there is none.
        """
        for made in self.made("single"):
            if made.result["name"] == name:
                return made
        raise CheckError(f"there is no run {name}")


@dataclass(frozen=True)
class Made:
    """A run that was made, by its folder."""

    folder: Path

    @property
    def result(self) -> dict[str, Any]:
        """What `result.json` holds."""
        return dict(json.loads((self.folder / "result.json").read_text(encoding="utf-8")))

    @property
    def manifest(self) -> dict[str, Any]:
        """What `manifest.json` holds."""
        return dict(json.loads((self.folder / "manifest.json").read_text(encoding="utf-8")))

    @property
    def key(self) -> tuple[str, int, int]:
        """Cell, layers and seed."""
        result = self.result
        return result["cell"], result["layers"], result["seed"]

    def weights(self, when: str) -> str:
        """Return the digest of the weights: ``initial``, ``final`` or ``best``."""
        return str(self.manifest["weights_sha256"][when])

    def losses(self, count: int) -> list[float]:
        """Return the losses of the first optimiser steps."""
        with (self.folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
            found = [float(row["value"]) for row in csv.DictReader(file) if row["metric"] == "train/loss"]
        return found[:count]

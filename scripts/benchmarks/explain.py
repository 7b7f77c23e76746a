"""How long `rnnlab explain` takes on one core: the lab's LSTM of three layers, with snapshots and without."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import CLASSROOM, run, train


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5, help="of the run; those with a snapshot are looked into")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of each command in a new process, and those of importing torch in turn with them."""
    commands = {}
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, word in (("without snapshots", "false"), ("with snapshots", "true")):
            words = [*CLASSROOM, "layers=3", f"trainer.max_epochs={asked.epochs}", f"trainer.snapshots={word}"]
            _, made = train(folder, words)
            commands[f"rnnlab explain, {kind}"] = ["-m", "rnnlab", "explain", f"run={made.path}"]
        commands["import torch"] = ["-c", "import torch"]
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        for _ in range(asked.rounds):
            for kind, words in commands.items():
                seconds.setdefault(kind, []).append(run(words, folder).seconds)
    return {"seconds": seconds, "median_seconds": {kind: statistics.median(took) for kind, took in seconds.items()}}


def lines(found: dict[str, Any]) -> list[str]:
    """Return the seconds in words."""
    return [
        "On one core, medians:",
        *(f"  {kind:<36}{took:7.2f} s" for kind, took in found["median_seconds"].items()),
    ]

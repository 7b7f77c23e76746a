"""How long a user waits for a command in a new process, and where a run's time goes."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import CLASSROOM, bare_loop, check_losses, run, train
from rnnlab.config.record import load_config

COMMANDS = {"--help": ["--help"], "runs": ["runs"], "train --help": ["train", "--help"]}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=1000, help="runs in the store that `rnnlab runs` lists")
    parser.add_argument("--epochs", type=int, default=50)


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the median seconds of a 1-layer run by part, of its bare loop, and of the short commands."""
    rows: list[dict[str, float]] = []
    imports: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder, full = Path(name) / "own", Path(name) / "full"
        for one in (folder, full):
            one.mkdir()
        fill = Path(__file__).parents[1] / "fill_store.py"
        run([str(fill), "--runs", str(asked.runs), "--epochs", "10", str(full)], folder)
        words = [*CLASSROOM, "layers=1", f"trainer.max_epochs={asked.epochs}"]
        train(folder, [*words, "trainer.max_epochs=1"])  # makes the store, warms the file cache
        for _ in range(asked.rounds):
            command, made = train(folder, words)
            bare, losses = bare_loop(load_config(made.config))
            check_losses(made, losses)
            manifest = json.loads(made.manifest.read_text())
            result = made.read_result()
            ended = manifest["started"] + (result.total_seconds if result and result.total_seconds else 0.0)
            parts = {"start": manifest["started"] - command.began} | manifest["seconds"]
            parts["leave"] = command.began + command.seconds - ended
            parts["rest"] = command.seconds - sum(parts.values())
            rows.append({"bare": bare, "command": command.seconds} | parts)
            for short, said in COMMANDS.items():
                imports.setdefault(short, []).append(run(["-m", "rnnlab", *said], full).seconds)
            for package in ("torch", "torch._dynamo", "pytorch_lightning", "mlflow", "hydra"):
                took = run(["-c", f"import {package}"], folder).seconds
                imports.setdefault(f"import {package}", []).append(took)
            imports.setdefault("python", []).append(run(["-c", ""], folder).seconds)
    above = statistics.median(row["command"] - row["bare"] for row in rows)
    return {
        "rounds": rows,
        "median_seconds": {part: statistics.median(row[part] for row in rows) for part in rows[0]},
        "median_seconds_above_bare": above,
        "runs_in_store": asked.runs,
        "commands": {short: statistics.median(took) for short, took in imports.items()},
    }


def lines(found: dict[str, Any]) -> list[str]:
    """Return the seconds in words."""
    medians = found["median_seconds"]
    said = [f"rnnlab train, 1 layer: {medians['command']:.2f} s, its bare loop {medians['bare']:.2f} s;"]
    said.append(f"median of the differences {found['median_seconds_above_bare']:.2f} s. Its parts:")
    said += [f"  {part:<10}{took:7.2f} s" for part, took in medians.items() if part not in ("bare", "command")]
    said.append(f"Commands in a new process, the store with {found['runs_in_store']} runs:")
    return said + [f"  {short:<28}{took:7.2f} s" for short, took in found["commands"].items()]

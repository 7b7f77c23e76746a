#!/usr/bin/env python3
"""Where speed is measured: what a tracked run costs over a bare PyTorch loop with the same numbers.

    .venv/bin/python scripts/bench.py overhead [--rounds 3] [--cell lstm] [--layers 1] [--epochs 50] [--json]

The two take turns within one call, because machines are shared and drift; what counts is the median of the
rounds' ratios. The losses of both are compared: only equal work is worth a comparison.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from rnnlab.config.record import load_config
from rnnlab.config.schema import RunConfig
from rnnlab.data.batches import epoch_order, to_tensors
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import read_curves
from rnnlab.training.build import build_optimizer, build_run_network, build_splits


def bare_loop(config: RunConfig) -> tuple[float, list[float]]:
    """Return the seconds and the losses of a bare PyTorch loop over a run's config."""
    torch.set_num_threads(config.trainer.threads)
    network = build_run_network(config)
    inputs, labels = to_tensors(build_splits(config).train, torch.device("cpu"))
    optimizer = build_optimizer(config, network.parameters())
    losses = []
    started = time.perf_counter()
    for epoch in range(config.trainer.max_epochs):
        order = epoch_order(len(labels), config.seed, epoch)
        batches = zip(
            inputs[order].split(config.data.batch_size), labels[order].split(config.data.batch_size), strict=True
        )
        for batch_inputs, batch_labels in batches:
            loss = (network(batch_inputs) - batch_labels).square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    return time.perf_counter() - started, torch.stack(losses).tolist()


def tracked_run(folder: Path, overrides: list[str]) -> tuple[float, RunFolder]:
    """Return the wall time of the command and the folder of the run that it made."""
    before = set(folder.glob("outputs/single/*"))
    command = [sys.executable, "-m", "rnnlab", "train", "experiment=classroom", "function=sin", *overrides]
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    (made,) = set(folder.glob("outputs/single/*")) - before
    return seconds, RunFolder(made)


def overhead(cell: str, layers: int, epochs: int, rounds: int) -> dict[str, object]:
    """Return the ratios of a tracked run to the bare loop, taken in turns."""
    overrides = [f"cell={cell}", f"layers={layers}", f"trainer.max_epochs={epochs}"]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tracked_run(folder, overrides)  # makes the store and warms the file cache
        for _ in range(rounds):
            command, run = tracked_run(folder, overrides)
            result = run.read_result()
            if result is None or result.fit_seconds is None or result.total_seconds is None:
                raise RuntimeError(f"{run.path} did not finish")
            bare, losses = bare_loop(load_config(run.config))
            steps, recorded = read_curves(run.metrics)["train/loss"]
            if recorded != [losses[step - 1] for step in steps]:
                raise RuntimeError("the two did not compute the same losses")
            rows.append({"bare": bare, "fit": result.fit_seconds, "run": result.total_seconds, "command": command})
    ratios = {
        part: statistics.median(row[part] / row["bare"] for row in rows) for part in ("fit", "run", "command")
    }
    return {"cell": cell, "layers": layers, "epochs": epochs, "seconds": rows, "median_ratio_to_bare": ratios}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["overhead"])
    parser.add_argument("--cell", default="lstm", choices=["lstm", "gru", "rnn"])
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    asked = parser.parse_args()
    found = overhead(asked.cell, asked.layers, asked.epochs, asked.rounds)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{asked.cell}, {asked.layers} layer(s), {asked.epochs} epochs; the losses are the same")
    meanings = {"fit": "training alone", "run": "with tracking, test, figures", "command": "with imports"}
    for part, ratio in found["median_ratio_to_bare"].items():
        print(f"  {part:<8} {ratio:5.2f} times the bare loop  ({meanings[part]})")


if __name__ == "__main__":
    main()

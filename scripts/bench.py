#!/usr/bin/env python3
"""Where speed is measured.

    .venv/bin/python scripts/bench.py overhead [--rounds 3] [--cell lstm] [--layers 1] [--epochs 50] [--json]
    .venv/bin/python scripts/bench.py preflight [--jobs 1000]
    .venv/bin/python scripts/bench.py cells [--rounds 3] [--layers 1] [--epochs 2]

``overhead``: what a tracked run costs over a bare PyTorch loop with the same numbers. The two take turns within
one call, because machines are shared and drift; what counts is the median of the rounds' ratios. The losses of
both are compared: only equal work is worth a comparison.

``preflight``: how long a study takes to check all its jobs and to find that all but one of them are done. The
runs in the store are as any others, but for their training: that is left out.

``cells``: how long an epoch of each cell takes with the lab's sizes, in a bare PyTorch loop, all cells in turns
within one call; the ratios are to the LSTM of the same round.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import hydra
import torch
from omegaconf import OmegaConf, open_dict

from rnnlab.config.finish import finish
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.record import load_config
from rnnlab.config.register import register_schemas
from rnnlab.config.schema import RunConfig
from rnnlab.data.batches import epoch_order, to_tensors
from rnnlab.models.network import parameter_count
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import read_curves
from rnnlab.tracking.recorder import Recorder
from rnnlab.tracking.store import open_store
from rnnlab.training.build import build_optimizer, build_run_network, build_splits

LAST_GROUP = 9


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


def preflight(jobs: int) -> dict[str, object]:
    """Return how long a study of so many jobs takes that finds all but one of them done, dry and in earnest."""
    grid = ["cell=lstm,gru", "layers=1,2,3,4,5", f"seed=range({jobs // 10})"]
    small = ["study.name=many", "model.hidden_size=4", "trainer.max_epochs=1"]
    with tempfile.TemporaryDirectory() as name:
        os.environ["RNNLAB_HOME"] = name
        started = time.perf_counter()
        _record_finished(small, jobs // 10)
        a_run = (time.perf_counter() - started) / (jobs - 1)
        command = [sys.executable, "-m", "rnnlab", "train", "-m", *grid, *small]
        seconds = {}
        for kind, words in (("dry", ["study.dry_run=true"]), ("with the missing run", []), ("all done", [])):
            started = time.perf_counter()
            said = subprocess.run([*command, *words], check=True, capture_output=True, text=True).stdout
            seconds[kind] = time.perf_counter() - started
            print(said.splitlines()[0], file=sys.stderr)
        return {"jobs": jobs, "seconds": seconds, "seconds_to_record_a_run": a_run}


def cells(layers: int, epochs: int, rounds: int) -> list[dict[str, object]]:
    """Return each cell's parameters, seconds an epoch and ratio to the LSTM's, medians over the rounds."""
    words = ["experiment=classroom", f"layers={layers}", f"trainer.max_epochs={epochs}"]
    configs = {cell: _composed([*words, f"cell={cell}"]) for cell in Groups([str(conf_folder())]).options("cell")}
    for config in configs.values():
        bare_loop(dataclasses.replace(config, trainer=dataclasses.replace(config.trainer, max_epochs=1)))
    seconds: dict[str, list[float]] = {cell: [] for cell in configs}
    for _ in range(rounds):
        for cell, config in configs.items():
            seconds[cell].append(bare_loop(config)[0] / epochs)
    return [
        {
            "cell": cell,
            "parameters": parameter_count(build_run_network(config)),
            "seconds_an_epoch": statistics.median(seconds[cell]),
            "ratio_to_lstm": statistics.median(
                own / lstm for own, lstm in zip(seconds[cell], seconds["lstm"], strict=True)
            ),
        }
        for cell, config in configs.items()
    ]


def _composed(overrides: list[str]) -> RunConfig:
    """Return the config that `rnnlab train` would make of the overrides."""
    register_schemas("train")
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        composed = hydra.compose("train", overrides, return_hydra_config=True)
    with open_dict(composed):
        section = composed.pop("hydra")
    config: RunConfig = finish(composed, OmegaConf.masked_copy(section, ["runtime", "overrides"]))
    return config


def _record_finished(overrides: list[str], seeds: int) -> None:
    """Record FINISHED runs, without training, of all jobs but the last."""
    for number, (cell, layers) in enumerate(itertools.product(("lstm", "gru"), range(1, 6))):
        config = _composed([*overrides, f"cell={cell}", f"layers={layers}"])
        store = open_store(config.tracking)
        for seed in range(seeds - (number == LAST_GROUP)):
            with Recorder(dataclasses.replace(config, seed=seed), [], store) as recorder:
                for epoch in range(10):
                    recorder.metrics.add("train/mse", 0.5**epoch, epoch)
                recorder.metrics.add("test/mse", 1e-5, 10)
                recorder.metrics.add("test/rmse", 1e-5**0.5, 10)
                recorder.metrics.add("time/fit_seconds", 1.0, 10)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["overhead", "preflight", "cells"])
    parser.add_argument("--cell", default="lstm", help="any option of the group cell, for overhead")
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="50 for overhead, 2 for cells")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    asked = parser.parse_args()
    if asked.what == "preflight":
        print(json.dumps(preflight(asked.jobs), indent=2))
        return
    if asked.what == "cells":
        for row in cells(asked.layers, asked.epochs or 2, asked.rounds):
            print("{cell:<14}{parameters:>9}{seconds_an_epoch:>10.3f} s{ratio_to_lstm:>8.2f}".format(**row))
        return
    epochs = asked.epochs or 50
    found = overhead(asked.cell, asked.layers, epochs, asked.rounds)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{asked.cell}, {asked.layers} layer(s), {epochs} epochs; the losses are the same")
    meanings = {"fit": "training alone", "run": "with tracking, test, figures", "command": "with imports"}
    for part, ratio in found["median_ratio_to_bare"].items():
        print(f"  {part:<8} {ratio:5.2f} times the bare loop  ({meanings[part]})")


if __name__ == "__main__":
    main()

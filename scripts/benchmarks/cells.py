"""How long an epoch of each cell takes with the lab's sizes, in a bare PyTorch loop, all cells in turns."""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from benchmarks.common import bare_loop, composed, with_epochs
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.models.network import parameter_count
from rnnlab.training.build import build_run_network


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=2)


def measure(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Return each cell's parameters, seconds an epoch and ratio to the LSTM's, medians over the rounds."""
    words = ["experiment=classroom", f"layers={asked.layers}", f"trainer.max_epochs={asked.epochs}"]
    configs = {cell: composed([*words, f"cell={cell}"]) for cell in Groups([str(conf_folder())]).options("cell")}
    for config in configs.values():
        bare_loop(with_epochs(config, 1))
    seconds: dict[str, list[float]] = {cell: [] for cell in configs}
    for _ in range(asked.rounds):
        for cell, config in configs.items():
            seconds[cell].append(bare_loop(config)[0] / asked.epochs)
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


def lines(found: list[dict[str, Any]]) -> list[str]:
    """Return a line a cell."""
    form = "{cell:<14}{parameters:>9}{seconds_an_epoch:>10.3f} s an epoch{ratio_to_lstm:>8.2f} times the LSTM's"
    return [form.format(**row) for row in found]

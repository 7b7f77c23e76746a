"""How fast a run is trained on the CPU with one thread and with two, and on a GPU where there is one."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import bare_loop, check_losses, composed, fit_seconds, train


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cells", nargs="+", default=["lstm", "gru"], help="options of the group cell")
    parser.add_argument("--layers", nargs="+", type=int, default=[1, 3])
    parser.add_argument("--hidden", type=int, default=128, help="units")
    parser.add_argument("--batch", type=int, default=64, help="windows in a mini-batch")
    parser.add_argument("--epochs", type=int, default=20)


def measure(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Return steps per second of runs and of bare loops, medians over rounds in which all take turns."""
    places = {"cpu, 1 thread": ("cpu", 1), "cpu, 2 threads": ("cpu", 2)}
    if torch.cuda.is_available():
        places[torch.cuda.get_device_name()] = ("gpu", 1)
    rows: dict[tuple[str, int, str], list[tuple[float, float]]] = {}
    steps = 0
    with tempfile.TemporaryDirectory() as name:
        for _ in range(asked.rounds):
            for cell in asked.cells:
                for layers in asked.layers:
                    for place, (accelerator, threads) in places.items():
                        words = ["experiment=classroom", "function=sin", f"cell={cell}", f"layers={layers}"]
                        words += [f"trainer.max_epochs={asked.epochs}", f"model.hidden_size={asked.hidden}"]
                        words += [f"data.batch_size={asked.batch}", "tracking=off"]
                        words += [f"trainer={accelerator}", f"trainer.threads={threads}"]
                        config = composed(words)
                        bare, losses = bare_loop(config, "cuda" if accelerator == "gpu" else "cpu")
                        _, made = train(Path(name), words)
                        if accelerator == "cpu":
                            check_losses(made, losses)
                        steps = len(losses)
                        rows.setdefault((cell, layers, place), []).append((fit_seconds(made), bare))
    return [
        {
            "cell": cell,
            "layers": layers,
            "hidden_size": asked.hidden,
            "batch_size": asked.batch,
            "device": place,
            "steps_per_second": steps / statistics.median(fit for fit, _ in found),
            "bare_steps_per_second": steps / statistics.median(bare for _, bare in found),
            "median_ratio_to_bare": statistics.median(fit / bare for fit, bare in found),
        }
        for (cell, layers, place), found in rows.items()
    ]


def lines(found: list[dict[str, Any]]) -> list[str]:
    """Return a line a device."""
    form = "{cell:<6}{layers} x {hidden_size:<5} {device:<28}{steps_per_second:>9.0f} steps/s"
    form += ", bare loop {bare_steps_per_second:.0f}"
    return [form.format(**row) for row in found]

"""What a tracked run costs over a bare PyTorch loop with the same numbers.

The two take turns within one call, because machines are shared and drift; what counts is the median of the
rounds' ratios. The losses of both are compared.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import CLASSROOM, bare_loop, check_losses, fit_seconds, train
from rnnlab.config.record import load_config

PARTS = {"fit": "training alone", "run": "with store, test and figures", "command": "with imports"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--cells", nargs="+", default=["lstm", "gru"], help="options of the group cell")
    parser.add_argument("--layers", nargs="+", type=int, default=[1, 3])
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)


def measure(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Return, for each cell and depth, the seconds of every round and the median ratios to the bare loop."""
    places = [(cell, layers) for cell in asked.cells for layers in asked.layers]
    rows: dict[tuple[str, int], list[dict[str, float]]] = {place: [] for place in places}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train(folder, [*CLASSROOM, "layers=1", "trainer.max_epochs=1"])  # makes the store, warms the file cache
        for number in range(asked.rounds):
            for place in places:
                rows[place].append(_round(folder, *place, asked.epochs, bare_first=bool(number % 2)))
    return [
        {
            "cell": cell,
            "layers": layers,
            "epochs": asked.epochs,
            "seconds": rows[cell, layers],
            "median_ratio_to_bare": {
                part: statistics.median(row[part] / row["bare"] for row in rows[cell, layers]) for part in PARTS
            },
        }
        for cell, layers in places
    ]


def _round(folder: Path, cell: str, layers: int, epochs: int, *, bare_first: bool) -> dict[str, float]:
    overrides = [*CLASSROOM, f"cell={cell}", f"layers={layers}", f"trainer.max_epochs={epochs}"]
    known = next(folder.glob(f"outputs/single/*-{cell}-{layers}x*/config.yaml"), None) if bare_first else None
    before = bare_loop(load_config(known)) if known else None
    command, made = train(folder, overrides)
    bare, losses = before or bare_loop(load_config(made.config))
    check_losses(made, losses)
    result = made.read_result()
    whole = result.total_seconds if result else None
    return {"bare": bare, "fit": fit_seconds(made), "run": whole or 0.0, "command": command.seconds}


def lines(found: list[dict[str, Any]]) -> list[str]:
    """Return the ratios in words."""
    said = [
        "times the bare loop, medians; the losses are the same",
        f"{'':16}" + "".join(f"{p:>10}" for p in PARTS),
    ]
    for row in found:
        ratios = "".join(f"{row['median_ratio_to_bare'][part]:10.2f}" for part in PARTS)
        said.append(f"{row['cell']:<6}{row['layers']} layer{'s' if row['layers'] > 1 else ' '}  {ratios}")
    return [*said, *(f"  {part}: {meaning}" for part, meaning in PARTS.items())]

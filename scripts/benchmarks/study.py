"""How well a study uses the cores, and how much sooner it is done than the usual serial project.

A study is compared with the sum of its runs' bare loops divided by the cores: what it would take if nothing but
training cost time. One half of the bare loops is run before the study and the other half after it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.common import bare_loop, composed, run

PEER = Path(__file__).parents[1] / "peer.py"
CELLS, LAYERS, SEEDS = ("lstm", "gru"), (1, 3), range(5)
"""The grid of `study=quick`."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--no-peer", action="store_true", help="leave the serial project out: it takes longest")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of every round, the parallel efficiency and the ratio to the peer."""
    rounds = [_round(asked.epochs, peer=not asked.no_peer) for _ in range(asked.rounds)]
    found = {
        "epochs": asked.epochs,
        "cores": os.cpu_count(),
        "rounds": rounds,
        "parallel_efficiency": statistics.median(one["bare"] / one["cores"] / one["study"] for one in rounds),
    }
    if not asked.no_peer:
        found["times_faster_than_peer"] = statistics.median(one["peer"] / one["study"] for one in rounds)
    return found


def _round(epochs: int, *, peer: bool) -> dict[str, Any]:
    places = list(itertools.product(CELLS, LAYERS, SEEDS))
    configs = [
        composed(
            [
                "experiment=classroom",
                f"cell={cell}",
                f"layers={layers}",
                f"seed={seed}",
                f"trainer.max_epochs={epochs}",
            ]
        )
        for cell, layers, seed in places
    ]
    seconds = {place: bare_loop(config)[0] for place, config in list(zip(places, configs, strict=True))[::2]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = ["-m", "rnnlab", "train", "-m", "study=quick", "trainer=cpu", f"trainer.max_epochs={epochs}"]
        study = run(words, folder)
        parts = _parts(folder)
        serial = run([str(PEER), "-m", *_peers_grid(), f"epochs={epochs}"], folder) if peer else None
    seconds |= {place: bare_loop(config)[0] for place, config in list(zip(places, configs, strict=True))[1::2]}
    found = {"bare": sum(seconds.values()), "cores": os.cpu_count() or 1, "study": study.seconds}
    found["said"] = next(line for line in study.said.splitlines() if line.startswith("time "))
    found["parts"] = parts
    return found | ({"peer": serial.seconds} if serial else {})


def _parts(folder: Path) -> dict[str, float]:
    """Return the seconds of all runs by part."""
    total: Counter[str] = Counter()
    for manifest in folder.glob("outputs/quick/*/manifest.json"):
        total.update(json.loads(manifest.read_text())["seconds"])
    return {part: round(seconds, 1) for part, seconds in total.items()}


def _peers_grid() -> list[str]:
    return [
        "cell=" + ",".join(CELLS),
        "layers=" + ",".join(map(str, LAYERS)),
        "seed=" + ",".join(map(str, SEEDS)),
    ]


def lines(found: dict[str, Any]) -> list[str]:
    """Return the comparison in words."""
    said = []
    for one in found["rounds"]:
        ideal = one["bare"] / one["cores"]
        peer = f", the peer {one['peer']:.0f} s" if "peer" in one else ""
        bare = f"bare loops {one['bare']:.0f} s, by {one['cores']} cores {ideal:.0f} s"
        said.append(one["said"])
        said.append("  of all runs: " + ", ".join(f"{part} {took} s" for part, took in one["parts"].items()))
        said.append(f"study=quick {one['study']:.0f} s, {bare}{peer}")
    said.append(f"parallel efficiency {found['parallel_efficiency']:.2f}")
    if "times_faster_than_peer" in found:
        said.append(f"{found['times_faster_than_peer']:.1f} times faster than the peer")
    return said

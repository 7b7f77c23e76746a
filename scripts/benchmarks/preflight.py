"""How long a study takes to check all its jobs and to find that all but one of them are done.

The runs in the store are as any others, but for their training: that is left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import composed, run
from benchmarks.idle import record_without_training
from rnnlab.tracking.store import open_store

LAST_GROUP = 9


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--jobs", type=int, default=1000, help="a multiple of 10")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of a study of so many jobs that finds all but one of them done, dry and in earnest."""
    grid = ["cell=lstm,gru", "layers=1,2,3,4,5", f"seed=range({asked.jobs // 10})"]
    small = ["study.name=many", "model.hidden_size=4", "trainer.max_epochs=1"]
    with tempfile.TemporaryDirectory() as name:
        os.environ["RNNLAB_HOME"] = name
        started = time.perf_counter()
        _record_finished(small, asked.jobs // 10)
        a_run = (time.perf_counter() - started) / (asked.jobs - 1)
        command = ["-m", "rnnlab", "train", "-m", *grid, *small]
        seconds, said = {}, {}
        for kind, words in (("dry", ["study.dry_run=true"]), ("with the missing run", []), ("all done", [])):
            made = run([*command, *words], Path(name), RNNLAB_HOME=name)
            seconds[kind], said[kind] = made.seconds, made.said.splitlines()[0]
    return {"jobs": asked.jobs, "seconds": seconds, "seconds_to_record_a_run": a_run, "said": said}


def _record_finished(overrides: list[str], seeds: int) -> None:
    """Record FINISHED runs, without training, of all jobs but the last."""
    for number, (cell, layers) in enumerate(itertools.product(("lstm", "gru"), range(1, 6))):
        config = composed([*overrides, f"cell={cell}", f"layers={layers}"])
        store = open_store(config.tracking)
        for seed in range(seeds - (number == LAST_GROUP)):
            record_without_training(dataclasses.replace(config, seed=seed), [], store)


def lines(found: dict[str, Any]) -> list[str]:
    """Return the seconds in words."""
    said = [f"a study of {found['jobs']} jobs, all but one of them done before:"]
    said += [f"  {kind:<22}{took:7.1f} s  ({found['said'][kind]})" for kind, took in found["seconds"].items()]
    return [*said, f"  to record a run       {1000 * found['seconds_to_record_a_run']:7.1f} ms"]

"""What a run costs in the store and in a study's machinery, and what an epoch and a step cost, as they get many.

The jobs do no work, the networks next to none: what is left is rnnlab. The jobs go one after the other through
one worker, so that nothing is hidden by a second core.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import bare_loop, composed, fit_seconds, train, with_epochs
from benchmarks.common import run as run_command

PLUGINS = Path(__file__).parent / "idle_launcher"
ROOM = Path(__file__).parents[1]
TINY = ["layers=1", "model.hidden_size=2", "data.train_samples=74", "data.test_samples=20", "tracking=off"]
STEPS_AN_EPOCH = {"an epoch of 1 step": 64, "an epoch of 16 steps": 4}
"""Mini-batch sizes: 64 windows at once, or four at a time."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--jobs", nargs="+", type=int, default=[10, 100, 1000, 10_000], help="multiples of 10")
    parser.add_argument("--epochs", nargs="+", type=int, default=[10, 100, 1000, 10_000])


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the costs by number of jobs, and by number of epochs."""
    with tempfile.TemporaryDirectory() as name:
        jobs = [_study(Path(name), count) for count in asked.jobs]
        epochs = [_run(Path(name), count, kind) for kind in STEPS_AN_EPOCH for count in asked.epochs]
    fixed = jobs[0]["seconds"] - jobs[0]["store"]
    for row in jobs[1:]:
        more = row["jobs"] - jobs[0]["jobs"]
        row["machinery_ms_a_job"] = 1000 * (row["seconds"] - row["store"] - fixed) / more
    return {"jobs": jobs, "epochs": epochs}


def _study(room: Path, count: int) -> dict[str, Any]:
    folder = room / f"jobs-{count}"
    folder.mkdir()
    grid = [
        "cell=lstm,gru",
        "layers=1,2,3,4,5",
        f"seed=range({count // 10})",
        "study.name=idle",
        "hydra/launcher=idle",
    ]
    spent = folder / "spent.json"
    command = run_command(
        ["-m", "rnnlab", "train", "-m", *grid, f"hydra.launcher.report={spent}"],
        folder,
        PYTHONPATH=f"{PLUGINS}:{ROOM}",
    )
    store = json.loads(spent.read_text())["recording"]
    size = sum(file.stat().st_size for file in (folder / "mlruns").glob("*.db"))
    return {
        "jobs": count,
        "seconds": command.seconds,
        "store": store,
        "store_ms_a_run": 1000 * store / count,
        "mebibytes": command.mebibytes,
        "database_kib_a_run": size / 1024 / count,
    }


def _run(room: Path, epochs: int, kind: str) -> dict[str, Any]:
    words = [*TINY, f"trainer.max_epochs={epochs}", f"data.batch_size={STEPS_AN_EPOCH[kind]}", "trainer=cpu"]
    command, made = train(room, words)
    bare_loop(with_epochs(composed(words), 2))
    bare, _ = bare_loop(composed(words))
    return {
        "kind": kind,
        "epochs": epochs,
        "ms_an_epoch": 1000 * fit_seconds(made) / epochs,
        "bare_ms_an_epoch": 1000 * bare / epochs,
        "mebibytes": command.mebibytes,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """Return the costs in words."""
    said = [f"{'jobs':>8}{'seconds':>10}{'store, ms a run':>18}{'machinery, ms a job':>22}{'MiB':>8}"]
    for row in found["jobs"]:
        machinery = f"{row['machinery_ms_a_job']:22.1f}" if "machinery_ms_a_job" in row else f"{'':22}"
        said.append(
            f"{row['jobs']:8}{row['seconds']:10.1f}{row['store_ms_a_run']:18.1f}{machinery}{row['mebibytes']:8.0f}"
        )
    said += ["", f"{'':24}{'epochs':>8}{'ms an epoch':>13}{'bare loop':>11}{'MiB':>8}"]
    return said + [
        f"{row['kind']:<24}{row['epochs']:8}{row['ms_an_epoch']:13.2f}{row['bare_ms_an_epoch']:11.2f}{row['mebibytes']:8.0f}"
        for row in found["epochs"]
    ]

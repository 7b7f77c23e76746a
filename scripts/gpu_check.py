#!/usr/bin/env python3
"""Check rnnlab on this machine's GPU, beside its CPU: one command, five minutes at most.

    python3 scripts/gpu_check.py --json gpu.json

It needs no installation of rnnlab and no network: the checkout is used as it is, and what is missing is said first;
`scripts/gpu_wheels.sh` gathers it where there is a network. `--device cpu` goes the same way without a GPU.

Checked are: every cell of one and of three layers beside the CPU (the same initial weights, first losses to
rounding, test MSE within the spread of seeds); the same run twice, to the bit; `trainer=auto`; SIGKILL and resume;
`reproduce`; a study with two jobs on the GPU; the tests marked `gpu`. The exit code is 1 if a check fails, 2 if
something is missing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

NEEDED = {
    "antlr4": "antlr4-python3-runtime",
    "filelock": "filelock",
    "hydra": "hydra-core",
    "hydra_plugins.hydra_joblib_launcher": "hydra-joblib-launcher",
    "hypothesis": "hypothesis",
    "jinja2": "Jinja2",
    "joblib": "joblib",
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "omegaconf": "omegaconf",
    "psutil": "psutil",
    "pytest": "pytest",
    "pytorch_lightning": "pytorch-lightning",
    "rich": "rich",
    "scipy": "scipy",
    "torch": "torch",
    "yaml": "PyYAML",
}
"""The modules that the checks import, by the names of their packages. Nothing is tracked, so MLflow is none."""


def main() -> int:
    """Run the checks, write and print what came of them, and return the exit code."""
    asked = arguments()
    lacking = [package for module, package in NEEDED.items() if not is_there(module)]
    if lacking:
        print(f"not installed here: {', '.join(lacking)}", file=sys.stderr)
        print("scripts/gpu_wheels.sh DIR gathers wheels where there is a network; here then:", file=sys.stderr)
        print("    python3 -m pip install --no-deps --no-index DIR/*.whl", file=sys.stderr)
        return 2
    import torch

    if asked.device == "gpu" and not torch.cuda.is_available():
        print(
            "there is no CUDA GPU here, or torch is a build without CUDA; --device cpu needs none", file=sys.stderr
        )
        return 2
    name = torch.cuda.get_device_name() if asked.device == "gpu" else "CPU"
    found = checked(asked, name)
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print("\n".join(table(found)))
    return 0 if found["ok"] else 1


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there")
    parser.add_argument("--epochs", type=int, default=5, help="of each cell's runs")
    parser.add_argument("--hidden", type=int, default=128, help="hidden units")
    parser.add_argument("--seconds", type=float, default=300, help="after which commands are ended")
    return parser.parse_args()


def is_there(module: str) -> bool:
    """Return whether a module can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def checked(asked: argparse.Namespace, name: str) -> dict[str, Any]:
    """Return what came of every check."""
    from gpu.checks import CHECKS, built_in_cells, cells, versions
    from gpu.commands import CheckError, Room

    began = time.monotonic()
    sizes = ["experiment=classroom", "function=sin", f"model.hidden_size={asked.hidden}"]
    sizes.append(f"trainer.max_epochs={asked.epochs}")
    rows: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="rnnlab-gpu-") as folder:
        room = Room(Path(folder), asked.device, sizes, began + asked.seconds)
        for what, check in ({"cells": None} | CHECKS).items():
            since = time.monotonic()
            try:
                if check is None:
                    rows = cells(room, built_in_cells())
                    wrong = [
                        f"{row['cell']} x {row['layers']}: {'; '.join(row['wrong'])}"
                        for row in rows
                        if row["wrong"]
                    ]
                    saw, ok = "\n".join(wrong) or f"{len(rows)} runs as on the CPU", not wrong
                else:
                    saw, ok = check(room), True
            except CheckError as error:
                saw, ok = str(error), False
            results.append({"check": what, "ok": ok, "saw": saw, "seconds": round(time.monotonic() - since, 1)})
            print(f"{'ok' if ok else 'FAILED':<7} {what}: {saw}", file=sys.stderr, flush=True)
    seconds = round(time.monotonic() - began, 1)
    ok = all(result["ok"] for result in results)
    return {"ok": ok, "device": name, "seconds": seconds, "checks": results, "cells": rows} | versions()


def table(found: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of two tables in Markdown: the checks, and each cell beside the CPU."""
    yield f"{found['device']}, {found['seconds']:.0f} s: {'all checks hold' if found['ok'] else 'CHECKS FAILED'}"
    yield ""
    results = ([one["check"], "holds" if one["ok"] else "FAILED", one["saw"]] for one in found["checks"])
    yield from markdown(["check", "", "seen"], results)
    yield ""
    numbers = (
        [
            f"{row['cell']}, {row['layers']} layer{'s' if row['layers'] > 1 else ''}",
            f"{row['device_seconds']:.2f}",
            f"{row['cpu_seconds']:.2f}",
            f"{row['cpu_seconds'] / row['device_seconds']:.1f}",
            f"{row['first_losses_differ_by']:.0e}",
            f"{row['device_test_mse']:.1e}",
            f"{min(row['cpu_test_mses']):.1e} to {max(row['cpu_test_mses']):.1e}",
        ]
        for row in found["cells"]
    )
    headings = ["cell", f"fit, {found['device']}, s", "fit, CPU, s", "ratio", "first losses differ by", "test MSE"]
    yield from markdown([*headings, "CPU, three seeds"], numbers)


def markdown(headings: Sequence[str], rows: Iterator[list[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    for row in (headings, ["---"] * len(headings), *rows):
        yield f"| {' | '.join(' '.join(cell.split()) for cell in row)} |"


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Where speed is measured.

    .venv/bin/python scripts/bench.py overhead      a run over a bare PyTorch loop
    .venv/bin/python scripts/bench.py cold          a command in a new process, and where its time goes
    .venv/bin/python scripts/bench.py study         study=quick over its bare loops, and over a serial project
    .venv/bin/python scripts/bench.py scale         many jobs, many epochs
    .venv/bin/python scripts/bench.py device        one thread, two, a GPU
    .venv/bin/python scripts/bench.py preflight     a large study that is done already
    .venv/bin/python scripts/bench.py cells         an epoch of each cell
    .venv/bin/python scripts/bench.py explain       a look inside a trained network, on one core

Whatever is compared takes turns within one call: machines are shared and drift. Each has `--help`; `--json`
prints every number, with the machine and the versions.
"""

from __future__ import annotations

import argparse
import importlib
import json

from benchmarks.common import about

BENCHMARKS = ("overhead", "cold", "study", "scale", "device", "preflight", "cells", "explain")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    subparsers = parser.add_subparsers(dest="what", required=True)
    for name in BENCHMARKS:
        module = importlib.import_module(f"benchmarks.{name}")
        said = subparsers.add_parser(name, description=module.__doc__)
        module.arguments(said)
        said.add_argument("--json", action="store_true", help="print every number as JSON")
    asked = parser.parse_args()
    module = importlib.import_module(f"benchmarks.{asked.what}")
    found = module.measure(asked)
    if asked.json:
        print(json.dumps({"benchmark": asked.what, "found": found} | about(), indent=2))
        return
    print("\n".join(module.lines(found)))


if __name__ == "__main__":
    main()

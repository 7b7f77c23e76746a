"""How much memory a long CSV file takes: trains on it in a process of its own and reports the process's peak.

    python scripts/long_series.py                    10 million rows, a small network, one epoch
    python scripts/long_series.py --rows 1000000

What is compared is the peak above that of the same command on a file of 1,000 rows, which is what the imports take.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SHORT = 1000


def main() -> None:
    """Write two files, train on each, and print the peaks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        base, _ = peak(Path(folder), SHORT)
        long, seconds = peak(Path(folder), rows)
    print(f"{SHORT} rows: {base:.0f} MiB; {rows} rows: {long:.0f} MiB in {seconds:.0f} s")
    print(f"above the imports: {long - base:.0f} MiB")


def peak(folder: Path, rows: int) -> tuple[float, float]:
    """Return the peak resident set of a training run on so many rows, in MiB, and its seconds."""
    path = folder / f"{rows}.csv"
    with path.open("w") as file:
        file.write("time,value\n")
        for start in range(0, rows, 100_000):
            numbers = np.arange(start, min(rows, start + 100_000))
            lines = zip(numbers.tolist(), np.sin(numbers / 50).tolist(), strict=True)
            file.writelines(f"{number},{value:.7f}\n" for number, value in lines)
    words = ["train", "tracking=off", "trainer=cpu", "function=csv", f"data.path={path}", "data.column=value"]
    words += ["layers=1", "model.hidden_size=4", "data.batch_size=8192", "trainer.max_epochs=1"]
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "rnnlab", *words],
        env=os.environ | {"RNNLAB_HOME": str(folder)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"the run ended with {os.waitstatus_to_exitcode(status)}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return usage.ru_maxrss * unit / 2**20, time.perf_counter() - began


if __name__ == "__main__":
    main()

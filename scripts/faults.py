#!/usr/bin/env python3
"""Kill runs in every way there is and check that nothing is lost.

    python scripts/faults.py campaign --rounds 50 --seed 1    kill -9 at random moments and in random system calls
    python scripts/faults.py calls                            kill -9 in every system call of the save path
    python scripts/faults.py locked --seconds 60              a database that is locked for a minute in mid-run
    python scripts/faults.py fuzz --examples 2000             random overrides: a valid config, or exit code 2

Each check prints a line and the script ends with 1 if one fails. It works in a temporary folder.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

CALLS = ("write", "fsync", "replace")
"""The system calls that a file is saved by; see `rnnlab.files`."""

RUN = [
    *("layers=1", "model.hidden_size=6", "trainer.max_epochs=40", "trainer=cpu", "schedule=cosine"),
    *("data.train_samples=70", "data.test_samples=40", "data.window=7", "data.batch_size=9"),
    *("trainer.checkpoint_seconds=0", "trainer.log_every_n_steps=3"),
]


def in_child(folder: Path, words: list[str], prepare: Callable[[], None]) -> int:
    """Run a command in a forked child and return its exit code, or minus the number of the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.chdir(folder)
            log = os.open("said.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            prepare()
            from rnnlab.cli import dispatch

            code = dispatch(words)
        except BaseException:  # noqa: BLE001 - the parent reads it in the log
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killing_after(seconds: float) -> Callable[[], None]:
    """Return a preparation after which the process kills itself at a moment."""

    def prepare() -> None:
        timer = threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()

    return prepare


def killing_in(call: str, number: int, how: str) -> Callable[[], None]:
    """Return a preparation after which the process kills itself in one call of a function of `os`.

    Args:
        call: which function.
        number: which of its calls, from 1.
        how: before it, after it, or for a write in the middle of it.
    """

    def prepare() -> None:
        real, count = getattr(os, call), 0

        def fatal(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count < number:
                return real(*arguments, **named)
            if how == "torn" and call == "write":
                real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            elif how == "after":
                real(*arguments, **named)
            os.kill(os.getpid(), signal.SIGKILL)
            return None

        setattr(os, call, fatal)

    return prepare


def counting(into: Path) -> Callable[[], None]:
    """Return a preparation after which the calls of each function are counted, a character each in a file."""

    def prepare() -> None:
        for call in CALLS:
            tally = os.open(into / call, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

            setattr(os, call, _counted(getattr(os, call), tally))

    return prepare


REAL_WRITE = os.write

HEAVY = (
    *("matplotlib.pyplot", "mlflow.store.tracking.sqlalchemy_store", "pytorch_lightning"),
    *("rnnlab.report.run_figures", "rnnlab.training.resume", "rnnlab.training.run"),
)
"""What is imported once, before the children are forked."""


def _counted(real: Callable[..., Any], tally: int) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        REAL_WRITE(tally, b".")
        return real(*arguments, **named)

    return call


def run_of(folder: Path) -> Path:
    """Return the folder of the one run there."""
    (found,) = folder.glob("outputs/single/*/config.yaml")
    return found.parent


def points_of(run: Path) -> list[tuple[str, int, float]]:
    """Return the points of a run's file but those that tell time."""
    from rnnlab.tracking.metrics import read_points

    points = [(p.metric, p.step, p.value) for p in read_points(run / "metrics.csv")]
    return sorted(point for point in points if not point[0].startswith("time/"))


def stored_points(folder: Path) -> list[tuple[str, int, float]]:
    """Return the points in the store but those that tell time."""
    with closing(sqlite3.connect(folder / "mlruns" / "mlflow.db")) as connection:
        rows = connection.execute("select key, step, value from metrics where key not like 'time/%'").fetchall()
    return sorted(rows)


def wrong(folder: Path, whole: Path, *, tracked: bool) -> Iterator[str]:
    """Yield what is not as it is in an undisturbed run."""
    import torch

    from rnnlab.training.checkpoint_files import read_checkpoint

    run, expected = run_of(folder), run_of(whole)
    for name in ("best", "last"):
        left, right = (read_checkpoint(place / f"checkpoints/{name}.ckpt", "run") for place in (run, expected))
        weights = zip(left["state_dict"].values(), right["state_dict"].values(), strict=True)
        if left["epoch"] != right["epoch"] or not all(torch.equal(one, other) for one, other in weights):
            yield f"{name}.ckpt differs"
    for name in ("losses.json", "predictions.csv"):
        if (run / name).read_bytes() != (expected / name).read_bytes():
            yield f"{name} differs"
    if points_of(run) != points_of(expected):
        yield "metrics.csv differs"
    if not tracked:
        return
    if stored_points(folder) != points_of(expected):
        yield f"the store's points differ: {len(stored_points(folder))} of {len(points_of(expected))}"
    with closing(sqlite3.connect(folder / "mlruns" / "mlflow.db")) as connection:
        statuses = connection.execute("select status, count(*) from runs group by 1").fetchall()
    if dict(statuses).get("FINISHED") != 1 or "RUNNING" in dict(statuses):
        yield f"the store's runs are {statuses}"


def until_done(folder: Path, words: list[str], ways: list[Callable[[], None]]) -> int:
    """Train, killed in one way after the other, gone on with after each, and return how often it was killed."""
    killed = 0
    for way in [*ways, lambda: None]:
        started = [*folder.glob("outputs/single/*/config.yaml")]
        resumable = bool(started) and any((started[0].parent / "checkpoints").glob("last*.ckpt"))
        if started and not resumable:
            # Killed before its first checkpoint: nothing to go on from, so it is trained from the beginning.
            for file in sorted(started[0].parent.rglob("*"), reverse=True):
                file.rmdir() if file.is_dir() else file.unlink()
            started[0].parent.rmdir()
        code = in_child(folder, ["train", *(["resume=latest"] if resumable else words)], way)
        if code == 0:
            return killed
        if code != -signal.SIGKILL:
            raise AssertionError(f"ended with {code}: {(folder / 'said.log').read_text()[-2000:]}")
        killed += 1
    return killed


def prepare_room(room: Path, *, tracked: bool) -> tuple[Path, list[str]]:
    """Import what is heavy, train the undisturbed run, and return its folder and the words."""
    for heavy in HEAVY:
        importlib.import_module(heavy)
    words = [*RUN, "name=faulty", *([] if tracked else ["tracking=off"])]
    whole = room / "whole"
    whole.mkdir()
    code = in_child(whole, ["train", *words], lambda: None)
    if code:
        raise SystemExit(f"the undisturbed run ended with {code}: {(whole / 'said.log').read_text()[-2000:]}")
    return whole, words


def said(what: str, problems: list[str]) -> bool:
    """Print how a check went and return whether it failed."""
    print(f"{'ok' if not problems else 'WRONG':>6}  {what}" + "".join(f"; {one}" for one in problems), flush=True)
    return bool(problems)


def campaign(room: Path, rounds: int, seed: int) -> int:
    """Kill a tracked run at random, up to three times, go on each time, and compare; return how often it failed."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    whole, words = prepare_room(room, tracked=True)
    failed = 0
    for number in range(rounds):
        folder = room / f"round-{number}"
        folder.mkdir()
        ways, told = [], []
        for _ in range(dice.randint(1, 3)):
            if dice.random() < 0.5:  # noqa: PLR2004
                seconds = dice.uniform(0.1, 4)
                ways.append(killing_after(seconds))
                told.append(f"after {seconds:.2f} s")
            else:
                call, count, how = dice.choice(CALLS), dice.randint(1, 60), dice.choice(("before", "torn", "after"))
                ways.append(killing_in(call, count, how))
                told.append(f"{how} {call} {count}")
        killed = until_done(folder, words, ways)
        failed += said(
            f"round {number + 1}: {', '.join(told)}: killed {killed} times",
            list(wrong(folder, whole, tracked=True)),
        )
    return failed


def calls(room: Path, every: int) -> int:
    """Kill an untracked run before, in and after every call of the save path; return how often it failed."""
    _, words = prepare_room(room, tracked=False)
    words = [word.replace("max_epochs=40", "max_epochs=3") for word in words]
    whole, tally = room / "short", room / "tally"
    whole.mkdir()
    tally.mkdir()
    in_child(whole, ["train", *words], counting(tally))
    failed = number = 0
    for call in CALLS:
        total = (tally / call).stat().st_size
        for count in range(1, total + 1):
            for how in ("before", "torn", "after") if call == "write" else ("before", "after"):
                number += 1
                if number % every:
                    continue
                folder = room / f"{call}-{count}-{how}"
                folder.mkdir()
                until_done(folder, words, [killing_in(call, count, how)])
                problems = list(wrong(folder, whole, tracked=False))
                failed += said(f"killed {how} {call} {count} of {total}", problems)
    return failed


def locked(room: Path, seconds: float) -> int:
    """Lock the database in mid-run for a while: training goes on, and afterwards nothing is missing."""
    _, words = prepare_room(room, tracked=True)
    folder = room / "locked"
    folder.mkdir()
    words = [word.replace("max_epochs=40", "max_epochs=4000") for word in words]
    child = threading.Thread(target=lambda: codes.append(in_child(folder, ["train", *words], lambda: None)))
    codes: list[int] = []
    child.start()
    while not list(folder.glob("outputs/single/*/checkpoints/last.ckpt")):
        time.sleep(0.05)
    rows = lambda: sum(1 for _ in (run_of(folder) / "metrics.csv").open())  # noqa: E731
    with closing(sqlite3.connect(folder / "mlruns" / "mlflow.db", timeout=60)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        before, until = rows(), time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.5)
        went_on = rows() - before
        connection.execute("ROLLBACK")
    child.join()
    problems = [] if codes == [0] else [f"it ended with {codes}"]
    if went_on <= 0:
        problems.append("training stood still")
    code = in_child(folder, ["sync"], lambda: None)
    problems += [] if code == 0 else [f"sync ended with {code}"]
    if stored_points(folder) != points_of(run_of(folder)):
        problems.append("the store's points are not those of the file")
    warnings = (folder / "said.log").read_text().count("the store does not take the run")
    return said(
        f"locked for {seconds:g} s: {went_on} points were written meanwhile, {warnings} warning(s)", problems
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("campaign", "calls", "locked", "fuzz"))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="of the calls, kill in every so many alone")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--examples", type=int, default=2000)
    asked = parser.parse_args()
    os.environ.pop("RNNLAB_HOME", None)
    with tempfile.TemporaryDirectory(prefix="rnnlab-faults-") as place:
        room = Path(place)
        began = time.monotonic()
        if asked.what == "campaign":
            failed = campaign(room, asked.rounds, asked.seed)
        elif asked.what == "calls":
            failed = calls(room, asked.every)
        elif asked.what == "locked":
            failed = int(locked(room, asked.seconds))
        else:
            sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
            from fuzzing import fuzz

            os.chdir(room)
            wrong_ones = fuzz(asked.examples)
            said(f"{asked.examples} sets of random overrides", wrong_ones)
            failed = len(wrong_ones)
        print(f"{failed} failed; {time.monotonic() - began:.0f} s")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

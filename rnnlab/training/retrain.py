"""Training a recorded run again, in this process or, with the code of another commit, in one of its own."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnnlab.config.record import load_config, save_config
from rnnlab.config.schema import RunConfig, TrackingConfig
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import home
from rnnlab.provenance.code import clone
from rnnlab.provenance.git import GitError
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import open_if_reachable


def retrain(config: RunConfig, overrides: list[str]) -> RunResult:
    """Train a run, quietly, and return how it went."""
    from rnnlab.training.run import train_run

    return train_run(config, overrides, open_if_reachable(config.tracking))


def retrain_in(tree: Path, config: RunConfig, overrides: list[str]) -> RunResult:
    """Train a run with the code in another folder, in a process of its own, and return how it went.

    Raises:
        BadInputError: that code could not do it.
    """
    with tempfile.TemporaryDirectory(prefix="rnnlab-") as place:
        wish, answer = Path(place) / "config.yaml", Path(place) / "result.json"
        save_config(config, wish)
        environment = os.environ | {
            "RNNLAB_HOME": str(home()),
            "PYTHONPATH": os.pathsep.join([str(tree), str(Path.cwd()), os.environ.get("PYTHONPATH", "")]),
        }
        # -P keeps the current folder, which may be another clone, from coming first.
        words = ["-P", "-m", "rnnlab.training.retrain", str(wish), str(answer), json.dumps(overrides)]
        done = subprocess.run(
            [sys.executable, *words], env=environment, stderr=subprocess.PIPE, text=True, check=False
        )
        if not answer.exists():
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise BadInputError(
                Problem("checkout", "true", f"the recorded commit's code could not train it ({last})")
            )
        return RunResult.from_dict(json.loads(answer.read_text(encoding="utf-8")))


@contextmanager
def worktree(code: dict[str, Any], folder: RunFolder) -> Iterator[Path]:
    """Give a git worktree of a run's commit with its recorded diff applied; it is removed afterwards.

    Args:
        code: from the run's manifest.
        folder: the run's, with the diff.

    Raises:
        BadInputError: there is no clone, or it does not have the commit, or the diff cannot be applied.
    """
    try:
        top = clone()
    except GitError as error:
        raise BadInputError(Problem("checkout", "true", f"needs git, which {error}")) from error
    if top is None:
        raise BadInputError(Problem("checkout", "true", "needs rnnlab in a git clone; it is installed without one"))
    commit = str(code.get("commit", ""))
    if not commit.isalnum():
        why = f"; git {code['git']} when the run was made" if "git" in code else ""
        raise BadInputError(Problem("checkout", "true", f"the record names no commit{why}"))
    if "diff_sha256" not in code and code.get("dirty") is not False:
        allowed = "the record does not hold what the code differed in from its commit"
        raise BadInputError(Problem("checkout", "true", allowed))
    if code.get("diff_is_whole") is False:
        raise BadInputError(Problem("checkout", "true", "the recorded diff was too large to be kept whole"))
    if "diff_sha256" in code and _digest(folder.diff) != code["diff_sha256"]:
        raise BadInputError(Problem("checkout", "true", f"{folder.diff.name} is not the diff that was recorded"))
    with tempfile.TemporaryDirectory(prefix="rnnlab-") as place:
        tree = Path(place) / "tree"
        _git(top, "worktree", "add", "--detach", str(tree), commit)
        try:
            if "diff_sha256" in code:
                _git(tree, "apply", "--whitespace=nowarn", str(folder.diff))
            yield tree
        finally:
            subprocess.run(
                ["git", "-C", str(top), "worktree", "remove", "--force", str(tree)],
                check=False,
                capture_output=True,
            )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "there is none"


def _git(folder: Path, *words: str) -> None:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["git failed"])[-1]
        raise BadInputError(Problem("checkout", "true", f"git {words[0]} failed ({why})"))


def reproduction(config: RunConfig, name: str, tracking: TrackingConfig, threads: int | None) -> RunConfig:
    """Return the config of a run that repeats another: what it computes is the same, where it goes is not."""
    again = copy.deepcopy(config)
    again.name, again.resume, again.tracking = f"{name}-reproduced", None, tracking
    again.study.name = again.study.parent = again.study.job = again.study.gpu = None
    again.trainer.threads = threads or config.trainer.threads
    return again


def main(wish: str, answer: str, overrides: str) -> None:
    """Train what a config file says and write the result to another file."""
    result = retrain(load_config(Path(wish)), json.loads(overrides))
    Path(answer).write_text(json.dumps(result.to_dict()), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

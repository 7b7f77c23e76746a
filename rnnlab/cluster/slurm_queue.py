"""What SLURM itself says of jobs: whether it would take them, and which are in its queue."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Iterable, Mapping
from typing import Any

log = logging.getLogger(__name__)

SECONDS_TO_ANSWER = 60.0
SECONDS_BETWEEN_QUESTIONS = 10.0

NODES = ("node", "nodes")
"""What a refusal speaks of where it is about machines."""


class SlurmQueue:
    """The queue as the jobs of a study see it, in the place of submitit's watcher.

    submitit asks sacct, which knows nothing where SLURM keeps no accounts, and that at last every ten minutes. A
    job that ended well is known by the file of its result at once; this is about those that left none.

    Args:
        name: of the study's jobs.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs, self._missing, self._gone = set[str](), set[str](), set[str]()
        self._asked = -SECONDS_BETWEEN_QUESTIONS

    def watch(self, jobs: Iterable[Any]) -> None:
        """Answer jobs of submitit's from now on."""
        for job in jobs:
            self._jobs.add(job.job_id)
            job.watcher = self

    def is_done(self, job_id: str, mode: str = "standard") -> bool:  # noqa: ARG002 - submitit's name for how to ask
        """Return whether a job has left the queue, so long ago that a result would be seen on this machine."""
        if time.monotonic() - self._asked >= SECONDS_BETWEEN_QUESTIONS:
            self._ask()
            self._asked = time.monotonic()
        return job_id in self._gone

    def _ask(self) -> None:
        """Count those as gone that two answers in a row do not have."""
        there = _said("squeue", "--array", "--noheader", "--format=%i", f"--name={self._name}")
        if there.returncode == 0:
            missing = self._jobs - self._gone - set(there.stdout.split())
            self._gone |= missing & self._missing
            self._missing = missing


def refusal(options: Mapping[str, Any]) -> str | None:
    """Return why SLURM takes no job with these options of sbatch, or None.

    Where it has no machine for one, it says the same of machines that are down just now: that is a warning only.
    """
    words = [option(name, value) for name, value in options.items()]
    asked = _said("sbatch", "--test-only", *words, "--wrap=true")
    if asked.returncode == 0:
        return None
    reason = last_line(asked.stderr)
    if not set(NODES) & set(reason.lower().split()):
        return reason
    log.warning("SLURM cannot run the study's jobs now, they wait: %s", reason)
    return None


def option(name: str, value: Any) -> str:
    """Return an option as sbatch's command line has it."""
    word = f"--{name.replace('_', '-')}"
    return word if value is True else f"{word}={value}"


def last_line(said: str) -> str:
    """Return the end of what SLURM said, without the name of the program that said it."""
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("Try ")]
    return lines[-1].rpartition(": ")[2] if lines else "it does not say why"


def _said(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS_TO_ANSWER)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 1, "", f"{words[0]}: no answer within {SECONDS_TO_ANSWER:g} s")

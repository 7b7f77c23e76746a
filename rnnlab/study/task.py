"""What a study hands to those who run its jobs, and what it asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from rnnlab.study.grid import Job
from rnnlab.study.marks import Marks


@dataclass(frozen=True)
class Task:
    """A job as it is handed to a launcher."""

    job: Job
    marks: Marks


@runtime_checkable
class TaskLauncher(Protocol):
    """A launcher that takes jobs with configs that are ready."""

    def launch_tasks(self, tasks: Sequence[Task]) -> Sequence[Exception | None]:
        """Run jobs and return for each the error that kept it from beginning, or None.

        Raises:
            Exception: the launcher broke; some lose all their workers when one of them dies.
        """

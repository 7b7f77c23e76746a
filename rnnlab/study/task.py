"""What a study hands to those who run its jobs, and what it asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from rnnlab.config.schema import RunConfig
from rnnlab.study.grid import Job
from rnnlab.study.marks import Marks


@dataclass(frozen=True)
class Task:
    """A job as it is handed to a launcher."""

    job: Job
    marks: Marks


class TaskLauncher(Protocol):
    """Runs jobs whose configs are ready."""

    def connect(self, jobs: Sequence[Job]) -> None:
        """Get ready for the study's jobs, before anything is created.

        Raises:
            BadInputError: it cannot be as the config says.
        """

    def runs_at_once(self, jobs: Sequence[Job]) -> int:
        """Return how many of the jobs go on at the same time."""

    def launch_tasks(self, tasks: Sequence[Task]) -> Sequence[Exception | None]:
        """Run jobs and return for each the error that kept it from beginning, or None.

        Raises:
            Exception: the launcher broke; some lose all their workers when one of them dies.
        """


@runtime_checkable
class EngineLauncher(Protocol):
    """A launcher of Hydra's that stands for something that takes jobs with configs that are ready."""

    def engine(self, config: RunConfig) -> TaskLauncher:
        """Return it for a study, given the config of any of its jobs.

        Raises:
            BadInputError: it is not installed.
        """

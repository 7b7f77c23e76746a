"""A launcher that records every job without training, in one worker of the kind that studies use."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from joblib.externals.loky import get_reusable_executor
from omegaconf import DictConfig

from rnnlab.config.schema import RunConfig
from rnnlab.study.grid import Job
from rnnlab.study.task import Task


@dataclass
class IdleConfig:
    """`hydra.launcher`: ``report`` is the JSON file that gets the seconds spent recording."""

    _target_: str = "hydra_plugins.rnnlab_idle.launcher.IdleLauncher"
    report: str = "spent.json"


ConfigStore.instance().store(group="hydra/launcher", name="idle", node=IdleConfig, provider="rnnlab")


class IdleLauncher(Launcher):
    """Runs the jobs one after the other.

    Args:
        report: the JSON file that gets the seconds spent recording.
    """

    def __init__(self, report: str) -> None:
        self._report = Path(report)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep nothing of what Hydra hands over."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Refuse jobs that are yet to be composed."""
        raise NotImplementedError

    def engine(self, config: RunConfig) -> Self:  # noqa: ARG002
        """Return itself."""
        return self

    def connect(self, jobs: Sequence[Job]) -> None:
        """Need nothing."""

    def runs_at_once(self, jobs: Sequence[Job]) -> int:  # noqa: ARG002
        """Return 1."""
        return 1

    def launch_tasks(self, tasks: Sequence[Task]) -> list[Exception | None]:
        """Run the jobs, and write what the recording of them took."""
        from benchmarks.idle import record_task

        spent = list(get_reusable_executor(max_workers=1).map(record_task, tasks))
        self._report.write_text(json.dumps({"recording": sum(spent)}))
        return [None] * len(tasks)

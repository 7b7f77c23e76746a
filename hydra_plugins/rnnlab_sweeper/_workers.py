"""What a study's jobs run on: workers on this machine, or whatever launcher of Hydra's was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import joblib
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.hydra_joblib_launcher.config import JobLibLauncherConf
from omegaconf import DictConfig, OmegaConf

from rnnlab.config.schema import RunConfig
from rnnlab.study.grid import Job
from rnnlab.study.local import LocalWorkers
from rnnlab.study.task import EngineLauncher, Task, TaskLauncher


def local_workers(config: DictConfig) -> LocalWorkers | None:
    """Return workers on this machine, or None if another launcher than Hydra's usual one was chosen."""
    options: Any = OmegaConf.to_container(config.hydra.launcher)
    return LocalWorkers(options) if options.pop("_target_") == JobLibLauncherConf._target_ else None


def runs_in_this_process(config: DictConfig) -> bool:
    """Return whether the launcher that was chosen has no workers."""
    return str(config.hydra.launcher.get("_target_", "")).endswith(".BasicLauncher")


def local_runs_at_once(count: int, configs: Sequence[RunConfig], gpus: int) -> int:
    """Return how many of a study's runs go on at the same time on this machine.

    Args:
        count: runs to be made.
        configs: of some or all of them.
        gpus: that they are spread over; 0 on the CPU.
    """
    study, threads = configs[0].study, max(config.trainer.threads for config in configs)
    everywhere = gpus * study.jobs_per_gpu or max(1, joblib.cpu_count() // threads)
    return min(count, study.workers or everywhere)


def chosen_launcher(
    context: HydraContext, task: TaskFunction, config: DictConfig, shared: RunConfig
) -> TaskLauncher:
    """Return what the chosen launcher runs jobs on: an engine of its own, or the launcher itself.

    Raises:
        BadInputError: what it needs is not installed.
    """
    made = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=config)
    return made.engine(shared) if isinstance(made, EngineLauncher) else _Composing(made, shared.study.workers or 1)


class _Composing:
    """A launcher of Hydra's, which composes the config of every job by its overrides.

    Args:
        launcher: the launcher.
        at_once: how many jobs it is taken to run at the same time.
    """

    def __init__(self, launcher: Launcher, at_once: int) -> None:
        self._launcher = launcher
        self._at_once = at_once

    def connect(self, jobs: Sequence[Job]) -> None:
        """Leave it to the launcher."""

    def runs_at_once(self, jobs: Sequence[Job]) -> int:
        """Return how many jobs it is taken to run at the same time."""
        return min(len(jobs), self._at_once)

    def launch_tasks(self, tasks: Sequence[Task]) -> list[Exception | None]:
        """Run jobs and return for each the error that kept it from beginning, or None."""
        overrides = [[*task.job.overrides, *task.marks.overrides()] for task in tasks]
        return [_error(job) for job in self._launcher.launch(overrides, initial_job_idx=0)]


def _error(job: JobReturn) -> Exception | None:
    """Return what a job raised that could not even begin."""
    try:
        _ = job.return_value
    except Exception as error:  # noqa: BLE001 - whatever it was, it is this job's
        return error
    return None

"""From a multirun's command line to a study; the name begins with _ so that Hydra's plugin scan passes it over."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import joblib
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.hydra_joblib_launcher.config import JobLibLauncherConf
from omegaconf import DictConfig, OmegaConf

from hydra_plugins.rnnlab_sweeper._compose import Composer
from rnnlab.config.schema import RunConfig, StudyConfig
from rnnlab.errors import BadInputError, Problem
from rnnlab.study.grid import Grid, Job, check_jobs
from rnnlab.study.launch import Task
from rnnlab.study.local import LocalWorkers
from rnnlab.study.run import Workers, run_study
from rnnlab.tracking.store import check_places
from rnnlab.training.build import check_buildable, gpus


def sweep(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    params: dict[str, str],
    arguments: list[str],
) -> int:
    """Check every job of the grid, run the study, and return its exit code.

    Raises:
        BadInputError: with all mistakes of all jobs; nothing was created.
    """
    axes, combinations = _combinations(context, [*(f"{key}={value}" for key, value in params.items()), *arguments])
    if not combinations:
        raise BadInputError(Problem("--multirun", None, "there is nothing to run: an axis of the grid is empty"))
    shared_keys = [key for key in axes if key.partition(".")[0] in ("study", "tracking")]
    if shared_keys:
        raise BadInputError(
            [Problem(key, None, "holds for the whole study; give it one value") for key in shared_keys]
        )
    jobs = check_jobs(combinations, Composer(context.config_loader, config), check_buildable)
    shared = jobs[0].config
    if shared.resume is not None:
        raise BadInputError(Problem("resume", shared.resume, "goes on with one run: leave -m out"))
    grid = Grid(axes, jobs)
    check_places(shared.tracking, shared.study.name or grid.default_name())
    on_gpus = max(gpus(job.config.trainer.accelerator) for job in jobs)
    at_once = _set_workers(config, shared.study, on_gpus, jobs)
    workers = _workers(context, task, config, shared)

    def launch(tasks: Sequence[Task]) -> list[Exception | None]:
        parts = [tasks] if at_once > 1 else [[one] for one in tasks]
        return [error for part in parts for error in workers.launch(part)]

    return run_study(grid, shared, Workers(launch, at_once, on_gpus, workers.warm_up))


def _combinations(context: HydraContext, arguments: list[str]) -> tuple[dict[str, list[str]], list[list[str]]]:
    """Return the axes of the grid and the overrides of each job, the last axis moving fastest."""
    values: dict[str, list[str]] = {}
    swept: dict[str, list[str]] = {}
    for override in OverridesParser.create(config_loader=context.config_loader).parse_overrides(arguments):
        key = override.get_key_element()
        swept.pop(key, None)
        if override.is_sweep_override():
            if not override.is_discrete_sweep():
                raise BadInputError(
                    Problem(str(override.input_line), None, "must list its values: a study is a grid")
                )
            values[key] = [str(value) for value in override.sweep_string_iterator()]
            swept[key] = values[key]
        else:
            values[key] = [override.get_value_element_as_str()]
    products = itertools.product(*([f"{key}={value}" for value in options] for key, options in values.items()))
    return swept, [list(product) for product in products]


def _error(job: JobReturn) -> Exception | None:
    """Return what a job raised that could not even begin."""
    try:
        _ = job.return_value
    except Exception as error:  # noqa: BLE001 - whatever it was, it is this job's
        return error
    return None


class _HydrasWorkers:
    """What another launcher of Hydra's runs jobs on.

    Args:
        launcher: the launcher.
    """

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher

    def warm_up(self) -> None:
        """Leave it to the launcher."""

    def launch(self, tasks: Sequence[Task]) -> list[Exception | None]:
        """Run jobs and return for each the error that kept it from beginning, or None."""
        overrides = [[*task.job.overrides, *task.marks.overrides()] for task in tasks]
        return [_error(job) for job in self._launcher.launch(overrides, initial_job_idx=0)]


def _workers(
    context: HydraContext, task: TaskFunction, config: DictConfig, shared: RunConfig
) -> LocalWorkers | _HydrasWorkers:
    options: Any = OmegaConf.to_container(config.hydra.launcher)
    if options.pop("_target_") == JobLibLauncherConf._target_:
        return LocalWorkers(options, with_store=shared.tracking.store == "local")
    return _HydrasWorkers(
        Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=config)
    )


def _set_workers(config: DictConfig, study: StudyConfig, on_gpus: int, jobs: Sequence[Job]) -> int:
    """Tell the launcher how many runs may go on at the same time, and return that number."""
    threads = max(job.config.trainer.threads for job in jobs)
    everywhere = on_gpus * study.jobs_per_gpu or max(1, joblib.cpu_count() // threads)
    launcher = config.hydra.launcher
    if "n_jobs" not in launcher:
        return study.workers or 1
    at_once: int = min(len(jobs), study.workers or everywhere)
    launcher.n_jobs = max(2, at_once)  # with one, joblib runs the jobs in this process, which must outlive them
    return at_once

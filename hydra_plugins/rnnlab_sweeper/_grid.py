"""From a multirun's command line to a study; the name begins with _ so that Hydra's plugin scan passes it over."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence

import joblib
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from joblib import Parallel, delayed, parallel_config
from omegaconf import DictConfig

from hydra_plugins.rnnlab_sweeper._compose import Composer
from rnnlab.config.schema import StudyConfig
from rnnlab.errors import BadInputError, Problem
from rnnlab.study.grid import Grid, Job, check_jobs
from rnnlab.study.run import Workers, run_study
from rnnlab.study.warm import import_all
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
    launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=config)

    warm_up, warm = _warming(config)

    def launch(batch: Sequence[Sequence[str]]) -> list[Exception | None]:
        warm()
        parts = [batch] if at_once > 1 else [[one] for one in batch]
        return [_error(job) for part in parts for job in launcher.launch(part, initial_job_idx=0)]

    return run_study(grid, shared, Workers(launch, at_once, on_gpus, warm_up))


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


def _warming(config: DictConfig) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return what starts the launcher's workers and has them import what a run needs, and what waits for that.

    The study's process opens the store and plans meanwhile. Only joblib's workers can start before there are jobs.
    """
    launcher = config.hydra.launcher

    def start() -> None:
        with parallel_config(backend="loky", n_jobs=launcher.n_jobs):
            Parallel()(delayed(import_all)() for _ in range(launcher.n_jobs))

    thread = threading.Thread(target=start, name="warm-up", daemon=True)

    def warm_up() -> None:
        if "n_jobs" in launcher and thread.ident is None:
            thread.start()

    def wait() -> None:
        if thread.ident is not None:
            thread.join()

    return warm_up, wait


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

"""From a multirun's command line to a study; the name begins with _ so that Hydra's plugin scan passes it over."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import joblib
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from rnnlab.config.finish import finish
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.schema import RunConfig
from rnnlab.config.translate import translated
from rnnlab.errors import BadInputError, Problem
from rnnlab.study.grid import Grid, check_jobs
from rnnlab.study.run import run_study
from rnnlab.tracking.store import check_places
from rnnlab.training.build import check_buildable


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

    def compose(overrides: list[str]) -> RunConfig:
        try:
            composed = context.config_loader.load_sweep_config(config, list(overrides))
            with open_dict(composed):
                hydra_config = composed.pop("hydra")
            return finish(composed, hydra_config)
        except (HydraException, OmegaConfBaseException) as error:
            raise translated(error, RunConfig, Groups([str(conf_folder())]), overrides) from error

    axes, combinations = _combinations(context, [*(f"{key}={value}" for key, value in params.items()), *arguments])
    if not combinations:
        raise BadInputError(Problem("--multirun", None, "there is nothing to run: an axis of the grid is empty"))
    jobs = check_jobs(combinations, compose, check_buildable)
    shared = jobs[0].config
    if shared.resume is not None:
        raise BadInputError(Problem("resume", shared.resume, "goes on with one run: leave -m out"))
    grid = Grid(axes, jobs)
    check_places(shared.tracking, shared.study.name or grid.default_name())
    workers = _set_workers(config, shared.study.workers, len(jobs))
    launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=config)

    def launch(batch: Sequence[Sequence[str]]) -> None:
        for job in launcher.launch(batch, initial_job_idx=0):
            _ = job.return_value  # raises what a job raised that could not even begin

    return run_study(grid, shared, launch, workers)


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


def _set_workers(config: DictConfig, asked: int | None, jobs: int) -> int:
    """Tell the launcher how many runs may go on at the same time, and return that number."""
    launcher = config.hydra.launcher
    if OmegaConf.is_missing(launcher, "n_jobs") or "n_jobs" not in launcher:
        return asked or 1
    everywhere = launcher.n_jobs if launcher.n_jobs > 0 else joblib.cpu_count()
    workers: int = min(jobs, asked or everywhere)
    launcher.n_jobs = workers
    return workers

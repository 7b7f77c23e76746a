"""From a multirun's command line to a study; the name begins with _ so that Hydra's plugin scan passes it over.

What takes long to import is imported while a study's workers start.
"""

from __future__ import annotations

import glob
import itertools
import math
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, RangeSweep
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.rnnlab_sweeper._compose import Composer
from hydra_plugins.rnnlab_sweeper._workers import (
    chosen_launcher,
    local_runs_at_once,
    local_workers,
    runs_in_this_process,
)
from rnnlab.config.groups import groups_along
from rnnlab.config.quoting import without_quotes
from rnnlab.config.schema import RunConfig
from rnnlab.config.words import Reader
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import outputs
from rnnlab.study.grid import Grid, check_jobs, default_name
from rnnlab.study.local import LocalWorkers
from rnnlab.study.table import checking
from rnnlab.tracking.store import check_places, has_store

MOST_RUNS = 100_000
"""Runs of a study; see docs/scaling.md for what they take."""


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
    read = Reader("train", groups_along(config.hydra.runtime.config_sources), multirun=True)
    preset = read([f"{key}={value}" for key, value in params.items()])
    axes, combinations = _combinations(context, [*preset, *arguments])
    if not combinations:
        raise BadInputError(Problem("--multirun", None, "there is nothing to run: an axis of the grid is empty"))
    shared_keys = [key for key in axes if key.partition(".")[0] in ("study", "tracking", "cluster")]
    if shared_keys:
        raise BadInputError(
            [Problem(key, None, "holds for the whole study; give it one value") for key in shared_keys]
        )
    compose = Composer(context.config_loader, config)
    local = local_workers(config)
    with local or nullcontext():
        if local is not None:
            with suppress(BadInputError):  # told below, with those of all jobs
                _warm_up(local, compose(combinations[0]), axes, len(combinations))
        grid, on_gpus = _checked(axes, combinations, compose, elsewhere=local is None)
        shared = grid.jobs[0].config
        check_places(shared.tracking, shared.study.name or grid.default_name())
        if not shared.study.dry_run and not runs_in_this_process(config):
            _check_findable(grid)
    from rnnlab.study.run import Workers, run_study

    if local is None:
        launcher = chosen_launcher(context, task, config, shared)
        launcher.connect(grid.jobs)
        return run_study(grid, shared, Workers(launcher.launch_tasks, launcher.runs_at_once(grid.jobs), on_gpus))
    at_once = local_runs_at_once(len(grid.jobs), [job.config for job in grid.jobs], on_gpus)
    warm_up = partial(local.warm_up, at_once, with_store=shared.tracking.store == "local")
    return run_study(grid, shared, Workers(partial(local.launch_tasks, at_once), at_once, on_gpus, warm_up))


def _warm_up(local: LocalWorkers, config: RunConfig, axes: dict[str, list[str]], count: int) -> None:
    """Start the workers if the study is a new one: there will be work for them."""
    name = config.study.name or default_name(axes, "")
    new = not has_store(config.tracking) or not any(outputs().glob(f"{glob.escape(name)}*"))
    if new and not config.study.dry_run:
        local.warm_up(local_runs_at_once(count, [config], gpus=0), with_store=config.tracking.store == "local")


def _checked(
    axes: dict[str, list[str]], combinations: Sequence[list[str]], compose: Composer, *, elsewhere: bool
) -> tuple[Grid, int]:
    """Return the grid, and the number of this machine's GPUs that its jobs are spread over."""
    from rnnlab.training.build import check_buildable, gpus

    jobs = check_jobs(checking(combinations), compose, partial(check_buildable, elsewhere=elsewhere))
    if jobs[0].config.resume is not None:
        raise BadInputError(Problem("resume", jobs[0].config.resume, "goes on with one run: leave -m out"))
    return Grid(axes, jobs), 0 if elsewhere else max(gpus(job.config.trainer.accelerator) for job in jobs)


def _check_findable(grid: Grid) -> None:
    """Raise BadInputError for a job with something that other processes than this one do not have."""
    for key, value in (item for job in grid.jobs for item in job.values.items()):
        if str(value).startswith("__main__."):
            file = getattr(sys.modules["__main__"], "__file__", None)
            where = Path(file).name if file else "the session that runs"
            allowed = f"a study's workers are other processes, which do not have what is defined in {where}"
            raise BadInputError(Problem(key, value, f"{allowed}; put it into a module, such as my_cells.py"))


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
            values[key] = _swept_values(override)
            swept[key] = [without_quotes(value) for value in values[key]]
        else:
            values[key] = [override.get_value_element_as_str()]
    _check_size(math.prod(map(len, values.values())))
    products = itertools.product(*([f"{key}={value}" for value in options] for key, options in values.items()))
    return swept, [list(product) for product in products]


def _check_size(count: int) -> None:
    """Raise BadInputError for a grid that is too large, before any of its jobs is made."""
    if count > MOST_RUNS:
        allowed = (
            f"a grid of {count:,} runs; a study holds {MOST_RUNS:,} at most, whose configs alone take ten minutes "
            "to check and 2 GB of memory. Make several studies of it; rnnlab report runs= reads them together"
        )
        raise BadInputError(Problem("--multirun", None, allowed))


def _swept_values(override: Override) -> list[str]:
    """Return what a key is swept over; a range of decimals as on paper: 0.1, 0.2, 0.3, not 0.30000000000000004.

    Raises:
        BadInputError: it is a range without an end.
    """
    sweep, line = override.value(), str(override.input_line)
    if isinstance(sweep, RangeSweep):
        numbers = [number for number in (sweep.start, sweep.stop, sweep.step) if number is not None]
        if not (sweep.step and all(map(math.isfinite, numbers))):
            key, _, given = line.partition("=")
            raise BadInputError(Problem(key, given, "must be range(first, end, step), finite and with a step"))
        if not all(isinstance(number, int) for number in numbers):
            # Hydra's sort() has reckoned with binary numbers already; the others are as they were typed.
            written = "{:.15g}" if "sort(" in line else "{}"
            ends: tuple[Any, ...] = tuple(Decimal(written.format(number)) for number in numbers)
            sweep.start, sweep.stop, sweep.step = ends
        first, end, step = map(Decimal, (sweep.start or 0, sweep.stop or 0, sweep.step))
        _check_size(math.ceil((end - first) / step))
    return [str(value) for value in override.sweep_string_iterator()]

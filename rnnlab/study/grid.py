"""The grid of a study: its axes, its jobs, and what is wrong with them before any of them starts."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rnnlab.config.factors import curve_labels, differing_keys
from rnnlab.config.record import config_hash, curve_label, facets, flat, plain, run_name
from rnnlab.config.schema import RunConfig
from rnnlab.errors import BadInputError, Problem
from rnnlab.study.work import work


@dataclass(frozen=True)
class Job:
    """One run to be made.

    Attributes:
        number: its place in the grid, from 0.
        overrides: what makes it this run.
        config: its finished and checked config.
    """

    number: int
    overrides: list[str]
    config: RunConfig

    @property
    def name(self) -> str:
        """The name of its run."""
        return run_name(self.config)

    @cached_property
    def config_hash(self) -> str:
        """The hash of its config."""
        return config_hash(self.config)

    @cached_property
    def values(self) -> dict[str, Any]:
        """Its flattened config."""
        return dict(flat(plain(self.config)))


@dataclass(frozen=True)
class Grid:
    """All jobs of a study.

    Attributes:
        axes: the keys that are swept, with their values as they were given.
        jobs: one for each combination.
    """

    axes: dict[str, list[str]]
    jobs: list[Job]

    def default_name(self) -> str:
        """Return a name that the same grid always gets: ``cell-layers-seed-1f3a9c``."""
        return default_name(self.axes, digest(job.config_hash for job in self.jobs)[:6])

    @cached_property
    def varying(self) -> list[str]:
        """The config keys in which the jobs differ, beyond function, cell, layers, seed and name."""
        return differing_keys([job.values for job in self.jobs], [axis.lstrip("+") for axis in self.axes])

    @cached_property
    def curves(self) -> dict[int, str]:
        """By the number of the job, the name of its curve; files of the same name are told apart."""
        labels = curve_labels([job.values for job in self.jobs])
        return {job.number: curve for job, curve in zip(self.jobs, labels, strict=True)}

    @property
    def has_namesakes(self) -> bool:
        """Whether files share a name, so that the names of their runs do not tell them apart."""
        return any(self.curves[job.number] != curve_label(job.config) for job in self.jobs)

    def settings(self, job: Job) -> dict[str, Any]:
        """Return a job's values of the keys that vary, those that it has: a GRU has no forget bias."""
        return {key: job.values[key] for key in self.varying if key in job.values}

    def factors(self, job: Job) -> dict[str, Any]:
        """Return what a job is compared by: function, cell, layers, seed, and what else varies."""
        return facets(job.config) | {"function": self.curves[job.number]} | self.settings(job)


def default_name(axes: Iterable[str], short: str) -> str:
    """Return the name of a study that was given none: its axes, and ``short`` to tell it from others."""
    return "-".join([*(axis.replace("/", "_") for axis in axes), short])


def digest(keys: Iterable[str]) -> str:
    """Return 16 hexadecimal digits that the same keys always have, in whatever order."""
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:16]


def longest_first(jobs: Iterable[Job]) -> list[Job]:
    """Return the jobs with the most work first, so that no core is left with a long one at the end."""
    return sorted(jobs, key=lambda job: work(job.values), reverse=True)


def check_jobs(
    overrides: Iterable[list[str]],
    compose: Callable[[list[str]], RunConfig],
    check_parts: Callable[[RunConfig], None],
) -> list[Job]:
    """Compose and check every job, before the first one starts.

    Args:
        overrides: of each job.
        compose: returns a job's finished config, or raises BadInputError.
        check_parts: tries whether the parts of a run can be made, or raises BadInputError.

    Raises:
        BadInputError: with every mistake of every job.
    """
    jobs: list[Job] = []
    problems: dict[str, Problem] = {}
    seen: dict[Any, Job] = {}
    tried: set[str] = set()
    for number, given in enumerate(overrides):
        try:
            config = compose(given)
            parts = repr([value for name, value in plain(config).items() if name not in ("seed", "name")])
            if parts not in tried:
                check_parts(config)
                tried.add(parts)
        except BadInputError as error:
            for problem in error.problems:
                told = dataclasses.replace(problem, where=f"job {number + 1}: {' '.join(given)}")
                problems.setdefault(str(problem), told)
            continue
        job = Job(number, given, config)
        same = seen.setdefault((job.config_hash, job.name), job)
        if same is not job:
            problem = Problem(" ".join(given), None, f"jobs {same.number + 1} and {number + 1} are the same run")
            problems[str(problem)] = problem
        jobs.append(job)
    if problems:
        raise BadInputError(list(problems.values()))
    return jobs


def group_label(factors: Mapping[str, Any]) -> str:
    """Return what a run shares with those that differ in the seed alone: ``cos lstm 3 layers``."""
    depth = factors["layers"]
    return f"{factors['function']} {factors['cell']} {depth} layer{'s' if depth > 1 else ''}"

"""What is legal in a composed config, beyond the types: each mistake as one problem."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rnnlab.config.full_batch import full_batch_problems
from rnnlab.config.keys import keys_of
from rnnlab.config.names import is_visible
from rnnlab.config.schema import DataConfig, RunConfig, TrackingConfig
from rnnlab.errors import BadInputError, Problem, shell_word

POINTS_OF_A_DIFFERENCE = 2


def check(config: Any) -> None:
    """Raise BadInputError with every problem of a command's config, if it has any."""
    check_ranges(config)
    problems: list[Problem] = []
    if isinstance(config, RunConfig):
        problems = [
            *_data_problems(config.data),
            *_optimizer_problems(config),
            *full_batch_problems(config),
        ]
    if not problems and hasattr(config, "tracking"):
        problems = list(_tracking_problems(config.tracking))
    if problems:
        raise BadInputError(problems)


def check_ranges(config: Any) -> None:
    """Raise BadInputError with every value that is out of its key's range."""
    problems = list(_range_problems(config))
    if problems:
        raise BadInputError(problems)


def _range_problems(config: Any) -> Iterator[Problem]:
    for key in keys_of(type(config)):
        value = config
        for part in key.name.split("."):
            value = getattr(value, part)
        if key.is_section or key.kind is dict or value is None:
            continue
        nested = key.kind is list and not all(isinstance(entry, str) for entry in value)
        if nested or not key.range.holds(value):
            yield Problem(key.name, value, key.allowed())


def _data_problems(data: DataConfig) -> Iterator[Problem]:
    train_samples, test_samples = data.train_samples or 0, data.test_samples or 0
    validation = round(train_samples * data.val_fraction)
    stretches = [("data.test_samples", test_samples)]
    if data.val_fraction:
        stretches += [
            (f"the {validation} points that data.val_fraction={data.val_fraction} keeps", validation),
            (f"the {train_samples - validation} points that it leaves", train_samples - validation),
        ]
    else:
        stretches.append(("data.train_samples", train_samples))
    for name, points in stretches:
        size = f" ({points})" if name.startswith("data.") else ""
        if data.window >= points:
            yield Problem("data.window", data.window, f"must be smaller than {name}{size}")
        elif data.window + data.horizon > points:
            room = points - data.window
            yield Problem("data.horizon", data.horizon, f"must be at most {room}: {name}{size} less data.window")
    if data.features != "values" and data.window < POINTS_OF_A_DIFFERENCE:
        yield Problem(
            "data.features", data.features, f"needs a data.window of {POINTS_OF_A_DIFFERENCE} points or more"
        )
    yield from rollout_problems(data)


def rollout_problems(data: DataConfig) -> Iterator[Problem]:
    """Yield what stands against a closed loop that was asked for."""
    if data.rollout_steps and data.horizon > 1 and data.horizon_output == "last":
        yield Problem(
            "data.rollout_steps",
            data.rollout_steps,
            f"cannot be fed back: data.horizon={data.horizon} leaves out the points before it",
            "data.horizon_output=all",
        )


def _optimizer_problems(config: RunConfig) -> Iterator[Problem]:
    if "lr" not in config.optimizer:
        return
    rate = config.optimizer["lr"]
    number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not (number and math.isfinite(rate) and rate > 0):
        yield Problem("optimizer.lr", rate, "must be a finite number, greater than 0")


def _tracking_problems(tracking: TrackingConfig) -> Iterator[Problem]:
    if tracking.uri and "@" in tracking.uri:
        yield _credentials_in_address(tracking.uri)
        return
    if tracking.store == "server" and not tracking.uri:
        yield Problem("tracking.uri", "null", "tracking=server needs an address, such as http://127.0.0.1:5000")
    if tracking.store != "server" and tracking.uri:
        yield Problem(
            "tracking.uri",
            tracking.uri,
            "goes with tracking=server",
            f"tracking=server {shell_word('tracking.uri', tracking.uri)}",
        )
    if tracking.experiment.strip() in ("", "Default"):
        yield Problem(
            "tracking.experiment",
            tracking.experiment,
            "must be a name, and not MLflow's Default",
            "tracking.experiment=rnnlab",
        )
    if not is_visible(tracking.experiment):
        yield Problem("tracking.experiment", tracking.experiment, "must be a name without control characters")
    if tracking.uri and not tracking.uri.startswith(("http://", "https://")):
        yield Problem("tracking.uri", tracking.uri, "must begin with http:// or https://")


def _credentials_in_address(uri: str) -> Problem:
    """Return the problem of a user or password in an address, which would end up in every record of a run."""
    server = uri.rpartition("@")[2]
    allowed = (
        "must be without user and password, which runs would record; they go into the environment, "
        "as MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    )
    scheme = "https" if uri.startswith("https:") else "http"
    return Problem("tracking.uri", f"...@{server}", allowed, shell_word("tracking.uri", f"{scheme}://{server}"))

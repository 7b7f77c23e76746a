"""From a run's config to its parts: windows, network, optimiser, schedule, device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rnnlab.config import targets
from rnnlab.config.schema import DataConfig, RunConfig
from rnnlab.config.stretches import file_to_read
from rnnlab.data.csv_file import file_digest, read_column
from rnnlab.data.series import TESTING, TRAINING, Grid, Series, Signal, sample, with_noise
from rnnlab.data.signals import angular_frequency
from rnnlab.data.windows import Splits, Windows, split_windows
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import found_path
from rnnlab.models.network import SequenceNetwork, build_network
from rnnlab.training.capacity import check_capacity
from rnnlab.training.compiler import put_off_compiler
from rnnlab.training.learning_rate import LearningRate

put_off_compiler()


def build_splits(config: RunConfig) -> Splits:
    """Return the windows to train, validate and test on."""
    data = config.data
    return split_windows(
        training_series(config),
        series_to_test(config),
        data.window,
        val_fraction=data.val_fraction,
        horizon=data.horizon,
        output=data.horizon_output,
    )


def training_windows(config: RunConfig) -> Windows:
    """Return the windows to train on alone."""
    data = config.data
    kept, _ = training_series(config).split(data.val_fraction)
    return Windows(kept, data.window, data.horizon, data.horizon_output)


def training_series(config: RunConfig) -> Series:
    """Return the stretch to train on."""
    data = config.data
    if targets.is_csv(config.function):
        series = _file_series(config, 0, _points(data.train_samples))
    else:
        series = sample(targets.factory("function", config.function), _grid(data).train_times())
    return with_noise(series, data.noise, data.seed, TRAINING)


def series_to_test(config: RunConfig, more: int = 0) -> Series:
    """Return the stretch to test on and up to ``more`` points after it, fewer where a file ends before."""
    data = config.data
    signal = tested_signal(config)
    if signal is None:
        first, count = _points(data.train_samples), _points(data.test_samples)
        series = _file_series(config, first, first + count + more)
    else:
        series = sample(signal, _grid(data).test_times(more))
    return with_noise(series, data.noise, data.seed, TESTING)


def times_after_test(config: RunConfig, count: int) -> NDArray[np.floating]:
    """Return the times of the points after the test stretch of a curve, shape (count,)."""
    return _grid(config.data).test_times(count)[-count:]


def tested_signal(config: RunConfig) -> Signal | None:
    """Return the curve that a run is tested on, or None where that is a file."""
    if config.data.test_function:
        made: Signal = targets.factory("data.test_function", config.data.test_function)
        return made
    return None if targets.is_csv(config.function) else targets.factory("function", config.function)


def tested_frequency(config: RunConfig) -> float | None:
    """Return the angular frequency of the curve that a run is tested on, None where that is no sinusoid."""
    signal = tested_signal(config)
    return None if signal is None else angular_frequency(signal)


def _grid(data: DataConfig) -> Grid:
    counts = _points(data.train_samples), _points(data.test_samples)
    return Grid(*counts, data.spacing, data.time_dtype, data.endpoint)


def _points(count: int | None) -> int:
    if count is None:
        raise TypeError("the numbers of points are filled in by settle_stretches")
    return count


def _file_series(config: RunConfig, first: int, last: int) -> Series:
    """Return rows of the run's file, their times counted in rows from the first.

    Raises:
        BadInputError: the file is gone, is not the one that the run was made with, or is too short.
    """
    data = config.data
    file = file_to_read(data, found_path(str(data.path)))
    if data.digest is not None and file_digest(file.path) != data.digest:
        raise BadInputError(
            Problem("data.path", data.path, "has changed since; rnnlab predict data.path= takes any file")
        )
    column = read_column(file)
    asked = _points(data.train_samples) + _points(data.test_samples)
    if asked > len(column):
        raise BadInputError(
            Problem("data.path", data.path, f"has {len(column)} rows as it is read, and the run takes {asked}")
        )
    values = column[first:last]
    return Series(np.arange(first, first + len(values), dtype=np.float64), values)


def _outputs(config: RunConfig) -> int:
    return config.data.horizon if config.data.horizon_output == "all" else 1


def build_run_network(config: RunConfig) -> SequenceNetwork:
    """Return the network as it is before training."""
    return build_network(
        targets.factory("cell", config.cell),
        targets.factory("head", config.head),
        layers=config.layers,
        hidden_size=config.model.hidden_size,
        seed=config.seed,
        features=config.data.features,
        standardize=bool(config.data.standardize),
        outputs=_outputs(config),
        dtype=_dtype(config),
    )


def _dtype(config: RunConfig) -> torch.dtype:
    return {"float32": torch.float32, "float64": torch.float64}[config.model.dtype]


def build_optimizer(config: RunConfig, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Return the optimiser of the parameters."""
    made: torch.optim.Optimizer = targets.factory("optimizer", config.optimizer)(parameters)
    return made


def build_learning_rate(config: RunConfig) -> LearningRate:
    """Return the factor of the learning rate by epoch."""
    return LearningRate(targets.factory("schedule", config.schedule), config.trainer.max_epochs)


def gpus(accelerator: str) -> int:
    """Return the number of GPUs that ``auto``, ``cpu`` or ``gpu`` trains on here."""
    return 0 if accelerator == "cpu" else torch.cuda.device_count()


def choose_device(accelerator: str, gpu: int = 0) -> torch.device:
    """Return the device for ``auto``, ``cpu`` or ``gpu``; ``gpu`` is the number of the GPU to take."""
    if accelerator == "gpu" or (accelerator == "auto" and torch.cuda.is_available()):
        return torch.device("cuda", gpu)
    return torch.device("cpu")


def check_buildable(config: RunConfig, *, elsewhere: bool = False) -> None:
    """Try every part on a small scale, before anything is created.

    Args:
        config: a run's.
        elsewhere: whether it will be trained on another machine, which may have the GPU that this one lacks.

    Raises:
        BadInputError: a part cannot be made as the config says.
    """
    if not elsewhere and config.trainer.accelerator == "gpu" and not torch.cuda.is_available():
        raise BadInputError(
            Problem(
                "trainer.accelerator",
                "gpu",
                "needs a CUDA GPU and a CUDA build of torch, and there is none here",
                "trainer=cpu",
            ),
        )
    check_capacity(config)
    head = targets.factory("head", config.head)
    cell = targets.factory("cell", config.cell)
    width = config.model.hidden_size
    layers = min(2, config.layers)  # the others are as the second
    _try(
        "cell",
        config.cell,
        lambda: build_network(cell, nn.Identity, layers=layers, hidden_size=width, seed=0, dtype=_dtype(config)),
    )
    outputs = _outputs(config)
    _try("head", config.head, lambda: head(width, outputs=outputs) if outputs > 1 else head(width))
    _try("optimizer", config.optimizer, lambda: _try_step(config))
    _try("schedule", config.schedule, lambda: build_learning_rate(config).factor(0))
    _try("function", config.function, lambda: build_splits(config))


def _try_step(config: RunConfig) -> None:
    """Take one step down (p - 1)^2: some optimisers look at their parameters there alone."""
    parameter = nn.Parameter(torch.zeros(1, dtype=_dtype(config)))
    optimizer = build_optimizer(config, [parameter])

    def loss() -> float:
        optimizer.zero_grad()
        error = (parameter - 1).square().sum()
        error.backward()
        return error.item()

    optimizer.step(loss)
    if not parameter.item():
        raise ValueError("a step changes nothing")


def _try(section: str, values: dict[str, Any], build: Callable[[], Any]) -> None:
    try:
        build()
    except BadInputError:
        raise
    except Exception as error:
        raise BadInputError(
            Problem(
                f"{section}._target_",
                values.get("_target_"),
                f"cannot be used with {targets.parameters(values) or 'no parameters'}: {error}".rstrip("."),
            ),
        ) from error

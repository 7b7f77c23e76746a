"""From a run's config to its parts: windows, network, optimiser, schedule, device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from rnnlab.config import targets
from rnnlab.config.schema import RunConfig
from rnnlab.data.series import Grid, Signal
from rnnlab.data.windows import Splits, split_windows
from rnnlab.errors import BadInputError, Problem
from rnnlab.models.network import SequenceNetwork, build_network
from rnnlab.training.learning_rate import LearningRate


def build_splits(config: RunConfig) -> Splits:
    """Return the windows to train, validate and test on."""
    data = config.data
    signal = targets.factory("function", config.function)
    grid = Grid(data.train_samples, data.test_samples, data.spacing, data.time_dtype)
    return split_windows(signal, tested_signal(config), grid, data.window, data.val_fraction)


def tested_signal(config: RunConfig) -> Signal:
    """Return the curve that a run is tested on."""
    if config.data.test_function:
        return targets.factory("data.test_function", config.data.test_function)
    return targets.factory("function", config.function)


def build_run_network(config: RunConfig) -> SequenceNetwork:
    """Return the network as it is before training."""
    return build_network(
        targets.factory("cell", config.cell),
        targets.factory("head", config.head),
        layers=config.layers,
        hidden_size=config.model.hidden_size,
        seed=config.seed,
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


def check_buildable(config: RunConfig) -> None:
    """Try every part on a small scale, before anything is created.

    Raises:
        BadInputError: a part cannot be made as the config says.
    """
    if config.trainer.accelerator == "gpu" and not torch.cuda.is_available():
        raise BadInputError(
            Problem(
                "trainer.accelerator",
                "gpu",
                "needs a CUDA GPU and a CUDA build of torch, and there is none here",
                "trainer=cpu",
            ),
        )
    head = targets.factory("head", config.head)
    cell = targets.factory("cell", config.cell)
    width = config.model.hidden_size
    layers = min(2, config.layers)  # the others are as the second
    _try(
        "cell",
        config.cell,
        lambda: build_network(cell, nn.Identity, layers=layers, hidden_size=width, seed=0, dtype=_dtype(config)),
    )
    _try("head", config.head, lambda: head(width))
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

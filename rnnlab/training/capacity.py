"""Whether a run fits into memory: told before anything is made, by the name of the key that asks for too much.

All figures are lower bounds, so that nothing is refused that could be done.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from rnnlab.config import targets
from rnnlab.config.record import flat, plain
from rnnlab.config.schema import RunConfig
from rnnlab.errors import BadInputError, Problem
from rnnlab.memory import memory_limit
from rnnlab.models.cells import as_sequence_layer
from rnnlab.models.network import PREDICTION_BATCH, layer_arguments, parameter_count

BYTES_OF_A_POINT = 24
"""A point's time (8), its value as it is sampled and on the device (4 and 4), its place in an epoch's order (8)."""

COPIES_OF_A_WEIGHT = 2
"""The weight and its gradient."""

MOMENTS = {"adam": 2, "adamw": 2}
"""By optimiser, what it keeps of each weight beside these."""

ITEM_SIZE = {"float32": 4, "float64": 8}


def check_capacity(config: RunConfig) -> None:
    """Make sure that a run can fit into this machine's memory, without making any of it.

    Raises:
        BadInputError: it cannot; the key that asks for too much is named.
    """
    limit = memory_limit()
    for keys, need in _needs(config):
        if need > limit:
            key, value = _culprit(config, keys)
            allowed = f"would take {_size(need)} of memory at the least; this machine has {_size(limit)}"
            raise BadInputError(Problem(key, "null" if value is None else value, allowed))


def check_points(key: str, count: int) -> None:
    """Make sure that a series of so many points fits into this machine's memory.

    Args:
        key: that asks for them.
        count: how many.

    Raises:
        BadInputError: it does not.
    """
    need, limit = count * BYTES_OF_A_POINT, memory_limit()
    if need > limit:
        allowed = f"would take {_size(need)} of memory at the least; this machine has {_size(limit)}"
        raise BadInputError(Problem(key, count, allowed))


def _needs(config: RunConfig) -> Iterator[tuple[Sequence[str], int]]:
    """Yield what takes memory: the keys that its size depends on, and the bytes."""
    data, hidden, layers = config.data, config.model.hidden_size, config.layers
    for key in ("data.train_samples", "data.test_samples", "data.rollout_steps"):
        yield [key], (getattr(data, key.partition(".")[2]) or 0) * BYTES_OF_A_POINT
    item = ITEM_SIZE[config.model.dtype]
    copies = COPIES_OF_A_WEIGHT + MOMENTS.get(targets.label(config.optimizer), 0)
    weights = _layer_parameters(config, 0) + (layers - 1) * _layer_parameters(config, 1)
    yield ["model.hidden_size", "layers"], weights * item * copies
    # Training keeps each layer's hidden states of a whole mini-batch for the way back.
    windows = max(1, (data.train_samples or 0) - data.window)
    batch = min(windows, data.batch_size or windows)
    keys = ["model.hidden_size", "layers", "data.window", "data.batch_size"]
    yield keys, batch * data.window * hidden * layers * item
    # The test needs one layer's hidden states of the windows that are predicted together.
    together = min(PREDICTION_BATCH, max(1, (data.test_samples or 0) - data.window))
    yield ["model.hidden_size", "data.window"], together * data.window * hidden * item


def _culprit(config: RunConfig, keys: Sequence[str]) -> tuple[str, Any]:
    """Return the key, with its value, that lies farthest above its default."""
    given, defaults = (dict(flat(plain(one))) for one in (config, RunConfig()))
    most = max(keys, key=lambda key: (given[key] or math.inf) / (defaults[key] or 1))
    return most, given[most]


def _layer_parameters(config: RunConfig, index: int) -> int:
    """Return the trainable parameters of a layer, or the least that any has where it cannot be told without memory.

    Args:
        config: a run's.
        index: the layer's place in the stack, from 0.
    """
    hidden = config.model.hidden_size
    size = (2 if config.data.features == "both" else 1) if index == 0 else hidden
    factory = targets.factory("cell", config.cell)
    try:
        with torch.device("meta"):
            return parameter_count(as_sequence_layer(factory(size, hidden, **layer_arguments(factory, index))))
    except Exception:  # noqa: BLE001 - a cell of the user's own need not know tensors without memory
        return hidden


def _size(count: int) -> str:
    """Return a number of bytes as people say it: ``1.5 GB``."""
    for unit, size in (("PB", 10**15), ("TB", 10**12), ("GB", 10**9)):
        if count >= size:
            return f"{count / size:,.3g} {unit}" if count < 1000 * size else f"{count / size:,.0f} {unit}"
    return f"{count / 10**6:.3g} MB"

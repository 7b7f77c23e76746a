"""Mini-batches gathered from a series that stays where it is, in an order that can be computed again."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from rnnlab.data.windows import Windows

GATHERED_VALUES = 2**22
"""About how many values are gathered at a time: a small epoch at once, a large one in parts."""


def epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """Return the order of ``count`` windows in an epoch, shape (count,), int64.

    A pure function of its arguments: a resumed run needs no random-number state to go on exactly.
    """
    return torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(count))


class ShuffledBatches:
    """The mini-batches of one epoch after the other: inputs (b, window, 1) and labels, (b,) or (b, outputs).

    Lightning takes it for a data loader: it tells ``sampler.set_epoch`` the epoch before it iterates.
    """

    def __init__(
        self,
        windows: Windows,
        batch_size: int,
        seed: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.inputs, self.labels = to_tensors(windows, device, dtype)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration that of ``epoch``, counted from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of mini-batches in an epoch."""
        return math.ceil(len(self.labels) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the mini-batches; the last one may be smaller."""
        order = epoch_order(len(self.labels), self.seed, self.epoch).to(self.labels.device)
        batches_at_once = max(1, GATHERED_VALUES // (self.batch_size * self.inputs.shape[1]))
        for part in order.split(batches_at_once * self.batch_size):
            inputs, labels = self.inputs[part], self.labels[part]
            yield from zip(inputs.split(self.batch_size), labels.split(self.batch_size), strict=True)


def to_tensors(windows: Windows, device: torch.device, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Return inputs (n, window, 1) and labels, (n,) or (n, outputs), views of one series on ``device``."""
    values = torch.from_numpy(np.ascontiguousarray(windows.series.values)).to(device, dtype)
    inputs = values[: -windows.horizon].unfold(0, windows.window, 1).unsqueeze(-1)
    if windows.outputs > 1:
        return inputs, values[windows.window :].unfold(0, windows.horizon, 1)
    return inputs, values[windows.window + windows.horizon - 1 :]

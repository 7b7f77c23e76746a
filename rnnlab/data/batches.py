"""Mini-batches sliced from tensors that stay where they are, in an order that can be computed again."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from rnnlab.data.windows import Windows


def epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """Return the order of ``count`` windows in an epoch, shape (count,), int64.

    A pure function of its arguments: a resumed run needs no random-number state to go on exactly.
    """
    return torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(count))


class ShuffledBatches:
    """The mini-batches of one epoch after the other: pairs of inputs (b, window, 1) and labels (b,).

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
        inputs, labels = self.inputs[order], self.labels[order]
        yield from zip(inputs.split(self.batch_size), labels.split(self.batch_size), strict=True)


def to_tensors(windows: Windows, device: torch.device, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Return inputs (n, window, 1) and labels (n,) as tensors of ``dtype`` on ``device``."""
    inputs = torch.from_numpy(np.ascontiguousarray(windows.inputs))
    labels = torch.from_numpy(np.ascontiguousarray(windows.labels))
    return inputs.to(device, dtype), labels.to(device, dtype)

"""Snapshots: the weights alone after epochs 1, 2, 5, 10, 20, 50 and so on, to see later how they grew."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from rnnlab.training.checkpoint_files import read_checkpoint, write_checkpoint

if TYPE_CHECKING:
    from rnnlab.training.epochs import Epoch
    from rnnlab.training.lightning import pl

FIRST_DIGITS = (1, 2, 5)


def is_kept(epoch: int) -> bool:
    """Return whether there is a snapshot after an epoch, counted from 1."""
    return epoch / 10 ** math.floor(math.log10(epoch)) in FIRST_DIGITS


class Snapshots:
    """Writes a snapshot after each epoch that has one.

    Args:
        network: whose weights they are.
        folder: where they are written; it is made with the first.
    """

    def __init__(self, network: nn.Module, folder: Path) -> None:
        self._network = network
        self._folder = folder

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:  # noqa: ARG002
        """Write the epoch's snapshot if it has one."""
        if is_kept(epoch.number):
            self._folder.mkdir(exist_ok=True)
            weights = {name: tensor.cpu() for name, tensor in self._network.state_dict().items()}
            values = {"epoch": epoch.number, "state_dict": weights}
            write_checkpoint(self._folder / f"epoch-{epoch.number}.ckpt", values)


def snapshot_files(folder: Path) -> dict[int, Path]:
    """Return the snapshots that a folder has by their epochs, in order."""
    numbers = ((path.stem.partition("-")[2], path) for path in folder.glob("epoch-*.ckpt"))
    return dict(sorted((int(number), path) for number, path in numbers if number.isdecimal()))


def read_snapshots(folder: Path, key: str) -> dict[int, dict[str, Any]]:
    """Return the weights after each epoch that has a snapshot.

    Args:
        folder: of the snapshots; it need not be there.
        key: the key that led here, for the message.

    Raises:
        BadInputError: a snapshot is damaged.
    """
    return {epoch: read_checkpoint(path, key)["state_dict"] for epoch, path in snapshot_files(folder).items()}


def forget_after(folder: Path, epoch: int) -> None:
    """Remove the snapshots of later epochs: training goes on from this one, and they will be others."""
    for later, path in snapshot_files(folder).items():
        if later > epoch:
            path.unlink()

"""Digests of what a training computed: two trainings with the same digests are the same to the last bit."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnlab.files import write_whole
from rnnlab.training.epochs import Epoch
from rnnlab.training.lightning import pl

DIGITS = 16


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a network's weights: names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(
            f"{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode()
            + tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        )
    return digest.hexdigest()


class LossDigests:
    """Keeps a digest of the losses of each epoch: the first 16 digits of a SHA-256.

    Args:
        path: the JSON file that `save` writes; a list, the first epoch first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digests: list[str] = []

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:  # noqa: ARG002
        """Take note of the epoch."""
        values = [*epoch.losses, epoch.monitored]
        packed = struct.pack(f"<{len(values)}d", *values)
        self._digests.append(hashlib.sha256(packed).hexdigest()[:DIGITS])

    def save(self) -> None:
        """Write the digests."""
        write_whole(self._path, (json.dumps(self._digests) + "\n").encode(), durable=False)

    def state_dict(self) -> dict[str, Any]:
        """Return what must be known to go on."""
        return {"digests": list(self._digests)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self._digests = list(state["digests"])


def read_digests(path: Path) -> list[str] | None:
    """Return what `LossDigests` wrote, or None where there is no such file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return [str(digest) for digest in found] if isinstance(found, list) else None

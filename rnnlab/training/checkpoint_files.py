"""Checkpoint files: written whole or not at all, sealed by a checksum, read without unpickling.

The seal is the comment of the zip archive that a checkpoint is: ``rnnlab sha256`` and the digest of all before it.
So it can never part from what it seals, and `torch.load` reads the file as any other.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rnnlab.errors import BadInputError, Problem
from rnnlab.files import write_whole
from rnnlab.tracking.folder import RunFolder

MARK = b"rnnlab sha256 "
SEAL_SIZE = len(MARK) + 64

BEST, LAST = "BestEpoch", "LastEpoch"
"""The listeners whose state a checkpoint holds, by their names; their module would bring Lightning along."""


def write_checkpoint(path: Path, values: dict[str, Any], keep: Path | None = None) -> None:
    """Write a checkpoint and wait until it is on the disk.

    Args:
        path: the file.
        values: tensors and plain values.
        keep: where the checkpoint that was there before goes, or None.
    """
    buffer = io.BytesIO()
    torch.save(values, buffer)
    # A zip archive ends with the length of its comment, two bytes, and the comment.
    content = buffer.getvalue()[:-2] + SEAL_SIZE.to_bytes(2, "little")
    write_whole(path, content + MARK + hashlib.sha256(content).hexdigest().encode(), keep=keep)


def read_checkpoint(path: Path, key: str) -> dict[str, Any]:
    """Return a checkpoint's content, tensors on the CPU; nothing is unpickled.

    Args:
        path: the file.
        key: the key that led here, ``run`` or ``resume``, for the message.

    Raises:
        BadInputError: there is no such file, or it is damaged.
    """
    try:
        content = path.read_bytes()
        _check_seal(content)
        values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise BadInputError(
            Problem(
                key,
                path.parent.parent.name,
                f"has no checkpoint {path.name}; it ended too early, train it again",
            )
        ) from error
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInputError(Problem(key, str(path), f"is a damaged checkpoint ({why})".rstrip("."))) from error
    if not isinstance(values, dict) or "state_dict" not in values:
        raise BadInputError(Problem(key, str(path), "is no checkpoint of rnnlab"))
    return values


def _check_seal(content: bytes) -> None:
    if not content:
        raise ValueError("it is empty")
    sealed, seal = content[:-SEAL_SIZE], content[-SEAL_SIZE:]
    if not seal.startswith(MARK):
        raise ValueError("its end is missing")
    if seal[len(MARK) :] != hashlib.sha256(sealed).hexdigest().encode():
        raise ValueError("its checksum does not match")


@dataclass(frozen=True)
class SoundCheckpoint:
    """The newest checkpoint that training can go on from.

    Attributes:
        path: its file.
        content: what it holds.
        damaged: newer ones that cannot be read.
    """

    path: Path
    content: dict[str, Any]
    damaged: list[Path]


def newest_sound(folder: RunFolder, key: str) -> SoundCheckpoint:
    """Return the last checkpoint of a run, or the one before it where the last is damaged or missing.

    Raises:
        BadInputError: there is none that can be read.
    """
    damaged: list[Path] = []
    first: BadInputError | None = None
    for path in (folder.last, folder.previous):
        try:
            return SoundCheckpoint(path, read_checkpoint(path, key), damaged)
        except BadInputError as error:
            first = first or error
            if path.exists():
                damaged.append(path)
                first = error if len(damaged) == 1 else first
    raise first or AssertionError


def quarantine(path: Path) -> Path:
    """Move a damaged checkpoint out of the way, where it can still be looked at, and return where it is."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.replace(aside)
    return aside


def saved_state(checkpoint: dict[str, Any], listener: str) -> dict[str, Any]:
    """Return the state of a listener to epochs that a checkpoint holds."""
    state: dict[str, Any] = checkpoint["callbacks"]["EpochEnds"][listener]
    return state

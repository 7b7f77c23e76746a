"""Checkpoint files: written so that a reader finds the old or the whole new one, read without unpickling."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rnnlab.errors import BadInputError, Problem


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file to write beside ``path`` that takes its place: a reader finds the old or the whole new one."""
    beside = path.with_name(f".{path.name}.new")
    yield beside
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.replace(path)


def read_checkpoint(path: Path, key: str) -> dict[str, Any]:
    """Return a checkpoint's content, tensors on the CPU; nothing is unpickled.

    Args:
        path: the file.
        key: the key that led here, ``run`` or ``resume``, for the message.

    Raises:
        BadInputError: there is no such file, or it is damaged.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
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
    if not isinstance(content, dict) or "state_dict" not in content:
        raise BadInputError(Problem(key, str(path), "is no checkpoint of rnnlab"))
    return content

"""Files written so that a reader, or a machine that loses its power, finds the old content or the whole new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, content: bytes, *, durable: bool = True, keep: Path | None = None) -> None:
    """Write a file beside its place and move it there.

    Args:
        path: the file.
        content: all of it.
        durable: wait until it is on the disk, the folder's entry too.
        keep: where the file that was there before goes; None replaces it.
    """
    beside = path.with_name(f".{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        _write_all(descriptor, content)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if keep is not None and path.exists():
        os.replace(path, keep)  # noqa: PTH105 - the tests kill the process at each of these calls
    os.replace(beside, path)  # noqa: PTH105
    if durable:
        _sync_folder(path.parent)


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield a path beside the file to write to; what is written there takes the file's place, or is removed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def append(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Append to a file; a process killed meanwhile leaves at most its last line torn.

    Raises:
        OSError: not all of it could be written; then none of it is there.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, content)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

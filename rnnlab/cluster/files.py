"""A series of the user's own as it travels to a machine that does not have its file."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnlab.config.schema import DataConfig
from rnnlab.data.csv_file import file_digest
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import DATA_FILE, found_path
from rnnlab.study.grid import Job

Content = NDArray[np.uint8]
"""The bytes of a file: as an array, which Ray's workers read where it lies, while `bytes` are copied for each."""

LARGEST_SENT = 100 * 2**20
"""Bytes; some millions of rows. What is larger belongs where all machines see it."""


def contents(jobs: Iterable[Job]) -> Iterator[tuple[str, Content]]:
    """Yield digest and content of every file that the jobs read and that is small enough to be sent, each once.

    Raises:
        BadInputError: one cannot be read any more.
    """
    data = [job.config.data for job in jobs]
    files = {one.digest: found_path(str(one.path)) for one in data if one.digest is not None}
    for digest, path in files.items():
        try:
            if path.stat().st_size <= LARGEST_SENT:
                yield digest, np.fromfile(path, np.uint8)
        except OSError as error:
            raise BadInputError(Problem("data.path", path, f"cannot be read ({error.strerror})")) from error


@contextmanager
def data_file_at_hand(data: DataConfig, home: Path, content: Content | None, place: Path) -> Iterator[None]:
    """Inside, a job finds its file, though its config says where that lies beside the study.

    A file of the same path and digest on this machine is preferred to the copy.

    Args:
        data: of the job's config.
        home: the study's `home`.
        content: of the file, if it was sent.
        place: a folder that the copy may be written below.

    Raises:
        BadInputError: the file is not on this machine and was not sent.
    """
    if data.digest is None:
        yield
        return
    file = home / str(data.path)
    if not _is_here(file, data.digest):
        if content is None:
            raise BadInputError(Problem("data.path", file, _what_to_do()))
        file = place / "data" / file.name
        file.parent.mkdir()
        content.tofile(file)
    os.environ[DATA_FILE] = str(file)
    try:
        yield
    finally:
        del os.environ[DATA_FILE]


def _is_here(file: Path, digest: str) -> bool:
    with suppress(BadInputError):
        return file_digest(file) == digest
    return False


def _what_to_do() -> str:
    return (
        f"{platform.node()} has no such file, or another one, and files of more than {LARGEST_SENT >> 20} MiB are "
        "not sent; copy it to the same path on every machine, or give one in a folder that all of them see"
    )

"""Memory: what Python and the C library do with it by themselves costs a process of this size seconds."""

from __future__ import annotations

import gc
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

OBJECTS_BETWEEN_COLLECTIONS = 50_000
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Where Linux says what a container may take."""

MOST_KEPT, LARGEST_ON_HEAP = 2**28, 2**25
"""Bytes; the second is the most that glibc allows."""


def collect_less() -> None:
    """Look for cycles less often: Python's 700 new objects make it look all the while that modules are imported."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


@cache
def keep_imports() -> None:
    """Never look again at what exists now, once a process: its modules, half a million objects that stay."""
    gc.freeze()


def leave_quickly() -> None:
    """Make ready to end the process: Python would look through all modules again before it lets go of them."""
    gc.freeze()


@cache
def reuse_memory() -> None:
    """Let the C library keep up to 256 MiB of freed memory for the next step, where it is glibc.

    Left alone it gives the activations of a deep network back to the system after every step and fetches them
    again page by page: three layers of LSTM take a tenth longer.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_TRIM_THRESHOLD, MOST_KEPT)
        library.mallopt(M_MMAP_THRESHOLD, LARGEST_ON_HEAP)


@cache
def memory_limit() -> int:
    """Return the bytes of memory that this process can have at most: the machine's, or its container's."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = CONTAINER_LIMIT.read_text(encoding="ascii").strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdecimal() else total

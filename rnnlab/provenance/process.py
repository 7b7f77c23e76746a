"""The process that makes a run, and whether it is still there."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache

import psutil

SAME_START = 2.0
"""Seconds by which two readings of a process's start may differ."""


@dataclass(frozen=True)
class Process:
    """A process, told from a later one that has got the same number.

    Attributes:
        host: the machine's name.
        pid: its number there.
        started: seconds since 1970.
    """

    host: str
    pid: int
    started: float

    def is_here(self) -> bool:
        """Return whether it is one of this machine's."""
        return self.host == platform.node()

    def is_gone(self) -> bool:
        """Return whether a process of this machine has ended."""
        try:
            found = psutil.Process(self.pid)
            return found.status() == psutil.STATUS_ZOMBIE or abs(found.create_time() - self.started) > SAME_START
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


@cache
def _process(pid: int) -> Process:
    return Process(platform.node(), pid, psutil.Process(pid).create_time())


def this_process() -> Process:
    """Return the process that asks."""
    return _process(os.getpid())

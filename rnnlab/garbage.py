"""Python's search for unreachable cycles, which a process of this size spends seconds on if left alone."""

from __future__ import annotations

import gc
from functools import cache

OBJECTS_BETWEEN_COLLECTIONS = 50_000


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

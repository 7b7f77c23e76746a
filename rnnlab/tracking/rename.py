"""A run that got its id from the store late: its files, and its study's, take it over."""

from __future__ import annotations

from pathlib import Path

from rnnlab.files import write_whole

NAMED_IN = ("manifest.json", "result.json", "../study.json", "../results.csv")
"""The files that may hold a run's id, from its folder."""


def rename_run(folder: Path, old: str, new: str) -> None:
    """Put the new id in the place of the old one; ids are long and random, so nothing else is like them.

    Args:
        folder: the run's.
        old: the id that was made while the store was away.
        new: the store's.
    """
    if old == new:
        return
    for name in NAMED_IN:
        file = folder / name
        if file.is_file() and old.encode() in (content := file.read_bytes()):
            write_whole(file, content.replace(old.encode(), new.encode()))

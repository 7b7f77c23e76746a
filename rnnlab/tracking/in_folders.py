"""Runs that a store lacks and whose folders are here: the store was removed, or nothing was tracked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from rnnlab.config.schema import TrackingConfig
from rnnlab.home import outputs
from rnnlab.tracking.folder import SHORT_ID, SINGLE, RunFolder, run_folders
from rnnlab.tracking.outbox import FILE
from rnnlab.tracking.result import RunResult

TRACKING = re.compile(r"^tracking:\n(?:  .*\n)+", re.MULTILINE)
"""Its section of a run's config, which is written one key a line; to read all of that file takes much longer."""


@dataclass(frozen=True)
class FolderRun:
    """A run as its folder has it.

    Attributes:
        folder: its folder.
        result: how it went; KILLED where it was not ended and nobody is at work on it.
        started: when it began, in seconds since 1970.
        tracking: where it was to be recorded.
    """

    folder: RunFolder
    result: RunResult
    started: float
    tracking: TrackingConfig

    @property
    def study(self) -> str:
        """The study it belongs to, empty if none."""
        parent = self.folder.path.parent.name
        return "" if parent == SINGLE else parent

    @property
    def is_waiting(self) -> bool:
        """Whether it is known that something of it is still to be sent."""
        return (self.folder.path / FILE).exists()


def runs_in_folders(known: Collection[str] = ()) -> Iterator[FolderRun]:
    """Yield the runs whose folders are here, in no particular order.

    Args:
        known: ids of runs that are left out; most are told by the ends of their folders' names alone.
    """
    short = {run_id[:SHORT_ID] for run_id in known}
    for folder in run_folders(outputs()):
        if folder.path.name[-SHORT_ID:] in short:
            continue
        run = read_folder_run(folder)
        if run is not None and run.result.run_id not in known:
            yield run


def read_folder_run(folder: RunFolder) -> FolderRun | None:
    """Return a run as its folder has it, or None where that does not say how it went."""
    result = folder.read_result()
    if result is None:
        return None
    if not result.ended and not folder.is_in_use():
        result.status = "KILLED"
    return FolderRun(folder, result, float(folder.read_manifest().get("started") or 0), _tracking(folder.config))


def _tracking(config: Path) -> TrackingConfig:
    """Return where a run was to be recorded; where its config does not say, that is nowhere."""
    try:
        found = TRACKING.search(config.read_text(encoding="utf-8"))
        values = _parsed(found.group()) if found else {"store": "off"}
        return TrackingConfig(**values)
    except (OSError, ValueError, TypeError, yaml.YAMLError):
        return TrackingConfig(store="off")


@cache
def _parsed(section: str) -> dict[str, str]:
    """Return the values of the section, which is the same in most runs of a folder."""
    return dict(yaml.safe_load(section)["tracking"])

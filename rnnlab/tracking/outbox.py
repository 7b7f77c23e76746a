"""What the store is to hold of a run beside its metrics, kept in the run's folder until the store has all of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnlab.config.schema import TrackingConfig
from rnnlab.tracking.folder import write_json

FILE = "unsent.json"


@dataclass
class Outbox:
    """Everything that is to be in the store, as it is to be there: sending it twice changes nothing.

    The file is there from before a run's first step until the store has its final status; a run that was killed, or
    whose store was away, is known by it.

    Attributes:
        store, uri, experiment: where it is to go; see `TrackingConfig`.
        run_id: the run's id; the store's own if ``in_store``, else one that was made while it was away.
        name: the run's name.
        started: when it began, in seconds since 1970.
        in_store: whether the store has made the run.
        tags: by their names.
        params: by their names.
        datasets: the arguments of `MlflowRun.log_datasets`, or None.
        files: path within the run's folder, and the folder among its artifacts.
        status: RUNNING, FINISHED, FAILED or KILLED.
        ended: when it ended, in seconds since 1970, or None.
    """

    store: str
    uri: str | None
    experiment: str
    run_id: str
    name: str
    started: float
    in_store: bool
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    datasets: dict[str, Any] | None = None
    files: list[tuple[str, str | None]] = field(default_factory=list)
    status: str = "RUNNING"
    ended: float | None = None

    @property
    def tracking(self) -> TrackingConfig:
        """The store it is to go to."""
        return TrackingConfig(store=self.store, uri=self.uri, experiment=self.experiment)

    def save(self, folder: Path) -> None:
        """Write it to the run's folder."""
        write_json(folder / FILE, dataclasses.asdict(self))


def read_outbox(folder: Path) -> Outbox | None:
    """Return what is still to be sent of a run, or None where the store has everything."""
    try:
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        outbox = Outbox(**values)
        outbox.files = [(str(path), place) for path, place in outbox.files]
    except (OSError, ValueError, TypeError):
        return None
    return outbox if _is_sound(values) else None


def _is_sound(values: Mapping[str, Any]) -> bool:
    """Return whether a file that may be somebody else's names files of its own folder alone."""
    paths = [Path(str(path)) for path, _ in values["files"]]
    return not any(path.is_absolute() or ".." in path.parts for path in paths)

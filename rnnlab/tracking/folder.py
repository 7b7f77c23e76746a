"""A run's folder: `outputs/<study or single>/<run name>-<short id>/` and its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from rnnlab.files import write_whole
from rnnlab.home import home
from rnnlab.tracking.result import RunResult

SINGLE = "single"
"""The folder of the runs that belong to no study."""

SHORT_ID = 8


class FolderInUseError(Exception):
    """Another process is at work on the run."""


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @classmethod
    def claim(cls, outputs: Path, study: str | None, name: str, run_id: str) -> RunFolder:
        """Make the folder of a new run.

        Raises:
            FileExistsError: another run has it.
            OSError: it cannot be made.
        """
        path = outputs / (study or SINGLE) / f"{name}-{run_id[:SHORT_ID]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir()
        (path / "checkpoints").mkdir()
        (path / "figures").mkdir()
        return cls(path)

    @property
    def config(self) -> Path:
        """The resolved config."""
        return self.path / "config.yaml"

    @property
    def manifest(self) -> Path:
        """Where the run comes from: ids, code, versions, machine, data."""
        return self.path / "manifest.json"

    @property
    def metrics(self) -> Path:
        """Every logged point: metric, step, value."""
        return self.path / "metrics.csv"

    @property
    def losses(self) -> Path:
        """A digest of the losses of each epoch."""
        return self.path / "losses.json"

    @property
    def diff(self) -> Path:
        """What the code was changed in since its commit."""
        return self.path / "code.diff"

    @property
    def result(self) -> Path:
        """How the run went."""
        return self.path / "result.json"

    @property
    def predictions(self) -> Path:
        """Index, time, truth and prediction of every test window."""
        return self.path / "predictions.csv"

    @property
    def best(self) -> Path:
        """The weights of the epoch with the lowest monitored value."""
        return self.path / "checkpoints" / "best.ckpt"

    @property
    def last(self) -> Path:
        """All that is needed to go on training."""
        return self.path / "checkpoints" / "last.ckpt"

    @property
    def previous(self) -> Path:
        """The last checkpoint but one, for the case that the last is damaged."""
        return self.path / "checkpoints" / "last.prev.ckpt"

    @property
    def snapshots(self) -> Path:
        """The folder of the weights after some epochs, kept for a look back."""
        return self.path / "checkpoints" / "snapshots"

    @property
    def figures(self) -> Path:
        """The folder of the pictures."""
        return self.path / "figures"

    @property
    def log(self) -> Path:
        """What Lightning, warnings and rnnlab said."""
        return self.path / "run.log"

    @contextmanager
    def in_use(self, timeout: float = 2.0) -> Iterator[None]:
        """Keep the folder for this process; the claim ends with the process, however that ends.

        Args:
            timeout: seconds to wait for somebody who only looks whether it is in use.

        Raises:
            FolderInUseError: another process has it.
        """
        try:
            with FileLock(self._lock, timeout=timeout):
                yield
        except Timeout as error:
            raise FolderInUseError(f"another process is at work on {self.path}") from error

    def is_in_use(self) -> bool:
        """Return whether a process is at work on the run, or may be: that of another user's cannot be seen."""
        if not self._lock.exists():
            return False
        try:
            with self.in_use(timeout=0):
                return False
        except (FolderInUseError, PermissionError):
            return True

    @property
    def _lock(self) -> Path:
        return self.path / ".lock"

    def read_result(self) -> RunResult | None:
        """Return how the run went, or None where that was not written yet.

        Its folder is this one, wherever the run was made.
        """
        try:
            result = RunResult.from_dict(json.loads(self.result.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        result.folder = str(self.path)
        return result

    def write_result(self, result: RunResult) -> None:
        """Write how the run went; its folder as it lies below `outputs/`, so that it may be moved."""
        below = f"{self.path.parent.name}/{self.path.name}"
        write_json(self.result, result.to_dict() | {"folder": below})

    def read_manifest(self) -> dict[str, Any]:
        """Return the manifest, empty where there is none."""
        try:
            found = json.loads(self.manifest.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def write_json(path: Path, values: Any) -> None:
    """Write plain values as JSON, so that a reader finds the old file or the whole new one."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    write_whole(path, text.encode(), durable=False)


def recorded_folder(text: str) -> RunFolder | None:
    """Return the run's folder that a store names, ``outputs/<study or single>/<run>``; None for any other path."""
    parts = Path(text).parts
    if len(parts) != 3 or parts[0] != "outputs" or ".." in parts:  # noqa: PLR2004
        return None
    return RunFolder(home() / text)


def run_folders(outputs: Path) -> Iterator[RunFolder]:
    """Yield the folder of every run, in no particular order."""
    for path in outputs.glob("*/*/config.yaml"):
        yield RunFolder(path.parent)

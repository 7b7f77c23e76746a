"""The recorder: owns a run's status from before its network is built until after its test."""

from __future__ import annotations

import errno
import json
import logging
import time
import traceback
import uuid
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from rnnlab.config.record import config_hash, facets, flat, plain, run_name, save_config
from rnnlab.config.schema import RunConfig
from rnnlab.files import write_whole
from rnnlab.home import home, outputs
from rnnlab.provenance.code import LARGEST_DIFF, code_diff, code_record, git_problem
from rnnlab.provenance.environment import machine, package_versions
from rnnlab.provenance.own_code import running_code
from rnnlab.tracking.delivery import LOCAL_ID
from rnnlab.tracking.fingerprint import OTHER_CODE, OTHER_CONFIG, named_code
from rnnlab.tracking.folder import RunFolder, write_json
from rnnlab.tracking.metrics import MetricBuffer
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.runlog import logging_to
from rnnlab.tracking.sender import Sender
from rnnlab.tracking.store import Store
from rnnlab.tracking.tags import run_tags
from rnnlab.tracking.wiring import connection, make_run, outbox_for, place_of

CANNOT_BE_WRITTEN = {errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES}
"""What the system says when a folder can no longer be written, though it could when the run began."""

PUBLISHED = (
    ("config.yaml", None),
    ("manifest.json", None),
    ("losses.json", None),
    ("code.diff", None),
    ("predictions.csv", None),
    ("rollout.csv", None),
    ("checkpoints/best.ckpt", "checkpoints"),
    ("figures", "figures"),
)
"""The files of a run that are copied to MLflow's artifacts, and their folder there."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resumed:
    """A run that is to go on, and how it went so far."""

    folder: RunFolder
    result: RunResult


class Recorder:
    """Records one run, in its folder and in MLflow.

    Entered, the run exists and is RUNNING. Left, it is FINISHED, or FAILED with the error as a tag, or
    KILLED; then `result.json` says so too. An error ends here: ``result`` tells of it. An interruption
    goes on.

    Args:
        config: the run's config.
        overrides: what was given on the command line or by the study.
        store: the MLflow store, or None.
        resumed: the run to go on with, or None for a new one.
    """

    def __init__(
        self, config: RunConfig, overrides: list[str], store: Store | None, resumed: Resumed | None = None
    ) -> None:
        self._config = config
        self._overrides = overrides
        self._store = store
        self._resumed = resumed
        self._sender: Sender | None = None
        self._exits = ExitStack()
        self._started = time.time()
        self._made: str | None = None
        self._files: list[tuple[str, str | None]] = []
        self.folder: RunFolder
        self.result: RunResult
        self.metrics: MetricBuffer

    def __enter__(self) -> Self:
        """Make the run, or reopen it, and claim its folder."""
        try:
            self._begin()
        except BaseException as error:
            self._exits.close()
            self._abandon("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        return self

    def _begin(self) -> None:
        name = self._resumed.result.name if self._resumed else run_name(self._config)
        tags, place = run_tags(self._config, name), place_of(self._store, self._config.tracking)
        if self._resumed is not None:
            tags["rnnlab.fingerprint"] = _fingerprint_of_both(self._resumed.result, tags)
            tags["rnnlab.resumed"] = "true"
            del tags["mlflow.runName"]  # it may have been renamed since
            run_id, self.folder = self._resumed.result.run_id, self._resumed.folder
            self._exits.enter_context(self.folder.in_use())
            outbox = outbox_for(self.folder, place, run_id, name, tags, began=self._started, in_store=True)
        else:
            local_id = uuid.uuid4().hex
            if place.store == "server":
                tags[LOCAL_ID] = local_id
            self._made = made = make_run(self._store, name, tags, self._started)
            run_id = made or local_id
            self.folder = RunFolder.claim(outputs(), self._config.study.name, name, run_id)
            self._exits.enter_context(self.folder.in_use())
            known = made is not None
            outbox = outbox_for(self.folder, place, run_id, name, tags, began=self._started, in_store=known)
        # MLflow keeps the params that it has; a store that was made anew has none.
        params = dict(flat(plain(self._config))) | facets(self._config)
        outbox.params |= {key: str(value) for key, value in params.items() if key not in outbox.params}
        self.result = RunResult(
            run_id=run_id,
            name=name,
            overrides=self._overrides,
            config_hash=config_hash(self._config),
            folder=str(self.folder.path),
            fingerprint=tags["rnnlab.fingerprint"],
            job=self._config.study.job,
            parent=self._config.study.parent,
            **facets(self._config),
        )
        below = self.folder.path.relative_to(home()) if self.folder.path.is_relative_to(home()) else ""
        outbox.tags["rnnlab.folder"] = str(below)
        self._exits.enter_context(logging_to(self.folder.log))
        save_config(self._config, self.folder.config)
        connect = connection(self._store, self._config.tracking)
        if connect is not None:
            compare = self._resumed is not None or not outbox.in_store
            self._sender = Sender(self.folder.path, outbox, connect, compare=compare)
        self.metrics = MetricBuffer(
            self.folder.metrics,
            self._sender.points if self._sender else lambda _: None,
            self._sender.compare_again if self._sender else lambda: None,
        )
        if self._resumed is not None:
            self.metrics.last.update(self._resumed.result.metrics)
        self._manifest: dict[str, Any] = {
            "run_id": run_id,
            "name": name,
            "started": self._resumed.folder.read_manifest().get("started") if self._resumed else self._started,
            "study": self._config.study.name,
            "job": self._config.study.job,
            "overrides": self._overrides,
            "config_hash": self.result.config_hash,
            "fingerprint": self.result.fingerprint,
            "code": code_record(running_code(named_code(self._config))),
            "packages": package_versions(),
            "machine": machine(),
            "threads": self._config.trainer.threads,
            "seed": self._config.seed,
        }
        write_json(self.folder.manifest, self._manifest)
        if diff := code_diff()[:LARGEST_DIFF]:
            write_whole(self.folder.diff, diff, durable=False)
        self.folder.write_result(self.result)
        if self._sender is not None:
            self._sender.start()
        log.info("run %s (%s) begins: %s", name, run_id, " ".join(self._overrides))
        if problem := git_problem():
            log.warning(problem)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Settle the status; swallow an error that the result tells of."""
        if error is None:
            self.result.status = "FINISHED"
        elif isinstance(error, Exception):
            self.result.status = "FAILED"
            self.result.error = _said(error)
            log.error("the run failed:\n%s", "".join(traceback.format_exception(kind, error, trace)))
        else:
            self.result.status = "KILLED"
            self.result.error = str(error) or type(error).__name__
        self.result.metrics = dict(self.metrics.last)
        before = self._resumed.result.total_seconds or 0.0 if self._resumed else 0.0
        self.result.total_seconds = before + time.time() - self._started
        with self._exits:
            try:
                self.metrics.flush()
                self._write_result()
            except OSError as unwritable:
                self.result.status = "FAILED" if self.result.status == "FINISHED" else self.result.status
                self.result.error = self.result.error or _unwritable(unwritable)
            log.info("the run ends: %s", self.result.status)
            if self._sender is not None:
                if self.result.error or self._resumed:
                    self._sender.change(tags={"rnnlab.error": self.result.error or ""})
                self._sender.change(files=[*self._files, ("result.json", None)])
                self._sender.close(self.result.status)
                self.result.run_id = self._sender.run_id
        return isinstance(error, Exception)

    def _abandon(self, status: str) -> None:
        """End a run in the store that could not begin."""
        if self._sender is not None and self._sender.is_at_work:
            self._sender.close(status)
        elif self._store is not None and self._made is not None:
            with suppress(Exception):  # the next command ends it
                MlflowRun(self._store, self._made).end(status)

    def _write_result(self) -> None:
        if self._sender is not None:
            self.result.run_id = self._sender.run_id
        self.folder.write_result(self.result)

    def note(self, **values: Any) -> None:
        """Add to the manifest."""
        self._manifest |= values
        if self._sender is not None:
            self._manifest["run_id"] = self._sender.run_id
        write_json(self.folder.manifest, self._manifest)

    def tag(self, **tags: Any) -> None:
        """Set tags, ``rnnlab.<name>``, on the MLflow run."""
        if self._sender is not None:
            self._sender.change(tags={f"rnnlab.{name}": str(value) for name, value in tags.items()})

    def datasets(self, digests: dict[str, str]) -> None:
        """Record what the run is trained and tested on: SHA-256 by use (train, val, test)."""
        self.note(data_sha256=digests)
        if self._sender is not None:
            source = json.dumps({"function": self._config.function, "data": plain(self._config.data)})
            name = facets(self._config)["function"]
            self._sender.change(datasets={"digests": digests, "name": name, "source": source})

    def publish(self) -> None:
        """Copy config, manifest, predictions, figures and the best checkpoint to MLflow's artifacts."""
        self._files = list(PUBLISHED)
        if self._sender is not None:
            self._sender.change(files=self._files)


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in CANNOT_BE_WRITTEN:
        return _unwritable(error)
    return f"{type(error).__name__}: {error}"


def _unwritable(error: OSError) -> str:
    return (
        f"the run's folder cannot be written ({error}); its last checkpoint is whole, and resume= goes on from it"
    )


def _fingerprint_of_both(before: RunResult, now: Mapping[str, str]) -> str:
    """Return the fingerprint of a run that goes on: its own only if it is the same from its first epoch."""
    if before.fingerprint == OTHER_CONFIG or before.config_hash != now["rnnlab.config_hash"]:
        return OTHER_CONFIG
    return before.fingerprint if before.fingerprint == now["rnnlab.fingerprint"] else OTHER_CODE

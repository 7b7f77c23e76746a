"""The recorder: owns a run's status from before its network is built until after its test."""

from __future__ import annotations

import json
import logging
import time
import traceback
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from rnnlab.config.record import config_hash, facets, flat, plain, run_name, save_config
from rnnlab.config.schema import RunConfig
from rnnlab.home import home, outputs
from rnnlab.provenance.code import code_version
from rnnlab.provenance.environment import machine, package_versions
from rnnlab.tracking.fingerprint import OTHER_CODE, OTHER_CONFIG
from rnnlab.tracking.folder import RunFolder, write_json
from rnnlab.tracking.heartbeat import heartbeat
from rnnlab.tracking.metrics import MetricBuffer
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.runlog import logging_to
from rnnlab.tracking.store import Store
from rnnlab.tracking.tags import run_tags

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
        self._run: MlflowRun | None = None
        self._exits = ExitStack()
        self._started = time.time()
        self.folder: RunFolder
        self.result: RunResult
        self.metrics: MetricBuffer

    def __enter__(self) -> Self:
        """Make the run, or reopen it, and claim its folder."""
        try:
            self._begin()
        except BaseException as error:
            self._exits.close()
            self._end_in_store("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        return self

    def _begin(self) -> None:
        name = run_name(self._config)
        tags = run_tags(self._config, name)
        if self._resumed is not None:
            tags["rnnlab.fingerprint"] = _fingerprint_of_both(self._resumed.result, tags)
            run_id, self.folder = self._resumed.result.run_id, self._resumed.folder
            self._exits.enter_context(self.folder.in_use())
            if self._store is not None:
                self._run = MlflowRun(self._store, run_id)
                self._run.set_tags(tags | {"rnnlab.resumed": "true"})
                self._run.reopen()
        else:
            if self._store is not None:
                self._run = MlflowRun.create(self._store, name, tags)
            run_id = self._run.run_id if self._run else uuid.uuid4().hex
            self.folder = RunFolder.claim(outputs(), self._config.study.name, name, run_id)
            self._exits.enter_context(self.folder.in_use())
        if self._run is not None:
            self._exits.enter_context(heartbeat(self._run))
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
        self.tag(folder=self.folder.path.relative_to(home()) if self.folder.path.is_relative_to(home()) else "")
        self._exits.enter_context(logging_to(self.folder.log))
        self.metrics = MetricBuffer(self.folder.metrics, self._run.log_points if self._run else lambda _: None)
        if self._resumed is not None:
            self.metrics.last.update(self._resumed.result.metrics)
            if self._run is not None:
                self.metrics.send_missing(self._run.logged)
        save_config(self._config, self.folder.config)
        self._manifest: dict[str, Any] = {
            "run_id": run_id,
            "name": name,
            "started": self._resumed.folder.read_manifest().get("started") if self._resumed else self._started,
            "study": self._config.study.name,
            "job": self._config.study.job,
            "overrides": self._overrides,
            "config_hash": self.result.config_hash,
            "fingerprint": self.result.fingerprint,
            "code": code_version(),
            "packages": package_versions(),
            "machine": machine(),
            "threads": self._config.trainer.threads,
        }
        write_json(self.folder.manifest, self._manifest)
        self.folder.write_result(self.result)
        if self._run is not None and self._resumed is None:
            self._run.log_params(dict(flat(plain(self._config))) | facets(self._config))
        log.info("run %s (%s) begins: %s", name, run_id, " ".join(self._overrides))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Settle the status; swallow an error that the result tells of."""
        if error is None:
            self.result.status = "FINISHED"
        elif isinstance(error, Exception):
            self.result.status = "FAILED"
            self.result.error = f"{type(error).__name__}: {error}"
            log.error("the run failed:\n%s", "".join(traceback.format_exception(kind, error, trace)))
        else:
            self.result.status = "KILLED"
            self.result.error = str(error) or type(error).__name__
        self.result.metrics = dict(self.metrics.last)
        before = self._resumed.result.total_seconds or 0.0 if self._resumed else 0.0
        self.result.total_seconds = before + time.time() - self._started
        with self._exits:
            log.info("the run ends: %s", self.result.status)
            try:
                # In this order: a run whose process is killed in between is FINISHED only if nothing is missing.
                self.metrics.flush()
                self.folder.write_result(self.result)
                if self._run is not None:
                    if self.result.error or self._resumed:
                        self._run.set_tags({"rnnlab.error": self.result.error or ""})
                    self._run.log_file(self.folder.result)
            finally:
                self._end_in_store(self.result.status)
        return isinstance(error, Exception)

    def note(self, **values: Any) -> None:
        """Add to the manifest."""
        self._manifest |= values
        write_json(self.folder.manifest, self._manifest)

    def tag(self, **tags: Any) -> None:
        """Set tags, ``rnnlab.<name>``, on the MLflow run."""
        if self._run is not None:
            self._run.set_tags({f"rnnlab.{name}": str(value) for name, value in tags.items()})

    def datasets(self, digests: dict[str, str]) -> None:
        """Record what the run is trained and tested on: SHA-256 by use (train, val, test)."""
        self.note(data_sha256=digests)
        if self._run is not None:
            source = json.dumps({"function": self._config.function, "data": plain(self._config.data)})
            self._run.log_datasets(digests, facets(self._config)["function"], source)

    def publish(self) -> None:
        """Copy config, manifest, predictions, figures and the best checkpoint to MLflow's artifacts."""
        if self._run is None:
            return
        for path in (self.folder.config, self.folder.manifest, self.folder.predictions):
            self._run.log_file(path)
        self._run.log_file(self.folder.best, "checkpoints")
        self._run.log_folder(self.folder.figures, "figures")

    def _end_in_store(self, status: str) -> None:
        if self._run is not None:
            self._run.end(status)


def _fingerprint_of_both(before: RunResult, now: Mapping[str, str]) -> str:
    """Return the fingerprint of a run that goes on: its own only if it is the same from its first epoch."""
    if before.fingerprint == OTHER_CONFIG or before.config_hash != now["rnnlab.config_hash"]:
        return OTHER_CONFIG
    return before.fingerprint if before.fingerprint == now["rnnlab.fingerprint"] else OTHER_CODE

"""A study's jobs on this machine's cores: in processes that live as long as the study, with configs that are ready.

Hydra's launchers compose the config of every job anew, in the worker; here that takes longer than all the rest of
what a study does for a job.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

from rnnlab.config.schema import RunConfig
from rnnlab.memory import collect_less, keep_imports
from rnnlab.provenance.process import this_process
from rnnlab.study.task import Task
from rnnlab.study.watch import as_text, begin_worker
from rnnlab.tracking.store import import_mlflow


class LocalWorkers:
    """Processes that train runs, one at a time each, and end with this one; a failure inside the context ends them.

    Args:
        options: joblib's.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        numbers = {key: int(value) for key, value in options.items() if str(value).isdecimal()}
        place = as_text(this_process()), str(Path.cwd()), os.environ.get("RNNLAB_HOME")
        watch = {"initializer": begin_worker, "initargs": place}
        self._options = {**options, **numbers, "backend": "loky", **watch}
        self._warming: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._warming is not None:
            get_reusable_executor(reuse=True).shutdown(wait=False, kill_workers=True)

    def warm_up(self, count: int, *, with_store: bool) -> None:
        """Start them, and have them import what a run needs; return at once.

        Args:
            count: how many.
            with_store: whether runs are recorded in a local MLflow store.
        """
        if self._warming is None:
            self._warming = threading.Thread(
                target=self._start, args=(count, with_store), name="warm-up", daemon=True
            )
            self._warming.start()

    def launch_tasks(self, at_once: int, tasks: Sequence[Task]) -> list[Exception | None]:
        """Run jobs and return for each the error that kept it from beginning, or None.

        Raises:
            Exception: joblib's, where a worker died.
        """
        if self._warming is not None:
            self._warming.join()
        # With one worker joblib would run the jobs in this process, which must outlive them.
        parts = [tasks] if at_once > 1 else [[one] for one in tasks]
        options = self._options | {"n_jobs": max(2, at_once)}
        return [
            error
            for part in parts
            for error in Parallel(**options)(
                delayed(_attempt)(task.marks.on(task.job.config), task.job.overrides) for task in part
            )
        ]

    def _start(self, count: int, with_store: bool) -> None:
        # What keeps a worker from importing keeps it from its first job, and is told there.
        with suppress(Exception):
            Parallel(**self._options | {"n_jobs": max(2, count)})(
                delayed(_import_all)(with_store) for _ in range(count)
            )


def _import_all(with_store: bool) -> None:
    collect_less()
    if with_store:
        import_mlflow()
    import rnnlab.report.run_figures
    import rnnlab.study.job  # noqa: F401

    keep_imports()


def _attempt(config: RunConfig, overrides: list[str]) -> Exception | None:
    _import_all(config.tracking.store == "local")
    from rnnlab.study.job import train_job

    try:
        train_job(config, overrides)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is this job's
        return error
    return None

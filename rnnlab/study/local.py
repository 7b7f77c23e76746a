"""A study's jobs on this machine's cores: in processes that live as long as the study, with configs that are ready.

Hydra's launchers compose the config of every job anew, in the worker; here that takes longer than all the rest of
what a study does for a job.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from joblib import Parallel, delayed

from rnnlab.config.schema import RunConfig
from rnnlab.memory import collect_less, keep_imports
from rnnlab.study.launch import Task
from rnnlab.tracking.store import import_mlflow


class LocalWorkers:
    """Processes that train runs, one at a time each.

    Args:
        options: joblib's, ``n_jobs`` among them.
        with_store: whether runs are recorded in a local MLflow store.
    """

    def __init__(self, options: Mapping[str, Any], *, with_store: bool) -> None:
        numbers = {key: int(value) for key, value in options.items() if str(value).isdecimal()}
        self._options = {**options, **numbers, "backend": "loky"}
        self._with_store = with_store
        self._warming = threading.Thread(target=self._start, name="warm-up", daemon=True)

    def warm_up(self) -> None:
        """Start them, and have them import what a run needs; return at once."""
        if self._warming.ident is None:
            self._warming.start()

    def launch(self, tasks: Sequence[Task]) -> list[Exception | None]:
        """Run jobs and return for each the error that kept it from beginning, or None.

        Raises:
            Exception: joblib's, where a worker died.
        """
        if self._warming.ident is not None:
            self._warming.join()
        done: list[Exception | None] = Parallel(**self._options)(
            delayed(_attempt)(task.marks.on(task.job.config), task.job.overrides, self._with_store)
            for task in tasks
        )
        return done

    def _start(self) -> None:
        count = self._options["n_jobs"]
        # What keeps a worker from importing keeps it from its first job, and is told there.
        with suppress(Exception):
            Parallel(**self._options)(delayed(_import_all)(self._with_store) for _ in range(count))


def _import_all(with_store: bool) -> None:
    collect_less()
    if with_store:
        import_mlflow()
    import rnnlab.report.run_figures
    import rnnlab.study.job  # noqa: F401

    keep_imports()


def _attempt(config: RunConfig, overrides: list[str], with_store: bool) -> Exception | None:
    _import_all(with_store)
    from rnnlab.study.job import train_job

    try:
        train_job(config, overrides)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is this job's
        return error
    return None

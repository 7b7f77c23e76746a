"""A sign of life in the store, for those who cannot look at the process itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.tags import heartbeat_tag

SECONDS_BETWEEN_BEATS = 30.0
SECONDS_WITHOUT_A_BEAT = 10 * SECONDS_BETWEEN_BEATS
"""After this time a run on another machine is taken for dead."""

log = logging.getLogger(__name__)


@contextmanager
def heartbeat(run: MlflowRun) -> Iterator[None]:
    """Inside, the run's tag says every half minute that its process is alive."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(SECONDS_BETWEEN_BEATS):
            try:
                run.set_tags(heartbeat_tag())
            except Exception as error:  # noqa: BLE001 - the next beat may reach a store that this one did not
                log.warning("no heartbeat could be sent: %s", error)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

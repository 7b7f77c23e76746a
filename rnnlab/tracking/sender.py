"""Sending to the store beside the training, which never waits for it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rnnlab.tracking.delivery import Delivery
from rnnlab.tracking.metrics import Point
from rnnlab.tracking.outbox import Outbox
from rnnlab.tracking.server_access import reason
from rnnlab.tracking.store import Store
from rnnlab.tracking.tags import heartbeat_tag

SECONDS_BETWEEN_BEATS = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds from a failure to the next attempt; they double."""

SECONDS_AT_THE_END = {"FINISHED": 30.0, "FAILED": 30.0, "KILLED": 2.0}
"""How long the end of a run waits for the store, by its status: who asked it to stop does not want to wait."""

SECONDS_FOR_A_STORE_THAT_IS_AWAY = 3.0

DELETED = "deleted in MLflow, not sent"
"""What is said of a run that somebody deleted there: it stays deleted, and training goes on."""

log = logging.getLogger(__name__)


class Sender:
    """Sends what is known of a run in a thread, again and again while the store is away.

    Args:
        folder: the run's folder, which keeps what was not sent.
        outbox: what the store is to hold.
        connect: returns the store, or raises.
        compare: whether the store may hold some of it already.
    """

    def __init__(self, folder: Path, outbox: Outbox, connect: Callable[[], Store], *, compare: bool) -> None:
        self._delivery = Delivery(folder, outbox, compare=compare)
        self._folder = folder
        self._connect = connect
        self._wake = threading.Event()
        self._done = threading.Event()
        self._closing = False
        self._failures = 0
        self._warned = False
        self._said_deleted = False
        self._beat_at = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="sender", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._delivery.change()
        self._thread.start()
        self._wake.set()

    @property
    def is_at_work(self) -> bool:
        """Whether it was started."""
        return self._thread.is_alive()

    @property
    def run_id(self) -> str:
        """The run's id, which the store may have given late."""
        return self._delivery.outbox.run_id

    def change(self, **values: Any) -> None:
        """Change what the store is to hold; see `Delivery.change`."""
        self._delivery.change(**values)
        self._wake.set()

    def points(self, points: Sequence[Point]) -> None:
        """Send points, which are in the run's file already."""
        self._delivery.add_points(points)
        self._wake.set()

    def compare_again(self) -> None:
        """Look what the store has before anything more is sent."""
        self._delivery.compare_again()

    def close(self, status: str) -> bool:
        """Send the run's final status, and return whether the store has everything.

        Waits for a while; what is left then is sent by the next command that opens the store.
        """
        self._closing = True
        self._delivery.change(status=status, ended=time.time())
        self._wake.set()
        deadline = time.monotonic() + SECONDS_AT_THE_END[status]
        while not self._done.wait(0.05) and time.monotonic() < deadline and not self._delivery.is_deleted:
            if self._failures:
                deadline = min(deadline, time.monotonic() + SECONDS_FOR_A_STORE_THAT_IS_AWAY)
                self._done.wait(deadline - time.monotonic())
                break
        if self._delivery.is_deleted:
            self._deleted()
        elif not self._delivery.is_done:
            self._say("the store has not got everything of this run; `rnnlab sync` sends the rest")
        return self._delivery.is_done

    def _work(self) -> None:
        pause = SECONDS_BETWEEN_BEATS
        while not self._done.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            try:
                self._beat()
                self._delivery.send(self._connect())
            except Exception as error:  # noqa: BLE001 - whatever the store does, training goes on
                self._failed(error)
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures - 1, 10))
                self._rest(pause)
                pause = 0.0
                continue
            if self._delivery.is_deleted:
                self._deleted()
            elif self._failures:
                log.info("the store takes the run again")
            self._failures = 0
            pause = SECONDS_BETWEEN_BEATS
            if self._delivery.is_done:
                self._done.set()

    def _beat(self) -> None:
        """Say every half minute that this process is alive, for those who cannot look at it."""
        if not self._closing and time.monotonic() - self._beat_at >= SECONDS_BETWEEN_BEATS:
            self._delivery.change(tags=heartbeat_tag())
            self._beat_at = time.monotonic()

    def _rest(self, seconds: float) -> None:
        """Wait between two attempts; the end of the run cuts the wait short, once."""
        until = time.monotonic() + seconds
        closing = self._closing
        while time.monotonic() < until and closing == self._closing:
            time.sleep(0.1)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        why = reason(error, self._delivery.outbox.uri).rstrip(".")
        if self._warned:
            log.info("the store does not take the run yet: %s", why)
            return
        self._warned = True
        self._say(f"the store does not take the run ({why}); it goes on, and what is missing is sent later")

    def _deleted(self) -> None:
        if not self._said_deleted:
            self._said_deleted = True
            self._say(f"{DELETED}; its folder has everything")

    def _say(self, text: str) -> None:
        log.warning(text)
        print(f"rnnlab: {self._folder.name}: {text}", file=sys.stderr, flush=True)

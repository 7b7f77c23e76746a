"""Ctrl-C and SIGTERM as one exception that nothing on the way mistakes for an error."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """The process was asked to stop. Its exit code is 128 plus the signal's number: 130 or 143.

    KeyboardInterrupt itself will not do: Lightning catches it and leaves with exit code 1.
    """

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(signum)

    @property
    def exit_code(self) -> int:
        """The exit code that shells expect of a process ended by this signal."""
        return 128 + self.signum

    def __str__(self) -> str:
        """Return the word for it that a user knows."""
        return "interrupted" if self.signum == signal.SIGINT else "terminated"


class _Handler:
    """What is done with a signal: raised at once, or kept while somebody looks for it between two steps."""

    def __init__(self) -> None:
        self.asked: int | None = None
        self.kept = False

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        if self.asked is None:
            self.asked = signum
            if not self.kept:
                raise Interrupted(signum)
        elif signum == signal.SIGINT:
            # What is written at this moment lies beside its place, or is a line that the next reader cuts off.
            os._exit(128 + signum)


_handler: _Handler | None = None
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Inside, SIGINT and SIGTERM raise `Interrupted` in the main thread; afterwards all is as before.

    A SIGINT after another signal leaves at once, without any cleaning up; a SIGTERM after one is passed over.
    """
    global _handler  # noqa: PLW0603 - signals are the process's, not an object's
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, _handler = _handler, _Handler()
    handlers = {number: signal.signal(number, _handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        _handler = before


@contextmanager
def interrupts_kept() -> Iterator[Callable[[], int | None]]:
    """Inside, a first signal raises nothing: the function that is given returns its number, or None.

    Whoever asks finishes what must not be torn and raises `Interrupted`. One that nobody asked about is raised at
    the end.
    """
    handler = _handler
    if handler is None:
        yield lambda: None
        return
    handler.kept = True
    try:
        yield lambda: handler.asked
    finally:
        handler.kept = False
    if handler.asked is not None:
        raise Interrupted(handler.asked)


def take_interrupts_back() -> None:
    """Inside `interrupts_raised`, be the signals' only handler again after a library has set one of its own."""
    if _handler is not None and threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, _handler)

"""Ctrl-C and SIGTERM as one exception that nothing on the way mistakes for an error."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


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


def _raise_interrupted(signum: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted(signum)


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Inside, SIGINT and SIGTERM raise `Interrupted` in the main thread; afterwards all is as before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _raise_interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

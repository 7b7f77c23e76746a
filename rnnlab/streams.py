"""The process's standard streams, made such that the screen decides nothing: whatever it does, the work goes on."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

NUMBERS = {"stdout": 1, "stderr": 2}


class _Lenient(io.RawIOBase):
    """A stream's file, written to as far as it takes anything.

    What is closed, full, gone or has nobody left to read it would raise an error in whoever prints: in the middle
    of a training, in another library, or in Python itself when it ends, which then changes the exit code.

    Attributes:
        error: why the last of what was not taken was not, or None.
    """

    def __init__(self, number: int, name: str, mode: str = "w") -> None:
        self.name, self.mode = name, mode
        self._number = number
        self.error: OSError | None = None

    def fileno(self) -> int:
        """Return the file's number."""
        return self._number

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self._number)

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Write all that is taken, and say that it was all."""
        rest = memoryview(content).cast("B")
        length = len(rest)
        try:
            while rest:
                rest = rest[os.write(self._number, rest) :]
        except OSError as error:
            self.error = error
        return length


def make_lenient() -> None:
    """Make standard output and standard error of this process swallow what they cannot take; again is harmless.

    A stream that was closed becomes the null device: its number would go to the next file that is opened, such as
    a database, and whoever prints by number would write into that. What an encoding lacks is written as an escape.
    A stream that somebody has put another in the place of is left alone.
    """
    closed: dict[int, OSError] = {}
    for number in range(3):
        try:
            os.fstat(number)
        except OSError as error:
            closed[number] = error
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest free number: this one
    for name, number in NUMBERS.items():
        there, own = getattr(sys, name), getattr(sys, f"__{name}__")
        if there is own and not isinstance(_raw(there), _Lenient):
            lenient = _lenient(number, there, closed.get(number))
            setattr(sys, name, lenient)
            setattr(sys, f"__{name}__", lenient)


def lost_output() -> OSError | None:
    """Return why standard output did not take all that was written, or None if it did or cannot tell."""
    raw = _raw(sys.stdout)
    return raw.error if isinstance(raw, _Lenient) else None


def _raw(stream: object) -> object:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _lenient(number: int, before: TextIO | None, error: OSError | None) -> TextIO:
    """Return the stream that takes the place of another, with its encoding and its way of waiting for lines."""
    if before is not None:
        with suppress(OSError, ValueError):
            before.flush()
    raw = _Lenient(number, f"<{'stdout' if number == 1 else 'stderr'}>")
    raw.error = error
    unbuffered = getattr(before, "write_through", False)
    return io.TextIOWrapper(
        raw if unbuffered else io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=getattr(before, "line_buffering", True),
        write_through=unbuffered,
    )

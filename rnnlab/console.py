"""The console that everything is printed to."""

from __future__ import annotations

import sys

from rich.console import Console

WIDTH_OF_A_FILE = 160
"""Columns where the output is no terminal, so that no table is cut short."""


def printable(text: str) -> str:
    """Return a text out of a record or a store with its control characters named: they would steer a terminal."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def make_console() -> Console:
    """Return a console on standard output that never breaks a line which somebody may want to copy."""
    return Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)

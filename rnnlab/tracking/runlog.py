"""A run's log file: what rnnlab, Lightning and Python's warnings say goes there, not to the screen."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SOURCES = ("rnnlab", "pytorch_lightning", "lightning.pytorch", "lightning.fabric", "py.warnings")


class _LogFile(logging.FileHandler):
    """A log that cannot be written says nothing: what keeps it from being written is said elsewhere."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Pass over a message."""


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Inside, messages of the sources and warnings are appended to the file."""
    handler = _LogFile(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    loggers = [logging.getLogger(name) for name in SOURCES]
    before = [(logger.propagate, logger.level, logger.handlers) for logger in loggers]
    logging.captureWarnings(True)
    for logger in loggers:
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for logger, (propagate, level, handlers) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
        with suppress(OSError):
            handler.close()

"""matplotlib, which no setting of the user's may keep from being imported, or make talk.

rnnlab draws into files, in a style of its own (`rnnlab.report.style`). But matplotlib reads the user's settings
when it is imported, and fails on some: on a `MPLBACKEND` that is not installed (every Jupyter kernel sets one for
all that it starts), or on a `matplotlibrc` that cannot be read. Then it is imported without them. Where it can be
imported with them it is, because a user's own code may want them.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

NAME = "matplotlib"
VARIABLES = ("MPLBACKEND", "MATPLOTLIBRC")
FILE = "matplotlibrc"


def tolerate_user_settings() -> None:
    """Have matplotlib imported, by whoever is the first to do so, whatever the user's settings are."""
    if NAME not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds matplotlib once, and gives it a loader that tries again."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if name != NAME:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loads matplotlib quietly, a second time without the user's settings if they are in the way."""

    def __init__(self, own: Loader) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        logger = logging.getLogger(NAME)
        level = logger.level
        # It would tell of bad lines in a matplotlibrc, of a home that cannot be written, of the list of fonts.
        logger.setLevel(logging.CRITICAL)
        try:
            try:
                self._own.exec_module(module)
            except Exception:  # noqa: BLE001 - each setting has its own way to be wrong
                _forget_parts()
                with _without_settings():
                    self._own.exec_module(module)
            importlib.import_module(f"{NAME}.font_manager")
        finally:
            logger.setLevel(level)


def _forget_parts() -> None:
    """Forget the modules of a package whose import failed; those in C cannot be loaded twice."""
    for name, part in list(sys.modules.items()):
        if name.startswith(f"{NAME}.") and str(getattr(part, "__file__", "")).endswith(".py"):
            del sys.modules[name]


@contextmanager
def _without_settings() -> Iterator[None]:
    """Inside, no setting of the user's is to be seen, in a variable or in a file."""
    hidden = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    exists = os.path.exists

    def exists_here(path: int | str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> bool:
        # A file in the current folder comes before every other, and no variable changes that.
        is_users = not isinstance(path, int) and os.fsdecode(path).endswith(FILE) and "mpl-data" not in str(path)
        return exists(path) and not is_users

    os.path.exists = exists_here
    try:
        yield
    finally:
        os.path.exists = exists
        os.environ |= hidden

"""torch's compiler, imported by whoever compiles something, and not before.

Importing `torch._dynamo` takes longer than importing torch. Lightning does it for the name of a class, and torch's
optimisers do it to tell the compiler that they are not to be compiled. Until something else is asked of it, a
stand-in answers them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

import torch

NAME = "torch._dynamo"


class _OptimizedModule:
    """Stands for the class of what `torch.compile` made of a module: nothing is an instance of it."""


class _StandIn(ModuleType):
    """Answers what is asked of the compiler where nothing is compiled; imports it for anything else."""

    OptimizedModule = _OptimizedModule

    @staticmethod
    def disable(function: Any = None, recursive: bool = True, **_: Any) -> Any:  # noqa: ARG004 - torch's own
        """Return a function, or a decorator, that the compiler would leave alone."""
        return function if function is not None else lambda decorated: decorated

    @staticmethod
    def graph_break(*_: Any, **__: Any) -> None:
        """End the piece that is compiled."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what is asked of every module in sys.modules
            raise AttributeError(name)
        return getattr(_load(), name)


class _Modules(MetaPathFinder):
    """Finds the compiler's modules while the stand-in is in its place, by importing it."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if not name.startswith(f"{NAME}.") or not isinstance(sys.modules.get(NAME), _StandIn):
            return None
        package = _load()
        if name in sys.modules:
            return ModuleSpec(name, _Loaded(sys.modules[name]))
        return PathFinder.find_spec(name, package.__path__, target)


class _Loaded(Loader):
    """Loads a module that the compiler has loaded itself meanwhile."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


def _load() -> ModuleType:
    """Import the compiler in the stand-in's place."""
    if isinstance(sys.modules.get(NAME), _StandIn):
        del sys.modules[NAME]
    return importlib.import_module(NAME)  # which also sets torch._dynamo


def put_off_compiler() -> None:
    """Put the stand-in in the compiler's place, if that was not imported yet."""
    if NAME in sys.modules:
        return
    sys.meta_path.insert(0, _Modules())
    sys.modules[NAME] = stand_in = _StandIn(NAME)
    stand_in.__path__ = []  # a package: its modules are looked for by `_Modules`
    setattr(torch, "_dynamo", stand_in)  # noqa: B010

"""What a config may name that comes out of a record: somebody else may have written it.

What a user writes on the command line or in their own configs may name any object.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from rnnlab.config.record import plain
from rnnlab.config.schema import RunConfig
from rnnlab.errors import BadInputError, Problem, listed

PACKAGES = ("rnnlab", "torch", "numpy")
"""The packages that a record may name objects of."""

PARTS = ("rnnlab.data", "rnnlab.models", "rnnlab.training.schedules")
"""The modules of rnnlab's own that hold parts of a run; the others open files and start processes."""

NOT_PARTS = (
    *("torch.serialization", "torch.hub", "torch.package", "torch.utils", "torch.jit", "torch.multiprocessing"),
    *("torch.distributed", "torch.testing", "torch.storage", "torch.ops", "torch.onnx", "torch._inductor"),
    *("numpy.load", "numpy.save", "numpy.savez", "numpy.savez_compressed", "numpy.savetxt", "numpy.testing"),
    *("numpy.memmap", "numpy.fromfile", "numpy.lib", "numpy.f2py", "torch.load", "torch.save"),
)
"""What in the other packages reads and writes files or runs code."""


def check_recorded(config: RunConfig, allowed: Iterable[str], given: RunConfig | None, key: str) -> None:
    """Make sure that a run's recorded config names no code that the user has not agreed to.

    Args:
        config: from the record.
        allowed: the packages in ``allow_targets``.
        given: what was composed from the user's own command line and configs: what it names is agreed to.
        key: the key that led to the record: ``run`` or ``resume``.

    Raises:
        BadInputError: it names an object of another package.
    """
    agreed = {target for _, target in _targets(plain(given))} if given is not None else set()
    problems = [
        _problem(where, target, key)
        for where, target in _targets(plain(config))
        if target not in agreed and not is_part(target, allowed)
    ]
    if problems:
        raise BadInputError(problems)


def is_part(target: str, allowed: Iterable[str] = ()) -> bool:
    """Return whether a record may name this object."""
    top = target.partition(".")[0]
    if top in set(allowed) - {"rnnlab"}:
        return True
    if top not in PACKAGES or _below(target, NOT_PARTS) or (top == "rnnlab" and not _below(target, PARTS)):
        return False
    # A module hands on what it imported: rnnlab.data.x.os.system is not rnnlab's.
    homes = list(_homes(target))
    return bool(homes) and all(home.partition(".")[0] in PACKAGES and not _below(home, NOT_PARTS) for home in homes)


def _homes(target: str) -> Iterator[str]:
    """Yield the modules that the object of a dotted path is reached through, and the one that it was defined in."""
    first, *rest = target.split(".")
    found: Any = importlib.import_module(first)
    path = first
    yield found.__name__
    for name in rest:
        path = f"{path}.{name}"
        if isinstance(found, ModuleType) and not hasattr(found, name):
            try:
                importlib.import_module(path)
            except ImportError:
                return  # there is no such object; whoever looks it up says so
        found = getattr(found, name, None)
        if isinstance(found, ModuleType):
            yield found.__name__
    home = getattr(found, "__module__", None)
    if isinstance(home, str):
        yield home


def _below(name: str, places: Iterable[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def _targets(values: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield every ``_target_``, however deep, with the key it stands under."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            path = f"{where}.{name}" if where else str(name)
            if name == "_target_":
                yield path, str(value)
            else:
                yield from _targets(value, path)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _targets(value, where)


def _problem(where: str, target: str, key: str) -> Problem:
    package = target.partition(".")[0]
    return Problem(
        where,
        target,
        f"the record that {key}= names wants code from outside {listed(PACKAGES)} run; if you trust it, add "
        f"allow_targets=[{package}]",
    )

"""What a config may name that comes out of a record: somebody else may have written it.

What a user writes on the command line or in their own configs may name any object.
"""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import torch

from rnnlab.config.keys import keys_of
from rnnlab.config.record import flat, plain
from rnnlab.config.schema import RunConfig
from rnnlab.errors import BadInputError, Problem, listed

PACKAGES = ("rnnlab", "torch", "numpy")
"""The packages that a record may name objects of."""

PARTS = ("rnnlab.data", "rnnlab.models", "rnnlab.training.schedules", "torch.nn", "torch.optim")
"""The modules of these that hold parts of a run; the others open files, start processes or run text as code.

Of torch these are networks and optimisers, no functions; of numpy the functions of arrays, such as ``numpy.sin``.
"""


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
    is_text = {key.name: key.kind is str for key in keys_of(RunConfig)}.get
    agreed = {target for _, target in _targets(plain(given))} if given is not None else set()
    foreign = [
        (where, target)
        for where, target in _targets(plain(config))
        if target not in agreed and not is_part(target, allowed)
    ]
    consent = shlex.quote(_consent([*allowed, *(_package(target) for _, target in foreign)]))
    problems = [_problem(where, target, key, consent) for where, target in foreign]
    problems += [
        Problem(where, text, "a record must hold values: ${...} would be looked up, and may run code")
        for where, text in flat(plain(config))
        if "${" in str(text) and not is_text(where)
    ]
    if problems:
        raise BadInputError(problems)


def explain_words(configs: Sequence[RunConfig], ids: Sequence[str], *more: str) -> str:
    """Return the words after ``rnnlab`` that explain runs, as they can be pasted into a shell.

    Args:
        configs: of the runs: what their records need in ``allow_targets`` is agreed to.
        ids: of the runs, or the beginnings of these.
        more: further overrides.
    """
    named = f"run={ids[0]}" if len(ids) == 1 else f"runs={','.join(ids)}"
    targets = [target for config in configs for _, target in _targets(plain(config)) if not is_part(target)]
    words = ["explain", named, *more, *([_consent(map(_package, targets))] if targets else [])]
    return shlex.join(words)


def _consent(packages: Iterable[str]) -> str:
    """Return the override that agrees to packages."""
    return f"allow_targets=[{','.join(dict.fromkeys(packages))}]"


def is_part(target: str, allowed: Iterable[str] = ()) -> bool:
    """Return whether a record may name this object."""
    top, *names = target.split(".")
    if top in set(allowed) - {"rnnlab"}:
        return True
    if any(name.startswith("_") for name in names):
        return False
    if top == "numpy":
        return len(names) == 1 and isinstance(getattr(np, names[0], None), np.ufunc)
    return _below(target, PARTS) and _is_own_part(_found(target), top)


def _is_own_part(found: Any, package: str) -> bool:
    """Return whether what a dotted path below `PARTS` leads to belongs there.

    A module hands on what it imported: rnnlab.data.x.os.system is not rnnlab's.
    """
    if found is None:
        return True  # there is no such object; whoever looks it up says so
    own = _below(str(getattr(found, "__module__", "")), PARTS)
    if package == "torch":
        return own and isinstance(found, type) and issubclass(found, torch.nn.Module | torch.optim.Optimizer)
    return own


def _found(target: str) -> Any:
    """Return the object of a dotted path below `PARTS`, or None."""
    first, *rest = target.split(".")
    found: Any = importlib.import_module(first)
    path = first
    for name in rest:
        path = f"{path}.{name}"
        if isinstance(found, ModuleType) and not hasattr(found, name):
            if not _below(found.__name__, PACKAGES):
                return None
            try:
                importlib.import_module(path)
            except ImportError:
                return None
        found = getattr(found, name, None)
    return found


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


def _package(target: str) -> str:
    return target.partition(".")[0]


def _problem(where: str, target: str, key: str, consent: str) -> Problem:
    return Problem(
        where,
        target,
        f"the record that {key}= names wants code from outside {listed(PACKAGES)} run; if you trust it, add "
        f"{consent}",
    )

"""The engines that rnnlab can do without."""

from __future__ import annotations

import importlib
from types import ModuleType

from rnnlab.errors import BadInputError, Problem


def imported(module: str, cluster: str) -> ModuleType:
    """Return the module that an option of ``cluster`` needs, from the extra of the option's name.

    Raises:
        BadInputError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        allowed = f"needs the module {module}: pip install 'rnnlab[{cluster}]'"
        raise BadInputError(Problem("cluster", cluster, allowed)) from error

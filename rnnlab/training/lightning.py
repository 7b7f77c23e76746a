"""PyTorch Lightning, imported without what nobody here calls.

Lightning imports torchmetrics, which imports `scipy.signal` only to give it back a function that SciPy has
dropped: a second and 500 modules, in every process that trains. A placeholder stands there meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from rnnlab.report.settings import tolerate_user_settings
from rnnlab.training.compiler import put_off_compiler

__all__ = ["CheckpointIO", "LightningEnvironment", "pl"]


@contextmanager
def _without(name: str, **attributes: object) -> Iterator[None]:
    """Inside, importing a module that was not imported yet gives a placeholder with these attributes."""
    if name in sys.modules:
        yield
        return
    placeholder = ModuleType(name)
    vars(placeholder).update(attributes)
    sys.modules[name] = placeholder
    try:
        yield
    finally:
        if sys.modules.get(name) is placeholder:
            del sys.modules[name]
        package, _, module = name.rpartition(".")
        if vars(sys.modules.get(package, placeholder)).get(module) is placeholder:
            delattr(sys.modules[package], module)


put_off_compiler()
tolerate_user_settings()  # torchmetrics imports matplotlib
with _without("scipy.signal", hamming=None):
    import pytorch_lightning as pl
    from pytorch_lightning.plugins import CheckpointIO
    from pytorch_lightning.plugins.environments import LightningEnvironment

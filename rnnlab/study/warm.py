"""What a worker imports before it has a job, while the study's process opens the store and plans."""

from __future__ import annotations

from importlib import import_module

from rnnlab.memory import collect_less, keep_imports
from rnnlab.tracking.store import import_mlflow


def import_all() -> None:
    """Import what a run needs: training, figures and the store; it takes seconds."""
    collect_less()
    import_mlflow()
    for module in ("rnnlab.study.job", "rnnlab.report.run_figures"):
        import_module(module)
    keep_imports()

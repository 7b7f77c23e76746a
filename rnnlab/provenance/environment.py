"""What a run depends on beside its config and the code: the versions and the machine."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "rnnlab",
    "torch",
    "pytorch-lightning",
    "hydra-core",
    "omegaconf",
    "mlflow",
    "numpy",
    "scipy",
    "matplotlib",
)


@cache
def package_versions() -> dict[str, str]:
    """Return the installed version of each package that a result depends on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def machine() -> dict[str, Any]:
    """Return host, operating system, Python, processor and number of cores."""
    return {
        "host": platform.node(),
        "os": platform.platform(),
        "python": platform.python_version(),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())

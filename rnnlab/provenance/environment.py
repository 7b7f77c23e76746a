"""What a run depends on beside its config and the code: the versions and the machine."""

from __future__ import annotations

import os
import platform
import re
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
    """Return host, operating system, Python, processor, its instruction set, number of cores, and the GPUs if any.

    The instruction set is the one that torch's kernels are chosen by: results depend on it in the last bits.
    """
    import torch

    return {
        "host": platform.node(),
        "os": platform.platform(),
        "python": platform.python_version(),
        "cpu": _cpu_model(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
    } | _gpus()


def _gpus() -> dict[str, Any]:
    """Return the GPUs, their driver, CUDA and cuDNN; nothing where there is no GPU."""
    import torch

    if not torch.cuda.is_available():
        return {}
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return {
        "gpus": ", ".join(names),
        "driver": _driver(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }


def _driver() -> str:
    try:
        line = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return "unknown"
    numbers = re.findall(r"\b\d+\.\d+(?:\.\d+)?\b", line)
    return numbers[0] if numbers else line


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())

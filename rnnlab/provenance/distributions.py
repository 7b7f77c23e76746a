"""Installed packages: which of them a module belongs to, and what tells one release from another."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

SITES = ("site-packages", "dist-packages")
"""Names of folders that packages are installed in; ``.egg-info`` elsewhere stands beside somebody's source."""

OWN_DEPENDENCIES = (
    "filelock",
    "hydra-core",
    "hydra-joblib-launcher",
    "jinja2",
    "joblib",
    "matplotlib",
    "mlflow",
    "numpy",
    "psutil",
    "pytorch-lightning",
    "pyyaml",
    "rich",
    "scipy",
    "torch",
)
"""What rnnlab itself depends on, as pyproject.toml has it; it may run from a clone that is not installed."""

DIGITS = 12


class Installed:
    """An installed package.

    Args:
        info: its folder of metadata, ``<name>-<version>.dist-info``.
    """

    def __init__(self, info: Path) -> None:
        self._info = info
        self._metadata = Distribution.at(info)
        self.name = normalized(info.name.rpartition(".")[0].partition("-")[0])

    @cached_property
    def release(self) -> str:
        """Its version, and where it came from no index what else tells one state of it from another."""
        origin = self._origin
        if "vcs_info" in origin:
            return f"{self._metadata.version} at {origin['vcs_info'].get('commit_id')}"
        if origin:
            return f"{self._metadata.version} with files {hashlib.sha256(self._sources()).hexdigest()[:DIGITS]}"
        return self._metadata.version

    @property
    def worked_on_in(self) -> Path | None:
        """The folder that its source lies in, where it is installed as editable; else None."""
        if not self._origin.get("dir_info", {}).get("editable"):
            return None
        return Path(url2pathname(urlsplit(str(self._origin.get("url"))).path))

    def requirements(self) -> Iterator[str]:
        """Yield the names of the packages that it requires, those of its extras left out."""
        for requirement in self._metadata.requires or []:
            name, _, marker = requirement.partition(";")
            match = re.match(r"[\w.-]+", name)
            if match and "extra" not in marker:
                yield normalized(match[0])

    def modules(self) -> list[str]:
        """Return the top-level modules that it is said to have."""
        names = (self._metadata.read_text("top_level.txt") or self.name.replace("-", "_")).split()
        return [name for name in names if name.isidentifier()]

    def has(self, file: str) -> bool:
        """Return whether a file, by its path from the folder that it is installed in, is one of its own."""
        if not self._record:
            return file.partition("/")[0].removesuffix(".py") in self.modules()
        return f"\n{file}," in self._record

    def size(self) -> int:
        """Return the number of its Python files."""
        return self._record.count(".py,")

    @cached_property
    def _record(self) -> str:
        text = self._metadata.read_text("RECORD")
        return "\n" + text.replace("\r", "") if text else ""

    @cached_property
    def _origin(self) -> dict[str, Any]:
        try:
            found = json.loads(self._metadata.read_text("direct_url.json") or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _sources(self) -> bytes:
        elsewhere = (".dist-info/", ".pyc,", "../")  # what the installation adds of its own
        lines = (line for line in self._record.splitlines() if not any(part in line for part in elsewhere))
        return "\n".join(sorted(lines)).encode()


def normalized(name: str) -> str:
    """Return a package's name as all its spellings have it: ``hydra-core`` for ``Hydra_Core``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def owner(module: str, file: Path) -> Installed | None:
    """Return the installed package that a module belongs to, or None where it is nobody's but the user's.

    Args:
        module: its dotted path.
        file: where it lies.
    """
    above = module.count(".") + (file.name.partition(".")[0] == "__init__")
    if above >= len(file.parents):
        return None
    site = file.parents[above]
    path = file.relative_to(site).as_posix()
    packages = _installed_in(site)
    likely = packages.get(normalized(module.partition(".")[0]))
    candidates = [likely, *packages.values()] if likely else packages.values()
    return next((package for package in candidates if package.has(path)), None)


def installed(name: str) -> Installed | None:
    """Return the installed package of this name, or None."""
    found = (_installed_in(Path(entry)).get(normalized(name)) for entry in sys.path if entry)
    return next((package for package in found if package is not None), None)


@cache
def rnnlabs_own() -> frozenset[str]:
    """Return the names of the packages that rnnlab needs, and of all that these need, installed or not."""
    names: set[str] = set()
    waiting = ["rnnlab", *OWN_DEPENDENCIES]
    while waiting:
        name = waiting.pop()
        if name in names:
            continue
        names.add(name)
        package = installed(name)
        waiting += package.requirements() if package else []
    return frozenset(names)


def _installed_in(site: Path) -> dict[str, Installed]:
    try:
        return _read(site, site.stat().st_mtime_ns)
    except OSError:
        return {}


@cache
def _read(site: Path, _changed: int) -> dict[str, Installed]:
    kinds = ("*.dist-info", "*.egg-info") if site.name in SITES else ("*.dist-info",)
    found = [Installed(path) for kind in kinds for path in sorted(site.glob(kind))]
    return {package.name: package for package in found}

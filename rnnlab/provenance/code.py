"""The version of the code that a result depends on: rnnlab's own, and the user's."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from rnnlab import __version__

PACKAGE = Path(__file__).parents[1]
DIGITS = 12


@cache
def code_version() -> dict[str, Any]:
    """Return commit, branch and whether files differ from it, of rnnlab's clone or else of the current folder.

    Empty where neither is under git.
    """
    folder = PACKAGE if _in_clone() else Path.cwd()
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return {}
    return {
        "commit": commit,
        "branch": _git(folder, "rev-parse", "--abbrev-ref", "HEAD"),
        "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no")),
    }


@cache
def code_diff() -> bytes:
    """Return what differs from the commit that `code_version` names, as `git apply` takes it; empty if it is clean.

    New files that git does not know are not part of it.
    """
    if not code_version().get("dirty"):
        return b""
    folder = PACKAGE if _in_clone() else Path.cwd()
    words = ["diff", "--binary", "--no-color", "--no-ext-diff", "HEAD", "--", ":/"]
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return b""


LARGEST_DIFF = 2_000_000
"""Bytes of a diff that are kept with a run; a longer one is cut, and cannot be applied."""


def code_record() -> dict[str, Any]:
    """Return what a run records of its code: version, id, and what the diff that is kept beside it was."""
    diff = code_diff()
    about = {"diff_sha256": hashlib.sha256(diff).hexdigest(), "diff_is_whole": len(diff) <= LARGEST_DIFF}
    return code_version() | {"id": code_id()} | (about if diff else {})


def clone() -> Path | None:
    """Return the folder of rnnlab's clone, or None where it is installed without one."""
    top = _git(PACKAGE, "rev-parse", "--show-toplevel") if _in_clone() else None
    return Path(top) if top else None


@cache
def code_id() -> str:
    """Return what two runs have in common that were made by the same rnnlab.

    It is the commit of rnnlab's clone, with a hash of the package's source where files differ from that
    commit; the version with such a hash where rnnlab is installed without a clone.
    """
    if not _in_clone():
        return f"{__version__}+{_source_hash([PACKAGE])}"
    version = code_version()
    if version["dirty"] or _git(PACKAGE, "status", "--porcelain", "--", "."):
        return f"{version['commit']}+{_source_hash([PACKAGE])}"
    return str(version["commit"])


@cache
def own_code_id(module: str) -> str:
    """Return a hash of the source of a user's top-level module, or of all files of their package.

    Empty for rnnlab itself, for installed packages and for Python's own: their versions say enough.
    """
    own = own_code(module)
    return _source_hash(own) if own else ""


def own_code(module: str) -> list[Path]:
    """Return where a user's top-level module lies: its file, or its package's folder; nothing for others."""
    if module == "rnnlab":
        return []
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return []
    places = [] if spec is None else spec.submodule_search_locations or [spec.origin or ""]
    libraries = [sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib", "platstdlib")]
    return [Path(place) for place in places if Path(place).exists() and not place.startswith(tuple(libraries))]


def _source_hash(places: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for place in places:
        for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
            digest.update(file.relative_to(place.parent).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:DIGITS]


@cache
def _in_clone() -> bool:
    return _git(PACKAGE, "ls-files", "--error-unmatch", "__init__.py") is not None


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()

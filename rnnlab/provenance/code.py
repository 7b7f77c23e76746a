"""The code that a result depends on: rnnlab's own source, and the commit, as a record, that it stands at."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import Any

from rnnlab.provenance.git import GitError, ask
from rnnlab.provenance.own_code import OwnCode

PACKAGE = Path(__file__).parents[1]
DIGITS = 16


@cache
def code_id() -> str:
    """Return what two runs have in common that were made by the same rnnlab: a hash of its source.

    Neither the commit nor the folder nor the versions of what it depends on are part of it.
    """
    digest = hashlib.sha256()
    for file in _source():
        digest.update(file.relative_to(PACKAGE.parent).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:DIGITS]


def _source() -> list[Path]:
    # In hydra_plugins lie the plugins of others, too.
    places = [PACKAGE, *PACKAGE.parent.glob("hydra_plugins/rnnlab_*")]
    return sorted(file for place in places for file in place.rglob("*.py"))


@cache
def code_version() -> dict[str, Any]:
    """Return commit, branch and whether files differ from it, of rnnlab's clone or else of the current folder.

    Where git could not tell all of it, ``git`` says why. Empty where neither folder is under git.
    """
    version: dict[str, Any] = {}
    try:
        folder = _folder()
        commit = _text(folder, "rev-parse", "HEAD")
        if commit is None:
            return {}
        version["commit"] = commit
        version["branch"] = _text(folder, "rev-parse", "--abbrev-ref", "HEAD")
        version["dirty"] = bool(_text(folder, "status", "--porcelain", "--untracked-files=no"))
        if version["dirty"]:
            _diff(folder)
    except GitError as error:
        version["git"] = str(error)
    return version


def git_problem() -> str | None:
    """Return a line on what git could not tell of the code, or None."""
    version = code_version()
    if "git" not in version:
        return None
    lost = "the commit is" if "commit" not in version else "what differs from the commit is"
    return f"git {version['git']}; {lost} not recorded, and runs go on without"


def say_git_problem() -> None:
    """Say on standard error what git could not tell of the code, if anything."""
    problem = git_problem()
    if problem:
        print(f"rnnlab: {problem}", file=sys.stderr)


@cache
def code_diff() -> bytes:
    """Return what differs from the commit that `code_version` names, as `git apply` takes it; empty if it is clean.

    New files that git does not know are not part of it.
    """
    version = code_version()
    return _diff(_folder()) if version.get("dirty") and "git" not in version else b""


@cache
def _diff(folder: Path) -> bytes:
    return ask(folder, "diff", "--binary", "--no-color", "--no-ext-diff", "HEAD", "--", ":/") or b""


LARGEST_DIFF = 2_000_000
"""Bytes of a diff that are kept with a run; a longer one is cut, and cannot be applied."""


def code_record(own: OwnCode) -> dict[str, Any]:
    """Return what a run records of its code.

    That is the commit, what the diff that is kept beside it was, the hash of rnnlab's source, and of the user's
    own code the modules with their hashes and the packages with their versions.
    """
    diff = code_diff()
    about = {"diff_sha256": hashlib.sha256(diff).hexdigest(), "diff_is_whole": len(diff) <= LARGEST_DIFF}
    source = {"source": code_id(), "modules": dict(own.modules), "packages": dict(own.packages)}
    return code_version() | source | (about if diff else {})


def clone() -> Path | None:
    """Return the folder of rnnlab's clone, or None where it is installed without one.

    Raises:
        GitError: git is missing, slow or refuses.
    """
    top = _text(PACKAGE, "rev-parse", "--show-toplevel") if _in_clone() else None
    return Path(top) if top else None


def _folder() -> Path:
    return PACKAGE if _in_clone() else Path.cwd()


@cache
def _in_clone() -> bool:
    return ask(PACKAGE, "ls-files", "--error-unmatch", "__init__.py") is not None


def _text(folder: Path, *words: str) -> str | None:
    said = ask(folder, *words)
    return said.decode(errors="replace").strip() if said is not None else None

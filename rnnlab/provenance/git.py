"""What git says of a folder, and why where it says nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

SECONDS_TO_WAIT = 10
NO_ANSWER_IS_WRONG = ("not a git repository", "did not match any file", "unknown revision", "bad revision")
"""What git says where there is nothing to record: no clone, a file that it does not follow, no commit yet."""


class GitError(Exception):
    """Git could not say what a folder is: it is missing, too slow, or refuses."""


def ask(folder: Path, *words: str) -> bytes | None:
    """Return what a git command prints, or None where the folder is no clone or has no commit.

    Raises:
        GitError: git is missing, slow or refuses, and the folder may be a clone all the same.
    """
    environment = os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS_TO_WAIT, env=environment)
    except subprocess.TimeoutExpired as error:
        if not _may_be_clone(folder):
            return None
        raise GitError(f"gave no answer to 'git {words[0]}' within {SECONDS_TO_WAIT} seconds") from error
    except OSError as error:
        if not _may_be_clone(folder):
            return None
        raise GitError(f"is not there ({error.strerror or error})") from error
    if done.returncode == 0:
        return done.stdout
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    if any(text in line for text in NO_ANSWER_IS_WRONG for line in lines) or not _may_be_clone(folder):
        return None
    raise GitError(f"refuses: {_reason(lines)}")


def _reason(lines: Sequence[str]) -> str:
    """Return git's first line, and the command that it says would mend it."""
    if not lines:
        return "it says nothing"
    mend = next((line.strip() for line in lines if "safe.directory" in line), None)
    return lines[0].removeprefix("fatal: ") + (f" (to trust it: {mend})" if mend else "")


def _may_be_clone(folder: Path) -> bool:
    return any((place / ".git").exists() for place in (folder, *folder.parents))

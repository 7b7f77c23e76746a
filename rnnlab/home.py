"""Where files go: the folders that runs make, below RNNLAB_HOME or the current directory."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from rnnlab.errors import BadInputError, Problem, shell_word

DATA_FILE = "RNNLAB_DATA_FILE"
"""Set while a job runs on a machine that does not see the study's folder: where its series' file lies there."""


def home() -> Path:
    """Return the folder below which everything is written (absolute).

    Raises:
        BadInputError: RNNLAB_HOME begins with a ~ that no folder stands for.
    """
    text = os.environ.get("RNNLAB_HOME") or "."
    return given_path("RNNLAB_HOME", text)


def given_path(key: str, text: str) -> Path:
    """Return the path that a key was given (absolute), a ~ at its beginning taken for a user's folder.

    Raises:
        BadInputError: there is no such user, or nobody knows the user's folder.
    """
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        why = "begins with a ~ that stands for no folder; a name that begins so is given with ./ before it"
        raise BadInputError(Problem(key, text, why, shell_word(key, f"./{text}"))) from error


def outputs() -> Path:
    """Return the folder of the runs' folders."""
    return home() / "outputs"


def mlruns() -> Path:
    """Return the folder of the local MLflow store."""
    return home() / "mlruns"


def recorded_path(path: Path) -> str:
    """Return an absolute path as a record keeps it: relative to `home` where it lies below, to move with it."""
    return path.relative_to(home()).as_posix() if path.is_relative_to(home()) else str(path)


def found_path(recorded: str) -> Path:
    """Return the file that `recorded_path` wrote down (absolute), or what stands for it on another machine."""
    return Path(os.environ.get(DATA_FILE) or home() / recorded)


def command() -> str:
    """Return `rnnlab` as it can be typed here: by its path, quoted for a shell, where it is not on the PATH."""
    if shutil.which("rnnlab") is not None:
        return "rnnlab"
    return shlex.quote(as_typed(Path(sys.executable).parent / "rnnlab"))


def command_line() -> str:
    """Return the command that runs in this process, as it can be typed again."""
    words = sys.orig_argv
    script = next((place for place, word in enumerate(words) if Path(word).name == "rnnlab"), None)
    return shlex.join(words if script is None else ["rnnlab", *words[script + 1 :]])


def as_typed(path: Path) -> str:
    """Return a path as the user would type it: relative where it lies below the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

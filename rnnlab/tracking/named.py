"""The run that a user names, and what to say of one that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rnnlab.errors import BadInputError, Problem, StoreAwayError, listed, nearest, shell_word
from rnnlab.home import as_typed, home, mlruns
from rnnlab.tracking.database import DATABASE, StoredRun, read_named
from rnnlab.tracking.folder import SHORT_ID, RunFolder, run_folders

NAMES_SHOWN = 5
MOST_LOOKED_AT = 100
FOLDER, KIND, MSE = "rnnlab.folder", "rnnlab.kind", "test/mse"
SHOWN_ID = re.compile(rf"[0-9a-f]{{{SHORT_ID},}}")
"""A text that may be an id as it is printed, or a name."""

CHECKPOINT = "checkpoints/best.ckpt"


def find_run(outputs: Path, text: str, key: str) -> RunFolder:
    """Return the one run that ``text`` names: ``latest``, an id or its start, a name, or a folder.

    Args:
        outputs: the folder of the runs' folders.
        text: what the user gave.
        key: the key they gave it for, ``run`` or ``resume``.

    Raises:
        BadInputError: it names no run, one whose folder is gone, or more than one.
    """
    for place in (Path(text), outputs.parent / text):
        if _is_file(place / "config.yaml"):
            return RunFolder(place.absolute())
    runs = sorted(
        ((folder.read_manifest(), folder) for folder in run_folders(outputs)),
        key=lambda run: (run[0].get("started") or 0, run[1].path.name),
        reverse=True,
    )
    if runs and text == "latest":
        return runs[0][1]
    named = [folder for manifest, folder in runs if manifest.get("name") == text]
    meant = [folder for manifest, folder in runs if text and str(manifest.get("run_id", "")).startswith(text)]
    found = named or meant
    if named and SHOWN_ID.fullmatch(text):  # both may have been read in what rnnlab printed
        found = [folder for _, folder in runs if folder in named or folder in meant]
    if len(found) == 1:
        return found[0]
    if not found and (gone := list(_gone(text))):
        raise BadInputError(Problem(key, text, "; ".join(gone[:NAMES_SHOWN])))
    if not runs:
        raise BadInputError(Problem(key, text, f"there is no run under {outputs} yet; rnnlab train makes one"))
    names = {str(manifest.get("name")) for manifest, _ in runs}
    if not found:
        near = nearest(text, names | {"latest"})
        allowed = "names no run; must be latest, an id or its start, a name or a folder (rnnlab runs lists them)"
        raise BadInputError(Problem(key, text, allowed, shell_word(key, near) if near else None))
    folders = [folder.path.name for folder in found]
    shown = listed(folders[:NAMES_SHOWN]) + (", ..." if len(folders) > NAMES_SHOWN else "")
    last = str(found[0].read_manifest().get("run_id"))
    last = last if len(text) >= SHORT_ID and last.startswith(text) else last[:SHORT_ID]
    raise BadInputError(
        Problem(key, text, f"names {len(found)} runs ({shown}); give an id, such as {key}={last} for the newest")
    )


def _is_file(path: Path) -> bool:
    """Return whether a file is there; a name that no file can have, one that is too long, is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _gone(text: str) -> Iterator[str]:
    """Yield what is known of the runs of the local store that ``text`` names, none of which has a folder here."""
    database = mlruns() / DATABASE
    if not text or not database.exists():
        return
    *_, below = Path(text).parts or ("",)
    start = below[-SHORT_ID:] if "/" in text else text
    try:
        stored = read_named(database, "" if text == "latest" else start, MOST_LOOKED_AT, (FOLDER, KIND), (MSE,))
    except StoreAwayError:
        return
    runs = [run for run in stored if run.tags.get(KIND) != "study"]
    yield from map(_what_is_left, runs[:1] if text == "latest" else runs)


def _what_is_left(run: StoredRun) -> str:
    folder = run.tags.get(FOLDER)
    is_ = f"{run.name} ({run.run_id[:SHORT_ID]}, {run.status})"
    where = f"its folder {folder} is gone" if folder else "its folder is not here"
    deleted = "" if run.is_active else ", as one that was deleted"
    has = "its params and metrics"
    if MSE in run.metrics:
        has += f" (test MSE {run.metrics[MSE]:.4e})"
    artifacts = mlruns() / "artifacts" / run.run_id / "artifacts"
    if (artifacts / CHECKPOINT).is_file():
        has += f" and its files, the best checkpoint too, in {as_typed(artifacts)}"
    return f"{is_}: {where}; the store still has it{deleted}, with {has}"


def is_gone(recorded: str) -> bool:
    """Return whether the folder that a store names, a run's or a study's, is no longer below `home`."""
    path = Path(recorded)
    if path.parts[:1] != ("outputs",) or ".." in path.parts:
        return False
    is_run = len(path.parts) == len(("outputs", "study", "run"))
    return not (home() / path / ("config.yaml" if is_run else "")).exists()

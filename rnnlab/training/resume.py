"""Going on with a run: its own config, more epochs if asked, the same MLflow run and folder."""

from __future__ import annotations

import copy
import os
from typing import Any

from omegaconf.errors import OmegaConfBaseException

from rnnlab.config.groups import Groups
from rnnlab.config.record import flat, load_config, plain
from rnnlab.config.schema import RunConfig
from rnnlab.config.trust import check_recorded
from rnnlab.config.validate import check
from rnnlab.errors import BadInputError, DivergedError, Problem
from rnnlab.home import as_typed, outputs
from rnnlab.tracking.fingerprint import fingerprint
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.named import find_run
from rnnlab.tracking.recorder import Resumed
from rnnlab.tracking.result import RunResult
from rnnlab.training.checkpoint_files import newest_sound
from rnnlab.training.ending import Ending, ending

MAY_CHANGE = ("trainer", "tracking")
"""Sections that may be given anew: how long and on what to train, and where that is recorded."""


def load_run_config(folder: RunFolder, key: str) -> RunConfig:
    """Return a saved run's config.

    Raises:
        BadInputError: it cannot be read.
    """
    try:
        return load_config(folder.config)
    except (OSError, OmegaConfBaseException, TypeError) as error:
        why = str(error).splitlines()[0]
        raise BadInputError(Problem(key, str(folder.config), f"holds no run's config ({why})")) from error


def resume(given: RunConfig, overrides: list[str], groups: Groups) -> tuple[RunConfig, Resumed]:
    """Return the config to go on with, and the run.

    Args:
        given: the config that was composed, with ``resume`` in it.
        overrides: what was given on the command line.
        groups: the config groups that it was composed from.

    Raises:
        BadInputError: there is no such run, it cannot go on, or the overrides would make it another run.
    """
    folder = find_run(outputs(), str(given.resume), "resume")
    config = load_run_config(folder, "resume")
    result = folder.read_result()
    if result is None:
        raise BadInputError(Problem("resume", given.resume, f"{folder.path} holds no result.json"))
    if not os.access(folder.path, os.W_OK):
        raise BadInputError(Problem("resume", given.resume, f"{as_typed(folder.path)} cannot be written to"))
    if folder.is_in_use():
        raise BadInputError(Problem("resume", given.resume, f"{result.name} is being trained by another process"))
    check_recorded(config, given.allow_targets, given, "resume")
    own = copy.deepcopy(config.trainer)
    _take_over(given, config, overrides, groups)
    check(config)
    _check_diverges_no_more(given, config, result)
    checkpoint = newest_sound(folder, "resume").content
    _check_goes_on(given, config, result, ending(checkpoint, config.trainer), is_same=config.trainer == own)
    return config, Resumed(folder, result)


def _check_goes_on(
    given: RunConfig, config: RunConfig, result: RunResult, stands: Ending, *, is_same: bool
) -> None:
    """Make sure that what was asked for is what will happen, so that the record stays true.

    Args:
        given: the config that was composed, with ``resume`` in it.
        config: to go on with.
        result: how the run went so far.
        stands: where its training stands by that config.
        is_same: whether the config says the same of the training as the run's own.

    Raises:
        BadInputError: no epoch would be trained.
    """
    name, epochs = result.name, config.trainer.max_epochs
    if stands.done > epochs or (stands.done == epochs and result.status == "FINISHED"):
        allowed = f"{name} has trained {stands.done} epochs; ask for more"
        raise BadInputError(Problem("trainer.max_epochs", epochs, allowed, f"trainer.max_epochs={2 * stands.done}"))
    # What was interrupted between its last epoch and the end of its test has that left to do.
    if stands.is_out_of_patience and not (is_same and result.status != "FINISHED"):
        more = f" together with trainer.max_epochs above {epochs}" if stands.is_out_of_epochs else ""
        allowed = (
            f"early stopping ends {name} after epoch {stands.done}: patience is "
            f"{config.trainer.early_stopping.patience}, and the last new lowest value was in epoch {stands.best}; "
            f"no epoch would be trained. What goes on is trainer.early_stopping.patience=null, or one above "
            f"{stands.waited}{more}"
        )
        raise BadInputError(Problem("resume", given.resume, allowed))


def _check_diverges_no_more(given: RunConfig, config: RunConfig, result: RunResult) -> None:
    """Refuse what would only end as before: a run that diverged, with nothing changed.

    Raises:
        BadInputError: it is one.
    """
    diverged = result.status == "FAILED" and (result.error or "").startswith(DivergedError.__name__)
    if diverged and fingerprint(config) == result.fingerprint:
        where = str(result.error).partition(": ")[2].partition(":")[0]
        allowed = (
            f"{result.name} diverged ({where}) and would again with the same settings and code. What may help is "
            "trainer.gradient_clip=1, or a new run with a smaller optimizer.lr"
        )
        raise BadInputError(Problem("resume", given.resume, allowed))


def resumable(folder: RunFolder) -> Resumed | None:
    """Return the run of a folder if training can go on from its last checkpoint, else None."""
    result = folder.read_result()
    if result is None or result.status not in ("KILLED", "RUNNING") or folder.is_in_use():
        return None
    try:
        newest_sound(folder, "resume")
    except BadInputError:
        return None
    return Resumed(folder, result)


def _take_over(given: RunConfig, config: RunConfig, overrides: list[str], groups: Groups) -> None:
    """Change the saved config as the overrides say, where that leaves the run the same."""
    asked, saved = dict(flat(plain(given))), dict(flat(plain(config)))
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        section = key.partition(".")[0]
        if key in ("resume", "allow_targets"):
            continue
        if key in MAY_CHANGE:
            # An option such as trainer=gpu means the keys in its file; the others stay as they were.
            option = groups.file(key, value)
            for name, _ in flat(option.values if option else {}, f"{key}."):
                _set(config, name, asked[name])
        elif section in MAY_CHANGE:
            if key not in asked:
                allowed = f"with resume= give its keys one by one, such as {_names(key, asked)[0]}"
                raise BadInputError(Problem(key, value, allowed))
            _set(config, key, asked[key])
        elif not _same(key, asked, saved):
            allowed = f"resume= goes on with the run's own config ({_own(key, saved)}); only trainer.* may change"
            raise BadInputError(Problem(key, value, allowed))


def _same(key: str, asked: dict[str, Any], saved: dict[str, Any]) -> bool:
    names = _names(key, asked)
    return bool(names) and all(asked[name] == saved.get(name) for name in names)


def _names(key: str, asked: dict[str, Any]) -> list[str]:
    """Return the flattened keys that an override gives: its own, or those of the section that it names."""
    return [name for name in asked if name == key or name.startswith(f"{key}.")]


def _own(key: str, saved: dict[str, Any]) -> str:
    return f"{key}={saved[key]}" if key in saved else f"leave {key}= out"


def _set(config: RunConfig, name: str, value: Any) -> None:
    place: Any = config
    *sections, last = name.split(".")
    for section in sections:
        place = getattr(place, section)
    setattr(place, last, value)

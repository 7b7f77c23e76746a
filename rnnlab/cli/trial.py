"""Whether a command line would be accepted, found out without carrying it out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from rnnlab.config import targets
from rnnlab.config.commands import SCHEMAS, PredictConfig
from rnnlab.config.compose import finished, with_each_option
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.schema import TARGET_SECTIONS, RunConfig
from rnnlab.config.translate import translated
from rnnlab.config.words import Reader
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import outputs

PARAMETERS = tuple(f"{section}." for section in TARGET_SECTIONS)


def groups_found(folders: Sequence[Path]) -> Groups:
    """Return the config groups of rnnlab and of folders of the user's own."""
    return Groups([*map(str, folders), str(conf_folder())])


def problems_of(command: str, words: Sequence[str], folders: Sequence[Path], *, multirun: bool) -> list[Problem]:
    """Return what is wrong with a command's overrides.

    Args:
        command: the command, whose schema has been registered.
        words: the overrides as they are typed.
        folders: of config files of the user's own.
        multirun: whether they are given with ``-m``; of several values the first is tried, and all options of a
            group that is given a parameter.
    """
    groups = groups_found(folders)
    try:
        overrides = Reader(command, groups, multirun=multirun)(words)
        given = {word.partition(".")[0].lstrip("+") for word in words if word.lstrip("+").startswith(PARAMETERS)}
        for section in sorted(given) if multirun else ():
            for job in with_each_option(overrides, section):
                _check(finished(command, job, folders))
        config = finished(command, overrides, folders)
        _check_named(config, {word.partition("=")[0].lstrip("+") for word in words})
        if given:
            _check(config)
    except BadInputError as error:
        return error.problems
    except (HydraException, OmegaConfBaseException, yaml.YAMLError) as error:
        return translated(error, SCHEMAS[command], groups, words).problems
    return []


def _check(config: Any) -> None:
    """Raise BadInputError if a run's parts cannot be made, or the function to predict."""
    if isinstance(config, RunConfig):
        from rnnlab.training.build import check_buildable

        check_buildable(config)
    elif isinstance(config, PredictConfig) and config.function:
        targets.factory("function", config.function)


def _check_named(config: Any, given: set[str]) -> None:
    """Raise BadInputError if a run or a study that is named is not there."""
    from rnnlab.tracking.named import find_run

    for key in given & {"run", "resume"}:
        find_run(outputs(), str(getattr(config, key)), key)
    name = getattr(config, "study", None)
    if "study" in given and isinstance(name, str) and not _is_study(name) and name != "latest":
        raise BadInputError(Problem("study", name, "names no study"))


def _is_study(name: str) -> bool:
    try:
        return (outputs() / name).is_dir()
    except OSError:  # a name that no folder can have: it is too long
        return False

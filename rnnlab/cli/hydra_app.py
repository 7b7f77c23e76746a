"""A command whose config Hydra composes: its help, its errors, its task."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import hydra
import omegaconf
import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rnnlab.cli import print_bad_input
from rnnlab.cli.flags import asked_by, check_flags, flags_and_overrides
from rnnlab.cli.mends import with_sound_mends
from rnnlab.cli.trial import groups_found, problems_of
from rnnlab.config.commands import SCHEMAS
from rnnlab.config.compose import HYDRA_VERSION, composed
from rnnlab.config.describe import described, described_groups
from rnnlab.config.finish import finish
from rnnlab.config.groups import Groups
from rnnlab.config.register import config_folder, register_schemas
from rnnlab.config.translate import translated
from rnnlab.config.words import Reader
from rnnlab.errors import EXIT_BAD_INPUT, EXIT_DONE, BadInputError, Problem

HYDRAS_FOLDERS = ("hydra.run", "hydra.sweep.", "hydra.output_subdir", "hydra.job.chdir")


class _RefusedError(SystemExit):
    """A task refuses its config: Hydra would announce any other exception in words of its own."""

    def __init__(self, error: BadInputError) -> None:
        super().__init__(EXIT_BAD_INPUT)
        self.error = error


def run_command(
    command: str,
    task: Callable[[DictConfig], Any],
    arguments: list[str],
    usual: Callable[[Sequence[str]], str] = lambda _: "",
) -> int:
    """Compose a command's config, run its task and return the exit code.

    Args:
        command: its config is ``conf/<command>.yaml``.
        task: a function of a module, called with the composed config; it ends by `end`.
        arguments: the command line after the command.
        usual: returns, from the overrides, with which choice of a group a suggestion begins where several would do.

    Raises:
        BadInputError: the config cannot be composed or is not legal.
    """
    register_schemas(command)
    flags, overrides = flags_and_overrides(arguments)
    asked = asked_by(flags, overrides)
    try:
        check_flags(flags)
        return _run(command, task, asked, flags)
    except _RefusedError as refused:
        error = _mended(refused.error, command, asked, usual)
        if os.environ.get("RNNLAB_DEBUG") == "1":
            raise error from refused.error
        print_bad_input(error)
        return EXIT_BAD_INPUT
    except BadInputError as error:
        raise _mended(error, command, asked, usual) from error


def _run(command: str, task: Callable[[DictConfig], Any], asked: argparse.Namespace, flags: list[str]) -> int:
    groups = groups_found(_searched(asked))
    overrides = _read(command, groups, asked)
    try:
        if asked.help or asked.cfg == "job":
            _describe(command, asked, overrides)
            return EXIT_DONE
        # Errors come here as they are, instead of as Hydra prints them.
        os.environ["HYDRA_FULL_ERROR"] = "1"
        sys.argv = [f"rnnlab {command}", *flags, *overrides]
        hydra.main(config_path=str(config_folder(command)), config_name=command, version_base=HYDRA_VERSION)(task)()
    except (HydraException, OmegaConfBaseException, yaml.YAMLError) as error:
        if isinstance(error.__cause__, BadInputError):
            raise error.__cause__ from error
        raise translated(error, SCHEMAS[command], groups, asked.overrides) from error
    except _RefusedError:
        raise
    except Exception as error:
        if _stumbled(error, task):
            raise translated(error, SCHEMAS[command], groups, asked.overrides) from error
        raise
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else EXIT_DONE
    return EXIT_DONE


def _read(command: str, groups: Groups, asked: argparse.Namespace) -> list[str]:
    """Return the overrides for Hydra.

    Raises:
        BadInputError: something in them cannot be meant so.
    """
    if asked.multirun and command != "train":
        raise BadInputError(Problem("-m", None, "goes with rnnlab train alone"))
    for word in asked.overrides:
        if word.lstrip("+~").startswith(HYDRAS_FOLDERS):
            why = "rnnlab makes its folders by itself; RNNLAB_HOME says where"
            raise BadInputError(Problem(word.partition("=")[0], None, why))
    return Reader(command, groups, multirun=asked.multirun)(asked.overrides)


def _mended(
    error: BadInputError, command: str, asked: argparse.Namespace, usual: Callable[[Sequence[str]], str]
) -> BadInputError:
    """Return the same with the suggestions that would be accepted as they stand."""
    if not any(problem.suggestion for problem in error.problems):
        return error

    def refusal(words: list[str], multirun: bool) -> Sequence[Problem]:
        return problems_of(command, words, _searched(asked), multirun=multirun)

    first = usual(asked.overrides)
    return with_sound_mends(error, asked.overrides, multirun=asked.multirun, refusal=refusal, first=first)


def _stumbled(error: Exception, task: Callable[..., Any]) -> bool:
    """Return whether Hydra stumbled over a value that it does not check, before it called the task."""
    frames = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    libraries = {Path(str(library.__file__)).parent for library in (hydra, omegaconf)}
    return task.__code__ not in frames and not libraries.isdisjoint(Path(frames[-1].co_filename).parents)


def end(task: Callable[[Any], int], made: DictConfig) -> None:
    """Finish the config, run what is to be done with it, and leave with its exit code.

    It leaves by SystemExit: Hydra would announce an exception in words of its own.
    """
    try:
        code = task(finish(made, HydraConfig.get()))
    except BadInputError as error:
        raise _RefusedError(error) from error
    sys.exit(code)


def _searched(asked: argparse.Namespace) -> list[Path]:
    return [Path(asked.config_dir).resolve()] if asked.config_dir else []


def _describe(command: str, asked: argparse.Namespace, overrides: list[str]) -> None:
    groups = groups_found(_searched(asked))
    made, section = composed(command, overrides, _searched(asked))
    config = finish(made, OmegaConf.masked_copy(section, ["runtime", "overrides"]))
    choices = {name: choice for name, choice in section.runtime.choices.items() if "/" not in name}
    if asked.help:
        print(f"rnnlab {command} key=value ...")
        if chosen := [name for name in choices if name in groups.names()]:
            print("\nChoices, with what each is:\n")
            print("\n".join(described_groups(groups, chosen)))
        print("\nKeys, with their defaults and meanings:\n")
    print("\n".join(described(config, groups, choices)))
    if asked.help and command == "train":
        print(
            "\nWith -m (--multirun) keys take several values and every combination is run: "
            "cell=lstm,gru seed=range(10)"
        )

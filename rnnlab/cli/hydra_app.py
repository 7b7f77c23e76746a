"""A command whose config Hydra composes: its help, its errors, its task."""

from __future__ import annotations

import argparse
import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import omegaconf
import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from rnnlab.cli import print_bad_input
from rnnlab.config.describe import described, described_groups
from rnnlab.config.finish import finish
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.quoting import quoted
from rnnlab.config.register import SCHEMAS, config_folder, register_schemas
from rnnlab.config.translate import translated
from rnnlab.errors import EXIT_BAD_INPUT, EXIT_DONE, BadInputError, Problem

HYDRA_VERSION = "1.3"
KEYS_OF_NAMES = ("run", "resume", "name", "study.name")
TEXTS = {"runs": ("study",), "report": ("study", "runs"), "compare": ("study",), "explain": ("runs",)}
"""By command, keys whose value is taken as it stands, with its commas and spaces."""

HYDRAS_FOLDERS = ("hydra.run", "hydra.sweep.", "hydra.output_subdir", "hydra.job.chdir")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
FLAGS_WITH_A_VALUE = (
    *("-c", "--cfg", "-cd", "--config-dir", "-cn", "--config-name", "-cp", "--config-path"),
    *("-p", "--package", "-er", "--experimental-rerun"),
)


def run_command(command: str, task: Callable[[DictConfig], Any], arguments: list[str]) -> int:
    """Compose a command's config, run its task and return the exit code.

    Args:
        command: its config is ``conf/<command>.yaml``.
        task: a function of a module, called with the composed config; it ends by `end`.
        arguments: the command line after the command.

    Raises:
        BadInputError: the config cannot be composed or is not legal.
    """
    register_schemas(command)
    arguments = [_as_text(word, command) for word in flags_first(arguments)]
    asked = _asked(arguments)
    for word in asked.overrides:
        if word.lstrip("+~").startswith(HYDRAS_FOLDERS):
            why = "rnnlab makes its folders by itself; RNNLAB_HOME says where"
            raise BadInputError(Problem(word.partition("=")[0], None, why))
    if asked.multirun and command != "train":
        raise BadInputError(Problem("-m", None, "goes with rnnlab train alone"))
    groups = Groups([*_searched(asked), str(conf_folder())])
    try:
        if asked.help or asked.cfg == "job":
            _describe(command, asked, groups)
            return EXIT_DONE
        # Errors come here as they are, instead of as Hydra prints them.
        os.environ["HYDRA_FULL_ERROR"] = "1"
        sys.argv = [f"rnnlab {command}", *arguments]
        hydra.main(config_path=str(config_folder(command)), config_name=command, version_base=HYDRA_VERSION)(task)()
    except (HydraException, OmegaConfBaseException, yaml.YAMLError) as error:
        if isinstance(error.__cause__, BadInputError):
            raise error.__cause__ from error
        raise translated(error, SCHEMAS[command], groups, asked.overrides) from error
    except Exception as error:
        if _stumbled(error, task):
            raise translated(error, SCHEMAS[command], groups, asked.overrides) from error
        raise
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else EXIT_DONE
    return EXIT_DONE


def _stumbled(error: Exception, task: Callable[..., Any]) -> bool:
    """Return whether Hydra stumbled over a value that it does not check, before it called the task."""
    frames = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    libraries = {Path(str(library.__file__)).parent for library in (hydra, omegaconf)}
    return task.__code__ not in frames and not libraries.isdisjoint(Path(frames[-1].co_filename).parents)


def end(task: Callable[[Any], int], composed: DictConfig) -> None:
    """Finish the config, run what is to be done with it, and leave with its exit code.

    It leaves by SystemExit: Hydra would announce an exception in words of its own.
    """
    try:
        code = task(finish(composed, HydraConfig.get()))
    except BadInputError as error:
        if os.environ.get("RNNLAB_DEBUG") == "1":
            raise
        print_bad_input(error)
        code = EXIT_BAD_INPUT
    sys.exit(code)


def _as_text(word: str, command: str) -> str:
    """Return an override whose value is a name or an id so that Hydra does not take it for a number."""
    key, _, value = word.partition("=")
    if key in TEXTS.get(command, ()) and value and value != "null" and not QUOTED.fullmatch(value):
        return f"{key}={quoted(value)}"
    is_name = key in KEYS_OF_NAMES
    return f"{key}='{value}'" if is_name and re.fullmatch(r"[\w.+-]+", value) and value != "null" else word


def flags_first(arguments: list[str]) -> list[str]:
    """Return the command line with its flags before its overrides: Hydra reads no override after a flag."""
    flags, overrides = [], []
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("-"):
            overrides.append(word)
            continue
        flags.append(word)
        if word in FLAGS_WITH_A_VALUE:
            flags += [value] if (value := next(rest, None)) is not None else []
    return flags + overrides


def _asked(arguments: list[str]) -> argparse.Namespace:
    """Read the few flags of Hydra's that rnnlab answers by itself."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-c", "--cfg")
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-cd", "--config-dir")
    parser.add_argument("overrides", nargs="*")
    asked, _ = parser.parse_known_args(arguments)
    return asked


def _searched(asked: argparse.Namespace) -> list[str]:
    return [str(Path(asked.config_dir).resolve())] if asked.config_dir else []


def _describe(command: str, asked: argparse.Namespace, groups: Groups) -> None:
    search = [f"hydra.searchpath=[{','.join(quoted(f'file://{folder}') for folder in _searched(asked))}]"]
    with hydra.initialize_config_dir(str(config_folder(command)), version_base=HYDRA_VERSION):
        composed = hydra.compose(
            command,
            overrides=[*asked.overrides, *(search if asked.config_dir else [])],
            return_hydra_config=True,
        )
        with open_dict(composed):
            section = composed.pop("hydra")
    GlobalHydra.instance().clear()
    config = finish(composed, OmegaConf.masked_copy(section, ["runtime", "overrides"]))
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

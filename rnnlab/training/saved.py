"""Saved runs: their record and their best weights, read and put together again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rnnlab.config.schema import RunConfig
from rnnlab.config.trust import check_recorded
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import outputs
from rnnlab.models.network import SequenceNetwork
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.named import find_run
from rnnlab.training.build import build_run_network
from rnnlab.training.checkpoint_files import read_checkpoint
from rnnlab.training.resume import load_run_config


@dataclass(frozen=True)
class SavedRun:
    """A run that has its best checkpoint.

    Attributes:
        folder: its folder.
        name: its name.
        config: from its record.
        weights: of its best epoch.
        epoch: which that was, counted from 1.
    """

    folder: RunFolder
    name: str
    config: RunConfig
    weights: dict[str, Any]
    epoch: int

    def network(self, weights: dict[str, Any] | None = None) -> SequenceNetwork:
        """Return the run's network with its best weights, or with those of a snapshot.

        Raises:
            RuntimeError: they are not this network's.
            ValueError, TypeError: the network cannot be made.
        """
        network = build_run_network(self.config)
        network.load_state_dict(self.weights if weights is None else weights)
        return network


def load_saved(text: str, allowed: Iterable[str], key: str = "run") -> SavedRun:
    """Return the run that a user named.

    Args:
        text: latest, an id or its start, a name, or a folder.
        allowed: packages that its record may name objects of.
        key: the key that it was given for, for the message.

    Raises:
        BadInputError: there is no such run, it has no sound checkpoint, or its record wants other code.
    """
    folder = find_run(outputs(), text, key)
    config = load_run_config(folder, key)
    check_recorded(config, allowed, None, key)
    best = read_checkpoint(folder.best, key)
    return SavedRun(
        folder, str(folder.read_manifest().get("name", folder.path.name)), config, best["state_dict"], best["epoch"]
    )


def unusable(key: str, text: str, error: Exception) -> BadInputError:
    """Return what to say where a saved run's parts do not make a network that can predict."""
    why = str(error).splitlines()[0]
    return BadInputError(Problem(key, text, f"cannot predict this ({why})"))

"""Predicting with a saved run: its best weights, on its own or another stretch of its own or another curve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from rnnlab.config.record import plain
from rnnlab.config.schema import PredictConfig, RunConfig
from rnnlab.config.targets import label
from rnnlab.config.trust import check_recorded
from rnnlab.config.validate import check
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import outputs
from rnnlab.tracking.folder import RunFolder, find_run, write_json
from rnnlab.training.build import build_run_network, build_splits
from rnnlab.training.checkpoint_files import read_checkpoint
from rnnlab.training.fit import prepare_device
from rnnlab.training.predictions import Predictions, draw_prediction_figures, predict_windows
from rnnlab.training.resume import load_run_config


@dataclass(frozen=True)
class Predicted:
    """What was predicted.

    Attributes:
        name: the run's name.
        function: the short name of the curve.
        predictions: the predictions.
        folder: where they were written, inside the run's folder.
    """

    name: str
    function: str
    predictions: Predictions
    folder: Path


def predict_with(asked: PredictConfig, overrides: list[str]) -> Predicted:
    """Predict with a saved run, and write predictions and figures to a new folder inside the run's.

    Raises:
        BadInputError: there is no such run, it has no sound checkpoint, or the stretch is not legal.
    """
    run = find_run(outputs(), asked.run, "run")
    config = load_run_config(run, "run")
    check_recorded(config, asked.allow_targets, None, "run")
    name = str(run.read_manifest().get("name", run.path.name))
    _point_to(config, asked)
    check(config)
    weights = read_checkpoint(run.best, "run")["state_dict"]
    accelerator = config.trainer.accelerator if torch.cuda.is_available() else "cpu"
    device = prepare_device(accelerator, config.trainer.threads)
    try:
        windows = build_splits(config).test
        network = build_run_network(config)
        network.load_state_dict(weights)
    except (RuntimeError, ValueError, TypeError) as error:
        raise BadInputError(Problem("run", asked.run, f"cannot predict this ({error})")) from error
    predictions = predict_windows(network, windows, device)
    folder = _new_folder(run)
    function = label(config.data.test_function or config.function)
    predictions.save(folder / "predictions.csv")
    draw_prediction_figures(predictions, folder / "figures", f"{name} on {function}")
    write_json(
        folder / "result.json",
        {"run": name, "overrides": overrides, "data": plain(config.data), "function": function}
        | {"metrics": {"test/mse": predictions.mse, "test/rmse": predictions.mse**0.5}},
    )
    return Predicted(name, function, predictions, folder)


def _point_to(config: RunConfig, asked: PredictConfig) -> None:
    if asked.function:
        config.data.test_function = asked.function
    for key, value in plain(asked.data).items():
        if value is not None:
            setattr(config.data, key, value)


def _new_folder(run: RunFolder) -> Path:
    """Make the next free `predict-<number>` in the run's folder."""
    number = 1
    while True:
        folder = run.path / f"predict-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise BadInputError(
                Problem("run", str(run.path), f"cannot be written to ({error.strerror})")
            ) from error
        else:
            return folder

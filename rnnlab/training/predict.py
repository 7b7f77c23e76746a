"""Predicting with a saved run: its best weights, on its own or another stretch of its own or another curve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from rnnlab.config.record import curve_label, plain
from rnnlab.config.schema import PredictConfig, RunConfig
from rnnlab.config.stretches import file_to_read, typed
from rnnlab.config.targets import CSV, is_csv, label
from rnnlab.config.validate import check, check_ranges, rollout_problems
from rnnlab.data.csv_file import file_digest, read_column
from rnnlab.data.windows import Windows
from rnnlab.errors import BadInputError, Problem
from rnnlab.tracking.folder import RunFolder, write_json
from rnnlab.training.build import series_to_test
from rnnlab.training.fit import prepare_device
from rnnlab.training.predictions import Predictions, draw_prediction_figures, predict_windows
from rnnlab.training.rollouts import draw_rollout_figure, roll_out
from rnnlab.training.saved import load_saved, unusable

KEYS_OF_FILES = ("column", "header", "skip_lines", "missing", "fill")
KEYS_OF_CURVES = ("spacing",)


@dataclass(frozen=True)
class Predicted:
    """What was predicted.

    Attributes:
        name: the run's name.
        function: the short name of the curve.
        predictions: the predictions.
        folder: where they were written, inside the run's folder.
        measures: of the closed loop, see `rnnlab.analysis.rollout.Rollout.measures`.
    """

    name: str
    function: str
    predictions: Predictions
    folder: Path
    measures: dict[str, float]


def predict_with(asked: PredictConfig, overrides: list[str]) -> Predicted:
    """Predict with a saved run, and write predictions and figures to a new folder inside the run's.

    Raises:
        BadInputError: there is no such run, it has no sound checkpoint, or the stretch is not legal.
    """
    run = load_saved(asked.run, asked.allow_targets)
    config, name = run.config, run.name
    _point_to(config, asked)
    accelerator = config.trainer.accelerator if torch.cuda.is_available() else "cpu"
    device = prepare_device(accelerator, config.trainer.threads)
    data = config.data
    try:
        windows = Windows(series_to_test(config), data.window, data.horizon, data.horizon_output)
        network = run.network()
    except (RuntimeError, ValueError, TypeError) as error:
        raise unusable("run", asked.run, error) from error
    predictions = predict_windows(network, windows, device)
    rollout = roll_out(config, network, device)
    folder = _new_folder(run.folder)
    function = label(data.test_function) if data.test_function else curve_label(config)
    measures = rollout.measures() if rollout is not None else {}
    predictions.save(folder / "predictions.csv")
    draw_prediction_figures(predictions, folder / "figures", f"{name} on {function}")
    if rollout is not None:
        rollout.save(folder / "rollout.csv")
        draw_rollout_figure(rollout, folder / "figures", f"{name} on {function}")
    metrics = predictions.metrics() | {f"test/rollout_{measure}": value for measure, value in measures.items()}
    write_json(
        folder / "result.json",
        {"run": name, "overrides": overrides, "data": plain(data), "function": function, "metrics": metrics},
    )
    return Predicted(name, function, predictions, folder, measures)


def _point_to(config: RunConfig, asked: PredictConfig) -> None:
    """Change the run's config to what is to be predicted.

    Raises:
        BadInputError: it is not legal, or the file cannot be read.
    """
    data = config.data
    if asked.rollout is not None:
        data.rollout_steps = asked.rollout
    if asked.function and is_csv(asked.function):
        raise BadInputError(Problem("function", "csv", "give the file alone, as data.path="))
    if asked.function:
        data.test_function = asked.function
    for key, value in plain(asked.data).items():
        if value is not None:
            setattr(data, key, value)
    _check_keys_of_files(config, asked)
    if asked.data.path is None:
        check(config)
    else:
        _point_to_file(config, asked, Path(asked.data.path).expanduser().absolute())


def _check_keys_of_files(config: RunConfig, asked: PredictConfig) -> None:
    """Refuse keys that would change nothing: those of a file for a curve, and the other way round."""
    on_file = asked.data.path is not None or (is_csv(config.function) and not config.data.test_function)
    idle, needs = (
        (KEYS_OF_CURVES, "is of no use with a file") if on_file else (KEYS_OF_FILES, "goes with data.path=")
    )
    for key in idle:
        value = getattr(asked.data, key)
        if value is not None:
            raise BadInputError(Problem(f"data.{key}", typed(value), needs))


def _point_to_file(config: RunConfig, asked: PredictConfig, path: Path) -> None:
    data = config.data
    check_ranges(config)
    if problems := list(rollout_problems(data)):
        raise BadInputError(problems)
    if asked.function:
        raise BadInputError(
            Problem("data.path", asked.data.path, "is another curve than function=; give one of them")
        )
    digest = file_digest(path)
    is_own, data.path, data.digest = digest == data.digest, str(path), digest
    config.function, data.test_function = {"_target_": CSV}, None
    if not is_own:
        data.noise = 0.0  # the file is shown as it is
        rows = len(read_column(file_to_read(data, path)))
        data.train_samples = asked.data.train_samples or 0
        data.test_samples = asked.data.test_samples or max(0, rows - data.train_samples)
        if data.train_samples + data.test_samples > rows:
            raise BadInputError(Problem("data.test_samples", data.test_samples, f"{path} has {rows} rows"))


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

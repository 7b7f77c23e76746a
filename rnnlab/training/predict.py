"""Predicting with a saved run: its best weights, on its own or another stretch of its own or another curve."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch

from rnnlab.analysis.baselines import ladder
from rnnlab.analysis.rollout import Rollout
from rnnlab.config.commands import PredictConfig
from rnnlab.config.record import plain
from rnnlab.config.schema import RunConfig
from rnnlab.config.stretches import file_to_read, typed
from rnnlab.config.subject import in_words, subject_of
from rnnlab.config.targets import CSV, factory, is_csv
from rnnlab.config.validate import check, check_ranges, rollout_problems
from rnnlab.data.csv_file import file_digest, read_column
from rnnlab.data.windows import Windows
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import given_path
from rnnlab.tracking.folder import RunFolder, write_json
from rnnlab.tracking.metrics import BASELINE
from rnnlab.training.build import series_to_test, tested_frequency, training_windows
from rnnlab.training.capacity import check_points
from rnnlab.training.fit import prepare_device
from rnnlab.training.predictions import Predictions, draw_prediction_figures, predict_windows
from rnnlab.training.rollouts import draw_rollout_figure, roll_out
from rnnlab.training.saved import load_saved, unusable

KEYS_OF_FILES = ("column", "header", "skip_lines", "missing", "fill")
STRETCHES = ("train_samples", "test_samples")
KEYS_OF_CURVES = ("spacing",)


@dataclass(frozen=True)
class Predicted:
    """What was predicted.

    Attributes:
        name: the run's name.
        subject: the curve or the file, with what was changed: ``cos with amplitude=2``.
        predictions: the predictions.
        baselines: the test MSE of each baseline on the same windows.
        folder: where they were written, inside the run's folder.
        rollout: the closed loop, or None.
    """

    name: str
    subject: str
    predictions: Predictions
    baselines: dict[str, float]
    folder: Path
    rollout: Rollout | None


def predict_with(asked: PredictConfig, overrides: list[str]) -> Predicted:
    """Predict with a saved run, and write predictions and figures to a new folder inside the run's.

    Raises:
        BadInputError: there is no such run, it has no sound checkpoint, or the stretch is not legal.
    """
    run = load_saved(asked.run, asked.allow_targets)
    config, name = deepcopy(run.config), run.name
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
    baselines = _baselines(config, run.config, windows)
    rollout = roll_out(config, network, device)
    function, changed = subject_of(config, run.config, asked.data)
    subject = in_words(function, changed)
    folder = _new_folder(run.folder)
    measures = rollout.measures() if rollout is not None else {}
    predictions.save(folder / "predictions.csv")
    draw_prediction_figures(predictions, folder / "figures", f"{name} on {subject}", baselines)
    if rollout is not None:
        rollout.save(folder / "rollout.csv")
        draw_rollout_figure(rollout, folder / "figures", f"{name} on {subject}")
    metrics = (
        predictions.metrics()
        | {BASELINE + baseline: mse for baseline, mse in baselines.items()}
        | {f"test/rollout_{measure}": value for measure, value in measures.items()}
    )
    write_json(
        folder / "result.json",
        {
            "run": name,
            "overrides": overrides,
            "data": plain(data),
            "function": function,
            "changed": changed,
            "metrics": metrics,
        },
    )
    return Predicted(name, subject, predictions, baselines, folder, rollout)


def _baselines(config: RunConfig, trained: RunConfig, windows: Windows) -> dict[str, float]:
    """Return the test MSE of each baseline on the windows; what is fitted is fitted on what the network was.

    Without the file that it was trained on, those that are fitted are left out.
    """
    if trained.data.digest is not None and config.data.digest == trained.data.digest:
        trained.data.path = config.data.path  # it has moved
    try:
        train = training_windows(trained)
    except BadInputError:
        train = None
    return ladder(train, windows, tested_frequency(config))


def _point_to(config: RunConfig, asked: PredictConfig) -> None:
    """Change the run's config to what is to be predicted.

    Raises:
        BadInputError: it is not legal, or the file cannot be read.
    """
    data = config.data
    points = (("rollout", asked.rollout), *((f"data.{key}", getattr(asked.data, key)) for key in STRETCHES))
    for key, count in points:
        check_points(key, count or 0)
    if asked.rollout is not None:
        data.rollout_steps = asked.rollout
    if asked.function and is_csv(asked.function):
        raise BadInputError(Problem("function", "csv", "give the file alone, as data.path="))
    if asked.function:
        factory("function", asked.function)
        data.test_function = asked.function
    for key, value in plain(asked.data).items():
        if value is not None:
            setattr(data, key, value)
    _check_keys_of_files(config, asked)
    if asked.data.path is None:
        check(config)
    else:
        _point_to_file(config, asked, given_path("data.path", asked.data.path))


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
        if (needed := data.window + data.horizon) > data.test_samples:
            ahead = f" and a horizon of {data.horizon}" if data.horizon > 1 else ""
            points = f"a series of at least {needed} points, not {data.test_samples}, to test it"
            why = f"a window of {data.window}{ahead} needs {points}; rnnlab forecast needs the window alone"
            raise BadInputError(Problem("data.path", asked.data.path, why))


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

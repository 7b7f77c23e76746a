"""One run from its config to its result: built, fitted, tested on its best checkpoint, recorded."""

from __future__ import annotations

import logging
import math
import time

from rich.console import Console
from rich.markup import escape

from rnnlab.analysis.baselines import ladder
from rnnlab.analysis.rollout import Rollout
from rnnlab.config.schema import RunConfig
from rnnlab.models.network import parameter_count
from rnnlab.provenance.code import say_git_problem
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import BASELINE, BEST_EPOCH, chosen_by, read_curves
from rnnlab.tracking.recorder import Recorder, Resumed
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import Store
from rnnlab.training.build import build_run_network, build_splits, tested_frequency
from rnnlab.training.checkpoint_files import read_checkpoint
from rnnlab.training.digests import weights_digest
from rnnlab.training.fit import fit, prepare_device
from rnnlab.training.predictions import Predictions, draw_prediction_figures, predict_windows
from rnnlab.training.rollouts import draw_rollout_figure, roll_out

log = logging.getLogger(__name__)


class Stopwatch:
    """Where a run's time goes.

    Attributes:
        seconds: wall time by part.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, part: str) -> None:
        """Take what passed since the last part for this one."""
        now = time.perf_counter()
        self.seconds[part] = round(now - self._since, 3)
        self._since = now


def train_run(
    config: RunConfig,
    overrides: list[str],
    store: Store | None,
    *,
    console: Console | None = None,
    resumed: Resumed | None = None,
) -> RunResult:
    """Train one network, test it and return how it went; a failure is in the result's status and error.

    Args:
        config: a finished and checked config.
        overrides: what was given on the command line or by the study.
        store: the MLflow store, or None.
        console: shows the progress; None shows nothing.
        resumed: the run to go on with, or None for a new one.

    Raises:
        Interrupted: the process was asked to stop; the run is KILLED.
    """
    clock = Stopwatch()
    with Recorder(config, overrides, store, resumed) as recorder:
        clock.lap("begin")
        folder, metrics = recorder.folder, recorder.metrics
        if console is not None:
            say_git_problem()
            console.print(f"[bold]{escape(recorder.result.name)}[/]  run {recorder.result.run_id[:8]}")
        device = prepare_device(config.trainer.accelerator, config.trainer.threads, config.study.gpu or 0)
        recorder.tag(device=device)
        recorder.note(device=str(device))
        splits = build_splits(config)
        parts = {"train": splits.train, "val": splits.val, "test": splits.test}
        recorder.datasets({use: windows.digest() for use, windows in parts.items() if windows is not None})
        network = build_run_network(config)
        network.scaling.fit(splits.train)
        recorder.result.parameters = parameter_count(network)
        recorder.tag(parameters=recorder.result.parameters)
        weights = {"initial": weights_digest(network.state_dict())}
        clock.lap("data")

        fitted = fit(
            network,
            splits,
            config,
            folder,
            metrics,
            device=device,
            console=console,
            resume=resumed is not None,
        )
        recorder.result.fit_seconds = fitted.seconds
        recorder.tag(epochs=fitted.epochs)
        metrics.add("time/fit_seconds", recorder.result.fit_seconds, fitted.epochs)
        metrics.add("time/steps_per_second", fitted.steps / fitted.seconds, fitted.epochs)
        clock.lap("fit")

        best = read_checkpoint(folder.best, "run")
        weights |= {
            "final": weights_digest(network.state_dict()),
            "best": weights_digest(best["state_dict"]),
        }
        recorder.note(best_epoch=best["epoch"], epochs=fitted.epochs, weights_sha256=weights)
        network.load_state_dict(best["state_dict"])
        predictions = predict_windows(network, splits.test, device)
        predictions.save(folder.predictions)
        if not math.isfinite(predictions.mse):
            raise ArithmeticError(f"the test MSE is {predictions.mse}: the network's predictions are no numbers")
        chosen = {BEST_EPOCH: best["epoch"], chosen_by(config.data.val_fraction): best["monitored"]}
        for name, value in (predictions.metrics() | chosen).items():
            metrics.add(name, value, best["epoch"])
        baselines = ladder(splits.train, splits.test, tested_frequency(config))
        for name, mse in baselines.items():
            metrics.add(BASELINE + name, mse, best["epoch"])
        rollout = roll_out(config, network, device)
        if rollout is not None:
            rollout.save(folder.path / "rollout.csv")
            for name, value in rollout.measures().items():
                metrics.add(f"test/rollout_{name}", value, best["epoch"])
        metrics.flush()
        clock.lap("test")
        _draw(folder, predictions, rollout, recorder.result.name, baselines)
        clock.lap("figures")
        recorder.note(seconds=clock.seconds)
        recorder.publish()
    return recorder.result


def _draw(
    folder: RunFolder,
    predictions: Predictions,
    rollout: Rollout | None,
    name: str,
    baselines: dict[str, float],
) -> None:
    from rnnlab.report.fonts import missing_glyphs
    from rnnlab.report.run_figures import draw_losses

    curves = read_curves(folder.metrics)
    none: tuple[list[int], list[float]] = ([], [])
    loss, train, val = (curves.get(metric, none) for metric in ("train/loss", "train/mse", "val/mse"))
    draw_losses(folder.figures / "loss.png", loss, train, val, name)
    draw_prediction_figures(predictions, folder.figures, name, baselines)
    if rollout is not None:
        draw_rollout_figure(rollout, folder.figures, name)
    if lacking := missing_glyphs():
        log.warning(lacking)

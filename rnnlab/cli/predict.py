"""`rnnlab predict`: a saved run's predictions, without training."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.commands import PredictConfig
from rnnlab.config.quoting import without_quotes
from rnnlab.errors import EXIT_DONE, BadInputError
from rnnlab.home import as_typed, command, outputs

if TYPE_CHECKING:
    from rnnlab.analysis.rollout import Rollout


OF_A_FORECAST = (
    *("run", "allow_targets"),
    *("data.path", "data.column", "data.header", "data.skip_lines", "data.missing", "data.fill"),
)
"""Keys that `rnnlab forecast` has too."""


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("predict", predict, arguments, own_function)


def own_function(words: Sequence[str]) -> str:
    """Return how the function of the run that is predicted with is chosen.

    Returns nothing where it cannot be known, or another one is asked for.
    """
    from rnnlab.config.record import load_config
    from rnnlab.config.targets import label
    from rnnlab.tracking.named import find_run

    given = dict(word.partition("=")[::2] for word in words)
    if "function" in given:
        return ""
    try:
        config = load_config(find_run(outputs(), without_quotes(given.get("run", "latest")), "run").config)
    except (BadInputError, OSError, OmegaConfBaseException, TypeError):
        return ""
    return f"function={label(config.data.test_function or config.function)} "


def predict(composed: DictConfig) -> None:
    """Predict what the composed config says: the task that Hydra calls."""
    end(predict_single, composed)


def predict_single(asked: PredictConfig) -> int:
    """Predict, say how good it is, and return the exit code."""
    from rnnlab.console import printable
    from rnnlab.report.yardstick import worth
    from rnnlab.training.predict import predict_with

    done = predict_with(asked, list(HydraConfig.get().overrides.task))
    windows = _counted(len(done.predictions.truth), "window")
    print(f"{printable(done.name)} on {printable(done.subject)}, {windows}")
    print(f"test MSE {done.predictions.mse:.4e}")
    for line in worth(done.predictions.mse, done.baselines):
        print(line)
    if done.rollout is not None and done.rollout.known:
        for line in _rollout_lines(done.rollout):
            print(line)
    print(f"files    {as_typed(done.folder)}")
    if asked.data.path is not None and asked.rollout:
        print(f"a forecast begins after the last row: {command()} {_forecast_words(asked.rollout)}")
    return EXIT_DONE


def _forecast_words(steps: int) -> str:
    """Return the words after ``rnnlab`` that go on after the file's last row, to be pasted into a shell."""
    typed = HydraConfig.get().overrides.task
    kept = [word for word in typed if word.partition("=")[0].lstrip("+") in OF_A_FORECAST]
    return shlex.join(["forecast", *kept, f"steps={steps}"])


def _rollout_lines(rollout: Rollout) -> Iterator[str]:
    """Yield how the closed loop compares with the truth; in amplitudes where the curve shows its amplitude."""
    measures = rollout.measures()
    steps = _counted(rollout.known, "step")
    yield f"rollout  from the first tested window on: RMSE {measures['rmse']:.4e} over {steps}"
    largest = f"         largest error {abs(rollout.errors).max():.4e}"
    if rollout.swings:
        within = _counted(int(measures["horizon"]), "step")
        largest += f", {measures['largest_error']:.2%} of the amplitude; within 10% for {within}"
    yield largest


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"

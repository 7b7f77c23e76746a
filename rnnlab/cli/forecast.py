"""`rnnlab forecast`: what comes after the last row of a file, according to a trained network."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.commands import ForecastConfig
from rnnlab.errors import EXIT_DONE, EXIT_RUN_FAILED, BadInputError, Problem
from rnnlab.files import replaced
from rnnlab.home import as_typed, given_path
from rnnlab.streams import lost_output

if TYPE_CHECKING:
    from rnnlab.training.forecast import Forecast

HEADER = b"step,time,prediction\n"
FIGURE_TITLE = "rnnlab forecast"
"""Stands in the file of every figure of a forecast, so that no other picture is written over."""

LOOKED_AT = 512
"""Bytes of a file in which it says that it is a forecast."""


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("forecast", forecast, arguments)


def forecast(composed: DictConfig) -> None:
    """Forecast what the composed config says: the task that Hydra calls."""
    end(forecast_single, composed)


def forecast_single(asked: ForecastConfig) -> int:
    """Write the forecast to its file or to standard output, and return the exit code."""
    output = _place(asked, "output", HEADER)
    figure = _place(asked, "figure", FIGURE_TITLE.encode())
    if figure is not None and figure.suffix.lower() != ".png":
        raise BadInputError(Problem("figure", asked.figure, "is a PNG; its name must end in .png"))
    if figure is not None and figure == output:
        raise BadInputError(Problem("figure", asked.figure, "is the file of output= too"))
    if output is None and lost_output() is not None:
        raise BadInputError(
            Problem("output", "null", "standard output is closed; name a file", "output=forecast.csv")
        )
    from rnnlab.training.forecast import forecast_with

    made = forecast_with(asked)
    if figure is not None:
        _write("figure", figure, lambda path: _draw(made, path))
    if output is None:
        return _print_rows(made)
    _write("output", output, lambda path: _save(made, path))
    _say(made, output, figure)
    return EXIT_DONE


def _place(asked: ForecastConfig, key: str, mark: bytes) -> Path | None:
    """Return where a file goes, or None where none is asked for.

    An older forecast is replaced, so that the same command can run every hour; nothing else is.

    Args:
        asked: the command's config.
        key: ``output`` or ``figure``.
        mark: what a file that may be replaced has near its beginning.

    Raises:
        BadInputError: a file cannot be written there, or another one is there.
    """
    text = getattr(asked, key)
    if text is None:
        return None
    path = given_path(key, text).resolve()
    if text == "-":
        raise BadInputError(
            Problem(key, text, "names no file; without output= the forecast goes to standard output")
        )
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise BadInputError(Problem(key, text, f"cannot be written to ({error.strerror})")) from error
    if is_folder or text.endswith("/"):
        raise BadInputError(Problem(key, text, "is a folder; name a file in it"))
    if not path.parent.is_dir():
        raise BadInputError(Problem(key, text, f"there is no folder {path.parent}; make it first"))
    if not os.access(path.parent, os.W_OK):
        raise BadInputError(Problem(key, text, f"the folder {path.parent} cannot be written to"))
    if path.exists():
        _check_replaceable(path, key, text, mark)
        if asked.data.path is not None and path == given_path("data.path", asked.data.path).resolve():
            raise BadInputError(Problem(key, text, "is the file of data.path= too; give another name"))
    return path


def _check_replaceable(path: Path, key: str, text: str, mark: bytes) -> None:
    if not path.is_file():
        raise BadInputError(Problem(key, text, "is no ordinary file"))
    with path.open("rb") as file:
        beginning = file.read(LOOKED_AT)
    if beginning and mark not in beginning:
        why = "is there already and is no forecast of rnnlab; give another name, or remove it"
        raise BadInputError(Problem(key, text, why))


def _write(key: str, path: Path, write: Callable[[Path], None]) -> None:
    try:
        with replaced(path) as beside:
            write(beside)
    except OSError as error:
        raise BadInputError(Problem(key, path, f"cannot be written ({error.strerror})")) from error


def _save(made: Forecast, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        made.save(file)


def _draw(made: Forecast, path: Path) -> None:
    from rnnlab.report.forecast import draw_forecast

    title = f"{made.run.name}: after {made.source}"
    draw_forecast(path, made.known, made.times, made.values, title, mark=FIGURE_TITLE)


def _print_rows(made: Forecast) -> int:
    """Write the rows to standard output and nothing else; whoever reads them may have had enough of them."""
    made.save(sys.stdout)
    sys.stdout.flush()
    error = lost_output()
    if error is None or isinstance(error, BrokenPipeError):
        return EXIT_DONE
    print(f"rnnlab: standard output cannot be written to ({error.strerror})", file=sys.stderr)
    return EXIT_RUN_FAILED


def _say(made: Forecast, output: Path, figure: Path | None) -> None:
    """Print what was made, and what the run's test says of the network."""
    from rnnlab.console import printable
    from rnnlab.report.yardstick import worth
    from rnnlab.tracking.metrics import baselines_in

    steps = f"{len(made.values)} step{'s' if len(made.values) > 1 else ''}"
    print(f"{printable(made.run.name)}  {steps} after {printable(made.source)}")
    result = made.run.folder.read_result()
    metrics = result.metrics if result is not None else {}
    if "test/mse" in metrics:
        print(f"its test MSE {metrics['test/mse']:.4e}, of predictions that are not fed back")
        for line in worth(metrics["test/mse"], baselines_in(metrics)):
            print(line)
    print(f"forecast {as_typed(output)}")
    if figure is not None:
        print(f"figure   {as_typed(figure)}")

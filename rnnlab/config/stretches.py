"""How many points a run trains and tests on: as asked, by default, or by what is in the user's file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.config.schema import DataConfig, RunConfig
from rnnlab.config.targets import is_csv, parameters
from rnnlab.errors import BadInputError, Problem, listed, shell_word
from rnnlab.home import given_path, recorded_path

if TYPE_CHECKING:
    from rnnlab.data.csv_file import Csv

DEFAULT_SAMPLES = 1000
DEFAULT_TEST_FRACTION = 0.2
KEYS_OF_FILES = ("path", "column", "header", "skip_lines", "missing", "fill", "test_fraction", "digest")
KEYS_OF_FUNCTIONS = ("spacing", "endpoint", "time_dtype")


def typed(value: object) -> object:
    """Return a value as it is typed after its key: a list in brackets, without spaces."""
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else value


def file_to_read(data: DataConfig, path: Path) -> Csv:
    """Return which column of a file is meant, and how it is read.

    Args:
        data: how the run reads its own file.
        path: where the file lies (absolute), whatever ``data.path`` says.
    """
    from rnnlab.data.csv_file import Csv

    missing = None if data.missing is None else tuple(data.missing)
    return Csv(path, data.column, data.header, data.fill, data.skip_lines, missing)


def settle_stretches(config: RunConfig, overridden: Collection[str] = ()) -> None:
    """Fill in the numbers of points that were left open; of a file also its place and its digest.

    Args:
        config: is changed.
        overridden: the keys that were given on the command line, to refuse those without an effect.

    Raises:
        BadInputError: keys do not go together, or the file cannot be read or is too short.
    """
    data = config.data
    if isinstance(data.test_function, dict) and is_csv(data.test_function):
        raise BadInputError(
            Problem(
                "data.test_function", "csv", "must be a function; rnnlab predict data.path= tests on another file"
            )
        )
    if data.standardize is None:
        data.standardize = is_csv(config.function)
    if is_csv(config.function):
        _check_parameters(config.function)
        for key in KEYS_OF_FUNCTIONS:
            if f"data.{key}" in overridden:
                raise BadInputError(Problem(f"data.{key}", getattr(data, key), "is of no use with function=csv"))
        _settle_file(data)
        return
    for key in KEYS_OF_FILES:
        value = getattr(data, key)
        if value != getattr(DataConfig, key):
            mend = f"function=csv {shell_word('data.path', value)}" if key == "path" else None
            raise BadInputError(Problem(f"data.{key}", typed(value), "goes with function=csv data.path=", mend))
    data.train_samples = data.train_samples or DEFAULT_SAMPLES
    data.test_samples = data.test_samples or DEFAULT_SAMPLES


def _check_parameters(function: dict[str, Any]) -> None:
    """Refuse parameters of the file's Python object, which would stand in the record and change nothing."""
    for key, value in parameters(function).items():
        mend = shell_word(f"data.{key}", typed(value)) if hasattr(DataConfig, key) else None
        raise BadInputError(
            Problem(f"function.{key}", typed(value), "how a file is read stands in data.* alone", mend)
        )


def _settle_file(data: DataConfig) -> None:
    if not data.path:
        raise BadInputError(Problem("data.path", "null", "function=csv needs a file: data.path=my.csv"))
    from rnnlab.data.csv_file import check_varies, end_of_column, file_digest, read_column

    path = given_path("data.path", data.path)
    asked = file_to_read(data, path)
    rows = len(read_column(asked))
    check_varies(asked)
    digest = file_digest(path)
    if data.digest is not None and data.digest != digest:
        raise BadInputError(
            Problem("data.digest", data.digest, f"the file's is {digest}: it is another file, or changed")
        )
    data.path, data.digest = recorded_path(path), digest
    if data.train_samples is not None and data.test_samples is not None and data.test_fraction is not None:
        given = listed(["data.train_samples", "data.test_samples"])
        raise BadInputError(Problem("data.test_fraction", data.test_fraction, f"is of no use beside {given}"))
    fraction = DEFAULT_TEST_FRACTION if data.test_fraction is None else data.test_fraction
    if data.test_samples is None:
        rest = data.train_samples is not None and data.test_fraction is None
        data.test_samples = rows - (data.train_samples or 0) if rest else round(rows * fraction)
    if data.train_samples is None:
        data.train_samples = rows - data.test_samples
    needed = data.window + data.horizon
    if min(data.train_samples, data.test_samples) < needed or data.train_samples + data.test_samples > rows:
        split = f"{data.train_samples} to train and {data.test_samples} to test on"
        raise BadInputError(
            Problem(
                "data.path",
                path,
                f"{end_of_column(asked)}: ends after {rows} row{'s' if rows != 1 else ''} of values, which do not "
                f"give {split}, each at least data.window + data.horizon = {needed}",
            )
        )

"""Random overrides for the command line: legal, illegal, and nonsense."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnlab.cli import dispatch
from rnnlab.config.keys import keys_of
from rnnlab.config.schema import RunConfig
from rnnlab.errors import BadInputError

KEYS = {key.name: key for key in keys_of(RunConfig) if not key.is_section}
GROUPS = (
    *("function", "cell", "head", "optimizer", "schedule", "trainer"),
    *("tracking", "experiment", "study", "debug"),
)
BY_KIND = {
    int: st.integers(-1, 40).map(str),
    float: st.floats(-1, 3).map(str),
    bool: st.sampled_from(["true", "false"]),
    str: st.sampled_from(["auto", "cpu", "gpu", "float32", "float64", "local", "off", "server", "mine", "null"]),
}
"""Values that are mostly legal, by the kind of a key."""

numbers = st.one_of(
    st.integers(-3, 40),
    st.floats(),
    st.sampled_from(["1e999", "-0", "0x10", "1_000", "1e-3", "99999999999999999999"]),
)
words = st.one_of(
    st.sampled_from(["null", "true", "false", "sin", "gru", "gpu", "off", "server", "latest", "x", "é", "a b"]),
    st.sampled_from(["{a:1}", "'", '"', "${seed}", "${nothing}", "${oc.env:HOME}", "???", "range(3)", "1,2"]),
    st.sampled_from(["../..", "", "[1,2]", "[my_lab]"]),
    st.text(max_size=8),
)
values = st.one_of(numbers, words).map(str)
keys = st.one_of(
    st.sampled_from([*KEYS, *GROUPS]),
    st.sampled_from(["cell._target_", "optimizer.lr", "optimizer.bogus", "schedule.final", "hydra.run.dir"]),
    st.text(alphabet="abc._/@+~=", max_size=6),
)
plausible = st.sampled_from(list(KEYS)).flatmap(
    lambda name: BY_KIND.get(KEYS[name].kind, words.map(str)).map(lambda value: f"{name}={value}")
)
wild = st.builds("{}{}={}".format, st.sampled_from(["", "", "", "+", "~", "++"]), keys, values)
overrides = st.lists(
    st.one_of(plausible, plausible, wild, values.filter(lambda text: not text.startswith("-"))),
    min_size=1,
    max_size=4,
)


def complaint(given_: list[str]) -> str | None:
    """Return what is wrong with how the command line takes some overrides, or None.

    It must take them as a config that can be trained, or refuse them with exit code 2 and a message; in neither
    case is anything left behind before training.
    """
    from rnnlab.training import run

    reached: list[bool] = []

    def trained(*_: object, **__: object) -> None:
        reached.append(True)
        raise SystemExit(0)

    real, run.train_run = run.train_run, trained  # type: ignore[assignment]
    here = Path.cwd()
    errors = io.StringIO()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        try:
            with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
                code = dispatch(["train", "tracking=off", *given_])
        except BadInputError as error:
            code, message = 2, str(error)
            errors.write(message)
        except BaseException as error:  # noqa: BLE001 - the finding
            return f"{type(error).__name__}: {error}"
        finally:
            os.chdir(here)
            run.train_run = real
        left = [path.name for path in Path(place).iterdir() if path.name != "mlruns" or not reached]
    if left:
        return f"exit code {code}, left {left}"
    if code == 2:
        return None if errors.getvalue().strip() and "Traceback" not in errors.getvalue() else "no message"
    return None if code == 0 and reached else f"exit code {code}"


def fuzz(examples: int) -> list[str]:
    """Try random overrides and return what went wrong, each with its overrides."""
    found: list[str] = []

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(overrides)
    def search(some: list[str]) -> None:
        wrong = complaint(some)
        if wrong is not None:
            found.append(f"{some}: {wrong}")

    search()
    return found

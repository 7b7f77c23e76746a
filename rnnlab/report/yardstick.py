"""What a test MSE is worth, in words: beside predictors that learn nothing, and beside the floor of the data.

A number by itself says nothing; whoever prints a test MSE prints these words with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from rnnlab.report.wording import mse_text, times

PERSISTENCE, LINE = "persistence", "linear extrapolation"
FITTED, EXACT, NOISE = "least squares", "exact recurrence", "noise floor"

ALIKE = 0.005
"""Two MSEs that differ by a smaller part than this are said to be the same: two digits are shown."""


def worth(mse: float, baselines: Mapping[str, float]) -> list[str]:
    """Return the lines that a command prints below a test MSE; none where there is nothing to compare with."""
    lines = (("beside", beside_baselines(mse, baselines)), ("floor", floor_of_data(baselines)))
    return [f"{name:<8} {text}" for name, text in lines if text]


def beside_baselines(mse: float, baselines: Mapping[str, float]) -> str:
    """Return what a test MSE is beside persistence and the straight line, as a sentence without its full stop.

    Args:
        mse: the test MSE.
        baselines: the test MSE of each predictor on the same windows, see `rnnlab.analysis.baselines.ladder`.

    Returns:
        ``worse than persistence: 6.9 times its test MSE; a straight line is 60,000 times lower than this``, or an
        empty text where there is nothing to compare with.
    """
    phrases = []
    if (persistence := _measured(baselines, PERSISTENCE)) is not None:
        phrases.append(_beside_persistence(mse, persistence))
    if (line := _measured(baselines, LINE)) is not None:
        phrases.append(_beside_line(mse, line))
    return "; ".join(phrases)


def beside_persistence(mse: float, baselines: Mapping[str, float]) -> str:
    """Return the same in two words, ``6.9 x persistence``; empty where that was not measured."""
    persistence = _measured(baselines, PERSISTENCE)
    if persistence is None:
        return ""
    if persistence == 0:
        return "as persistence" if mse == 0 else "persistence: 0"
    factor = mse / persistence
    return f"{times(factor) if factor >= 1 else f'{factor:.2g}'} x persistence"


def with_persistence(mse: float, baselines: Mapping[str, float]) -> str:
    """Return a test MSE as a line of a list has it: ``3.102e-04 (6.9 x persistence)``."""
    beside = beside_persistence(mse, baselines)
    return f"{mse:.3e} ({beside})" if beside else f"{mse:.3e}"


def floor_of_data(baselines: Mapping[str, float]) -> str:
    """Return below which test MSE the data let nobody come, and why; empty where no predictor was fitted.

    Of a curve with observation noise that is the noise. Of a sinusoid, which two points determine, it is the
    rounding of times and values. Of any other curve it is not known, and the best linear predictor stands in its
    place.
    """
    noise, exact, fitted = (_measured(baselines, name) for name in (NOISE, EXACT, FITTED))
    if noise is not None:
        return f"{mse_text(noise)}, the noise that was added to the data"
    if exact is not None:
        lowest = exact if fitted is None else min(exact, fitted)
        others = "" if fitted is None else f", least squares {mse_text(fitted)}"
        return (
            f"{mse_text(lowest)}, the rounding of the data (the exact recurrence leaves {mse_text(exact)}{others})"
        )
    if fitted is not None:
        return f"not known of this curve; least squares on the window's points leave {mse_text(fitted)}"
    return ""


def _measured(baselines: Mapping[str, float], name: str) -> float | None:
    mse = baselines.get(name)
    return mse if mse is not None and math.isfinite(mse) else None


def _beside_persistence(mse: float, persistence: float) -> str:
    if _alike(mse, persistence):
        return "as good as persistence"
    if persistence == 0:
        return "worse than persistence, which makes no error here"
    if mse > persistence:
        return f"worse than persistence: {times(mse / persistence)} times its test MSE"
    if mse == 0:
        return "better than persistence: no error at all"
    return f"better than persistence: {times(persistence / mse)} times lower than its test MSE"


def _beside_line(mse: float, line: float) -> str:
    if _alike(mse, line):
        return "as good as a straight line"
    if line == 0:
        return "a straight line makes no error here"
    if mse > line:
        return f"a straight line is {times(mse / line)} times lower than this"
    if mse == 0:
        return "better than a straight line too"
    return f"{times(line / mse)} times lower than a straight line"


def _alike(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=ALIKE)

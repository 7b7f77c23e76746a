"""The sentences of a report: verdicts in plain words, never more than the numbers bear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnnlab.config.targets import setting
from rnnlab.report.entries import other_factors
from rnnlab.report.shapes import cell_name

if TYPE_CHECKING:
    from rnnlab.analysis.selection import Selection
    from rnnlab.analysis.statistics import Comparison

NEARLY_TEN, MILLION = 9.95, 10**6


def layers_text(layers: Any) -> str:
    """Return a depth in words: ``3 layers``."""
    return f"{layers} layer" if str(layers) == "1" else f"{layers} layers"


def group_label(factors: Mapping[str, Any], *, with_function: bool) -> str:
    """Return a group's name: ``GRU, 3 layers``, with its curve and whatever else tells it from the others."""
    parts = [str(factors["function"])] if with_function else []
    parts += [cell_name(str(factors["cell"])), layers_text(factors["layers"])]
    return ", ".join([*parts, *(setting(name, value) for name, value in other_factors(factors).items())])


def factor_text(factor: str, value: Any, own: Mapping[str, Any]) -> str:
    """Return a value of a factor as the subject of a sentence.

    Args:
        factor: its key.
        value: what a group has of it.
        own: parameters that belong to that value alone, such as the window of an MLP.
    """
    if factor == "layers":
        return layers_text(value)
    name = cell_name(str(value)) if factor == "cell" else setting(factor, value)
    told = [setting(key, one) for key, one in own.items() if not str(one).startswith("rnnlab.")]
    return f"{name} ({', '.join(told)})" if told else name


def setting_text(factors: Mapping[str, Any], factor: str) -> str:
    """Return what two compared groups share, as the beginning of a sentence: ``With GRU on cos``."""
    shared = {"cell": cell_name(str(factors["cell"])), "layers": layers_text(factors["layers"])}
    shared |= {name: setting(name, value) for name, value in other_factors(factors).items()}
    shared.pop(factor, None)
    return f"With {', '.join(shared.values())} on {factors['function']}"


def verdict(setting: str, names: tuple[str, str], compared: Comparison, holm_p: float, *, decided: bool) -> str:
    """Return the verdict on one contrast.

    Args:
        setting: what the two groups share, from `setting_text`.
        names: of the group and of its reference.
        compared: the group against the reference.
        holm_p: the p value after Holm's correction.
        decided: whether the numbers bear a verdict.
    """
    name, reference = names
    ratio, low, high = compared.ratio.value, compared.ratio.low, compared.ratio.high
    pairs = f"{compared.pairs} paired seed" + ("s" if compared.pairs > 1 else "")
    lower = ratio < 1
    verb = "reach" if name.endswith("layers") else "reaches"
    if lower and decided:
        ratio, low, high = 1 / ratio, high and 1 / high, low and 1 / low
    interval = "" if low is None or high is None else f"95% CI {times(low)} to {times(high)}, "
    facts = f"({interval}{pairs}, p = {p_text(holm_p)} after Holm)"
    if decided:
        way = "lower" if lower else "higher"
        return f"{setting}, {name} {verb} a test MSE {times(ratio)} times {way} than {reference} {facts}."
    if compared.needed is None:
        needed = "how many seeds it would take cannot be told from these"
    elif compared.needed <= compared.pairs:
        needed = "more paired seeds would be needed"
    else:
        needed = f"at least {compared.needed} paired seeds would be needed"
    return (
        f"undecided: {setting[0].lower()}{setting[1:]}, {name} {verb} {times(ratio)} times the test MSE of "
        f"{reference} {facts}; {needed}."
    )


def ladder_verdict(function: str, best: str, runs: int, mse: float, ladder: Mapping[str, float]) -> str:
    """Return what the best group is worth beside the predictors that learn next to nothing.

    Args:
        function: the curve.
        best: the name of the group with the lowest geometric mean.
        runs: how many runs it has.
        mse: that geometric mean.
        ladder: the test MSE of each predictor on the same windows.
    """
    phrases = []
    for name, floor in ladder.items():
        if floor > 0 and mse > 0:
            way, factor = ("lower", floor / mse) if mse < floor else ("higher", mse / floor)
            phrases.append(f"{times(factor)} times {way} than {name} ({mse_text(floor)})")
    compared = "; ".join(phrases) or "no predictor to compare with was recorded"
    counted = f"{runs} run{'s' if runs > 1 else ''}"
    return f"On {function} the best group, {best} ({counted}), has a geometric mean of {mse_text(mse)}: {compared}."


def selection_text(groups: int, selection: Selection | None) -> str:
    """Return how much a group that was chosen as the best is flattered by that; nothing where there was no choice.

    Args:
        groups: how many there were to choose from.
        selection: what is known of the choice, or None where it cannot be told.
    """
    if groups < 2:  # noqa: PLR2004
        return ""
    said = f" It was chosen as the best of {groups} by these same errors, which can flatter it"
    if selection is None:
        return f"{said}; by how much takes two seeds that all of them have."
    again = f"chosen again with each of {selection.seeds} seeds left out"
    equal = f"if all {groups} were equal, the best would look {times(selection.if_equal)} times better than it is"
    if not selection.others:
        return f"{said}: {again}, it is the same every time, so that the seeds show no such effect; {equal}."
    other = "it is another one " + ("once" if selection.others == 1 else f"{selection.others} times")
    factor = f"and on the seeds left out the chosen reach {times(selection.optimism)} times this mean"
    return f"{said}: {again}, {other}, {factor}; {equal}."


def times(factor: float) -> str:
    """Return a factor with two digits or more: ``1.03``, ``2.1``, ``13``, ``4,700``."""
    if factor < NEARLY_TEN:
        return f"{factor:#.2g}" if not 0.9 < factor < 1.1 else f"{factor:.3f}".rstrip("0").ljust(4, "0")  # noqa: PLR2004
    rounded = float(f"{factor:.2g}")
    return f"{rounded:,.0f}" if rounded < MILLION else f"{rounded:.1e}"


def mse_text(mse: float | None) -> str:
    """Return a mean squared error with three digits."""
    return "-" if mse is None else f"{mse:.2e}"


def p_text(p: float) -> str:
    """Return a p value with two digits."""
    return f"{p:.2g}" if p >= 1e-4 else f"{p:.0e}"  # noqa: PLR2004 - below it one digit says enough

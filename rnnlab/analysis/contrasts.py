"""Planned contrasts: which groups of runs a report compares, decided by the grid before any result is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

VALUES_IN_PAIRS = 3

Factors = Mapping[str, Any]
"""What the runs of a group share: function, cell, layers, and whatever else varies in the grid and they have."""


@dataclass(frozen=True)
class Contrast:
    """Two groups that differ in one factor alone.

    Attributes:
        factor: the one in which they differ.
        group: the index of the group that is judged.
        reference: the index of the group that it is judged against.
    """

    factor: str
    group: int
    reference: int


def planned_contrasts(groups: Sequence[Factors], only: str | None = None) -> list[Contrast]:
    """Return the contrasts that a grid was made for.

    These are, with everything else equal, every pair of cells (of more than three cells each with the first,
    since every further contrast takes more seeds), and every depth against the smallest one.
    Where neither cell nor depth varies they are, for each other factor, every value against the first.

    A parameter that one cell has and the other lacks, such as the window of an MLP, is no second factor: it
    belongs to its cell. So it is with the objects of the other sections, such as an optimiser and its momentum.

    Args:
        groups: the factors of each group, in the order of the grid.
        only: the one factor whose values are compared, every one against the first.
    """
    if only is not None:
        return _contrasts(groups, only, _with_first)
    cells = _contrasts(groups, "cell", _in_pairs)
    depths = _contrasts(groups, "layers", lambda values: _with_first(sorted(values, key=int)))
    if cells or depths:
        return cells + depths
    others = dict.fromkeys(factor for group in groups for factor in group if factor != "function")
    return [contrast for factor in others for contrast in _contrasts(groups, factor, _with_first)]


def own_parameters(factor: str, group: Factors, other: Factors) -> dict[str, Any]:
    """Return the parameters that belong to a group's value of a factor, and that the other group lacks or has else.

    Args:
        factor: in which the groups differ, such as ``cell`` or ``optimizer._target_``.
        group: whose parameters are returned.
        other: the group that it is compared with.
    """
    return {
        key: value
        for key, value in group.items()
        if key != factor and _belongs(key, factor) and (key not in other or other[key] != value)
    }


def _in_pairs(values: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(combinations(values, 2)) if len(values) <= VALUES_IN_PAIRS else _with_first(values)


def _with_first(values: Sequence[Any]) -> list[tuple[Any, Any]]:
    return [(values[0], later) for later in values[1:]]


def _contrasts(
    groups: Sequence[Factors], factor: str, pairs: Callable[[Sequence[Any]], list[tuple[Any, Any]]]
) -> list[Contrast]:
    """Return the contrasts of a factor; ``pairs`` says which values are compared, the reference first."""
    return [
        Contrast(factor, group, reference)
        for family in _families(groups, factor)
        for first, later in pairs(list(family))
        for reference in family[first]
        for group in family[later]
        if _go_together(groups[group], groups[reference], factor)
    ]


def _families(groups: Sequence[Factors], factor: str) -> list[dict[Any, list[int]]]:
    """Return the groups that share all that does not belong to a factor: of each value their indices."""
    families: dict[tuple[tuple[str, str], ...], dict[Any, list[int]]] = {}
    for index, group in enumerate(groups):
        if factor not in group:
            continue
        others = tuple(sorted((key, repr(group[key])) for key in group if not _belongs(key, factor)))
        families.setdefault(others, {}).setdefault(_value(group, factor), []).append(index)
    return list(families.values())


def _belongs(key: str, factor: str) -> bool:
    """Return whether a key is a factor, or a parameter of the object that a factor names."""
    section = "cell" if factor == "cell" else factor.removesuffix("._target_") if "._target_" in factor else None
    return key == factor or (section is not None and key.startswith(f"{section}."))


def _value(group: Factors, factor: str) -> Any:
    """Return what is compared: of two cells of one name, such as two classes LSTM, which class."""
    value = group[factor]
    if factor == "cell":
        return value, group.get("cell._target_")
    return value if factor == "layers" else repr(value)


def _go_together(group: Factors, reference: Factors, factor: str) -> bool:
    """Return whether two groups have the same value of each parameter that both have."""
    return all(
        reference[key] == value
        for key, value in group.items()
        if key != factor and not key.endswith("._target_") and _belongs(key, factor) and key in reference
    )

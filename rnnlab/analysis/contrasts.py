"""Planned contrasts: which groups of runs a report compares, decided by the grid before any result is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

CELLS_IN_PAIRS = 3

Factors = Mapping[str, Any]
"""What the runs of a group share: function, cell, layers, and whatever else varies in the grid."""


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

    Args:
        groups: the factors of each group, in the order of the grid.
        only: the one factor whose values are compared, every one against the first.
    """
    if only is not None:
        return _against_first(groups, only)
    cells = [
        Contrast("cell", later, earlier)
        for alike in _alike(groups, "cell")
        for earlier, later in (combinations(alike, 2) if len(alike) <= CELLS_IN_PAIRS else _with_first(alike))
    ]
    depths = [
        Contrast("layers", deeper, shallowest)
        for alike in _alike(groups, "layers")
        for shallowest, *rest in [sorted(alike, key=lambda index: int(groups[index]["layers"]))]
        for deeper in rest
    ]
    if cells or depths:
        return cells + depths
    others = dict.fromkeys(factor for group in groups for factor in group if factor != "function")
    return [contrast for factor in others for contrast in _against_first(groups, factor)]


def _with_first(alike: Sequence[int]) -> list[tuple[int, int]]:
    return [(alike[0], later) for later in alike[1:]]


def _against_first(groups: Sequence[Factors], factor: str) -> list[Contrast]:
    return [Contrast(factor, later, first) for first, *rest in _alike(groups, factor) for later in rest]


def _alike(groups: Sequence[Factors], factor: str) -> list[list[int]]:
    """Return the indices of the groups that differ in one factor alone, those of each such family together."""
    families: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for index, group in enumerate(groups):
        others = tuple(sorted((key, repr(value)) for key, value in group.items() if key != factor))
        families.setdefault(others, []).append(index)
    return [family for family in families.values() if len(family) > 1]

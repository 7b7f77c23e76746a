"""Whether two runs are the same: bit by bit, within a tolerance, or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

BIT_EXACT, WITHIN_TOLERANCE, DIFFERENT = "BIT-EXACT", "WITHIN TOLERANCE", "DIFFERENT"

COMPARED = ("code", "packages", "machine", "threads", "device", "data_sha256")
"""The parts of a manifest that a result can depend on."""

PASSED_OVER = ("machine.host", "machine.cores", "code.branch", "code.id")

BEYOND_SOURCE = ("code.commit", "code.dirty", "code.git", "code.diff_sha256", "code.diff_is_whole")
"""What a manifest says of rnnlab's clone; it cannot matter where the source is the same."""


@dataclass(frozen=True)
class Trained:
    """What is compared of a run.

    Attributes:
        losses: a digest of the losses of each epoch.
        weights: a digest of the weights by when they were taken: initial, final, best.
        errors: by epoch and at last in the test, the mean squared error.
    """

    losses: Sequence[str]
    weights: Mapping[str, str]
    errors: Sequence[float]


@dataclass(frozen=True)
class Verdict:
    """How two runs compare.

    Attributes:
        word: BIT-EXACT, WITHIN TOLERANCE or DIFFERENT.
        tolerance: the largest relative difference of an error that is WITHIN TOLERANCE.
        deviation: the largest that was found; infinite where one run has more epochs.
        parted_at: the first epoch, from 1, whose losses differ in any bit, or None.
        weights: which weights differ in any bit.
    """

    word: str
    tolerance: float
    deviation: float
    parted_at: int | None
    weights: Sequence[str]

    def __str__(self) -> str:
        """Return the verdict as a line."""
        if self.word == BIT_EXACT:
            return BIT_EXACT
        found = f"errors differ by up to {self.deviation:.2g} relative, tolerance {self.tolerance:g}"
        where = f"the losses part in epoch {self.parted_at}" if self.parted_at else "no loss differs"
        other = "" if self.parted_at else f", but weights do: {', '.join(self.weights) or 'none'}"
        return f"{self.word}: {where}{other}; {found}"


def judge(then: Trained, now: Trained, tolerance: float) -> Verdict:
    """Return how a run compares with the one that it repeats."""
    pairs = zip_longest(then.losses, now.losses)
    parted = next((epoch for epoch, (old, new) in enumerate(pairs, start=1) if old != new), None)
    names = [*dict.fromkeys([*then.weights, *now.weights])]
    weights = [name for name in names if then.weights.get(name) != now.weights.get(name)]
    deviation = _deviation(then.errors, now.errors)
    if parted is None and not weights and deviation == 0:
        word = BIT_EXACT
    else:
        word = WITHIN_TOLERANCE if deviation <= tolerance else DIFFERENT
    return Verdict(word, tolerance, deviation, parted, weights)


def _deviation(then: Sequence[float], now: Sequence[float]) -> float:
    if len(then) != len(now):
        return float("inf")
    pairs = zip(then, now, strict=True)
    return max((abs(new - old) / abs(old) if old else abs(new) for old, new in pairs), default=0.0)


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield key, old and new value of what differs between two manifests and can matter to a result."""
    for part in COMPARED:
        old, new = dict(_flat(part, then.get(part))), dict(_flat(part, now.get(part)))
        passed_over = PASSED_OVER + (_not_comparable(old, new) if part == "code" else ())
        for key in sorted(old.keys() | new.keys()):
            if not key.startswith(passed_over) and old.get(key) != new.get(key):
                yield key, old.get(key), new.get(key)


def _not_comparable(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which keys of two records of code tell nothing: older manifests hold the clone's commit alone."""
    if "code.source" not in old or "code.source" not in new:
        return ("code.source", "code.modules", "code.packages")
    return BEYOND_SOURCE if old["code.source"] == new["code.source"] else ()


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}", inner)
    else:
        yield prefix, value

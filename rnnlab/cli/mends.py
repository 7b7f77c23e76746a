"""What a message proposes, tried before it is said: a proposal that would be refused in turn is left out."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Sequence
from functools import reduce

from rnnlab.errors import BadInputError, Problem

MOST_TRIED = 12
"""Proposals of one message; each is composed in full."""

Refusal = Callable[[list[str], bool], Sequence[Problem]]
"""Returns what is wrong with overrides, given with or without ``-m``."""


def with_sound_mends(
    error: BadInputError, words: Sequence[str], *, multirun: bool, refusal: Refusal, first: str = ""
) -> BadInputError:
    """Return bad input whose suggestions would be accepted as they stand.

    Args:
        error: with suggestions that may lead on to the next mistake.
        words: the overrides that were given.
        multirun: whether they were given with ``-m``.
        refusal: tries overrides.
        first: alternatives that begin with it are tried before the others.
    """
    tried: dict[str, bool] = {}

    def is_accepted(mend: str, problem: Problem) -> bool:
        if mend not in tried and len(tried) < MOST_TRIED:
            others = [other for other in error.problems if other is not problem]
            kept = reduce(_without, [problem, *others], list(words))
            tried[mend] = _is_accepted(mend, problem, kept, multirun, refusal)
        return tried.get(mend, False)

    def sound(problem: Problem) -> Problem:
        if problem.suggestion is None:
            return problem
        others = sorted(problem.alternatives, key=lambda mend: not (first and mend.startswith(first)))
        mends = (mend for mend in (problem.suggestion, *others) if is_accepted(mend, problem))
        return dataclasses.replace(problem, suggestion=next(mends, None), alternatives=())

    return BadInputError([sound(problem) for problem in error.problems])


def _is_accepted(mend: str, problem: Problem, words: Sequence[str], multirun: bool, refusal: Refusal) -> bool:
    try:
        proposed = shlex.split(mend)
    except ValueError:
        return False
    overrides = [word for word in proposed if word != "-m"]
    keys = {_key(word) for word in overrides} | {_key(problem.key)}
    kept = [word for word in words if _key(word) not in keys]
    found = refusal([*kept, *overrides], multirun or "-m" in proposed)
    keys |= {f"{key.partition('.')[0]}._target_" for key in keys}
    return not any(_is_about(_key(one.key), keys) for one in found)


def _is_about(blamed: str, keys: set[str]) -> bool:
    """Return whether a key that is blamed is one of those proposed, or a section that one of them would be in."""
    return any(key == blamed or key.startswith(f"{blamed}.") for key in keys)


def _without(words: Sequence[str], problem: Problem) -> list[str]:
    """Return the words without those that are, one or several together, what the problem names."""
    given = problem.key if problem.value is None else f"{problem.key}={problem.value}"
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            if " ".join(words[start:end]) == given:
                return [*words[:start], *words[end:]]
    return list(words)


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+~")

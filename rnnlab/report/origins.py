"""Where the numbers of a report come from: code, versions, machines, devices, and what the configs differ in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.config.record import NOT_PART_OF_THE_RESULT, SHOWN_BY_FACETS
from rnnlab.report.evaluation import GroupSummary
from rnnlab.tracking.studies import StoredRun

TOLD = (
    ("source: rnnlab", "rnnlab.source"),
    ("source: your own code", "rnnlab.own_code"),
    ("device", "rnnlab.device"),
    ("threads", "rnnlab.threads"),
)
"""What is told of a run beside its commit, and the tag that says it: a hash of the source that it used decides."""

VERSION, MACHINE = "rnnlab.version.", "rnnlab.machine."


def origins(runs: Sequence[StoredRun]) -> dict[str, dict[str, int]]:
    """Return, by what is told of, each value that the runs have and how many runs have it."""
    found: dict[str, Counter[str]] = {}
    for run in runs:
        for what, value in _facts(run.tags):
            found.setdefault(what, Counter())[value] += 1
    return {what: dict(sorted(counter.items())) for what, counter in sorted(found.items(), key=_place)}


def _facts(tags: Mapping[str, str]) -> list[tuple[str, str]]:
    commit = tags.get("mlflow.source.git.commit")
    dirty = " with changes that are not committed" if tags.get("rnnlab.git.dirty") == "true" else ""
    problem = tags.get("rnnlab.git.problem")
    none = f"not recorded: git {problem}" if problem else "not under git"
    facts = [("commit", f"{commit}{dirty}" if commit else none)]
    facts += [(what, tags[key]) for what, key in TOLD if key in tags]
    for prefix, what in ((MACHINE, "machine: "), (VERSION, "version of ")):
        facts += [(what + key.removeprefix(prefix), value) for key, value in tags.items() if key.startswith(prefix)]
    return facts


def _place(item: tuple[str, Any]) -> tuple[int, str]:
    order = ("commit", "source", "device", "threads", "machine", "version")
    return order.index(item[0].partition(":")[0].partition(" ")[0]), item[0]


def differences(groups: Sequence[GroupSummary]) -> dict[str, dict[str, list[int]]]:
    """Return the config keys in which groups differ beyond their factors: each value and the groups that have it.

    A key that a group lacks, such as a GRU's ``cell.forget_bias``, has the value ``-`` there.
    """
    params: dict[int, Mapping[str, str]] = {}
    for index, summary in enumerate(groups):
        runs = [entry.run for entry in summary.group.entries if entry.run]
        if runs:
            params[index] = runs[0].params
    keys = dict.fromkeys(key for values in params.values() for key in values)
    table: dict[str, dict[str, list[int]]] = {}
    for key in keys:
        shown = key in SHOWN_BY_FACETS or key.partition(".")[0] in NOT_PART_OF_THE_RESULT
        if shown or any(key in summary.group.factors for summary in groups):
            continue
        values: dict[str, list[int]] = {}
        for index, found in params.items():
            values.setdefault(found.get(key, "-"), []).append(index)
        if len(values) > 1:
            table[key] = values
    return table

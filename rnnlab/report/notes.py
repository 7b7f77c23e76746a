"""What a reader of a report should bear in mind: notes on what its numbers can and cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnlab.report.entries import Entry
from rnnlab.report.evaluation import ERROR_RATE, Evaluation


def best_epochs(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return how many runs told their best epoch, of how many it is not the last, and what it was chosen by."""
    known = [
        (entry, entry.best_epoch, entry.last_epoch)
        for entry in entries
        if entry.status == "FINISHED" and entry.best_epoch is not None and entry.last_epoch is not None
    ]
    return {
        "runs": len(known),
        "not_the_last": sum(best != last for _, best, last in known),
        "chosen_by": sorted({entry.chosen_by for entry, *_ in known}),
    }


def notes(evaluation: Evaluation) -> list[str]:
    """Return the notes, each a sentence or two."""
    found = []
    best = best_epochs(evaluation.entries)
    if best["runs"]:
        chosen = " or ".join(best["chosen_by"])
        last = chosen.replace("best/", "").replace("_", "/")
        found.append(
            f"In {best['not_the_last']} of {best['runs']} runs the best epoch, whose weights were tested, is not "
            f"the last one. {chosen} is of the best epoch; {last}, where a run's last value is shown, of the last."
        )
    functions = {str(summary.group.factors["function"]) for summary in evaluation.groups}
    if {"sin", "cos"} <= functions:
        found.append(
            "sin and cos differ by their phase alone: on whole periods they are the same problem, and on stretches "
            "of 1.6 periods nearly so. They are two looks at one question, not two questions."
        )
    cells = {str(summary.group.factors["cell"]) for summary in evaluation.groups}
    devices = {device for summary in evaluation.groups for device in summary.devices}
    if {"lstm", "gru"} <= cells and "cpu" in devices:
        found.append(
            "On a CPU PyTorch runs the LSTM on a fused kernel (oneDNN) and the GRU on a general one: their times "
            "compare these kernels more than the cells."
        )
    pairs = [verdict.compared.pairs for verdict in evaluation.verdicts if verdict.compared]
    smallest = min(pairs, default=0)
    if pairs and len(pairs) * 2 / 2**smallest > ERROR_RATE:
        needed = next(n for n in range(1, 100) if len(pairs) * 2 / 2**n <= ERROR_RATE)
        found.append(
            f"With {smallest} paired seed{'s' if smallest > 1 else ''} the smallest p value that a sign-flip test "
            f"can give is {2 / 2**smallest:.2g}; {len(pairs)} contrast{'s' if len(pairs) > 1 else ''} share the "
            f"error rate, so that no first verdict is possible below {needed} seeds, whatever the runs say."
        )
    if evaluation.apart:
        found.append(
            f"{evaluation.apart} contrasts were left out: their groups were tested on different windows, on "
            "which errors mean different things."
        )
    if any("exact recurrence" in panel.ladder for panel in evaluation.panels):
        found.append(
            "The exact recurrence and the least squares mark the floor of the data: what they leave is the "
            "rounding of times and values."
        )
    if any(summary.best == 0 for summary in evaluation.groups):
        found.append("A test MSE of exactly 0 has no logarithm; the smallest number there is stands in for it.")
    return found

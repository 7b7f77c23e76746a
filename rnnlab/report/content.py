"""The content of a report as plain values: what `report.json` holds and the pages show."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnlab.report.entries import MSE, Entry
from rnnlab.report.evaluation import Evaluation, GroupSummary, Panel, Verdict, estimate_as_json
from rnnlab.report.notes import best_epochs, notes
from rnnlab.report.origins import differences, origins
from rnnlab.report.wording import group_label
from rnnlab.tracking.studies import StoredRun

DIGITS = 12
"""Significant digits of what was computed: enough, and the same on machines that differ in the last bits."""

SOURCES = (
    "Agarwal et al. 2021, Deep Reinforcement Learning at the Edge of the Statistical Precipice (NeurIPS)",
    "Bouthillier et al. 2021, Accounting for Variance in Machine Learning Benchmarks (MLSys)",
    "Colas et al. 2018, How Many Random Seeds? Statistical Power Analysis in Deep RL (arXiv:1806.08295)",
    "Clopper and Pearson 1934, The Use of Confidence or Fiducial Limits (Biometrika 26)",
    "Varma and Simon 2006, Bias in Error Estimation When Using Cross-Validation (BMC Bioinformatics 7)",
    "Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure (Scand. J. Statist. 6)",
)

METHOD = (
    (
        "Runs are paired by their seed. All statistics of the test MSE are taken of its logarithm to base 10, "
        "because errors differ by factors."
    ),
    (
        "A ratio is one of geometric means, with the t interval of the paired log differences. The p value is that "
        "of a two-sided sign-flip permutation test on the same differences: exact up to 20 pairs, beyond that with "
        "99,999 random flips and a fixed seed. Holm's correction covers all planned contrasts of the report."
    ),
    (
        "A contrast is decided if p after Holm is at most 0.05 and the interval leaves out 1. Else it is "
        "undecided, and the number of seeds is told that would give 80% power if difference and scatter stayed so."
    ),
    (
        "The planned contrasts of a study are set by its grid before any result is seen: every pair of cells at "
        "equal depth (of more than three cells each with the first), every depth against the smallest at equal "
        "cell, each curve by itself. Where neither varies, every value of what does vary is compared with the "
        "first; two studies are compared setting by setting. Runs chosen by their results bear no verdict."
    ),
    (
        "The chance of being better is the share of seeds for which a group is the better one, a tie being half, "
        "with the interval of Clopper and Pearson, which is wide rather than wrong for few seeds. The interval of "
        "the interquartile mean is a percentile bootstrap of the logarithms with a fixed seed: it is approximate "
        "below 20 seeds."
    ),
    (
        "The best group of several is chosen by the errors that are then shown of it, so that it looks better than "
        "it is. By how much is estimated by leaving out each seed in turn: the group is chosen on the others and "
        "looked at on the one left out. On the planned contrasts this has no bearing: they were chosen before."
    ),
)


@dataclass(frozen=True)
class Subject:
    """What a report is about.

    Attributes:
        title: its name, in the store's words.
        description: a line below the title.
        runs: all runs in it, for their origins.
        made_by: the command that made the runs, or None.
        report_command: the command that makes this report.
        links: by their names, addresses of MLflow's pages.
    """

    title: str
    description: str
    runs: Sequence[StoredRun]
    made_by: str | None
    report_command: str
    links: Mapping[str, str]


def content(subject: Subject, evaluation: Evaluation) -> dict[str, Any]:
    """Return the report as nested dicts and lists of plain values, without its figures."""
    return {
        "title": subject.title,
        "description": subject.description,
        "verdicts": [_verdict(verdict, evaluation) for verdict in evaluation.verdicts],
        "ladder_verdicts": [panel.text for panel in evaluation.panels if panel.text],
        "panels": [_panel(panel) for panel in evaluation.panels],
        "groups": [_group(index, summary, evaluation) for index, summary in enumerate(evaluation.groups)],
        "notes": notes(evaluation),
        "best_epochs": best_epochs(evaluation.entries),
        "completeness": _completeness(evaluation.entries),
        "differences": differences(evaluation.groups),
        "origins": origins(subject.runs),
        "commands": {"runs": subject.made_by, "report": subject.report_command},
        "links": dict(subject.links),
        "method": list(METHOD),
        "sources": list(SOURCES),
    }


def _verdict(verdict: Verdict, evaluation: Evaluation) -> dict[str, Any]:
    compared, contrast = verdict.compared, verdict.contrast
    group, reference = (evaluation.groups[index] for index in (contrast.group, contrast.reference))
    return {
        "text": verdict.text,
        "decided": verdict.decided,
        "factor": contrast.factor,
        "function": str(group.group.factors["function"]),
        "group": group.label,
        "reference": reference.label,
        "pairs": compared.pairs if compared else 0,
        "ratio": _rounded(estimate_as_json(compared.ratio)) if compared else None,
        "p": _rounded(compared.p) if compared else None,
        "p_exact": compared.exact if compared else None,
        "p_holm": _rounded(verdict.holm_p),
        "probability_better": _rounded(estimate_as_json(compared.better)) if compared else None,
        "pairs_needed": compared.needed if compared else None,
        "runs": {"group": verdict.runs[0], "reference": verdict.runs[1]},
    }


def _panel(panel: Panel) -> dict[str, Any]:
    ladder = [{"name": name, "mse": mse, "runs": panel.runs} for name, mse in panel.ladder.items()]
    chosen = _rounded(dataclasses.asdict(panel.selection)) if panel.selection else None
    return {"name": panel.name, "groups": panel.indices, "ladder": ladder, "selection": chosen}


def _group(index: int, summary: GroupSummary, evaluation: Evaluation) -> dict[str, Any]:
    panel = next(panel.name for panel in evaluation.panels if index in panel.indices)
    return {
        "label": summary.label,
        "panel": panel,
        "factors": dict(summary.group.factors),
        "n": len(summary.group.finished),
        "planned": len(summary.group.entries),
        "median": summary.median,
        "interquartile_mean": _rounded(estimate_as_json(summary.interquartile)),
        "geometric_mean": _rounded(estimate_as_json(summary.mean)),
        "best": summary.best,
        "worst": summary.worst,
        "parameters": summary.parameters,
        "fit_seconds": summary.fit_seconds,
        "steps_per_second": summary.steps_per_second,
        "devices": summary.devices,
        "median_run": _run_id(summary.median_run),
        "runs": [
            {"run_id": _run_id(entry), "name": entry.name, "seed": entry.seed, "status": entry.status}
            | {"test/mse": entry.metric(MSE) if entry.status == "FINISHED" else None}
            | {"best/epoch": entry.best_epoch, entry.chosen_by: entry.monitored, "epochs": entry.last_epoch}
            | {"error": entry.error}
            for entry in summary.group.entries
        ],
    }


def _run_id(entry: Entry | None) -> str | None:
    return entry.run.run_id if entry and entry.run else None


def _completeness(entries: Sequence[Entry]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry.status] = counts.get(entry.status, 0) + 1
    without = [
        {
            "name": entry.name,
            "setting": f"{group_label({k: v for k, v in entry.factors.items() if k != 'seed'}, with_function=True)}"
            f", seed {entry.seed}",
            "status": entry.status,
            "error": entry.error,
            "run_id": _run_id(entry),
        }
        for entry in entries
        if entry.status != "FINISHED"
    ]
    return {"planned": len(entries), "counts": dict(sorted(counts.items())), "without_result": without}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    return value

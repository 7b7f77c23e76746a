"""From entries to what a report says: groups, contrasts, ladder and verdicts, each with the runs it came from."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnnlab.analysis.contrasts import Contrast, own_parameters, planned_contrasts
from rnnlab.analysis.selection import Selection, selection_optimism
from rnnlab.analysis.statistics import (
    Comparison,
    Estimate,
    compare_paired,
    geometric_mean,
    holm,
    interquartile_mean,
)
from rnnlab.config.targets import setting
from rnnlab.report.entries import MSE, Entry, Group, groups_of
from rnnlab.report.wording import factor_text, group_label, ladder_verdict, selection_text, setting_text, verdict

ERROR_RATE = 0.05


@dataclass(frozen=True)
class GroupSummary:
    """A group in numbers.

    Attributes:
        label: its name, without the curve.
        group: its entries.
        median, best, worst: of the test MSEs, None where nothing has finished.
        interquartile: the interquartile mean.
        mean: the geometric mean.
        parameters: trainable parameters.
        fit_seconds, steps_per_second: the medians.
        devices: what it was trained on.
    """

    label: str
    group: Group
    median: float | None
    best: float | None
    worst: float | None
    interquartile: Estimate | None
    mean: Estimate | None
    parameters: int | None
    fit_seconds: float | None
    steps_per_second: float | None
    devices: list[str]

    @property
    def median_run(self) -> Entry | None:
        """The entry whose test MSE is the median one, the lower of two."""
        ranked = sorted(self.group.finished, key=lambda entry: entry.metric(MSE))
        return ranked[(len(ranked) - 1) // 2] if ranked else None


@dataclass(frozen=True)
class Verdict:
    """A planned contrast and what came out.

    Attributes:
        contrast: which groups.
        text: the sentence.
        decided: whether the numbers bear a verdict.
        compared: the numbers, or None where no seed is finished in both groups.
        holm_p: the p value after Holm's correction, or None.
        runs: the ids of the paired runs, of the group and of its reference.
    """

    contrast: Contrast
    text: str
    decided: bool
    compared: Comparison | None
    holm_p: float | None
    runs: tuple[list[str], list[str]]


@dataclass(frozen=True)
class Panel:
    """The groups that are tested on the same windows.

    Attributes:
        name: the curve, and what else sets its windows apart.
        indices: of its groups.
        ladder: the test MSE of the predictors that learn next to nothing.
        runs: the ids of the runs that recorded the ladder.
        text: what the best group is worth beside it, and by how much the choice flatters it; None where nothing
            has finished.
        selection: that in numbers, None where there is no choice or no telling.
    """

    name: str
    indices: list[int]
    ladder: Mapping[str, float]
    runs: list[str]
    text: str | None
    selection: Selection | None


@dataclass(frozen=True)
class Evaluation:
    """All that a report says of the test errors.

    Attributes:
        entries: every place of the grid.
        groups: the entries by what they share.
        panels: the groups by what they are tested on.
        verdicts: on the planned contrasts.
        apart: how many contrasts were left out because their groups were tested on different windows.
    """

    entries: Sequence[Entry]
    groups: Sequence[GroupSummary]
    panels: Sequence[Panel]
    verdicts: Sequence[Verdict]
    apart: int


def evaluate(entries: Sequence[Entry], only: str | None = None) -> Evaluation:
    """Return what the entries say.

    Args:
        entries: the places of the grid.
        only: the one factor whose contrasts are planned, or None for those that the grid was made for.
    """
    groups = groups_of(entries)
    summaries = [_summary(group) for group in groups]
    panels = _panels(summaries)
    place = {index: panel.name for panel in panels for index in panel.indices}
    planned = planned_contrasts([group.factors for group in groups], only)
    together = [one for one in planned if place[one.group] == place[one.reference]]
    return Evaluation(entries, summaries, panels, _verdicts(groups, together), len(planned) - len(together))


def _summary(group: Group) -> GroupSummary:
    mses = group.values(MSE)
    parameters = {entry.run.tags.get("rnnlab.parameters") for entry in group.finished if entry.run} - {None}
    devices = {entry.run.tags.get("rnnlab.device", "unknown") for entry in group.finished if entry.run}
    return GroupSummary(
        label=group_label(group.factors, with_function=False),
        group=group,
        median=statistics.median(mses) if mses else None,
        best=min(mses, default=None),
        worst=max(mses, default=None),
        interquartile=interquartile_mean(mses) if mses else None,
        mean=geometric_mean(mses) if mses else None,
        parameters=int(str(min(parameters, key=str))) if parameters else None,
        fit_seconds=_median(group.values("time/fit_seconds")),
        steps_per_second=_median(group.values("time/steps_per_second")),
        devices=sorted(devices),
    )


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _panels(summaries: Sequence[GroupSummary]) -> list[Panel]:
    """Return the groups by the windows they were tested on: persistence tells these apart, to the last digits.

    A group without a result stands with the first others on its curve.
    """
    windows = [_windows(summary) for summary in summaries]
    found: dict[tuple[str, str], list[int]] = {}
    for index, summary in enumerate(summaries):
        curve = str(summary.group.factors["function"])
        known = [
            windows[other] for other, one in enumerate(summaries) if str(one.group.factors["function"]) == curve
        ]
        found.setdefault((curve, windows[index] or next(filter(None, known), "")), []).append(index)
    curves = [curve for curve, _ in found]
    panels: list[Panel] = []
    for (curve, _), indices in found.items():
        name = curve
        if curves.count(curve) > 1:
            name = ", ".join([curve, *_shared_data(indices, summaries)])
            name += f" ({len(panels) + 1})" if any(panel.name == name for panel in panels) else ""
        panels.append(_panel(name, indices, summaries))
    return panels


def _windows(summary: GroupSummary) -> str:
    persistence = summary.group.baselines.get("persistence")
    return "" if persistence is None else f"{persistence:.6g}"


def _shared_data(indices: Sequence[int], summaries: Sequence[GroupSummary]) -> list[str]:
    """Return what all groups of a panel have in common of the factors that decide data."""
    first, *others = (summaries[index].group.factors for index in indices)
    return [
        setting(key, value)
        for key, value in first.items()
        if key.startswith(("data.", "function.", "study")) and all(other.get(key) == value for other in others)
    ]


def _panel(name: str, indices: list[int], summaries: Sequence[GroupSummary]) -> Panel:
    done = [summaries[index] for index in indices if summaries[index].mean is not None]
    ladders = [summary.group for summary in done if summary.group.baselines]
    ladder = ladders[0].baselines if ladders else {}
    best = min(done, key=_mean, default=None)
    selection = _selection([summary.group for summary in done])
    text = None
    if best is not None:
        text = ladder_verdict(name, best.label, len(best.group.finished), _mean(best), ladder)
        text += selection_text(len(done), selection)
    return Panel(name, indices, ladder, [run for group in ladders for run in group.run_ids], text, selection)


def _selection(groups: Sequence[Group]) -> Selection | None:
    """Return what choosing among groups does, on the seeds that have finished in all of them."""
    errors = [{entry.seed: entry.metric(MSE) for entry in group.finished} for group in groups]
    seeds = sorted(set.intersection(*map(set, errors))) if errors else []
    return selection_optimism([[of_seed[seed] for seed in seeds] for of_seed in errors]) if seeds else None


def _mean(summary: GroupSummary) -> float:
    return summary.mean.value if summary.mean else float("inf")


def _verdicts(groups: Sequence[Group], planned: Sequence[Contrast]) -> list[Verdict]:
    pairs = [_paired(groups[one.group], groups[one.reference]) for one in planned]
    tested = [place for place, (ours, _) in enumerate(pairs) if ours]
    compared = {
        place: compare_paired(
            [entry.metric(MSE) for entry in pairs[place][0]],
            [entry.metric(MSE) for entry in pairs[place][1]],
            comparisons=len(tested),
        )
        for place in tested
    }
    corrected = holm([compared[place].p for place in tested]).tolist() if tested else []
    holm_p = dict(zip(tested, corrected, strict=True))
    return [
        _verdict(groups, contrast, pairs[place], compared.get(place), holm_p.get(place))
        for place, contrast in enumerate(planned)
    ]


def _verdict(
    groups: Sequence[Group],
    contrast: Contrast,
    pair: tuple[list[Entry], list[Entry]],
    compared: Comparison | None,
    holm_p: float | None,
) -> Verdict:
    ours, reference = groups[contrast.group].factors, groups[contrast.reference].factors
    own = own_parameters(contrast.factor, ours, reference), own_parameters(contrast.factor, reference, ours)
    names = (
        factor_text(contrast.factor, ours[contrast.factor], own[0]),
        factor_text(contrast.factor, reference[contrast.factor], own[1]),
    )
    setting = setting_text({key: value for key, value in ours.items() if key not in own[0]}, contrast.factor)
    runs = ([entry.run.run_id for entry in pair[0] if entry.run], [e.run.run_id for e in pair[1] if e.run])
    if compared is None or holm_p is None:
        text = (
            f"undecided: {setting[0].lower()}{setting[1:]}, no seed has finished with both {' and '.join(names)}."
        )
        return Verdict(contrast, text, False, None, None, runs)
    low, high = compared.ratio.low, compared.ratio.high
    apart = low is not None and high is not None and not low <= 1 <= high
    decided = apart and holm_p <= ERROR_RATE
    text = verdict(setting, names, compared, holm_p, decided=decided)
    return Verdict(contrast, text, decided, compared, holm_p, runs)


def _paired(ours: Group, theirs: Group) -> tuple[list[Entry], list[Entry]]:
    """Return the finished entries of both groups that share a seed, in the order of the seeds."""
    a, b = ({entry.seed: entry for entry in group.finished} for group in (ours, theirs))
    seeds = sorted(a.keys() & b.keys())
    return [a[seed] for seed in seeds], [b[seed] for seed in seeds]


def estimate_as_json(estimate: Estimate | None) -> dict[str, float | None] | None:
    """Return an estimate as plain values."""
    return dataclasses.asdict(estimate) if estimate else None

"""A report from the store to its files, and the check whether a stored one still holds."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.config.names import is_folder_name
from rnnlab.errors import BadInputError, Problem
from rnnlab.report.content import Subject, content
from rnnlab.report.entries import FACETS, MSE, Entry, entries_of_runs, entries_of_study, other_factors
from rnnlab.report.evaluation import evaluate
from rnnlab.report.illustrations import illustrations
from rnnlab.report.pages import html_page, markdown_page, write_pages
from rnnlab.report.style import png_and_svg
from rnnlab.tracking.links import compare_link, overlay_link, pages_address, run_link
from rnnlab.tracking.metrics import BEST_EPOCH
from rnnlab.tracking.store import Store
from rnnlab.tracking.studies import StoredRun, StoredStudy, find_study, select_runs

MOST_RUNS_COMPARED = 100
"""MLflow's page that compares runs gets slow, and its address too long for a browser, beyond that."""


@dataclass(frozen=True)
class Report:
    """A report, ready to be written.

    Attributes:
        folder: where it belongs below `outputs/`: ``<study>/report``.
        parent: the MLflow run that it is an artifact of, or None.
        content: what it says.
        files: by their path in the folder, what its files hold.
    """

    folder: Path
    parent: str | None
    content: Mapping[str, Any]
    files: Mapping[str, bytes]


def study_report(store: Store, text: str, where: Sequence[str] = ()) -> Report:
    """Return the report of a study.

    Args:
        store: where it is.
        text: which one: latest, a name, or the parent's id.
        where: the overrides that lead to the store.

    Raises:
        BadInputError: there is no such study, or nothing in it has finished.
    """
    study = find_study(store, text)
    parent = study.parent
    entries = entries_of_study(study)
    subject = Subject(
        title=parent.name,
        description=f"A study of {len(study.jobs)} runs.",
        runs=_runs(entries),
        made_by=parent.tags.get("rnnlab.command"),
        report_command=shlex.join(["rnnlab", "report", f"study={parent.run_id}", *where]),
        links={"The study in MLflow": f"{pages_address(store)}/{run_link(store.experiment_id, parent.run_id)}"},
    )
    return _report(store, subject, entries, Path(study_folder(study)) / "report", parent.run_id)


def runs_report(store: Store, text: str, where: Sequence[str] = ()) -> Report:
    """Return the report of any runs, given by their ids or by a filter in MLflow's language.

    Raises:
        BadInputError: there are no such runs, or none of them has finished.
    """
    runs = select_runs(store, text)
    entries, left_out = entries_of_runs(runs)
    without = (
        "" if not left_out else f" {left_out} are left out: without a config, or with a newer run of the same."
    )
    subject = Subject(
        title=f"{len(entries)} runs",
        description=f"Runs chosen by: {text}.{without}",
        runs=_runs(entries),
        made_by=None,
        report_command=shlex.join(["rnnlab", "report", f"runs={text}", *where]),
        links={},
    )
    short = hashlib.sha256(text.encode()).hexdigest()[:8]
    return _report(store, subject, entries, Path(f"runs-{short}") / "report", None)


def comparison_report(store: Store, first: str, second: str, where: Sequence[str] = ()) -> Report:
    """Return the report that compares two studies, group by group and seed by seed.

    Raises:
        BadInputError: there is no such study, they are the same, they have no group in common, or nothing has
            finished.
    """
    studies = [find_study(store, text) for text in (first, second)]
    ids = [study.parent.run_id for study in studies]
    names = [study.parent.name for study in studies]
    if ids[0] == ids[1]:
        raise BadInputError(Problem("study", f"{first},{second}", "are one and the same; give two"))
    if names[0] == names[1]:
        names = [f"{name} {run_id[:8]}" for name, run_id in zip(names, ids, strict=True)]
    entries, alone = _labelled(studies, names)
    left_out = f" Settings that only one of them has are left out: {alone} runs." if alone else ""
    subject = Subject(
        title=" against ".join(names),
        description="Two studies, setting by setting, paired by their seeds; a ratio below 1 speaks for the second."
        + left_out,
        runs=_runs(entries),
        made_by="; ".join(study.parent.tags.get("rnnlab.command", "unknown") for study in studies),
        report_command=shlex.join(["rnnlab", "compare", "study=" + ",".join(ids), *where]),
        links={},
    )
    folder = "-vs-".join(study_folder(study) for study in studies)
    if not is_folder_name(folder):
        folder = "-vs-".join(f"study-{run_id[:8]}" for run_id in ids)
    return _report(store, subject, entries, Path(folder) / "report", None, only="study")


def _labelled(studies: Sequence[StoredStudy], names: Sequence[str]) -> tuple[list[Entry], int]:
    """Return the entries of the groups that both studies have, with the study as a factor, and the others' number.

    Raises:
        BadInputError: they have none in common.
    """
    sides = [entries_of_study(study) for study in studies]
    # What differs between the studies alone, and not within one, is the change that they are compared for.
    keys = dict.fromkeys(key for side in sides for entry in side for key in entry.factors)
    both = set.intersection(*({_setting(_factors(entry, keys)) for entry in side} for side in sides))
    if not both:
        allowed = "have no function, cell, depth and other factors in common"
        raise BadInputError(Problem("study", ",".join(names), allowed))
    entries = [
        Entry(entry.name, {**factors, "study": name}, entry.status, entry.error, entry.run)
        for side, name in zip(sides, names, strict=True)
        for entry in side
        if _setting(factors := _factors(entry, keys)) in both
    ]
    return entries, sum(map(len, sides)) - len(entries)


def _factors(entry: Entry, keys: Iterable[str]) -> dict[str, Any]:
    """Return an entry's values of the factors of both studies, where its own has it fixed from its run's config."""
    params = entry.run.params if entry.run else {}
    return {key: entry.factors.get(key, params.get(key, "-")) for key in keys}


def _setting(factors: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((key, str(value)) for key, value in factors.items() if key != "seed")


def _runs(entries: Sequence[Entry]) -> list[StoredRun]:
    return [entry.run for entry in entries if entry.run]


def study_folder(study: StoredStudy) -> str:
    """Return the folder of a study below `outputs/`; what a store says of it must be fit for one.

    A study whose name a newer one has taken has its id in the name.
    """
    parent = study.parent
    name, short = parent.tags.get("rnnlab.study", ""), parent.run_id[:8]
    if not study.newest:
        name = f"{name}-{short}"
    return name if is_folder_name(name) else f"study-{short}"


def _report(  # noqa: PLR0917 - a report has many parts
    store: Store,
    subject: Subject,
    entries: Sequence[Entry],
    folder: Path,
    parent: str | None = None,
    only: str | None = None,
) -> Report:
    finished = [entry.run.run_id for entry in entries if entry.status == "FINISHED" and entry.run]
    if not finished:
        whys = {f"{entry.status}: {entry.error}" if entry.run is None else entry.status for entry in entries}
        why = ", ".join(sorted(whys)) or "no run"
        raise BadInputError(Problem("report", subject.title, f"has no FINISHED run to report on ({why})"))
    evaluation = evaluate(entries, only)
    said = content(subject, evaluation)
    if len(finished) <= MOST_RUNS_COMPARED:
        address, experiment = pages_address(store), store.experiment_id
        said["links"] |= {
            "The runs compared in MLflow": f"{address}/{compare_link(experiment, finished)}",
            "Their training curves in MLflow": f"{address}/{overlay_link(experiment, finished, 'train/mse')}",
        }
    files: dict[str, bytes] = {}
    pictures = []
    for picture, figure in illustrations(store, evaluation):
        png, svg = png_and_svg(figure)
        files |= {f"figures/{picture.name}.png": png, f"figures/{picture.name}.svg": svg}
        pictures.append(picture)
    said["figures"] = [{"file": f"figures/{one.name}.png", "title": one.title, "alt": one.alt} for one in pictures]
    vector = {one.name: files[f"figures/{one.name}.svg"] for one in pictures}
    files |= {
        "index.html": html_page(said, pictures, vector).encode(),
        "report.md": markdown_page(said, pictures).encode(),
        "results.csv": _results_csv(entries).encode(),
        "report.json": (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode(),
    }
    return Report(folder, parent, said, files)


def _results_csv(entries: Sequence[Entry]) -> str:
    others = list(dict.fromkeys(key for entry in entries for key in other_factors(entry.factors)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    chosen = list(dict.fromkeys(entry.chosen_by for entry in entries if entry.run))
    last = (MSE, "test/rmse", BEST_EPOCH, *chosen, "fit_seconds", "parameters", "error")
    writer.writerow(("name", "run_id", "status", *FACETS, *others, *last))
    for entry in entries:
        run = entry.run
        metrics: Mapping[str, float] = run.metrics if run else {}
        writer.writerow(
            (
                *(entry.name, run.run_id if run else "", entry.status),
                *(entry.factors.get(key, "") for key in (*FACETS, *others)),
                *(metrics.get(key, "") for key in (MSE, "test/rmse")),
                "" if entry.best_epoch is None else entry.best_epoch,
                *(metrics.get(key, "") for key in (*chosen, "time/fit_seconds")),
                *(run.tags.get("rnnlab.parameters", "") if run else "", entry.error or ""),
            )
        )
    return text.getvalue()


def write(report: Report, outputs: Path) -> Path:
    """Write the report's files and return their folder; what an older report left there and this one lacks goes.

    Raises:
        BadInputError: the folder cannot be written to.
    """
    folder = outputs / report.folder
    write_pages(folder, report.files, "report")
    return folder


def changed(report: Report, outputs: Path) -> list[str] | None:
    """Return the files in which a stored report differs from this one, or None where none is stored."""
    folder = outputs / report.folder
    if not (folder / "report.json").is_file():
        return None
    return [name for name, data in report.files.items() if not _holds(folder / name, data)]


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data

"""A report from the store to its files, and the check whether a stored one still holds."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.config.validate import is_folder_name
from rnnlab.errors import BadInputError, Problem
from rnnlab.report.content import Subject, content
from rnnlab.report.entries import FACETS, Entry, entries_of_runs, entries_of_study, other_factors
from rnnlab.report.evaluation import MSE, RMSE, evaluate
from rnnlab.report.illustrations import illustrations
from rnnlab.report.pages import html_page, markdown_page
from rnnlab.report.style import png_and_svg
from rnnlab.tracking.links import compare_link, overlay_link, pages_address, run_link
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


def study_report(store: Store, text: str) -> Report:
    """Return the report of a study.

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
        report_command=f"rnnlab report study={parent.run_id}",
        links={"The study in MLflow": f"{pages_address(store)}/{run_link(store.experiment_id, parent.run_id)}"},
    )
    return _report(store, subject, entries, Path(study_folder(parent)) / "report", parent.run_id)


def runs_report(store: Store, text: str) -> Report:
    """Return the report of any runs, given by their ids or by a filter in MLflow's language.

    Raises:
        BadInputError: there are no such runs, or none of them has finished.
    """
    runs = select_runs(store, text)
    entries = entries_of_runs(runs)
    subject = Subject(
        title=f"{len(runs)} runs",
        description=f"Runs chosen by: {text}",
        runs=_runs(entries),
        made_by=None,
        report_command=f"rnnlab report runs={text}",
        links={},
    )
    short = hashlib.sha256(text.encode()).hexdigest()[:8]
    return _report(store, subject, entries, Path(f"runs-{short}") / "report", None)


def comparison_report(store: Store, first: str, second: str) -> Report:
    """Return the report that compares two studies, group by group and seed by seed.

    Raises:
        BadInputError: there is no such study, they have no group in common, or nothing has finished.
    """
    studies = [find_study(store, text) for text in (first, second)]
    names = [study.parent.name for study in studies]
    if names[0] == names[1]:
        names = [f"{name} {study.parent.run_id[:8]}" for name, study in zip(names, studies, strict=True)]
    entries = _labelled(studies, names)
    subject = Subject(
        title=" against ".join(names),
        description="Two studies, group by group, paired by their seeds; a ratio below 1 speaks for the second.",
        runs=_runs(entries),
        made_by="; ".join(study.parent.tags.get("rnnlab.command", "unknown") for study in studies),
        report_command="rnnlab compare study=" + ",".join(study.parent.run_id for study in studies),
        links={},
    )
    folder = Path("-vs-".join(study_folder(study.parent) for study in studies)) / "report"
    return _report(store, subject, entries, folder, None, only="study")


def _labelled(studies: Sequence[StoredStudy], names: Sequence[str]) -> list[Entry]:
    """Return the entries of the groups that both studies have, with the study as a factor."""
    sides = [entries_of_study(study) for study in studies]
    settings = [{_setting(entry) for entry in side} for side in sides]
    both = settings[0] & settings[1]
    if not both:
        raise BadInputError(Problem("study", ",".join(names), "have no function, cell and depth in common"))
    return [
        Entry(entry.name, {**entry.factors, "study": name}, entry.status, entry.error, entry.run)
        for side, name in zip(sides, names, strict=True)
        for entry in side
        if _setting(entry) in both
    ]


def _setting(entry: Entry) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, str(value)) for key, value in entry.factors.items() if key != "seed"))


def _runs(entries: Sequence[Entry]) -> list[StoredRun]:
    return [entry.run for entry in entries if entry.run]


def study_folder(parent: StoredRun) -> str:
    """Return the folder of a study below `outputs/`; what a store says of it must be fit for one."""
    name = parent.tags.get("rnnlab.study", "")
    return name if is_folder_name(name) else f"study-{parent.run_id[:8]}"


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
        counts = ", ".join(sorted({entry.status for entry in entries})) or "no run"
        raise BadInputError(Problem("report", subject.title, f"has no FINISHED run to report on ({counts})"))
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
    last = (MSE, RMSE, "fit_seconds", "parameters", "error")
    writer.writerow(("name", "run_id", "status", *FACETS, *others, *last))
    for entry in entries:
        run = entry.run
        metrics: Mapping[str, float] = run.metrics if run else {}
        writer.writerow(
            (
                *(entry.name, run.run_id if run else "", entry.status),
                *(entry.factors.get(key, "") for key in (*FACETS, *others)),
                *(metrics.get(key, "") for key in (MSE, RMSE, "time/fit_seconds")),
                *(run.tags.get("rnnlab.parameters", "") if run else "", entry.error or ""),
            )
        )
    return text.getvalue()


def write(report: Report, outputs: Path) -> Path:
    """Write the report's files and return their folder; what an older report left there and this one lacks goes."""
    folder = outputs / report.folder
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for path in (folder / "figures").iterdir():
        if f"figures/{path.name}" not in report.files and path.suffix in (".png", ".svg"):
            path.unlink()
    for name, data in report.files.items():
        (folder / name).write_bytes(data)
    return folder


def changed(report: Report, outputs: Path) -> list[str] | None:
    """Return the files in which a stored report differs from this one, or None where none is stored."""
    folder = outputs / report.folder
    if not (folder / "report.json").is_file():
        return None
    return [name for name, data in report.files.items() if not _holds(folder / name, data)]


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data

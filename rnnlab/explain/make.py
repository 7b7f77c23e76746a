"""From saved runs to a page about what goes on inside their networks, and its files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from rnnlab.config.commands import ExplainConfig
from rnnlab.config.record import facets
from rnnlab.config.trust import explain_words
from rnnlab.errors import BadInputError, Problem
from rnnlab.explain import words
from rnnlab.explain.films import Gates, equations, shown_windows, without_gates
from rnnlab.explain.influence import Influence, growth
from rnnlab.explain.numbers import eigenvalue_rows, loop_rows, numbers
from rnnlab.explain.reaches import reaches
from rnnlab.explain.subject import Subject, load_subject, load_subjects
from rnnlab.home import outputs
from rnnlab.report.inside import draw
from rnnlab.report.inside.page import page
from rnnlab.report.inside.shapes import Film, Growth, Inside
from rnnlab.report.pages import Picture, write_pages
from rnnlab.report.style import png_and_svg


@dataclass(frozen=True)
class Explained:
    """What was made.

    Attributes:
        folder: of the page.
        subjects: the runs that it is about.
        findings: in sentences.
        missing: what could not be shown, and why.
    """

    folder: Path
    subjects: Sequence[Subject]
    findings: Sequence[str]
    missing: Sequence[str]


def explain(asked: ExplainConfig) -> Explained:
    """Look into saved runs and write a page: into the run's folder, or of several into one of its own.

    Raises:
        BadInputError: a run cannot be loaded, there is no such window, or the folder cannot be written to.
    """
    if asked.runs is not None and asked.run is not None:
        raise BadInputError(Problem("runs", asked.runs, "is given beside run; give one of them"))
    if asked.runs is not None:
        subjects = load_subjects(asked.runs, asked.allow_targets)
        folder = outputs() / f"runs-{_short(subjects)}" / "explain"
    else:
        subjects = [load_subject(asked.run or "latest", asked.allow_targets, "run")]
        folder = subjects[0].run.folder.path / "explain"
    windows = shown_windows(subjects[0], asked.window)
    inside = look_inside(subjects, windows)
    missing = without_gates(subjects)
    said = content(asked, subjects, inside, missing)
    write_pages(folder, _files(said, inside), "runs" if asked.runs else "run")
    findings = [sentence for section in said["notes"].values() for sentence in section]
    return Explained(folder, subjects, findings, missing)


def look_inside(subjects: Sequence[Subject], windows: Mapping[str, int]) -> Inside:
    """Return what goes on inside networks.

    Args:
        subjects: the networks.
        windows: those to show, by why.

    Raises:
        BadInputError: what a network computes is not finite, or a snapshot of it is damaged.
    """
    influences = [Influence(subject) for subject in subjects]
    gates = [Gates(subject) for subject in subjects]
    return Inside(
        films=[one.film(window, place) for place, window in windows.items() for one in gates],
        saturations=[one.saturation for one in gates],
        dependences=[one.dependence for one in influences],
        loops=[loop for one in influences if (loop := one.loop) is not None],
        reaches=reaches(subjects),
        growths=[grown for subject in subjects if (grown := growth(subject)) is not None],
    )


def content(
    asked: ExplainConfig, subjects: Sequence[Subject], inside: Inside, missing: Sequence[str]
) -> dict[str, Any]:
    """Return what the page says, without its pictures."""
    window = [f"window={asked.window}"] if asked.window is not None else []
    look = explain_words([one.run.config for one in subjects], [one.run_id for one in subjects], *window)
    return {
        "title": " beside ".join(one.label for one in subjects),
        "description": words.description(subjects),
        "networks": [_network(one) for one in subjects],
        "notes": words.notes(subjects, inside),
        "missing": list(missing),
        "hints": words.left_out(subjects, inside),
        "saturation": [
            {"label": one.label, "layer": layer, "gate": gate, "closed": closed, "open": opened}
            for one in inside.saturations
            for (layer, gate), (closed, opened) in one.shares.items()
        ],
        "eigenvalues": eigenvalue_rows(inside.loops),
        "rollouts": loop_rows(inside.loops),
        "equations": equations(subjects),
        "commands": {"explain": f"rnnlab {look}"},
        "numbers": numbers(inside),
    }


def _network(subject: Subject) -> dict[str, Any]:
    config = subject.run.config
    known = facets(config)
    return {
        "label": subject.label,
        "run_id": subject.run_id,
        "function": known["function"],
        "cell": known["cell"],
        "layers": config.layers,
        "hidden_size": config.model.hidden_size,
        "test_mse": subject.mse,
        "best_epoch": subject.run.epoch,
    }


def _files(said: dict[str, Any], inside: Inside) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    pictures = []
    for picture, figure in _pictures(inside):
        png, svg = png_and_svg(figure)
        files |= {f"figures/{picture.name}.png": png, f"figures/{picture.name}.svg": svg}
        pictures.append(picture)
    vector = {one.name: files[f"figures/{one.name}.svg"] for one in pictures}
    text = json.dumps(said, indent=1, ensure_ascii=False) + "\n"
    return files | {"index.html": page(said, pictures, vector).encode(), "explain.json": text.encode()}


def _pictures(inside: Inside) -> Iterator[tuple[Picture, Figure]]:
    for film in inside.films:
        title = f"{film.label}, window {film.window}, {film.place}"
        yield Picture("film", _film_name(film, inside), title, draw.film_alt(film)), draw.film(film)
    saturation = draw.saturation(inside.saturations)
    if saturation is not None:
        title = "How often the gates are closed (below 0.1) and open (above 0.9)"
        yield Picture("saturation", "saturation", title, draw.saturation_alt(inside.saturations)), saturation
    title = "The derivative of the output by each value of the window"
    alt = draw.dependence_alt(inside.dependences)
    yield Picture("dependence", "dependence", title, alt), draw.dependence(inside.dependences)
    if inside.reaches:
        title = "How much of a change of the hidden state is left some steps later"
        yield Picture("reach", "memory", title, draw.reach_alt(inside.reaches)), draw.reach(inside.reaches)
    if inside.loops:
        title = "The eigenvalues of the closed loop, and the unit circle"
        yield Picture("loop", "eigenvalues", title, draw.loop_alt(inside.loops)), draw.loop(inside.loops)
    for number, grown in enumerate(inside.growths):
        yield from _of_growth(grown, "" if len(inside.growths) == 1 else f"-{number + 1}")


def _of_growth(grown: Growth, suffix: str) -> Iterator[tuple[Picture, Figure]]:
    derivative, prediction = draw.growth_alts(grown)
    title = f"{grown.label}: the derivative after some epochs"
    yield Picture("growth", f"snapshots-derivative{suffix}", title, derivative), draw.growth_of_dependence(grown)
    title = f"{grown.label}: the predictions after some epochs"
    yield Picture("growth", f"snapshots-prediction{suffix}", title, prediction), draw.growth_of_predictions(grown)


def _film_name(film: Film, inside: Inside) -> str:
    """Return the name of a film's files: by its place, and by its network's number where there are several."""
    labels = list(dict.fromkeys(one.label for one in inside.films))
    number = "" if len(labels) == 1 else f"-{labels.index(film.label) + 1}"
    return f"film-{re.sub('[^a-z]+', '-', film.place)}{number}"


def _short(subjects: Sequence[Subject]) -> str:
    return hashlib.sha256(",".join(one.run_id for one in subjects).encode()).hexdigest()[:8]

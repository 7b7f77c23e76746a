"""The pages of a report, rendered from its content: HTML that holds its pictures, and Markdown."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from rnnlab.errors import BadInputError, Problem
from rnnlab.report.wording import mse_text, p_text, times

SAFE_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
MARKDOWN = re.compile(r"([\\`*_\[\]|~#$])")


@dataclass(frozen=True)
class Picture:
    """A figure of a report.

    Attributes:
        section: where it stands: error, depth, cost, training or prediction.
        name: of its files, without ending.
        title: the line below it.
        alt: what it shows, in words.
    """

    section: str
    name: str
    title: str
    alt: str


def html_page(report: Mapping[str, Any], pictures: Sequence[Picture], svg: Mapping[str, bytes]) -> str:
    """Return the self-contained page.

    Args:
        report: from `rnnlab.report.content.content`.
        pictures: its figures.
        svg: by the figure's name, its SVG file.
    """
    template = environment().get_template("report.html.j2")
    return template.render(report=report, figures=html_figures(pictures, svg), **_labels(report))


def html_figures(pictures: Sequence[Picture], svg: Mapping[str, bytes]) -> Callable[[str], Markup]:
    """Return what gives a section's figures as HTML that holds their SVG files."""

    def figures(section: str) -> Markup:
        return Markup("\n").join(_html_figure(one, svg[one.name]) for one in pictures if one.section == section)

    return figures


def _html_figure(picture: Picture, svg: bytes) -> Markup:
    data = base64.b64encode(svg).decode()
    return Markup(
        '<figure><img src="data:image/svg+xml;base64,{}" alt="{}"><figcaption>{}</figcaption></figure>'
    ).format(data, picture.alt, picture.title)


def markdown_page(report: Mapping[str, Any], pictures: Sequence[Picture]) -> str:
    """Return the page in Markdown, with links to the pictures in `figures/`."""

    def figures(section: str) -> str:
        shown = [one for one in pictures if one.section == section]
        return "\n\n".join(
            f"![{_markdown(one.alt)}](figures/{one.name}.png)\n\n{_markdown(one.title)}" for one in shown
        )

    text = environment().get_template("report.md.j2").render(report=report, figures=figures, **_labels(report))
    return re.sub(r"\n{3,}", "\n\n", text)


def write_pages(folder: Path, files: Mapping[str, bytes], key: str) -> None:
    """Write a page's files; figures that an older one left there and this one lacks go.

    Args:
        folder: is made where there is none.
        files: by their path in the folder, what they hold; pictures lie in ``figures``.
        key: what the user gave that the page is about, for the message.

    Raises:
        BadInputError: the folder cannot be written to.
    """
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        for path in (folder / "figures").iterdir():
            if f"figures/{path.name}" not in files and path.suffix in (".png", ".svg"):
                path.unlink()
        for name, data in files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise BadInputError(Problem(key, str(folder), f"cannot be written to ({error.strerror})")) from error


def _labels(report: Mapping[str, Any]) -> dict[str, Callable[[Sequence[int]], str]]:
    def labels(indices: Sequence[int]) -> str:
        names = dict.fromkeys(report["groups"][index]["label"] for index in indices)
        return " / ".join(names)

    return {"labels": labels}


@cache
def environment() -> Environment:
    """Return what renders the templates."""
    made = Environment(
        loader=PackageLoader("rnnlab.report"),
        autoescape=select_autoescape(("html.j2",)),  # Markdown has an escape of its own
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "mse": mse_text,
        "value": lambda estimate: mse_text(estimate and estimate["value"]),
        "interval": lambda estimate: _in_brackets(_range(estimate, mse_text)),
        "factor": lambda estimate: times(estimate["value"]) if estimate else "-",
        "factors": lambda estimate: _range(estimate, times),
        "share": lambda estimate: f"{estimate['value']:.2f}" if estimate else "-",
        "shares": lambda estimate: _range(estimate, "{:.2f}".format),
        "p": lambda p: "-" if p is None else p_text(p),
        "integer": lambda number: "-" if number is None else f"{number:,.0f}",
        "seconds": lambda number: "-" if number is None else f"{number:.1f} s",
        "n_of": lambda group: (
            str(group["n"]) if group["n"] == group["planned"] else f"{group['n']} of {group['planned']}"
        ),
        "link": lambda address: address if SAFE_ADDRESS.fullmatch(address) else "#",
        "line": lambda text: str(text).replace("\n", " ").replace("\r", " "),
        "md": _markdown,
    }
    return made


def _in_brackets(text: str) -> str:
    return "" if text == "-" else f"({text})"


def _range(estimate: Mapping[str, float | None] | None, shown: Callable[[float], str]) -> str:
    low, high = (estimate["low"], estimate["high"]) if estimate else (None, None)
    return "-" if low is None or high is None else f"{shown(low)} to {shown(high)}"


def _markdown(text: object) -> str:
    """Return a text in which nothing is taken for Markdown or HTML."""
    return MARKDOWN.sub(r"\\\1", html.escape(" ".join(str(text).split()), quote=False))

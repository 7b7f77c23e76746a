"""The page on what goes on inside trained networks: HTML that holds its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.report.pages import Picture, environment, html_figures


def page(content: Mapping[str, Any], pictures: Sequence[Picture], svg: Mapping[str, bytes]) -> str:
    """Return the self-contained page. A section without figures, notes and rows of a table is left out.

    Args:
        content: ``title``, ``description``; ``networks``, rows of label, run_id, function, cell, layers,
            hidden_size, test_mse, best_epoch; ``equations``, each a cell and its lines; ``notes``, by section the
            sentences that stand there; ``saturation``, rows of label, layer, gate, closed, open; ``eigenvalues``,
            rows of label, kind, modulus, angle; ``rollouts``, rows of label, loop, steps, horizon, largest_error,
            extent; ``missing`` and ``hints``, sentences on what is not shown; ``commands``, the page's own in
            ``explain``.
        pictures: its figures, in the sections film, saturation, dependence, reach, loop and growth.
        svg: by the figure's name, its SVG file.
    """
    template = environment().get_template("inside.html.j2")
    return template.render(content=content, figures=html_figures(pictures, svg))

"""The table that a study prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from rnnlab.study.summary import Group


def study_table(title: str, groups: Sequence[Group], baselines: Mapping[str, float]) -> Table:
    """Return the test MSE of each group and of the baselines, on the same windows."""
    table = Table(
        box=None, title=f"Test MSE, study {title}", title_justify="left", title_style="bold", pad_edge=False
    )
    table.add_column("", no_wrap=True)
    for heading in ("runs", "geometric mean", "best", "worst", "fit"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in groups:
        runs = f"{len(group.mses)}" if len(group.mses) == group.jobs else f"{len(group.mses)} of {group.jobs}"
        if group.mses:
            seconds = sum(group.fit_seconds) / len(group.fit_seconds)
            cells = [f"{value:.2e}" for value in (group.geometric_mean, min(group.mses), max(group.mses))]
            table.add_row(Text(group.label), runs, *cells, f"{seconds:.1f} s")
        else:
            table.add_row(Text(group.label), runs, "-", "-", "-", "-")
    for name, mse in baselines.items():
        table.add_row(Text(name, "dim"), "", Text(f"{mse:.2e}", "dim"), "", "", "")
    return table

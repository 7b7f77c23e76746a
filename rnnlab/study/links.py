"""The way from a study to MLflow's pages that compare exactly its runs."""

from __future__ import annotations

import html

from rnnlab.home import as_typed
from rnnlab.study.record import StudyRecord
from rnnlab.tracking.links import compare_link, overlay_link, pages_address
from rnnlab.tracking.store import Store

PAGE = "mlflow.html"
LONGEST_PRINTED = 4000
"""Longer links are not printed: a terminal would cut them; the page has them whole."""


def save_links(record: StudyRecord, store: Store) -> dict[str, str]:
    """Write a page with the links to the comparison and to the curves of the study's runs.

    Returns:
        by what they are, the links from `#` on, for a description on MLflow's own pages.
    """
    ids = [result.run_id for result in record.in_store()]
    links = {
        "compare the runs": compare_link(store.experiment_id, ids),
        "training curves": overlay_link(store.experiment_id, ids, "train/mse"),
    }
    address = pages_address(store)
    items = [
        f'<p><a href="{html.escape(f"{address}/{link}")}">{html.escape(record.name)}: {name}</a></p>'
        for name, link in links.items()
    ]
    text = "\n".join(
        ["<!doctype html>", '<meta charset="utf-8">', f"<title>{html.escape(record.name)}</title>", *items]
    )
    (record.folder / PAGE).write_text(text + "\n", encoding="utf-8")
    return links


def printed(record: StudyRecord, store: Store, link: str) -> str:
    """Return a link as it is printed: whole, or the page that holds it."""
    address = f"{pages_address(store)}/{link}"
    return address if len(address) <= LONGEST_PRINTED else as_typed(record.folder / PAGE)

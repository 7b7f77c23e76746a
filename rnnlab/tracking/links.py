"""Links into MLflow's pages. Their form is MLflow's own and nowhere documented; this one is that of MLflow 3."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from rnnlab.tracking.server import HOST, USUAL_PORT
from rnnlab.tracking.store import Store


def pages_address(store: Store) -> str:
    """Return where MLflow's pages on the store are, or will be after `rnnlab ui`."""
    if store.uri.startswith("http"):
        return store.uri.rstrip("/")
    return f"http://{HOST}:{USUAL_PORT}"


def run_link(experiment_id: str, run_id: str) -> str:
    """Return the link, from `#` on, to the page of one run."""
    return f"#/experiments/{experiment_id}/runs/{run_id}"


def compare_link(experiment_id: str, run_ids: Sequence[str]) -> str:
    """Return the link, from `#` on, to the page that compares exactly these runs."""
    query = {"runs": _json(run_ids), "experiments": _json([experiment_id])}
    return f"#/compare-runs?{_query(query)}"


def overlay_link(experiment_id: str, run_ids: Sequence[str], metric: str) -> str:
    """Return the link, from `#` on, to the page that lays the curves of one metric over each other."""
    query = {
        "runs": _json(run_ids),
        "metric": _json(metric),
        "experiments": _json([experiment_id]),
        "plot_metric_keys": _json([metric]),
        "x_axis": "step",
        "y_axis_scale": "log",
    }
    return f"#/metric?{_query(query)}"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _query(query: dict[str, str]) -> str:
    return urlencode(query, quote_via=quote)

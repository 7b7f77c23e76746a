"""Reproducing a run: trained again from its record, in a fresh folder, and judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.config.commands import ReproduceConfig
from rnnlab.config.record import config_hash
from rnnlab.config.schema import RunConfig, TrackingConfig
from rnnlab.config.trust import check_recorded
from rnnlab.config.validate import check
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import outputs
from rnnlab.provenance.code import code_record
from rnnlab.provenance.environment import machine, package_versions
from rnnlab.provenance.own_code import running_code
from rnnlab.provenance.verdict import Trained, Verdict, differences, judge
from rnnlab.tracking.fingerprint import OTHER_CODE, OTHER_CONFIG, named_code
from rnnlab.tracking.folder import RunFolder, write_json
from rnnlab.tracking.metrics import read_curves
from rnnlab.tracking.named import find_run
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.tell import tell
from rnnlab.training.build import check_buildable
from rnnlab.training.digests import read_digests
from rnnlab.training.resume import load_run_config
from rnnlab.training.retrain import reproduction, retrain, retrain_in, worktree

MONITORED = ("train/mse", "val/mse")

OWN = ("modules", "packages")
"""What a manifest says of the user's own code, which no worktree brings back."""

KNOWN_LATER = ("device", "data_sha256")
"""What a manifest says of a run only after it has begun: where it was trained and on what."""


@dataclass(frozen=True)
class Reproduced:
    """What came of it.

    Attributes:
        original: how the run went that was to be reproduced.
        again: how the new run went.
        verdict: how the two compare; None where the new run failed.
    """

    original: RunResult
    again: RunResult
    verdict: Verdict | None


def reproduce(asked: ReproduceConfig, overrides: list[str], say: Callable[[str], None]) -> Reproduced:
    """Train a recorded run again and judge whether it is the same.

    Args:
        asked: which run, and how.
        overrides: what was given on the command line.
        say: told what differs today, before the training.

    Raises:
        BadInputError: there is no such run, or it cannot be trained or compared.
    """
    folder = find_run(outputs(), asked.run, "run")
    config = load_run_config(folder, "run")
    check_recorded(config, asked.allow_targets, None, "run")
    check(config)
    original, manifest = folder.read_result(), folder.read_manifest()
    then = _trained(folder)
    if original is None or original.status != "FINISHED" or then is None:
        allowed = "must be a FINISHED run with losses.json and metrics.csv in its folder; only that can be compared"
        raise BadInputError(Problem("run", asked.run, allowed))
    tracking = dataclasses.replace(config.tracking) if config.tracking.store == "off" else asked.tracking
    wish = reproduction(config, original.name, tracking, asked.threads)
    check_buildable(wish)
    for line in _remarks(config, original):
        say(line)
    if asked.checkout:
        with worktree(manifest.get("code") or {}, folder) as tree:
            say(f"with the code of commit {str(manifest['code']['commit'])[:12]}, in a worktree")
            today = _today(wish, manifest)
            today["code"] |= {key: value for key, value in manifest["code"].items() if key not in OWN}
            _say_differences(say, manifest, today)
            again = retrain_in(tree, wish, overrides)
    else:
        _say_differences(say, manifest, _today(wish, manifest))
        again = retrain(wish, overrides)
    new = RunFolder(Path(again.folder))
    trained = new.read_manifest()
    _say_differences(say, *({part: record.get(part) for part in KNOWN_LATER} for record in (manifest, trained)))
    now = _trained(new) if again.status == "FINISHED" else None
    verdict = judge(then, now, asked.tolerance) if now is not None else None
    _record(new, original, verdict, tracking, again)
    return Reproduced(original, again, verdict)


def _say_differences(say: Callable[[str], None], then: dict[str, Any], now: dict[str, Any]) -> None:
    for key, old, new in differences(then, now):
        say(f"differs today: {key}: {_shown(old)} then, {_shown(new)} now")


def _remarks(config: RunConfig, original: RunResult) -> list[str]:
    """Return what the record itself says against a faithful repetition."""
    said = []
    if config_hash(config) != original.config_hash:
        said.append("config.yaml is not the config that the run was made with: it was altered since")
    if original.fingerprint in (OTHER_CONFIG, OTHER_CODE):
        said.append(f"the run was {original.fingerprint}: it went on from a checkpoint of that")
    return said


def _today(config: RunConfig, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what a run begun now records, as far as that is known before it begins."""
    return manifest | {
        "code": code_record(running_code(named_code(config))),
        "packages": package_versions(),
        "machine": machine(),
        "threads": config.trainer.threads,
    }


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _trained(folder: RunFolder) -> Trained | None:
    """Return what is compared of a run, or None where its folder lacks it."""
    digests, result = read_digests(folder.losses), folder.read_result()
    if digests is None or result is None or not folder.metrics.is_file():
        return None
    curves = read_curves(folder.metrics)
    errors = [value for metric in MONITORED if metric in curves for value in curves[metric][1]]
    weights = folder.read_manifest().get("weights_sha256") or {}
    return Trained(digests, weights, [*errors, result.metrics.get("test/mse", float("inf"))])


def _record(
    folder: RunFolder, original: RunResult, verdict: Verdict | None, tracking: TrackingConfig, again: RunResult
) -> None:
    """Write the verdict to the new run's folder and, as tags that lead to the original, to its MLflow run."""
    word = verdict.word if verdict else "FAILED"
    values: dict[str, Any] = dataclasses.asdict(verdict) if verdict else {"word": word}
    write_json(folder.path / "reproduction.json", {"reproduces": original.run_id} | values)
    tags = {"rnnlab.reproduces": original.run_id, "rnnlab.verdict": str(verdict or word)}
    if verdict is not None and verdict.parted_at is not None:
        tags["rnnlab.parted_at"] = str(verdict.parted_at)
    note = f"Reproduces the run {original.name} ({original.run_id}): {verdict or word}"
    tell(tracking, folder, again, tags | {"mlflow.note.content": note})

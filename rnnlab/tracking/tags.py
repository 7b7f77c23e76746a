"""What an MLflow run says of itself in tags: its description, its code, its versions, its machine."""

from __future__ import annotations

import getpass
import hashlib
import time
from collections.abc import Mapping

from rnnlab.config.record import config_hash, facets
from rnnlab.config.schema import RunConfig
from rnnlab.provenance.code import code_id, code_version
from rnnlab.provenance.environment import machine, package_versions
from rnnlab.provenance.own_code import running_code
from rnnlab.provenance.process import Process, this_process
from rnnlab.tracking.fingerprint import DIGITS, fingerprint, named_code


def run_tags(config: RunConfig, name: str) -> dict[str, str]:
    """Return the tags that a run is made with."""
    tags = {
        "mlflow.runName": name,
        "mlflow.note.content": description(config),
        "rnnlab.study": config.study.name or "",
        "rnnlab.config_hash": config_hash(config),
        "rnnlab.fingerprint": fingerprint(config, running_code),
        "rnnlab.threads": str(config.trainer.threads),
        "rnnlab.source": code_id(),
    }
    if own := running_code(named_code(config)).parts():
        tags["rnnlab.own_code"] = hashlib.sha256("\n".join(own).encode()).hexdigest()[:DIGITS]
    if config.study.parent:
        tags["mlflow.parentRunId"] = config.study.parent
        tags["rnnlab.job"] = str(config.study.job)
    return tags | environment_tags() | process_tags()


def environment_tags() -> dict[str, str]:
    """Return the tags that every run made here and now has: who, which code, which versions, which machine."""
    tags = {"mlflow.source.name": "rnnlab", "mlflow.source.type": "LOCAL", "mlflow.user": _user()}
    code = code_version()
    said = {
        "mlflow.source.git.commit": code.get("commit"),
        "mlflow.source.git.branch": code.get("branch"),
        "rnnlab.git.dirty": str(code["dirty"]).lower() if "dirty" in code else None,
        "rnnlab.git.problem": code.get("git"),
    }
    tags |= {key: text for key, text in said.items() if text is not None}
    tags |= {f"rnnlab.version.{package}": version for package, version in package_versions().items()}
    return tags | {f"rnnlab.machine.{what}": str(value) for what, value in machine().items()}


def process_tags() -> dict[str, str]:
    """Return the tags that tell which process makes a run, and that it is alive now."""
    process = this_process()
    return {
        "rnnlab.process.host": process.host,
        "rnnlab.process.pid": str(process.pid),
        "rnnlab.process.started": repr(process.started),
    } | heartbeat_tag()


def heartbeat_tag() -> dict[str, str]:
    """Return the tag that tells when a run's process was last known to be alive: seconds since 1970."""
    return {"rnnlab.heartbeat": repr(time.time())}


def process_of(tags: Mapping[str, str]) -> tuple[Process, float] | None:
    """Return the process that `process_tags` wrote and its last heartbeat, or None where the tags lack it."""
    try:
        process = Process(
            tags["rnnlab.process.host"],
            int(tags["rnnlab.process.pid"]),
            float(tags["rnnlab.process.started"]),
        )
        return process, float(tags["rnnlab.heartbeat"])
    except (KeyError, ValueError):
        return None


def description(config: RunConfig) -> str:
    """Return a sentence on what the run is."""
    is_ = facets(config)
    plural = "s" if config.layers > 1 else ""
    horizon = config.data.horizon
    out = (
        "the next one"
        if horizon == 1
        else f"the {horizon} after"
        if config.data.horizon_output == "all"
        else (f"the one {horizon} steps on")
    )
    return (
        f"{is_['cell'].upper()} with {config.layers} layer{plural} of {config.model.hidden_size} units "
        f"on {is_['function']}: {config.data.window} points in, {out} out; "
        f"seed {config.seed}, up to {config.trainer.max_epochs} epochs."
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"

"""MLflow's own server on the local store."""

from __future__ import annotations

import os
import socket
import sys

from rnnlab.home import mlruns
from rnnlab.tracking.store import local_uri

HOST = "127.0.0.1"
USUAL_PORT = 5000


def free_port(host: str) -> int:
    """Return a port of the host that nothing listens on: the usual one if it is free."""
    if port_is_free(host, USUAL_PORT):
        return USUAL_PORT
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def host_is_ours(host: str) -> bool:
    """Return whether something can listen on the address."""
    try:
        with socket.socket() as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


def port_is_free(host: str, port: int) -> bool:
    """Return whether the port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def server_command(host: str, port: int) -> list[str]:
    """Return the command that serves MLflow's pages on the store under `mlruns/`."""
    return [
        sys.executable, "-m", "mlflow", "server",
        "--backend-store-uri", local_uri(),
        "--default-artifact-root", (mlruns() / "artifacts").as_uri(),
        "--host", host,
        "--port", str(port),
        "--workers", "1",
    ]  # fmt: skip


def server_environment() -> dict[str, str]:
    """Return the environment that the server runs in: without the ten processes that await jobs nobody sends."""
    return {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}

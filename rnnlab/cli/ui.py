"""`rnnlab ui`: MLflow's pages on the store, on 127.0.0.1."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from typing import IO

from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.commands import UiConfig
from rnnlab.errors import EXIT_DONE, EXIT_RUN_FAILED, BadInputError, Problem
from rnnlab.interrupts import Interrupted, interrupts_kept


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("ui", ui, arguments)


def ui(composed: DictConfig) -> None:
    """Serve what the composed config asks for: the task that Hydra calls."""
    end(serve, composed)


def serve(asked: UiConfig) -> int:
    """Serve MLflow's pages until Ctrl-C, and return the exit code."""
    from rnnlab.tracking.left import absence
    from rnnlab.tracking.server import (
        HOST,
        free_port,
        host_is_ours,
        port_is_free,
        server_command,
        server_environment,
    )
    from rnnlab.tracking.store import find_store, has_store
    from rnnlab.tracking.sync import catch_up

    if asked.tracking.store == "server":
        print(f"the store is a server, with pages of its own: {asked.tracking.uri}")
        return EXIT_DONE
    if not has_store(asked.tracking):
        raise BadInputError(absence(asked.tracking))
    store = find_store(asked.tracking)
    if store is not None:
        catch_up(asked.tracking, store)
    host = asked.host
    if not host_is_ours(host):
        allowed = "must be an address of this machine: 127.0.0.1, or 0.0.0.0 for all of them"
        raise BadInputError(Problem("host", host, allowed, f"host={HOST}"))
    port = asked.port or free_port(host)
    if not port_is_free(host, port):
        raise BadInputError(Problem("port", port, "is in use; leave it out to take a free one"))
    if host != HOST:
        print(
            f"rnnlab: warning: MLflow asks for no password; whoever reaches {host}:{port} can read and delete runs",
            file=sys.stderr,
            flush=True,
        )
    process: subprocess.Popen[bytes] | None = None
    with tempfile.TemporaryFile() as log:
        try:
            with interrupts_kept():  # a Ctrl-C while it starts must not leave it behind
                process = subprocess.Popen(
                    server_command(host, port), env=server_environment(), stdout=log, stderr=log
                )
            return _serve_until_stopped(process, f"http://{host}:{port}", log)
        except Interrupted as interruption:
            if interruption.signum != signal.SIGINT:
                raise
            return EXIT_DONE
        finally:
            if process is not None:
                process.terminate()
                process.wait()


def _serve_until_stopped(process: subprocess.Popen[bytes], address: str, log: IO[bytes]) -> int:
    announced = False
    while process.poll() is None:
        if not announced and _answers(address):
            print(f"MLflow is at {address} (Ctrl-C stops it)", flush=True)
            announced = True
        time.sleep(0.2)
    log.seek(0)
    print(log.read().decode(errors="replace"), file=sys.stderr)
    return EXIT_RUN_FAILED


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=1):  # noqa: S310 - our own server on 127.0.0.1
            return True
    except OSError:
        return False

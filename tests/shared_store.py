"""The store that `deploy/start.sh` starts: PostgreSQL, and MLflow's server with a password, on 127.0.0.1."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg2
from helpers import PATIENCE, REPOSITORY, environment, port_of_its_own, wait_for

VARIABLES = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


def has_postgresql() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or shutil.which("initdb") is not None


class SharedStore:
    """Both servers, started and stopped together; users may only read what others made.

    Args:
        folder: where the database and the artifacts are to be; PostgreSQL's user must be able to enter it.
    """

    def __init__(self, folder: Path) -> None:
        self.address = f"http://127.0.0.1:{port_of_its_own()}"
        self.log = folder / "server.log"
        self.data = folder / "data"
        self.password = f"admin-{secrets.token_hex(8)}"
        self._database = {"password": f"database-{secrets.token_hex(8)}", "port": str(port_of_its_own())}
        self._rules = folder / "basic_auth.ini"
        shipped = (REPOSITORY / "deploy" / "basic_auth.ini").read_text()
        self._rules.write_text(shipped.replace("default_permission = EDIT", "default_permission = READ"))
        self._key = f"key-{secrets.token_hex(8)}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def secrets(self) -> list[str]:
        """All that must be written nowhere."""
        return [self.password, self._database["password"], self._key]

    def credentials(self, password: str | None = None, user: str = "admin") -> dict[str, str]:
        """Return the variables that a client needs."""
        return dict(zip(VARIABLES, (user, password or self.password), strict=False))

    def start(self) -> None:
        """Start both and wait until they answer."""
        given = {
            "POSTGRES_PASSWORD": self._database["password"],
            "MLFLOW_AUTH_ADMIN_PASSWORD": self.password,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": self._key,
            "POSTGRES_PORT": self._database["port"],
            "MLFLOW_PORT": self.address.rpartition(":")[2],
            "MLFLOW_AUTH_CONFIG_PATH": str(self._rules),
            "WORKERS": "2",
            "PYTHON": sys.executable,
        }
        before = self._said().count("MLflow is at")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [REPOSITORY / "deploy" / "start.sh", self.data],
                env=environment() | given, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        process = self._process
        wait_for(lambda: self._said().count("MLflow is at") > before or process.poll() is not None)
        assert process.poll() is None, self._said()

    def _said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def kill(self) -> None:
        """End both by `kill -9`, as a machine does that loses its power."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End both as they are meant to be ended, and make sure that nothing is left."""
        self._end(signal.SIGTERM)

    def _end(self, how: int) -> None:
        if self._process is None:
            return
        own = psutil.Process(self._process.pid)
        below = own.children(recursive=True)
        own.send_signal(how)
        if how == signal.SIGKILL:
            for process in below:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.wait(timeout=PATIENCE)
        self._process = None
        _, left = psutil.wait_procs(below, timeout=PATIENCE)
        assert not left, "the script left servers behind"

    def rows(self, query: str, database: str = "mlflow") -> list[tuple]:
        """Return what PostgreSQL itself answers."""
        with (
            closing(psycopg2.connect(host="127.0.0.1", user="mlflow", dbname=database, **self._database)) as here,
            here.cursor() as cursor,
        ):
            cursor.execute(query)
            return cursor.fetchall()

"""A SLURM of one node: munge, the controller and the node's daemon, in a network of its own without a way out."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
from helpers import PATIENCE, command_line, environment, wait_for

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "unshare", "nsenter", "ip")
CPUS = 2
SETTINGS = """\
ClusterName=rnnlab
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
JobRequeue=1
KillWait=15
NodeName=here NodeHostname=localhost NodeAddr=127.0.0.1 CPUs={cpus}
PartitionName=short Nodes=here Default=YES MaxTime=60 State=UP
"""
# An address that is not 127.0.0.1 makes getaddrinfo, which SLURM asks, believe that there is IPv4.
DAEMONS = """\
set -e
hostname localhost
ip link set lo up
ip address add 10.0.0.1/32 dev lo
munged --foreground --force --key-file="$0/munge.key" --socket="$0/munge.socket" \
    --pid-file="$0/munge.pid" --seed-file="$0/munge.seed" --log-file="$0/munge.log" &
while [ ! -S "$0/munge.socket" ]; do sleep 0.1; done
slurmctld -D -c &
slurmd -D -N here &
wait
"""


def why_not() -> str | None:
    """Return in one line what a SLURM needs and this machine lacks, or None."""
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        return f"no {', '.join(missing)} here: apt-get install slurm-wlm munge iproute2"
    return None if os.geteuid() == 0 else "a SLURM in a network of its own needs root"


class SlurmCluster:
    """The daemons, started and stopped together.

    Args:
        folder: where they keep their state; its path must be short enough for a socket's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = environment() | {"SLURM_CONF": str(folder / "slurm.conf"), "PYTHONUNBUFFERED": "1"}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start them and wait until the node takes jobs."""
        for name in ("state", "spool"):
            (self._folder / name).mkdir()
        key = self._folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        (self._folder / "slurm.conf").write_text(SETTINGS.format(folder=self._folder, cpus=CPUS))
        with (self._folder / "daemons.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["unshare", "--net", "--uts", "sh", "-c", DAEMONS, self._folder],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        process = self._process
        wait_for(lambda: process.poll() is not None or "idle" in self.command("sinfo", "--format=%T"), seconds=60)
        assert process.poll() is None, (self._folder / "daemons.log").read_text()

    def command(self, *words: str) -> str:
        """Run a command of SLURM's and return what it says; nothing where it fails."""
        done = subprocess.run(
            self._inside(words), env=self._environment, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout if done.returncode == 0 else ""

    def study(self, *words: str, folder: Path) -> subprocess.Popen[str]:
        """Start a rnnlab command beside the daemons."""
        return subprocess.Popen(
            self._inside(command_line(*words)), cwd=folder, env=self._environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def jobs(self, *states: str) -> list[str]:
        """Return the ids of the jobs in the queue, such as ``3_1``."""
        words = ["squeue", "--array", "--noheader", "--format=%i"]
        return self.command(*words, *([f"--states={','.join(states)}"] if states else [])).split()

    def stop(self) -> None:
        """End the jobs and the daemons, and make sure that nothing is left of them."""
        if self._process is None:
            return
        inside = self._processes()
        for how in (signal.SIGTERM, signal.SIGKILL):
            for process in inside:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(how)
            psutil.wait_procs(inside, timeout=5)
            inside = self._processes()
        self._process.wait(PATIENCE)
        self._process = None

    def _inside(self, words: list[str] | tuple[str, ...]) -> list[str]:
        assert self._process is not None
        places = [f"--{name}=/proc/{self._process.pid}/ns/{name}" for name in ("net", "uts")]
        return ["nsenter", *places, "--", *words]

    def _processes(self) -> list[psutil.Process]:
        """Return all processes of the daemons' network: jobs are nobody's children."""
        assert self._process is not None
        with suppress(FileNotFoundError):
            network = _network(self._process.pid)
            return [process for process in psutil.process_iter() if _network(process.pid) == network]
        return []


def _network(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:
        return None

"""A study's jobs as tasks of a Ray cluster."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnnlab.cluster.extras import imported
from rnnlab.cluster.files import contents
from rnnlab.cluster.parcel import Parcel, deliver, make_parcel, own_modules, shared_folder, unpack
from rnnlab.config.schema import RunConfig
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import outputs
from rnnlab.interrupts import interrupts_kept, take_interrupts_back
from rnnlab.study.grid import Job
from rnnlab.study.task import Task

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DISABLE_FAILURE_SIGNAL_HANDLER", "1")  # prints a stack where a study is interrupted

DEATHS = ("WorkerCrashedError", "NodeDiedError", "LocalRayletDiedError", "OutOfMemoryError", "ObjectLostError")
"""Ray's errors of a job whose worker or machine is gone."""

SECONDS_TO_ANSWER = 5.0
SECONDS_TO_END = 20.0
SECONDS_BETWEEN_LOOKS = 0.5


class RayJobs:
    """Runs jobs on a Ray cluster: one that is there, or one that is started on this machine for the study.

    Args:
        config: of any of the study's jobs, for the keys that they share.
    """

    def __init__(self, config: RunConfig) -> None:
        self._cluster = config.cluster
        self._study = config.study
        if self._cluster.address is None:
            # Ray listens on every interface; with a token, which it reads when it is imported, it takes jobs from
            # nobody else.
            os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        self._ray = imported("ray", "ray")
        self._files: dict[str | None, Any] = {}

    def connect(self, jobs: Sequence[Job]) -> None:
        """Join the cluster, or start one.

        Args:
            jobs: the study's; modules of the user's own that they name, and files that they read, are sent to the
                cluster, once for all jobs.

        Raises:
            BadInputError: it cannot be joined, or a file cannot be read any more.
        """
        address = self._cluster.address
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if address is None:
            options |= {"address": "local", "include_dashboard": False}
        else:
            options["address"] = address
            _check_answers(address)
            modules = [str(place) for place in own_modules(jobs)]
            options |= {"runtime_env": {"py_modules": modules}} if modules else {}
        try:
            self._ray.init(**options)
        except Exception as error:
            raise _no_cluster(address, str(error).splitlines()[0]) from error
        take_interrupts_back()
        if address is not None:
            self._files = {digest: self._ray.put(content) for digest, content in contents(jobs)}

    def runs_at_once(self, jobs: Sequence[Job]) -> int:
        """Return how many jobs the cluster has room for."""
        have = self._ray.cluster_resources()
        room = [int(have.get(name, 0) / need) for name, need in self._needs(jobs[0].config).items() if need]
        return max(1, min([len(jobs), *room, self._study.workers or len(jobs)]))

    def launch_tasks(self, tasks: Sequence[Task]) -> list[Exception | None]:
        """Run jobs and return for each the error that kept it from beginning, or None.

        A job whose worker or machine died has none: its run says so, or there is none.

        Raises:
            Interrupted: the process was asked to stop; the jobs have ended.
        """
        waiting, running = deque(enumerate(tasks)), dict[Any, int]()
        errors: dict[int, Exception | None] = {}
        study = str(tasks[0].marks.study)
        # Ray does not take it well if a signal raises something in the middle of a call.
        with shared_folder(study) as token, interrupts_kept() as asked:
            try:
                while (waiting or running) and asked() is None:
                    while waiting and len(running) < (self._study.workers or len(tasks)):
                        number, task = waiting.popleft()
                        running[self._submit(make_parcel(task, token, credentials=True))] = number
                    done, _ = self._ray.wait(list(running), timeout=SECONDS_BETWEEN_LOOKS, fetch_local=False)
                    for ref in done:
                        errors[running.pop(ref)] = self._take(ref, outputs() / study)
            finally:
                if running:
                    self._cancel(list(running))
        return [errors[number] for number in range(len(tasks))]

    def _submit(self, parcel: Parcel) -> Any:
        needs = self._needs(parcel.config)
        # As an argument of its own, Ray brings it to the machine before the job takes a core there.
        file = self._files.get(parcel.config.data.digest)
        options = {"num_cpus": needs["CPU"], "num_gpus": needs["GPU"], "memory": int(needs["memory"]) or None}
        return self._ray.remote(max_retries=0, **options)(deliver).remote(parcel, file)

    def _needs(self, config: RunConfig) -> dict[str, float]:
        """Return what a job is to have to itself, by Ray's names."""
        cluster, gpus = self._cluster, self._cluster.gpus
        if gpus is None:
            there = config.trainer.accelerator != "cpu" and self._ray.cluster_resources().get("GPU", 0) > 0
            gpus = 1 / self._study.jobs_per_gpu if there else 0
        memory = (cluster.memory_gib or 0) * 2**30
        return {"CPU": cluster.cpus or config.trainer.threads, "GPU": gpus, "memory": memory}

    def _take(self, ref: Any, place: Path) -> Exception | None:
        """Put the folder that a job sent back into the study's; return the job's error."""
        from ray import exceptions

        try:
            delivered = self._ray.get(ref)
        except exceptions.RayTaskError as error:
            return error.cause if isinstance(error.cause, Exception) else error
        except tuple(getattr(exceptions, name) for name in DEATHS):
            return None
        except exceptions.RayError as error:
            return error
        if delivered.folder is not None:
            unpack(delivered.folder, place)
        return None

    def _cancel(self, refs: list[Any]) -> None:
        """End the jobs: those at work write a checkpoint first."""
        with suppress(Exception):
            for ref in refs:
                self._ray.cancel(ref, force=False)
            self._ray.wait(refs, num_returns=len(refs), timeout=SECONDS_TO_END, fetch_local=False)
        self._ray.shutdown()


def _check_answers(address: str) -> None:
    """Make sure that something listens at ``host:port``: Ray itself would wait a minute for it."""
    if "://" in address or address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), SECONDS_TO_ANSWER).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _no_cluster(address, str(error)) from error


def _no_cluster(address: str | None, why: str) -> BadInputError:
    if address is None:
        return BadInputError(Problem("cluster", "ray", f"Ray cannot be started here ({why})"))
    allowed = "must be the address of a Ray cluster, such as 10.0.0.5:6379, or auto"
    return BadInputError(Problem("cluster.address", address, f"{allowed} ({why})"))

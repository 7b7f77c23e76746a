"""A study's jobs as jobs of SLURM, submitted by submitit."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rnnlab.cluster.extras import imported
from rnnlab.cluster.parcel import Delivered, Parcel, deliver, make_parcel, shared_folder, study_runs, unpack
from rnnlab.cluster.slurm_queue import SlurmQueue, last_line, option, refusal
from rnnlab.config.schema import RunConfig
from rnnlab.errors import BadInputError, Problem
from rnnlab.home import outputs
from rnnlab.study.grid import Job
from rnnlab.study.task import Task

FOLDER = "slurm"
"""Below the study's folder: submitit's scripts, pickles and the jobs' output."""

SECONDS_TO_END = 40.0
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BEFORE_THE_LIMIT = 90
"""How long before its time limit SLURM tells a job to write its checkpoint."""

ENDED = 143
LARGEST_ARRAY = 1000
"""SLURM's usual MaxArraySize is 1001."""

SMALLEST_ARRAY = 100
"""Unless fewer jobs are left."""

TIMES_PUT_BACK = 1000
"""How often a job may reach its time limit and go on."""


class Delivery:
    """What a job of SLURM calls.

    A job that SLURM takes its machine away from is put back in the queue, and goes on from its run's checkpoint.

    Args:
        parcel: the study's job.
    """

    def __init__(self, parcel: Parcel) -> None:
        self._parcel = parcel

    def __call__(self) -> Delivered:
        """Run the job."""
        parcel = self._parcel
        delivered = deliver(replace(parcel, again=parcel.again or bool(os.environ.get("SLURM_RESTART_COUNT"))))
        if not delivered.ended:
            os._exit(ENDED)  # without a result, so that submitit asks SLURM what became of the job
        return delivered

    def checkpoint(self) -> Any:
        """Return what submitit puts back in the queue."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(Delivery(replace(self._parcel, again=True)))


class SlurmJobs:
    """Runs jobs as array jobs of SLURM, or in processes of this machine where ``cluster.executor`` is local.

    Args:
        config: of any of the study's jobs, for the keys that they share.
    """

    def __init__(self, config: RunConfig) -> None:
        self._cluster = config.cluster
        self._study = config.study
        self._submitit = imported("submitit", "slurm")

    def connect(self, jobs: Sequence[Job]) -> None:
        """Make sure that there is a SLURM to submit to, which takes such jobs.

        Raises:
            BadInputError: there is none, or it does not.
        """
        if self._cluster.executor != "slurm":
            return
        if shutil.which("sbatch") is None:
            allowed = "needs SLURM's sbatch on this machine, and there is none"
            raise BadInputError(Problem("cluster", "slurm", allowed, "cluster.executor=local"))
        options = self._options(jobs[0].config)
        why = refusal(options)
        if why is not None:
            asked = " ".join(option(name, value) for name, value in options.items())
            allowed = f"SLURM takes no job of this study: {why} (sbatch {asked})"
            raise BadInputError(Problem("cluster", "slurm", allowed))

    def runs_at_once(self, jobs: Sequence[Job]) -> int:
        """Return how many jobs go on at the same time at most; SLURM knows for how many there is room."""
        here = max(1, (os.cpu_count() or 1) // self._cpus(jobs[0].config))
        return min(len(jobs), self._study.workers or (here if self._cluster.executor == "local" else len(jobs)))

    def launch_tasks(self, tasks: Sequence[Task]) -> list[Exception | None]:
        """Run jobs and return for each the error that kept it from beginning, or None.

        A job that SLURM ended without a result has none: its run says so, or there is none.
        """
        errors: dict[int, Exception | None] = {}
        study, config = str(tasks[0].marks.study), tasks[0].job.config
        executor = self._executor(study, config)
        at_once = self.runs_at_once([task.job for task in tasks])
        queue = SlurmQueue(_name(study)) if self._cluster.executor == "slurm" else None
        waiting, running = deque(enumerate(tasks)), dict[Any, int]()
        with shared_folder(study) as token:
            try:
                while waiting or running:
                    room = at_once - len(running) if queue is None else self._room(len(waiting), len(running))
                    if waiting and room > 0:
                        submitted = self._submit(executor, waiting, room, token)
                        running |= submitted
                        if queue is not None:
                            queue.watch(submitted)
                    for job in [job for job in running if job.done()]:
                        errors[running.pop(job)] = self._take(job, outputs() / study)
                    time.sleep(SECONDS_BETWEEN_LOOKS)
            except BaseException:
                self._cancel(list(running), study)
                raise
        return [errors[number] for number in range(len(tasks))]

    def _room(self, waiting: int, running: int) -> int:
        """Return how many jobs the next array is to have: 0 for none yet."""
        if self._study.workers is not None:
            return 0 if running else LARGEST_ARRAY  # the bound of an array holds for that array alone
        room = LARGEST_ARRAY - running
        return room if room >= min(waiting, SMALLEST_ARRAY) else 0

    def _executor(self, study: str, config: RunConfig) -> Any:
        cluster, gpus = self._cluster, self._gpus(config)
        folder = outputs() / study / FOLDER
        executor = self._submitit.AutoExecutor(
            folder, cluster=cluster.executor, slurm_max_num_timeout=TIMES_PUT_BACK
        )
        executor.update_parameters(
            name=_name(study),
            timeout_min=cluster.minutes,
            slurm_signal_delay_s=min(SECONDS_BEFORE_THE_LIMIT, 30 * cluster.minutes),
            slurm_array_parallelism=self._study.workers or LARGEST_ARRAY,
            slurm_additional_parameters=self._options(config),
            **({"gpus_per_node": gpus} if gpus else {}),
        )
        return executor

    def _options(self, config: RunConfig) -> dict[str, Any]:
        """Return what a job is given, as options of sbatch."""
        cluster = self._cluster
        memory = None if cluster.memory_gib is None else f"{math.ceil(cluster.memory_gib * 1024)}M"
        asked = {
            "partition": cluster.partition,
            "account": cluster.account,
            "time": cluster.minutes,
            "cpus_per_task": self._cpus(config),
            "gpus_per_node": self._gpus(config),
            "mem": memory,
            "requeue": True,
        }
        return {name: value for name, value in asked.items() if value is not None} | cluster.sbatch

    def _gpus(self, config: RunConfig) -> int | None:
        gpus = self._cluster.gpus
        return math.ceil(gpus if gpus is not None else float(config.trainer.accelerator == "gpu")) or None

    def _cpus(self, config: RunConfig) -> int:
        return self._cluster.cpus or config.trainer.threads

    @staticmethod
    def _submit(executor: Any, waiting: deque[tuple[int, Task]], count: int, token: str) -> dict[Any, int]:
        """Submit the next jobs as one array."""
        from submitit.core.utils import FailedJobError

        taken = [waiting.popleft() for _ in range(min(count, len(waiting)))]
        try:
            with executor.batch():
                jobs = [executor.submit(Delivery(make_parcel(task, token, credentials=False))) for _, task in taken]
        except FailedJobError as error:
            raise RuntimeError(f"SLURM does not take it: {last_line(str(error))}") from error
        return dict(zip(jobs, (number for number, _ in taken), strict=True))

    def _take(self, job: Any, place: Path) -> Exception | None:
        """Put the folder that a job sent back into the study's; return the job's error."""
        from submitit.core.utils import FailedJobError

        if not job.paths.result_pickle.exists():
            return None
        try:
            delivered: Delivered = job.result()
        except FailedJobError as error:
            return RuntimeError(str(error).strip().splitlines()[-1])
        if delivered.folder is not None:
            unpack(delivered.folder, place)
        return None

    def _cancel(self, jobs: list[Any], study: str) -> None:
        """End the jobs: those at work write a checkpoint first."""
        with suppress(Exception):
            for job in jobs:
                job.cancel(check=False)
        deadline = time.monotonic() + SECONDS_TO_END
        while time.monotonic() < deadline and any(folder.is_in_use() for folder in study_runs(study)):
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _name(study: str) -> str:
    """Return the name that a study's jobs have in SLURM's queue."""
    return f"rnnlab-{study}"

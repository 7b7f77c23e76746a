"""Running a study's jobs on a launcher, whatever happens to its workers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from rnnlab.study.grid import Job
from rnnlab.study.marks import Marks
from rnnlab.study.record import NOT_STARTED, StudyRecord
from rnnlab.study.settle import fail, settle
from rnnlab.study.task import Task
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.store import Store
from rnnlab.training.resume import resumable

Launch = Callable[[Sequence[Task]], Sequence[Exception | None]]
"""What `TaskLauncher.launch_tasks` does."""

ATTEMPTS_TOGETHER = 2
"""A job whose worker died so often is tried a last time alone, where it takes no other job with it."""

BREAKS_WITHOUT_A_RUN = 2
SECONDS_FOR_WORKERS_TO_END = 10.0
WORKER_DIED = "its worker died"


class Launches:
    """The jobs that are still to be run, and how often each was tried.

    Args:
        record: gets the results and the errors.
        store: the MLflow store, or None.
        launch: the launcher.
        interrupted: by the job's number, the folder of a run to go on with.
        gpus: number of GPUs to spread the jobs over.
        say: told of every job that is tried again.
    """

    def __init__(
        self,
        record: StudyRecord,
        store: Store | None,
        launch: Launch,
        *,
        interrupted: dict[int, RunFolder],
        gpus: int,
        say: Callable[[str], None],
    ) -> None:
        self._record = record
        self._store = store
        self._launch = launch
        self._interrupted = dict(interrupted)
        self._gpus = gpus
        self._say = say
        self._struck: Counter[int] = Counter()

    def run(self, jobs: Sequence[Job]) -> None:
        """Run all jobs. A job whose worker died is tried again, from its checkpoint where it has one."""
        together, alone, breaks = list(jobs), list[Job](), 0
        while together or alone:
            batch, together = (together, []) if together else ([alone.pop(0)], [])
            broken = self._run_batch(batch)
            struck = [job for job in batch if self._record.status(job) in ("RUNNING", "KILLED")]
            waiting = [job for job in batch if self._record.status(job) == NOT_STARTED]
            self._wait_for_workers(struck)
            settle(self._record, self._store, "KILLED", WORKER_DIED)
            breaks = 0 if len(waiting) < len(batch) else breaks + 1
            if breaks >= BREAKS_WITHOUT_A_RUN:
                for job in waiting:
                    fail(self._record, self._store, job, f"no worker could begin ({broken})")
                waiting = []
            together += waiting
            for job in struck:
                self._struck[job.number] += 1
                if self._struck[job.number] > ATTEMPTS_TOGETHER:
                    fail(self._record, self._store, job, f"{WORKER_DIED} {self._struck[job.number]} times")
                    continue
                self._prepare(job)
                (alone if self._struck[job.number] == ATTEMPTS_TOGETHER else together).append(job)

    def _run_batch(self, batch: Sequence[Job]) -> Exception | None:
        """Launch the jobs and return what broke the launcher, or None."""
        tasks = [Task(job, self._marks(job, place)) for place, job in enumerate(batch)]
        broken = None
        try:
            errors = self._launch(tasks)
        except Exception as error:  # noqa: BLE001 - each launcher has its own for a worker that dies
            errors, broken = [None] * len(batch), error
        self._record.collect()
        for job, problem in zip(batch, errors, strict=True):
            if problem is not None and self._record.status(job) in (NOT_STARTED, "RUNNING"):
                fail(self._record, self._store, job, f"{type(problem).__name__}: {problem}")
        return broken

    def _marks(self, job: Job, place: int) -> Marks:
        folder = self._interrupted.get(job.number)
        gpu = place % self._gpus if self._gpus > 1 else None
        return Marks(self._record.name, self._record.parent, job.number, gpu, folder.path if folder else None)

    def _wait_for_workers(self, jobs: Sequence[Job]) -> None:
        """Wait until nobody is at work on the jobs' runs any more."""
        deadline = time.monotonic() + SECONDS_FOR_WORKERS_TO_END
        folders = [self._record.folder_of(job) for job in jobs]
        while any(folder is not None and folder.is_in_use() for folder in folders) and time.monotonic() < deadline:
            time.sleep(0.1)

    def _prepare(self, job: Job) -> None:
        """Make ready to try a job again: from its checkpoint, or with a new run."""
        folder = self._record.folder_of(job)
        if folder is not None and resumable(folder) is not None:
            self._interrupted[job.number] = folder
            self._say(f"{job.name}: {WORKER_DIED}; it goes on from its checkpoint")
        else:
            self._interrupted.pop(job.number, None)
            self._say(f"{job.name}: {WORKER_DIED}; it begins again")
        self._record.retry(job)

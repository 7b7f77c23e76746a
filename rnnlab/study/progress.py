"""What a study shows while it runs: one display in a terminal, else a line for every job that ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rnnlab.home import as_typed
from rnnlab.report.yardstick import with_persistence
from rnnlab.study.record import StudyRecord
from rnnlab.tracking.metrics import baselines_in
from rnnlab.tracking.result import RunResult

SECONDS_BETWEEN_LOOKS = 0.5


class StudyProgress:
    """Watches the folders of a study's runs while a launcher is at work, whichever launcher it is.

    Args:
        console: where it is shown.
        record: the study; its results are filled in.
        on_failure: called once, from another thread, when the first run has failed.

    Attributes:
        failed: whether a run has failed.
    """

    def __init__(self, console: Console, record: StudyRecord, on_failure: Callable[[], None]) -> None:
        self._console = console
        self._record = record
        self._on_failure = on_failure
        self._overrides = {job.number: " ".join(job.overrides) for job in record.grid.jobs}
        self._shown = {(result.run_id, result.status) for result in record.results.values()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="study-progress", daemon=True)
        self._bar = Progress(
            TextColumn("{task.completed:.0f}/{task.total:.0f} runs FINISHED"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        done = len(record.taken_over)
        self._task = self._bar.add_task("study", total=len(record.grid.jobs), completed=done, state="")
        self.failed = False

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._bar.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look for the last time."""
        self._stop.set()
        self._thread.join()
        self._look()
        self._bar.stop()

    def _watch(self) -> None:
        while not self._stop.wait(SECONDS_BETWEEN_LOOKS):
            failed_before = self.failed
            self._look()
            if self.failed and not failed_before:
                self._on_failure()

    def _look(self) -> None:
        self._record.collect()
        results = list(self._record.results.values())
        ended = [result for result in results if result.ended]
        for result in ended:
            if (result.run_id, result.status) not in self._shown:
                self._shown.add((result.run_id, result.status))
                self._console.print(self._line(result))
        for number, why in list(self._record.errors.items()):
            if number not in self._record.results and (str(number), "FAILED") not in self._shown:
                self._shown.add((str(number), "FAILED"))
                self._console.print(f"  [red]FAILED: {escape(why)}  {self._job(number)}[/]")
        tested = [result.metrics for result in ended if "test/mse" in result.metrics]
        counts = self._record.counts()
        self.failed = counts.get("FAILED", 0) > 0
        state = f"{len(results) - len(ended)} running, {counts.get('FAILED', 0)} failed"
        if "KILLED" in counts:
            state += f", {counts['KILLED']} interrupted"
        if tested:
            best = min(tested, key=lambda metrics: metrics["test/mse"])
            state += f", best test MSE {with_persistence(best['test/mse'], baselines_in(best))}"
        self._bar.update(self._task, completed=counts.get("FINISHED", 0), state=state)

    def _line(self, result: RunResult) -> str:
        name = escape(result.name)
        if result.status == "FINISHED":
            mse = with_persistence(result.metrics["test/mse"], baselines_in(result.metrics))
            return f"  {name}  test MSE {mse}  fit {result.fit_seconds or 0:.1f} s"
        style = "red" if result.status == "FAILED" else "yellow"
        why = escape((result.error or "no reason known").partition("\n")[0])
        log = escape(as_typed(Path(result.folder) / "run.log"))
        return f"  [{style}]{name}  {result.status}: {why}  {self._job(result.job)}  log {log}[/]"

    def _job(self, number: int | None) -> str:
        return "" if number is None else f"job {number + 1}: {escape(self._overrides.get(number, ''))}"

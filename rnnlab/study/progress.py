"""What a study shows while it runs: one display in a terminal, else a line for every job that ends."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rnnlab.study.record import StudyRecord
from rnnlab.tracking.result import RunResult

SECONDS_BETWEEN_LOOKS = 0.5


class StudyProgress:
    """Watches the folders of a study's runs while a launcher is at work, whichever launcher it is.

    Args:
        console: where it is shown.
        record: the study; its results are filled in.
    """

    def __init__(self, console: Console, record: StudyRecord) -> None:
        self._console = console
        self._record = record
        self._shown: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="study-progress", daemon=True)
        self._bar = Progress(
            TextColumn("{task.completed:.0f}/{task.total:.0f} runs"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("study", total=len(record.grid.jobs), state="")

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
            self._look()

    def _look(self) -> None:
        self._record.collect()
        results = list(self._record.results.values())
        ended = [result for result in results if result.status != "RUNNING"]
        for result in ended:
            if result.run_id not in self._shown:
                self._shown.add(result.run_id)
                self._console.print(_line(result))
        mses = [result.metrics["test/mse"] for result in ended if "test/mse" in result.metrics]
        failed = sum(result.status == "FAILED" for result in ended)
        state = f"{len(results) - len(ended)} running, {failed} failed"
        if mses:
            state += f", best test MSE {min(mses):.2e}"
        self._bar.update(self._task, completed=len(ended), state=state)


def _line(result: RunResult) -> str:
    if result.status == "FINISHED":
        return f"  {escape(result.name)}  test MSE {result.metrics['test/mse']:.3e}  fit {result.fit_seconds:.1f} s"
    why = result.error or "no reason known"
    return f"  [red]{escape(result.name)}  {result.status}: {escape(why)}  log {escape(result.folder)}/run.log[/]"

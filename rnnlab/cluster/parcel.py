"""A job of a study as it travels to another machine, and its run's folder as it comes back.

Where the machine sees the study's folder, the run is made in it. Where it does not, the run is made in a folder of
its own, and sent back whole when it has ended: with what a local store has missed of it in its outbox. The file of
a series of the user's own comes along, see `rnnlab.cluster.files`.
"""

from __future__ import annotations

import io
import os
import platform
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rnnlab.cluster.files import Content, data_file_at_hand
from rnnlab.config.schema import RunConfig
from rnnlab.home import home, outputs
from rnnlab.interrupts import Interrupted
from rnnlab.provenance.code import code_id
from rnnlab.provenance.own_code import own_code
from rnnlab.study.grid import Job
from rnnlab.study.task import Task
from rnnlab.study.watch import STUDY_PROCESS
from rnnlab.tracking.fingerprint import named_code
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.store import STORE_IS_ELSEWHERE

MARK = ".cluster"
"""A file of the study's folder: a machine that finds the study's token there sees the folder."""

CREDENTIALS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


class OtherCodeError(RuntimeError):
    """A machine has another rnnlab than the study."""


@dataclass(frozen=True)
class Parcel:
    """A job of a study.

    Attributes:
        config: with the study's marks on it.
        overrides: of the job.
        home: the study's `home`.
        directory: the folder that the study was started in.
        token: of the study's folder.
        code: rnnlab's `code_id` where the study runs.
        study_process: which process runs the study, see `rnnlab.study.watch`.
        begun: the folder of the run to go on with, as `packed` made it, or None.
        environment: variables that a machine is to have.
        again: whether the job was begun before, and then put back by the engine itself.
    """

    config: RunConfig
    overrides: list[str]
    home: str
    directory: str
    token: str
    code: str
    study_process: str
    begun: bytes | None = None
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    again: bool = False


@dataclass(frozen=True)
class Delivered:
    """What came of a job.

    Attributes:
        ended: whether it ran to its end, and was not told to stop.
        folder: its run's folder, packed, where the study does not see it; else None.
    """

    ended: bool
    folder: bytes | None = field(default=None, repr=False)


def make_parcel(task: Task, token: str, *, credentials: bool) -> Parcel:
    """Return a job as a parcel.

    Args:
        task: the job.
        token: from `shared_folder`.
        credentials: take those of the MLflow server along; only where no parcel is written to a disk.
    """
    begun = task.marks.resume
    known = {name: os.environ[name] for name in CREDENTIALS if name in os.environ}
    return Parcel(
        task.marks.on(task.job.config),
        task.job.overrides,
        str(home()),
        str(Path.cwd()),
        token,
        code_id(),
        os.environ.get(STUDY_PROCESS, ""),
        packed(begun) if begun is not None else None,
        known if credentials else {},
    )


@contextmanager
def shared_folder(study: str) -> Iterator[str]:
    """Give a token that only a machine that sees the study's folder can know."""
    file, token = outputs() / study / MARK, uuid.uuid4().hex
    file.write_text(token, encoding="utf-8")
    try:
        yield token
    finally:
        file.unlink(missing_ok=True)


def deliver(parcel: Parcel, content: Content | None = None) -> Delivered:
    """Run a job on this machine.

    Args:
        parcel: the job.
        content: of the file that its series stands in, for a machine that does not have it.

    Raises:
        BadInputError: that file is needed, and was not sent.
        OtherCodeError: rnnlab is another one here.
        FolderInUseError: another process goes on with the job's run.
    """
    if code_id() != parcel.code:
        here = f"{platform.node()} has another rnnlab ({code_id()})"
        raise OtherCodeError(f"{here} than the study ({parcel.code}); install the same")
    os.environ.update(parcel.environment)
    if parcel.study_process:
        os.environ[STUDY_PROCESS] = parcel.study_process
    if parcel.directory not in sys.path:
        sys.path.insert(0, parcel.directory)
    if _sees(parcel):
        os.environ["RNNLAB_HOME"] = parcel.home
        os.chdir(parcel.directory)
        config = _going_on(parcel.config) if parcel.again else parcel.config
        os.environ.pop(STORE_IS_ELSEWHERE, None)
        return Delivered(_train(config, parcel.overrides))
    with tempfile.TemporaryDirectory(prefix="rnnlab-") as place:
        os.environ |= {"RNNLAB_HOME": place, STORE_IS_ELSEWHERE: "1"}
        config = parcel.config
        if parcel.begun is not None:
            config = replace(config, resume=str(unpack(parcel.begun, outputs() / str(config.study.name))))
        with data_file_at_hand(config.data, Path(parcel.home), content, Path(place)):
            ended = _train(config, parcel.overrides)
        made = next(study_runs(str(config.study.name)), None)
        return Delivered(ended, packed(made.path) if made is not None else None)


def own_modules(jobs: Iterable[Job]) -> list[Path]:
    """Return the folders and files of the user's own modules that the jobs' configs name or these import."""
    return list(own_code({name for job in jobs for name in named_code(job.config)}).places)


def packed(folder: Path) -> bytes:
    """Return a run's folder as a ZIP archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
    return content.getvalue()


def unpack(content: bytes, place: Path) -> Path:
    """Write a run's folder into another one and return its path; `result.json` comes last."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = sorted(archive.namelist(), key=lambda name: name.endswith("/result.json"))
        for name in names:
            archive.extract(name, place)
    return place / names[0].partition("/")[0]


def study_runs(study: str) -> Iterator[RunFolder]:
    """Yield the folders of a study's runs, in no particular order."""
    for path in (outputs() / study).glob("*/config.yaml"):
        yield RunFolder(path.parent)


def _sees(parcel: Parcel) -> bool:
    try:
        text = (Path(parcel.home) / "outputs" / str(parcel.config.study.name) / MARK).read_text(encoding="utf-8")
    except OSError:
        return False
    return text == parcel.token


def _going_on(config: RunConfig) -> RunConfig:
    """Return the config with the run that this job made before, if it can go on."""
    from rnnlab.training.resume import resumable

    place = (config.study.parent, config.study.job)
    for folder in study_runs(str(config.study.name)):
        result = folder.read_result()
        if result is not None and (result.parent, result.job) == place and resumable(folder) is not None:
            return replace(config, resume=str(folder.path))
    return config


def _train(config: RunConfig, overrides: list[str]) -> bool:
    """Return whether the run ended by itself; one that was told to stop is KILLED."""
    from rnnlab.study.job import train_job

    try:
        return train_job(config, overrides) is not None
    except Interrupted:
        return False

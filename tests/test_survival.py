"""Studies that are interrupted, killed, repeated, and started all at once."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import psutil
import pytest
from helpers import LASTING, LONG, PATIENCE, SMALL, TINY_DATA, command_line, environment, rnnlab, wait_for
from stored import children, finished_jobs, rows_of, runs_in

TINY = [*SMALL, *TINY_DATA]


def start(*words, folder):
    """Start a command in a process group of its own."""
    return subprocess.Popen(
        command_line("train", *words), cwd=folder, env=environment(), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def kill_at_work(words, folder, study, after):
    """Start a study, and `kill -9` its whole process group a while after it has begun a run or gone on with one."""
    files = set(folder.glob(f"outputs/{study}/*/result.json"))
    known = {path: path.stat().st_mtime_ns for path in files}
    process = start(*words, folder=folder)

    def at_work():
        now = folder.glob(f"outputs/{study}/*/result.json")
        return process.poll() is not None or any(known.get(path) != path.stat().st_mtime_ns for path in now)

    wait_for(at_work)
    time.sleep(after)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def numbers(row):
    return {key: row[key] for key in ("name", "status", "seed", "test/mse", "test/rmse", "parameters", "error")}


def workers_of(process):
    """Return the worker processes of a study that are at work on a run."""
    lines = {child: " ".join(child.cmdline()) for child in psutil.Process(process.pid).children(recursive=True)}
    return [child for child, line in lines.items() if "loky" in line and "resource_tracker" not in line]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A study of four runs that has ended."""
    folder = tmp_path_factory.mktemp("done")
    made = rnnlab("train", "-m", "cell=lstm,gru", "seed=0,1", "study.name=four", *TINY, folder=folder)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture
def study(done, tmp_path):
    """A copy of that study, to be changed."""
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_study_says_what_it_will_run_and_stops_there(study):
    before = sorted(study.rglob("*"))
    words = ["-m", "cell=lstm,gru", "seed=0,1,2", "study.name=more", "study.dry_run=true", *TINY]
    said = rnnlab("train", *words, folder=study)
    assert said.returncode == 0, said.stderr
    assert "study more  6 runs, 4 done before, 2 to run, " in said.stdout
    assert "less than a minute" in said.stdout
    assert "cell=lstm,gru  seed=0,1,2" in said.stdout
    assert [path for path in sorted(study.rglob("*")) if path not in before and "mlflow.db" not in path.name] == []


def test_a_dry_run_creates_nothing(tmp_path):
    said = rnnlab("train", "-m", "seed=range(3)", "study.dry_run=true", *TINY, folder=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "3 runs" in said.stdout
    assert "no past run" in said.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_same_study_again_runs_nothing_and_keeps_its_parent(study):
    before = {run.info.run_id for run in runs_in(study)}
    rows = rows_of(study, "four")
    again = rnnlab("train", "-m", "cell=lstm,gru", "seed=0,1", "study.name=four", *TINY, folder=study)
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("done before") == 5
    assert {run.info.run_id for run in runs_in(study)} == before
    assert {run.info.status for run in runs_in(study)} == {"FINISHED"}
    assert rows_of(study, "four") == rows


def test_a_larger_study_runs_what_is_missing_and_links_to_the_rest(study):
    before = {run.info.run_id for run in runs_in(study)}
    larger = rnnlab("train", "-m", "cell=lstm,gru", "seed=0,1,2", "study.name=larger", *TINY, folder=study)
    assert larger.returncode == 0, larger.stdout + larger.stderr
    new = [run for run in runs_in(study) if run.info.run_id not in before]
    assert len(new) == 3
    record = json.loads((study / "outputs" / "larger" / "study.json").read_text())
    assert [job["taken_over"] for job in record["jobs"]] == [True, True, False, True, True, False]
    assert {job["run_id"] for job in record["jobs"] if job["taken_over"]} < before
    for job in record["jobs"]:
        result = json.loads((study / "outputs" / job["folder"] / "result.json").read_text())
        assert result["run_id"] == job["run_id"]
    (parent,) = [run for run in new if run.data.tags.get("rnnlab.kind") == "study"]
    note = parent.data.tags["mlflow.note.content"]
    for job in record["jobs"]:
        assert job["run_id"] in note


def test_rerun_runs_all_jobs_again_with_the_same_results(study):
    rows = rows_of(study, "four")
    words = ["-m", "cell=lstm,gru", "seed=0,1", "study.name=four", "study.rerun=true", *TINY]
    again = rnnlab("train", *words, folder=study)
    assert again.returncode == 0, again.stdout + again.stderr
    new = rows_of(study, "four")
    assert [numbers(row) for row in new] == [numbers(row) for row in rows]
    assert {row["run_id"] for row in new}.isdisjoint(row["run_id"] for row in rows)
    assert len(children(study)) == 8


def test_a_run_of_other_code_is_not_taken_over_unless_asked_to(tmp_path):
    code = tmp_path / "own_code.py"
    code.write_text("def schedule(progress):\n    return 1.0\n")
    words = ["-m", "seed=0,1", "schedule._target_=own_code.schedule", "study.dry_run=true", "tracking=off", *TINY]
    made = rnnlab("train", *words, "study.dry_run=false", folder=tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "2 done before" in rnnlab("train", *words, folder=tmp_path).stdout
    code.write_text("def schedule(progress):\n    return 0.5\n")
    assert "done before" not in rnnlab("train", *words, folder=tmp_path).stdout
    assert "2 done before" in rnnlab("train", *words, "study.ignore_code=true", folder=tmp_path).stdout


def test_a_mistake_in_the_last_of_forty_jobs_is_found_before_anything_is_created(tmp_path):
    made = rnnlab("train", "-m", "seed=range(8)", "layers=1,2,3,4,0", folder=tmp_path)
    assert made.returncode == 2
    assert "layers=0: must be a whole number, at least 1. (job 5: seed=0 layers=0)" in made.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_holds_for_the_whole_study_cannot_vary(tmp_path):
    made = rnnlab("train", "-m", "study.workers=1,2", *TINY, folder=tmp_path)
    assert made.returncode == 2
    assert "study.workers: holds for the whole study" in made.stderr


def test_a_killed_study_ends_as_if_it_had_not_been_killed(tmp_path):
    """`kill -9` of the whole process group at random moments, the same command again, until it is done."""
    words = ["-m", "cell=lstm,gru", "seed=0,1,2", "study.name=six", *LASTING]
    quiet, rough = tmp_path / "quiet", tmp_path / "rough"
    quiet.mkdir()
    rough.mkdir()
    undisturbed = rnnlab("train", *words, folder=quiet)
    assert undisturbed.returncode == 0, undisturbed.stdout + undisturbed.stderr
    dice = random.Random(7)
    for _ in range(4):
        kill_at_work(words, rough, "six", after=dice.uniform(0, 4))
    last = rnnlab("train", *words, folder=rough)
    assert last.returncode == 0, last.stdout + last.stderr
    assert [numbers(row) for row in rows_of(rough, "six")] == [numbers(row) for row in rows_of(quiet, "six")]
    assert finished_jobs(rough) == list("012345")
    assert {run.info.status for run in runs_in(rough)} <= {"FINISHED", "KILLED"}
    parents = [run for run in runs_in(rough) if run.data.tags.get("rnnlab.kind") == "study"]
    assert [parent.info.status for parent in parents] == ["FINISHED"]
    histories = sqlite3.connect(rough / "mlruns" / "mlflow.db").execute(
        "select run_uuid, key, step, count(*) from metrics group by 1, 2, 3 having count(*) > 1"
    )
    assert histories.fetchall() == []


def test_a_worker_that_is_killed_costs_no_job(tmp_path):
    words = ["-m", "seed=range(4)", "study.name=robbed", *LASTING]
    process = start(*words, folder=tmp_path)
    wait_for(lambda: list(tmp_path.glob("outputs/robbed/*/checkpoints/last.ckpt")))
    workers_of(process)[0].kill()
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert finished_jobs(tmp_path) == list("0123")
    assert {run.info.status for run in runs_in(tmp_path)} <= {"FINISHED", "KILLED"}


def test_a_job_that_kills_its_worker_fails_alone(tmp_path):
    (tmp_path / "deadly.py").write_text(
        "import os\n\ndef schedule(progress, bad=False):\n    return os._exit(9) if bad and progress > 0 else 1.0\n"
    )
    words = ["-m", "schedule._target_=deadly.schedule", "+schedule.bad=true,false", "seed=0,1", "study.name=mixed"]
    made = rnnlab("train", *words, *TINY, "trainer.max_epochs=3", "layers=1", folder=tmp_path)
    assert made.returncode == 1, made.stdout + made.stderr
    assert [(row["schedule.bad"], row["status"]) for row in rows_of(tmp_path, "mixed")] == [
        ("True", "FAILED"), ("True", "FAILED"), ("False", "FINISHED"), ("False", "FINISHED")
    ]  # fmt: skip
    assert "its worker died 3 times" in made.stdout
    assert "Traceback" not in made.stdout + made.stderr
    assert {run.info.status for run in runs_in(tmp_path)} <= {"FINISHED", "FAILED", "KILLED"}


def test_one_worker_is_a_process_of_its_own(tmp_path):
    (tmp_path / "deadly.py").write_text(
        "import os\n\ndef schedule(progress, bad=False):\n    return os._exit(9) if bad and progress > 0 else 1.0\n"
    )
    words = [
        "-m",
        "schedule._target_=deadly.schedule",
        "+schedule.bad=true,false",
        "study.name=one",
        "study.workers=1",
    ]
    made = rnnlab("train", *words, *TINY, folder=tmp_path)
    assert made.returncode == 1, made.stdout + made.stderr
    assert "2 runs, 1 at a time" in made.stdout
    assert [row["status"] for row in rows_of(tmp_path, "one")] == ["FAILED", "FINISHED"]
    assert "RUNNING" not in {run.info.status for run in runs_in(tmp_path)}


def test_a_run_that_went_on_with_another_config_is_not_taken_over(tmp_path):
    for words in (["trainer.max_epochs=2"], ["resume=latest", "trainer.max_epochs=4", "trainer.gradient_clip=0.1"]):
        given = TINY[:1] + TINY[2:] if words[0] != "resume=latest" else []
        made = rnnlab("train", *given, *words, folder=tmp_path)
        assert made.returncode == 0, made.stderr
    same = ["trainer.max_epochs=4", "trainer.gradient_clip=0.1"]
    words = ["-m", "seed=0,1", "study.dry_run=true", *TINY[:1], *TINY[2:], *same]
    for code in ("false", "true"):
        said = rnnlab("train", *words, f"study.ignore_code={code}", folder=tmp_path)
        assert said.returncode == 0, said.stderr
        assert "2 to run" in said.stdout or "2 runs, 2 at a time" in said.stdout
        assert "done before" not in said.stdout


def test_fail_fast_stops_the_study_at_the_first_failure(tmp_path):
    (tmp_path / "sometimes.py").write_text(
        "def schedule(progress, bad=False):\n    return 1e38 if bad and progress > 0 else 1.0\n"
    )
    words = ["-m", "schedule._target_=sometimes.schedule", "+schedule.bad=true,false", "seed=range(3)"]
    words += ["study.name=fast", "study.fail_fast=true", "study.workers=2", *LONG]
    made = rnnlab("train", *words, folder=tmp_path)
    assert made.returncode == 1, made.stdout + made.stderr
    assert "the study was stopped at the first failure" in made.stdout
    statuses = [row["status"] for row in rows_of(tmp_path, "fast")]
    assert "FAILED" in statuses
    assert "NOT STARTED" in statuses
    assert "FINISHED" not in statuses
    (parent,) = [run for run in runs_in(tmp_path) if run.data.tags.get("rnnlab.kind") == "study"]
    assert parent.info.status == "FAILED"
    assert "RUNNING" not in {run.info.status for run in runs_in(tmp_path)}


def test_workers_end_when_their_study_is_killed_and_no_job_is_run_twice(tmp_path):
    words = ["-m", "seed=range(3)", "study.name=orphans", *LASTING]
    process = start(*words, folder=tmp_path)
    wait_for(lambda: list(tmp_path.glob("outputs/orphans/*/checkpoints/last.ckpt")))
    process.kill()
    process.communicate()
    again = rnnlab("train", *words, folder=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert finished_jobs(tmp_path) == list("012")
    assert {run.info.status for run in runs_in(tmp_path)} <= {"FINISHED", "KILLED"}


def test_a_killed_study_leaves_no_worker_behind_whether_it_has_a_job_or_not(tmp_path):
    words = ["-m", "trainer.max_epochs=1,100000", "study.name=orphans", *LONG[:-1], *TINY_DATA]
    process = start(*words, folder=tmp_path)

    def one_idle():
        results = [json.loads(file.read_text()) for file in tmp_path.glob("outputs/orphans/*/result.json")]
        return sorted(result["status"] for result in results) == ["FINISHED", "RUNNING"]

    wait_for(one_idle)
    workers = workers_of(process)
    assert len(workers) == 2
    process.kill()
    process.wait()
    wait_for(lambda: not any(worker.is_running() for worker in workers), seconds=60)
    process.communicate()


def test_a_run_whose_process_is_gone_is_shown_as_killed(tmp_path):
    process = start("name=gone", *LONG, folder=tmp_path)
    wait_for(lambda: list(tmp_path.glob("outputs/single/*/checkpoints/last.ckpt")))
    listed = rnnlab("runs", folder=tmp_path).stdout
    assert "RUNNING" in listed
    refused = rnnlab("train", "resume=gone", folder=tmp_path)
    assert refused.returncode == 2
    assert "is being trained by another process" in refused.stderr
    process.kill()
    process.communicate()
    listed = rnnlab("runs", folder=tmp_path).stdout
    assert "RUNNING" not in listed
    assert "KILLED" in listed
    (path,) = tmp_path.glob("outputs/single/*/result.json")
    assert json.loads(path.read_text())["status"] == "KILLED"


def test_two_processes_do_not_run_the_same_study(tmp_path):
    words = ["-m", "seed=0,1", "study.name=twice", *LONG]
    process = start(*words, folder=tmp_path)
    wait_for(lambda: list(tmp_path.glob("outputs/twice/*/result.json")))
    second = rnnlab("train", *words, folder=tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert second.returncode == 2
    assert "study.name=twice: is being run by another process" in second.stderr


def test_sixteen_runs_start_at_once_on_a_store_that_is_not_there_ten_times_in_a_row(tmp_path):
    script = tmp_path / "together.py"
    script.write_text(
        textwrap.dedent("""
            import os, sys
            import mlflow.store.tracking.sqlalchemy_store, pytorch_lightning, matplotlib.pyplot
            import rnnlab.report.run_figures, rnnlab.training.run
            from rnnlab.cli import dispatch

            for round in range(10):
                os.environ["RNNLAB_HOME"] = f"room{round}"
                processes = []
                for seed in range(16):
                    processes.append(os.fork())
                    if processes[-1] == 0:
                        try:
                            code = dispatch(["train", f"seed={seed}", *sys.argv[1:]])
                        finally:
                            os._exit(code)
                assert [os.waitpid(one, 0)[1] for one in processes] == [0] * 16, round
        """)
    )
    made = subprocess.run(
        [sys.executable, str(script), *TINY, "trainer.max_epochs=1"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-3000:]
    for number in range(10):
        runs = runs_in(tmp_path / f"room{number}")
        assert sorted(int(run.data.params["seed"]) for run in runs) == list(range(16))
        assert {run.info.status for run in runs} == {"FINISHED"}
        assert len(list((tmp_path / f"room{number}").glob("outputs/single/*/result.json"))) == 16

"""Studies: a real multirun on real workers, its record, its table, and what is said of a failure."""

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import mlflow
import pytest
from helpers import LONG, PATIENCE, SMALL, TINY_DATA, command_line, environment, lab_config, rnnlab, wait_for

from rnnlab.cli import dispatch
from rnnlab.config.targets import setting
from rnnlab.study.grid import Grid, Job, longest_first

GRID = ["cell=lstm,gru", "layers=1,2", "seed=range(2)"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of eight runs, made by the command."""
    folder = tmp_path_factory.mktemp("study")
    done = rnnlab("train", "-m", *GRID, "study.name=pairs", *SMALL[:2], *TINY_DATA, folder=folder)
    return folder, done


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_prints_a_row_a_group_and_the_baselines(study):
    _, done = study
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for row in ("cos lstm 1 layer ", "cos lstm 2 layers", "cos gru 1 layer ", "cos gru 2 layers", "persistence"):
        assert row in done.stdout
    assert "study pairs  8 runs" in done.stdout
    assert "figures  outputs/pairs/figures" in done.stdout
    assert re.search(r"rnnlab explain run=[0-9a-f]{8}\n", done.stdout)
    assert "rnnlab ui" in done.stdout
    assert "…" not in done.stdout


def test_a_study_says_how_much_of_its_time_was_training(study):
    folder, done = study
    clock = r"(?:(\d+) min )?([\d.]+) s"
    form = rf"time {clock} for 8 runs, (\d+) at a time; efficiency (\d+)% \(their fits add up to {clock}\)"
    numbers = [float(number or 0) for number in re.search(form, done.stdout).groups()]
    minutes, rest, workers, percent, fit_minutes, fit_rest = numbers
    seconds, fits = 60 * minutes + rest, 60 * fit_minutes + fit_rest
    rows = rows_of(folder / "outputs" / "pairs" / "results.csv")
    assert fits == pytest.approx(sum(float(row["fit_seconds"]) for row in rows), abs=0.06 if fits < 60 else 0.6)
    assert percent == pytest.approx(100 * fits / seconds / workers, abs=2)
    assert 0 <= percent <= 100


def test_a_study_leaves_its_record(study):
    folder, _ = study
    rows = rows_of(folder / "outputs" / "pairs" / "results.csv")
    expected = ["name", "run_id", "status", "function", "cell", "layers", "seed",
                "test/mse", "test/rmse", "best/epoch", "best/train_mse",
                "fit_seconds", "parameters", "error"]  # fmt: skip
    assert list(rows[0]) == expected
    assert [(row["cell"], row["layers"], row["seed"]) for row in rows] == [
        (cell, layers, seed) for cell in ("lstm", "gru") for layers in "12" for seed in "01"
    ]
    record = json.loads((folder / "outputs" / "pairs" / "study.json").read_text())
    assert record["grid"] == {"cell": ["lstm", "gru"], "layers": ["1", "2"], "seed": ["0", "1"]}
    for job, row in zip(record["jobs"], rows, strict=True):
        result = json.loads((folder / "outputs" / job["folder"] / "result.json").read_text())
        assert job["status"] == result["status"] == row["status"] == "FINISHED"
        assert job["run_id"] == result["run_id"] == row["run_id"]
        assert job["config_hash"] == result["config_hash"]
        assert float(row["test/mse"]) == result["metrics"]["test/mse"] == job["metrics"]["test/mse"]


def test_the_runs_are_children_of_one_finished_parent(study):
    folder, _ = study
    record = json.loads((folder / "outputs" / "pairs" / "study.json").read_text())
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{folder}/mlruns/mlflow.db")
    parent = client.get_run(record["parent_run_id"])
    assert parent.info.status == "FINISHED"
    assert parent.info.run_name == "pairs"
    children = client.search_runs(
        [parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    assert {child.info.run_id for child in children} == {job["run_id"] for job in record["jobs"]}
    assert {child.info.status for child in children} == {"FINISHED"}
    artifacts = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert {"study.json", "results.csv", "mlflow.html", "figures"} <= artifacts
    for name in ("study.json", "results.csv"):
        kept = Path(client.download_artifacts(parent.info.run_id, name)).read_bytes()
        assert kept == (folder / "outputs" / "pairs" / name).read_bytes(), "the last of what was written"


def test_a_run_of_a_study_equals_the_same_run_alone(study):
    folder, _ = study
    done = rnnlab("train", "cell=gru", "layers=2", "seed=1", "tracking=off", *SMALL[:2], *TINY_DATA, folder=folder)
    assert done.returncode == 0, done.stderr
    (alone,) = folder.glob("outputs/single/*/result.json")
    result = json.loads(alone.read_text())
    row = next(
        row
        for row in rows_of(folder / "outputs" / "pairs" / "results.csv")
        if (row["cell"], row["layers"], row["seed"]) == ("gru", "2", "1")
    )
    assert float(row["test/mse"]) == result["metrics"]["test/mse"]


def test_runs_of_a_study_are_found_by_its_name(study):
    folder, _ = study
    listed = rnnlab("runs", "study=pairs", "limit=50", folder=folder).stdout
    assert "pairs (study)" in listed
    assert listed.count("outputs/pairs/") == 8


def test_a_failed_job_is_shown_and_the_others_go_on(tmp_path):
    (tmp_path / "sometimes.py").write_text(
        "def schedule(progress, bad=False):\n    return 1e38 if bad and progress > 0 else 1.0\n"
    )
    words = ["schedule._target_=sometimes.schedule", "+schedule.bad=true,false", "study.name=mixed", "tracking=off"]
    words += [*SMALL[:1], "layers=1", "trainer.max_epochs=3", *TINY_DATA]
    done = rnnlab("train", "-m", *words, folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED: DivergedError: the loss is" in done.stdout
    assert "1 FAILED, 1 FINISHED" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    rows = rows_of(tmp_path / "outputs" / "mixed" / "results.csv")
    assert [(row["schedule.bad"], row["status"]) for row in rows] == [("True", "FAILED"), ("False", "FINISHED")]
    assert rows[0]["error"].startswith("DivergedError")


def test_groups_are_called_what_a_user_would_type_and_no_name_hides_a_number(tmp_path):
    module = "learning_rates_that_take_up_so_much_room_that_a_line_cannot_hold_their_name"
    (tmp_path / f"{module}.py").write_text(
        "def constant(progress):\n    return 1.0\n\n\nhalf = lambda progress: 0.5\n"
    )
    grid = [
        "head=direct,residual",
        f"schedule._target_={module}.constant,{module}.half",
        "data.features=values,both",
    ]
    words = [*grid, "study.name=parts", "tracking=off", *SMALL[:1], "trainer.max_epochs=2", *TINY_DATA]
    done = rnnlab("train", "-m", *words, "layers=1", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = done.stdout.partition("Test MSE, study parts")[2]
    assert "head=residual" in summary
    assert "_target_" not in summary
    assert "\u2026" not in summary, "something was cut short"
    for row in rows_of(tmp_path / "outputs" / "parts" / "results.csv"):
        assert f"{float(row['test/mse']):.2e}" in summary
    heads = {row["head._target_"] for row in rows_of(tmp_path / "outputs" / "parts" / "results.csv")}
    assert heads == {"rnnlab.models.heads.Direct", "rnnlab.models.heads.Residual"}, "a table for programs says all"


def test_a_setting_of_ones_own_code_keeps_its_path():
    assert setting("cell._target_", "rnnlab.models.cells.LSTM") == "cell=lstm"
    assert setting("cell._target_", "my_lab.LSTM") == "cell=my_lab.LSTM"
    assert setting("optimizer.lr", 0.01) == "optimizer.lr=0.01"


@contextlib.contextmanager
def on_a_terminal(*words, folder, columns=120):
    """Run a command on a terminal, in a process group of its own; give it, and what reads the screen to its end."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        command_line("train", *words),
        cwd=folder,
        env=environment() | {"TERM": "xterm-256color", "COLUMNS": str(columns)},
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)

    def screen():
        seen = b""
        with contextlib.suppress(OSError):  # the last holder of the other end has gone
            while part := os.read(ours, 65536):
                seen += part
        return seen

    yield process, screen
    os.close(ours)


def shown(screen):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.decode())


def test_a_terminal_has_one_live_display_of_the_whole_study(tmp_path):
    words = ["-m", "seed=0,1,2", "study.name=shown", "study.workers=2", "tracking=off", *SMALL[:1], *TINY_DATA]
    with on_a_terminal(*words, "trainer.max_epochs=2", folder=tmp_path) as (process, read):
        screen = read()
        assert process.wait(timeout=PATIENCE) == 0
    text = shown(screen)
    assert "0/3 runs" in text, "from the first moment on"
    assert "3/3 runs" in text
    assert re.search(r"[12] running, 0 failed", text)
    assert re.search(r"0 running, 0 failed, best test MSE \d", text)
    assert not re.search(r"epoch +\d", text), "a worker's own progress bar"
    assert screen.rindex(b"\x1b[?25h") > screen.rindex(b"\x1b[?25l"), "the cursor is back"


def test_on_a_narrow_terminal_the_tables_keep_their_labels_ids_and_numbers(tmp_path):
    words = ["-m", "cell=lstm,peepholelstm", "study.name=narrow", "tracking=off", *SMALL, *TINY_DATA]
    with on_a_terminal(*words, folder=tmp_path, columns=40) as (process, read):
        text = shown(read())
        assert process.wait(timeout=PATIENCE) == 0
    lines = text.replace("\r", "").splitlines()
    for row in (dict(row) for row in csv.DictReader((tmp_path / "outputs/narrow/results.csv").open())):
        below = lines[lines.index(row["name"]) + 1]
        assert below.split()[:3] == ["FINISHED", f"{float(row['test/mse']):.3e}", row["run_id"][:8]]
        assert f"{float(row['test/mse']):.2e}" in lines[lines.index(f"cos {row['cell']} 1 layer") + 1]
    persistence = [line for line in lines if line.startswith("persistence")]
    assert len(persistence) == 1
    assert "the lowest mean, cos " in text
    assert re.search(r"beside +(better|worse) than persistence", text), "what the number is worth"


def test_after_ctrl_c_the_display_counts_what_is_finished_as_the_last_line_does(tmp_path):
    words = ["-m", "trainer.max_epochs=1,100000", "study.name=cut", "tracking=off", *LONG[:-1], *TINY_DATA]
    with on_a_terminal(*words, folder=tmp_path) as (process, read):
        files = tmp_path.glob
        wait_for(
            lambda: (
                sorted(json.loads(file.read_text())["status"] for file in files("outputs/cut/*/result.json"))
                == ["FINISHED", "RUNNING"]
            )
        )
        os.killpg(process.pid, signal.SIGINT)
        text = shown(read())
        assert process.wait(timeout=PATIENCE) == 130
    assert "1/2 runs FINISHED" in text
    assert "0 running, 0 failed, 1 interrupted" in text
    assert "1 of 2 runs are FINISHED" in text
    assert "2/2 runs" not in text


def test_ctrl_c_kills_the_study_its_runs_and_its_parent(tmp_path):
    words = ["-m", "seed=range(4)", "study.name=long", *LONG]
    process = subprocess.Popen(
        command_line("train", *words),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(lambda: list(tmp_path.glob("outputs/long/*/checkpoints/last.ckpt")))
    # A terminal sends Ctrl-C to the whole group: the study and its workers.
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("rnnlab").experiment_id])
    assert len(runs) >= 2
    assert {run.info.status for run in runs} == {"KILLED"}
    for path in tmp_path.glob("outputs/long/*/result.json"):
        assert json.loads(path.read_text())["status"] == "KILLED"


def job(number, **changes):
    return Job(number, [], lab_config(**changes))


def test_studies_of_one_process_are_made_where_each_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("RNNLAB_HOME", raising=False)
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        assert dispatch(["train", "-m", "seed=0,1", "study.name=two", "tracking=off", *SMALL, *TINY_DATA]) == 0
        assert len(list((tmp_path / name).glob("outputs/two/*/result.json"))) == 2


def test_parameters_that_come_with_a_cell_are_no_axis():
    lstm = {"_target_": "rnnlab.models.cells.LSTM", "forget_bias": 1.0}
    gru = {"_target_": "rnnlab.models.cells.GRU", "gate_bias": 1.0}
    assert Grid({}, [job(0, cell=lstm), job(1, cell=gru)]).varying == []
    assert Grid({}, [job(0, cell=lstm), job(1, cell=lstm | {"forget_bias": 0.0})]).varying == ["cell.forget_bias"]


def test_the_longest_jobs_start_first():
    jobs = [job(0, layers=1), job(1, layers=3), job(2, layers=2), job(3, layers=3)]
    assert [entry.number for entry in longest_first(jobs)] == [1, 3, 2, 0]


def test_the_same_grid_has_the_same_default_name():
    def grid(*seeds):
        return Grid({"seed": list(seeds)}, [job(n, seed=seed) for n, seed in enumerate(seeds)])

    assert grid(1, 2).default_name() == grid(2, 1).default_name()
    assert grid(1, 2).default_name() != grid(1, 3).default_name()
    assert grid(1, 2).default_name().startswith("seed-")

"""A store for the whole lab, as `deploy/start.sh` starts it: PostgreSQL, and MLflow's server with a password."""

import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import mlflow
import pytest
from helpers import PATIENCE, REPOSITORY, SMALL, TINY_DATA, rnnlab, wait_for
from mlflow.server import get_app_client
from recording import POINTS, record, recorded_config
from shared_store import VARIABLES, SharedStore, has_postgresql

from rnnlab.config.record import facets, flat, plain
from rnnlab.tracking.metrics import read_points
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.outbox import read_outbox
from rnnlab.tracking.recorder import Recorder
from rnnlab.tracking.store import open_store
from rnnlab.tracking.tags import run_tags

if not has_postgresql():
    pytest.skip("no PostgreSQL here: apt-get install postgresql", allow_module_level=True)
WORKERS, EACH, LATE = 8, 24, 8
RUNS = WORKERS * EACH + LATE
"""Of all runs, the late ones are those of a process that begins and ends while the servers are away."""


@pytest.fixture(scope="module")
def shared():
    """Both servers, in a folder that PostgreSQL's user can enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="shared-store-"))
    folder.chmod(0o755)
    store = SharedStore(folder)
    try:
        store.start()
        yield store
    finally:
        store.stop()
        shutil.rmtree(folder)


@pytest.fixture
def client(shared, home, monkeypatch):
    """MLflow's client, and the environment, of the user admin."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in shared.credentials().items():
        monkeypatch.setenv(name, value)
    return mlflow.MlflowClient(tracking_uri=shared.address)


def assert_ends_well(process):
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said.decode()


def on(shared, experiment):
    return ["tracking=server", f"tracking.uri={shared.address}", f"tracking.experiment={experiment}"]


def runs_of(client, experiment):
    return client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


def assert_no_secret(shared, *places):
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*"))]
    for file in filter(Path.is_file, files):
        content = file.read_bytes()
        assert not [secret for secret in shared.secrets if secret.encode() in content], file


def add_user(shared, name, denied=None):
    """Make a user, and return the variables that they log in with."""
    admin = get_app_client("basic-auth", shared.address)
    admin.create_user(name, f"{name}-password-1")
    if denied is not None:
        admin.grant_user_permission(name, "experiment", denied, "DENY")
    return shared.credentials(f"{name}-password-1", name)


def log_in(monkeypatch, credentials):
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)


@contextmanager
def recording(shared, folder, worker, runs):
    """Have a process record runs; end it if it is still there."""
    process = subprocess.Popen(
        [sys.executable, REPOSITORY / "tests" / "recording.py", shared.address, str(worker), str(runs)],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_eight_workers_log_200_runs_while_both_servers_are_killed_and_started_again(shared, client, home):
    with ExitStack() as workers:
        at_work = [workers.enter_context(recording(shared, home, number, EACH)) for number in range(WORKERS)]
        wait_for(lambda: len(list(home.glob("outputs/single/*/result.json"))) >= RUNS // 4)
        shared.kill()
        assert len(list(home.glob("outputs/single/*"))) < WORKERS * EACH
        with recording(shared, home, WORKERS, LATE) as ends_meanwhile:
            assert_ends_well(ends_meanwhile)
        shared.start()
        for worker in at_work:
            assert_ends_well(worker)
    waiting = [file.parent for file in home.glob("outputs/single/*/unsent.json")]
    assert len(waiting) >= LATE
    synced = rnnlab("sync", folder=home)
    assert synced.returncode == 0, synced.stdout + synced.stderr
    assert rnnlab("sync", folder=home).stdout == "nothing is missing\n"

    config = recorded_config(shared.address, "w0-0")
    params = len(dict(flat(plain(config))) | facets(config))
    tags = len(run_tags(config, "w0-0")) + len({"rnnlab.folder", "rnnlab.local_id"})
    mine = "run_uuid in (select run_uuid from runs where name like 'w%-%')"
    counted = {
        "runs": shared.rows("select count(*), count(distinct name) from runs where name like 'w%-%'"),
        "statuses": shared.rows("select distinct status, lifecycle_stage from runs where name like 'w%-%'"),
        "metrics": shared.rows(f"select count(*) from metrics where {mine}"),
        "params": shared.rows(f"select count(*) from params where {mine}"),
        "tags": shared.rows(f"select count(*) from tags where {mine}"),
    }
    assert counted == {
        "runs": [(RUNS, RUNS)],
        "statuses": [("FINISHED", "active")],
        "metrics": [(RUNS * POINTS,)],
        "params": [(RUNS * params,)],
        "tags": [(RUNS * tags,)],
    }
    ids = {json.loads(file.read_text())["run_id"] for file in home.glob("outputs/single/*/result.json")}
    assert ids == {run_id for (run_id,) in shared.rows("select run_uuid from runs where name like 'w%-%'")}
    assert len(list(shared.data.glob("artifacts/*/*/artifacts/result.json"))) == RUNS
    late = json.loads((waiting[0] / "result.json").read_text())["run_id"]
    fetched = client.download_artifacts(late, "result.json", str(home))
    assert json.loads(Path(fetched).read_text())["run_id"] == late
    assert_no_secret(shared, home / "outputs", shared.log)


@pytest.mark.parametrize(
    "words",
    [["train"], ["train", "-m", "seed=0,1"], ["runs"], ["report"], ["compare", "study=a,b"], ["reproduce"]],
    ids=" ".join,
)
def test_whom_the_server_does_not_know_is_told_so_before_anything_is_created(
    words, shared, client, home, monkeypatch
):
    for password in ("wrong-password-1", ""):
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        done = rnnlab(*words, *on(shared, "rnnlab"), folder=home)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        assert "wants a user and a password that it knows" in line
        assert "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in line
        assert "wrong-password-1" not in line
        assert list(home.iterdir()) == []


def test_a_token_that_the_server_does_not_take_is_an_error_before_anything_is_created(
    shared, client, home, monkeypatch
):
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "wrong-token-1")
    done = rnnlab("train", *on(shared, "rnnlab"), folder=home)
    assert done.returncode == 2
    assert "it answers 500" in done.stderr
    assert "wrong-token-1" not in done.stderr
    assert list(home.iterdir()) == []


def test_a_user_who_may_only_read_an_experiment_can_list_its_runs_but_makes_none(shared, client, home, monkeypatch):
    experiment = client.create_experiment("read", tags={"a": "tag"})
    stale = {"rnnlab.process.host": "elsewhere", "rnnlab.heartbeat": "1.0"}
    tags = run_tags(recorded_config(shared.address, "there"), "there") | stale
    client.create_run(experiment, run_name="there", tags=tags)
    log_in(monkeypatch, add_user(shared, "reader"))
    done = rnnlab("train", *on(shared, "read"), *SMALL, *TINY_DATA, folder=home)
    assert done.returncode == 2
    assert "tracking.experiment=read: the server knows this user but does not let them write" in done.stderr
    assert list(home.iterdir()) == []
    listed = rnnlab("runs", *on(shared, "read"), folder=home)
    assert listed.returncode == 0, listed.stderr
    assert "there" in listed.stdout
    assert [run.info.status for run in runs_of(client, "read")] == ["RUNNING"], "that is for others to end"


def test_a_user_who_may_not_see_an_experiment_is_told_so(shared, client, home, monkeypatch):
    experiment = client.create_experiment("hidden")
    log_in(monkeypatch, add_user(shared, "outsider", denied=experiment))
    for command in ("train", "runs", "report"):
        done = rnnlab(command, *on(shared, "hidden"), folder=home)
        assert done.returncode == 2
        assert "tracking.experiment=hidden: the server knows this user but does not let them see" in done.stderr
    assert list(home.iterdir()) == []


def test_a_password_that_is_wrong_from_the_middle_of_a_run_on_loses_nothing(
    shared, client, home, monkeypatch, capsys
):
    config = recorded_config(shared.address, "locked-out")
    config.tracking.experiment = "locked-out"
    with Recorder(config, [], open_store(config.tracking)) as recorder:
        recorder.metrics.add("train/mse", 1.0, 0)
        recorder.metrics.flush()
        run_id = recorder.result.run_id
        wait_for(lambda: client.get_metric_history(run_id, "train/mse"))
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong-password-1")
        for epoch in range(1, 30):
            recorder.metrics.add("train/mse", 0.5**epoch, epoch)
        recorder.metrics.flush()
        wait_for(lambda: recorder._sender._failures)
    assert recorder.result.status == "FINISHED"
    assert read_outbox(recorder.folder.path) is not None
    said = capsys.readouterr().err
    assert said.count("wants a user and a password that it knows") == 1
    assert "wrong-password-1" not in said + recorder.folder.log.read_text()
    refused = rnnlab("sync", folder=home)
    assert refused.returncode == 2
    assert "not sent: the server refuses this user" in refused.stdout
    assert "MLFLOW_TRACKING_PASSWORD" in refused.stderr
    log_in(monkeypatch, shared.credentials())
    assert rnnlab("sync", folder=home).returncode == 0
    stored = {(point.step, point.value) for point in client.get_metric_history(run_id, "train/mse")}
    assert stored == {(point.step, point.value) for point in read_points(recorder.folder.metrics)}
    assert len(stored) == 30
    (run,) = runs_of(client, "locked-out")
    assert (run.info.run_id, run.info.status) == (run_id, "FINISHED")


def test_a_run_that_a_server_made_without_saying_so_is_not_made_twice(shared, client, home, monkeypatch):
    config = recorded_config(shared.address, "unsaid")
    config.tracking.experiment = "unsaid"
    real = MlflowRun.create

    def killed_before_its_answer(*given):
        real(*given)
        raise ConnectionError("the answer is lost")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowRun, "create", killed_before_its_answer)
        assert record(config) == "FINISHED"
    (run,) = runs_of(client, "unsaid")
    assert run.info.status == "FINISHED"
    (result,) = home.glob("outputs/single/*/result.json")
    assert json.loads(result.read_text())["run_id"] == run.info.run_id


def test_a_study_on_a_shared_store_ends_with_all_its_runs_under_one_parent(shared, client, home, monkeypatch):
    log_in(monkeypatch, add_user(shared, "ada"))
    words = ["cell=lstm,gru", "seed=0,1", "study.name=shared", *SMALL, *TINY_DATA, *on(shared, "study")]
    done = rnnlab("train", "-m", *words, folder=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (home / "mlruns").exists()
    runs = runs_of(client, "study")
    assert {run.info.status for run in runs} == {"FINISHED"}
    (parent,) = [run for run in runs if run.data.tags.get("rnnlab.kind") == "study"]
    children = [run for run in runs if run is not parent]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert sorted((run.data.params["cell"], run.data.params["seed"]) for run in children) == [
        ("gru", "0"), ("gru", "1"), ("lstm", "0"), ("lstm", "1"),
    ]  # fmt: skip
    for run in children:
        assert "checkpoints" in {file.path for file in client.list_artifacts(run.info.run_id)}
    reported = rnnlab("report", *on(shared, "study"), folder=home)
    assert reported.returncode == 0, reported.stderr
    assert "report" in {file.path for file in client.list_artifacts(parent.info.run_id)}
    for place in (home / "outputs", shared.log):
        assert_no_secret(shared, place)


def test_the_script_starts_nothing_without_passwords(home):
    script = REPOSITORY / "deploy" / "start.sh"
    path = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run([script, home / "data"], env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "POSTGRES_PASSWORD is not in the environment" in done.stderr
    assert list(home.iterdir()) == []

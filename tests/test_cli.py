"""The command line as a user has it: real sub-processes, signals, a server, a browser's request."""

import json
import signal
import subprocess
import sys
import urllib.request

import mlflow
import pytest
from helpers import (
    LONG,
    PATIENCE,
    SMALL,
    TINY_DATA,
    command_line,
    environment,
    port_of_its_own,
    rnnlab,
    started,
    wait_for,
)

from rnnlab.tracking.metrics import read_curves
from rnnlab.tracking.server import server_environment

HEAVY = ("torch", "mlflow", "pytorch_lightning", "hydra", "matplotlib", "numpy", "rich")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder in which one run was trained by the command, with its store."""
    folder = tmp_path_factory.mktemp("trained")
    done = rnnlab("train", "function=sin", "cell=gru", *SMALL, *TINY_DATA, folder=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help_is_short_and_imports_nothing_heavy(words):
    script = (
        "import sys; from rnnlab.cli import dispatch; code = dispatch(sys.argv[1:]);"
        f"print([name for name in {HEAVY!r} if name in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    *shown, imported = done.stdout.splitlines()
    assert imported == "[]"
    assert any("rnnlab train -m study=quick" in line for line in shown)
    assert len(shown) < 30


def test_train_says_what_it_did_in_plain_lines(trained):
    folder, done = trained
    assert done.stderr == ""
    assert "sin-gru-1x6-s0" in done.stdout
    assert "epoch 2/2  train MSE" in done.stdout
    assert "test MSE" in done.stdout
    assert "steps/s" in done.stdout
    assert "\x1b[" not in done.stdout
    figures = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("figures"))
    assert {path.name for path in (folder / figures).iterdir()} == {
        "loss.png",
        "prediction.png",
        "rollout.png",
        "zoom.png",
    }


def test_runs_lists_and_filters(trained):
    folder, _ = trained
    listed = rnnlab("runs", folder=folder)
    assert "sin-gru-1x6-s0" in listed.stdout
    assert "FINISHED" in listed.stdout
    assert "outputs/single/sin-gru-1x6-s0-" in listed.stdout
    kept = rnnlab("runs", "function=sin", "cell=gru", "layers=1", "status=FINISHED", folder=folder)
    assert "sin-gru-1x6-s0" in kept.stdout
    assert "no run matches" in rnnlab("runs", "cell=lstm", folder=folder).stdout


def test_bad_input_leaves_with_2_and_one_message(tmp_path):
    done = rnnlab("train", "cell=lsmt", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("rnnlab: cell=lsmt: must be one of gru, labgru, ")
    assert line.endswith(", rnn. Did you mean cell=lstm?")
    assert list(tmp_path.iterdir()) == []


def test_debugging_shows_the_traceback(tmp_path):
    done = subprocess.run(
        command_line("train", "cell=lsmt"),
        cwd=tmp_path,
        env=environment() | {"RNNLAB_DEBUG": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in done.stderr


def test_a_cell_in_the_current_folder_is_found(tmp_path):
    (tmp_path / "my_cells.py").write_text("from torch.nn import GRUCell as Mine\n")
    done = rnnlab("train", "cell._target_=my_cells.Mine", "tracking=off", *SMALL, *TINY_DATA, folder=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_is_killed_with_the_shells_code(signum, code, tmp_path):
    with started("train", *LONG, folder=tmp_path) as process:
        wait_for(lambda: list(tmp_path.glob("outputs/single/*/checkpoints/last.ckpt")))
        process.send_signal(signum)
        process.wait(timeout=PATIENCE)
        assert process.returncode == code
    (result_file,) = tmp_path.glob("outputs/single/*/result.json")
    result = json.loads(result_file.read_text())
    assert result["status"] == "KILLED"
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    assert client.get_run(result["run_id"]).info.status == "KILLED"
    epochs = len(read_curves(result_file.parent / "metrics.csv")["train/mse"][0])
    resumed = rnnlab("train", "resume=latest", f"trainer.max_epochs={epochs + 20}", folder=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert read_curves(result_file.parent / "metrics.csv")["train/mse"][0] == list(range(1, epochs + 21))
    history = client.get_metric_history(result["run_id"], "train/mse")
    assert sorted(point.step for point in history) == list(range(1, epochs + 21))
    assert client.get_run(result["run_id"]).info.status == "FINISHED"


def test_ui_serves_the_store_until_ctrl_c(trained):
    folder, _ = trained
    with started("ui", folder=folder) as process:
        line = process.stdout.readline()
        address = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
        request = urllib.request.Request(
            f"{address}/api/2.0/mlflow/experiments/search",
            data=json.dumps({"max_results": 10}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            names = [entry["name"] for entry in json.load(answer)["experiments"]]
        assert "rnnlab" in names
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0


def test_a_run_logs_to_a_real_server(tmp_path):
    port = port_of_its_own()
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
         "--backend-store-uri", f"sqlite:///{tmp_path}/server.db",
         "--artifacts-destination", f"{tmp_path}/served"],
        cwd=tmp_path, env=server_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(address))
        done = rnnlab("train", "tracking=server", f"tracking.uri={address}", *SMALL, *TINY_DATA, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert not (tmp_path / "mlruns").exists()
        client = mlflow.MlflowClient(tracking_uri=address)
        experiment = client.get_experiment_by_name("rnnlab")
        (run,) = client.search_runs([experiment.experiment_id])
        assert run.info.status == "FINISHED"
        assert run.data.metrics["test/mse"] > 0
        assert "checkpoints" in {file.path for file in client.list_artifacts(run.info.run_id)}
        listed = rnnlab("runs", "tracking=server", f"tracking.uri={address}", folder=tmp_path)
        assert run.info.run_id[:8] in listed.stdout
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)


def answers(address):
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=1):
            return True
    except OSError:
        return False

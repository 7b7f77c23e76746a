"""The benchmarks run and compare equal work. What they measure is not asked here: no test times anything."""

import json
import subprocess
import sys

import pytest
from helpers import REPOSITORY, environment, python


def run(script, *words, folder):
    done = python(str(REPOSITORY / "scripts" / script), *words, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (
            ["overhead", "--cells", "gru", "--layers", "1", "--epochs", "1", "--rounds", "2"],
            {"median_ratio_to_bare"},
        ),
        (["device", "--cells", "lstm", "--layers", "1", "--epochs", "1", "--rounds", "1"], {"steps_per_second"}),
        (["cold", "--runs", "10", "--rounds", "1", "--epochs", "1"], {"median_seconds_above_bare", "commands"}),
        (["scale", "--jobs", "10", "20", "--epochs", "2", "3"], {"jobs", "epochs"}),
        (["study", "--epochs", "1", "--no-peer"], {"parallel_efficiency", "rounds"}),
        (["preflight", "--jobs", "10"], {"seconds", "seconds_to_record_a_run"}),
        (["cells", "--rounds", "1"], {"cell"}),
        (["explain", "--rounds", "1", "--epochs", "1"], {"median_seconds"}),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_a_benchmark_compares_and_tells_the_machine(words, fields, tmp_path):
    """Each fails by itself where a run and its bare loop do not compute the same losses."""
    told = json.loads(run("bench.py", *words, "--json", folder=tmp_path))
    assert told["benchmark"] == words[0]
    assert told["machine"]["cpu"]
    assert told["packages"]["torch"]
    found = told["found"] if isinstance(told["found"], list) else [told["found"]]
    assert fields <= found[0].keys()


def test_the_peer_trains_the_same_grid_with_the_same_tools(tmp_path):
    run("peer.py", "-m", "cell=lstm,gru", "layers=1", "seed=0", "epochs=1", "hidden_size=4", folder=tmp_path)
    assert len(list(tmp_path.glob("multirun/*/*/*/prediction.png"))) == 2
    assert len(list(tmp_path.glob("multirun/*/*/*/checkpoints/last.ckpt"))) == 2
    assert (tmp_path / "peer.db").exists()


def test_the_check_of_a_gpu_goes_its_whole_way_on_a_cpu(tmp_path):
    said = run("gpu_check.py", "--device", "cpu", "--epochs", "1", "--hidden", "6", "--seconds", "3000",
               "--json", str(tmp_path / "gpu.json"), folder=tmp_path)  # fmt: skip
    told = json.loads((tmp_path / "gpu.json").read_text())
    assert told["ok"]
    assert [check["check"] for check in told["checks"]] == [
        "cells", "the same run twice", "trainer=auto", "SIGKILL and resume", "reproduce", "two jobs at a time",
        "tests marked gpu",
    ]  # fmt: skip
    assert {(row["cell"], row["layers"]) for row in told["cells"]} >= {("lstm", 1), ("gru", 3), ("lru", 3)}
    assert all(row["first_losses_differ_by"] == 0 for row in told["cells"]), "the same device twice"
    assert "| SIGKILL and resume | holds |" in said
    assert told["machine"]["cpu"]


def test_the_check_of_a_gpu_says_what_is_missing_first(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n\nclass Without:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('psutil', 'hydra'):\n            raise ModuleNotFoundError(name)\n\n"
        "sys.meta_path.insert(0, Without())\n"
    )
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts" / "gpu_check.py")], cwd=tmp_path, capture_output=True,
        env=environment() | {"PYTHONPATH": str(tmp_path)}, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("not installed here: hydra-core, psutil\n")
    assert "scripts/gpu_wheels.sh" in done.stderr

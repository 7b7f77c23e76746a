"""Studies on a real Ray cluster: two nodes of one machine, one of them killed, one that does not see the folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from helpers import LASTING, PATIENCE, SMALL, command_line, environment, port_of_its_own, rnnlab, started, wait_for
from stored import assert_whole, children, runs_in

from rnnlab.config.record import load_config

pytest.importorskip("ray", reason="Ray is not installed: pip install 'rnnlab[ray]'")

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "ip", "mount"))),
    reason="a Ray cluster in a network of its own needs root, util-linux and iproute2",
)
JOBS = ["cell=lstm,gru", "layers=1,2,3", "seed=0,1,2,3", "model.hidden_size=8", "trainer.max_epochs=40"]
"""24 of them."""
RAY = Path(sys.executable).parent / "ray"
SETTINGS = environment() | {
    "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "5" * 64
}  # fmt: skip


class Node:
    """A node of a Ray cluster, and commands beside it: in a network of its own, where loopback is all there is.

    Args:
        process: `ray start`.
        address: of the cluster.
    """

    def __init__(self, process, address):
        self.process, self.address = process, address

    @property
    def beside(self):
        """The words before a command that is to run in the node's network."""
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net"]

    def start(self, *words, folder):
        """Start a rnnlab command that finds the node."""
        return subprocess.Popen(
            [*self.beside, *command_line(*words)], cwd=folder, env=SETTINGS, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def alive(self):
        """Return how many nodes of the cluster are alive; 0 where there is none yet."""
        script = (
            "import ray, sys; ray.init(sys.argv[1], log_to_driver=False); print([n['Alive'] for n in ray.nodes()])"
        )
        command = [*self.beside, sys.executable, "-c", script, self.address]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=SETTINGS, timeout=25)
        except subprocess.TimeoutExpired:
            return 0
        return done.stdout.count("True") if done.returncode == 0 else 0


@contextmanager
def node(folder, *words, before, cpus=1):
    """Run a node of a Ray cluster, and end all of its processes."""
    command = [*before, str(RAY), "start", "--block", f"--num-cpus={cpus}", *words]
    with (folder / f"ray-{len(list(folder.glob('ray-*')))}.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=SETTINGS, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        psutil.wait_procs(family, timeout=20)
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.kill()
        process.wait(PATIENCE)


@contextmanager
def cluster(folder, cpus=1):
    """Run the head of a Ray cluster and give it."""
    address = f"127.0.0.1:{port_of_its_own()}"
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
    words = ["--head", f"--port={address.rpartition(':')[2]}", "--include-dashboard=false"]
    with node(folder, *words, before=alone, cpus=cpus) as process:
        head = Node(process, address)
        wait_for(lambda: head.alive() == 1, seconds=120)
        yield head


def at_work_on(node):
    """Return the processes of a node that run a job."""
    return [
        one for one in node.children(recursive=True) if "ray::deliver" in " ".join(one.cmdline() or [one.name()])
    ]


@needs_namespaces
def test_a_node_that_dies_loses_no_job(tmp_path):
    with cluster(tmp_path) as head, node(tmp_path, f"--address={head.address}", before=head.beside) as second:
        wait_for(lambda: head.alive() == 2, seconds=120)
        words = ["train", "-m", "cluster=ray", f"cluster.address={head.address}", "study.name=many", *JOBS]
        study = head.start(*words, folder=tmp_path)
        wait_for(lambda: study.poll() is not None or (len(list_finished(tmp_path)) > 3 and at_work_on(second)), 300)
        assert study.poll() is None, study.communicate()
        (raylet,) = [one for one in second.children(recursive=True) if one.name() == "raylet"]
        os.kill(raylet.pid, signal.SIGKILL)
        assert len(list_finished(tmp_path)) < 24
        said, errors = study.communicate(timeout=PATIENCE)
        assert study.returncode == 0, said + errors
    assert_whole(tmp_path, "many", 24)


def list_finished(folder):
    """Return the folders of runs that have drawn their figures."""
    return list(folder.glob("outputs/many/*/figures/rollout.png"))


@contextmanager
def machine_apart(folder, home):
    """Run a cluster whose only worker has its own folder in the place of ``home``: no file system is shared."""
    home.mkdir()
    hidden = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none "$0" && cd / && exec "$@"', str(home)]
    with ExitStack() as exits:
        head = exits.enter_context(cluster(folder, cpus=0))
        exits.enter_context(node(folder, f"--address={head.address}", before=[*head.beside, *hidden]))
        wait_for(lambda: head.alive() == 2, seconds=120)
        yield head


@needs_namespaces
def test_a_node_that_does_not_see_the_study_sends_its_runs_back(tmp_path):
    home = tmp_path / "home"
    with machine_apart(tmp_path, home) as head:
        words = ["cluster=ray", f"cluster.address={head.address}", "study.name=sent", "seed=0,1,2,3", *SMALL]
        study = head.start("train", "-m", *words, folder=home)
        said, errors = study.communicate(timeout=PATIENCE)
    assert study.returncode == 0, said + errors
    assert_whole(home, "sent", 4)
    for run in children(home):
        folder = home / run.data.tags["rnnlab.folder"]
        assert (folder / "checkpoints" / "best.ckpt").is_file()
        assert (
            run.data.metrics["test/mse"] == json.loads((folder / "result.json").read_text())["metrics"]["test/mse"]
        )
        assert not (folder / "unsent.json").exists()
    assert rnnlab("report", "study=sent", folder=home).returncode == 0


@needs_namespaces
def test_a_series_of_the_users_own_reaches_a_node_that_does_not_see_it_and_is_recorded_as_the_users(tmp_path):
    home = tmp_path / "home"
    with machine_apart(tmp_path, home) as head:
        place, beside = home / "lab", home / "others.csv"
        place.mkdir()
        for file, last in ((place / "levels.csv", 89), (beside, 99)):
            file.write_text("day,level\n" + "".join(f"{day},{day % 7}\n" for day in range(last)))
        words = ["train", "-m", "study.name=own", "function=csv", "data.column=level", *SMALL, "seed=0,1"]
        words.append(f"data.path=levels.csv,{beside}")
        study = head.start(*words, "cluster=ray", f"cluster.address={head.address}", folder=place)
        said, errors = study.communicate(timeout=PATIENCE)
    assert study.returncode == 0, said + errors
    assert_whole(place, "own", 4)
    recorded = [load_config(file).data.path for file in place.glob("outputs/own/*/config.yaml")]
    assert sorted(recorded) == sorted(["levels.csv", str(beside)] * 2)
    again = rnnlab(*words, folder=place)
    assert (again.returncode, "4 done before" in again.stdout) == (0, True), again.stdout + again.stderr


def test_the_same_command_again_has_nothing_to_do_and_a_study_of_this_machine_takes_its_runs_over(tmp_path):
    words = ["train", "-m", "study.name=here", "seed=0,1", *SMALL]
    assert rnnlab(*words, "cluster=ray", folder=tmp_path).returncode == 0
    for again in (["cluster=ray"], []):
        done = rnnlab(*words, *again, folder=tmp_path)
        assert done.returncode == 0
        assert "2 done before" in done.stdout
    assert_whole(tmp_path, "here", 2)


def test_a_terminated_study_writes_checkpoints_and_the_same_command_goes_on(tmp_path):
    words = ["train", "-m", "cluster=ray", "study.name=stopped", "seed=0,1", *LASTING]
    with started(*words, folder=tmp_path) as study:
        wait_for(lambda: len(list(tmp_path.glob("outputs/stopped/*/checkpoints/last.ckpt"))) == 2)
        study.terminate()
        said, errors = study.communicate(timeout=PATIENCE)
    assert (study.returncode, errors) == (143, "rnnlab: terminated\n"), said
    assert "0 of 2 runs are FINISHED" in said
    assert {run.info.status for run in runs_in(tmp_path)} == {"KILLED"}
    done = rnnlab(*words, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(children(tmp_path)) == 2
    assert_whole(tmp_path, "stopped", 2)


@needs_namespaces
def test_modules_of_the_users_own_reach_the_cluster(tmp_path):
    (tmp_path / "my_lab").mkdir()
    (tmp_path / "my_lab" / "__init__.py").write_text("")
    (tmp_path / "my_lab" / "cells.py").write_text(
        "import torch\n\nclass Own(torch.nn.GRUCell):\n    pass\n", encoding="utf-8"
    )
    (tmp_path / "lone.py").write_text("import torch\n\nclass Own(torch.nn.GRUCell):\n    pass\n", encoding="utf-8")
    with cluster(tmp_path) as head:
        words = [
            "cluster=ray",
            f"cluster.address={head.address}",
            "cell._target_=my_lab.cells.Own,lone.Own",
            *SMALL,
        ]
        study = head.start("train", "-m", "study.name=own", *words, folder=tmp_path)
        said, errors = study.communicate(timeout=PATIENCE)
    assert study.returncode == 0, said + errors
    assert_whole(tmp_path, "own", 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cluster=ray", "cluster.address=127.0.0.1:1"], "cluster.address=127.0.0.1:1: must be the address"),
        (["cluster=ray", "cluster.address=nowhere"], "cluster.address=nowhere: must be the address"),
        (["cluster=ray", "cluster.gpus=-1"], "cluster.gpus=-1.0: must be a finite number, at least 0"),
        (["cluster=rai"], "cluster=ray"),
    ],
)
def test_what_cannot_be_joined_is_said_before_anything_is_created(words, said, tmp_path):
    done = rnnlab("train", "-m", *words, *SMALL, "seed=0,1", folder=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_single_run_stays_on_this_machine(tmp_path):
    done = rnnlab("train", "cluster=ray", *SMALL, folder=tmp_path)
    assert (done.returncode, "add -m" in done.stderr) == (2, True)

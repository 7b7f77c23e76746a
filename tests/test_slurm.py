"""Studies that submitit submits: to its local executor, which runs SLURM's jobs as processes of this machine."""

import json
import os
import signal

import psutil
import pytest
from helpers import LASTING, PATIENCE, SMALL, rnnlab, started, wait_for
from stored import assert_whole, children

pytest.importorskip("submitit", reason="submitit is not installed: pip install 'rnnlab[slurm]'")

HERE = ["cluster=slurm", "cluster.executor=local"]


def test_a_study_ends_with_every_job_finished_and_is_done_before_everywhere(tmp_path):
    words = ["train", "-m", "study.name=queued", "cell=lstm,gru", "seed=0,1", *SMALL]
    done = rnnlab(*words, *HERE, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_whole(tmp_path, "queued", 4)
    assert "4 done before" in rnnlab(*words, folder=tmp_path).stdout


def test_a_preempted_job_goes_on_from_its_checkpoint_in_the_same_run(tmp_path):
    """submitit's local executor puts a job back as SLURM does, on the same signal."""
    words = ["train", "-m", *HERE, "study.name=preempted", "seed=0,1", *LASTING, "trainer.max_epochs=3000"]
    with started(*words, folder=tmp_path) as study:
        (job, *_) = wait_for(lambda: at_work(tmp_path))
        os.kill(job, signal.SIGUSR2)
        said, errors = study.communicate(timeout=PATIENCE)
    assert study.returncode == 0, said + errors
    assert_whole(tmp_path, "preempted", 2)
    assert len(children(tmp_path)) == 2
    assert "true" in [run.data.tags.get("rnnlab.resumed") for run in children(tmp_path)]


def at_work(folder):
    """Return the ids of processes whose run has a checkpoint."""
    results = [path.parents[1] / "manifest.json" for path in folder.glob("outputs/*/*/checkpoints/last.ckpt")]
    runs = {json.loads(path.read_text())["run_id"] for path in results if path.exists()}
    tags = [run.data.tags for run in children(folder) if run.info.run_id in runs] if runs else []
    found = [int(tag["rnnlab.process.pid"]) for tag in tags if "rnnlab.process.pid" in tag]
    return [pid for pid in found if psutil.pid_exists(pid)]


def test_without_slurm_the_error_says_so_before_anything_is_created(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    done = rnnlab("train", "-m", "cluster=slurm", *SMALL, "seed=0,1", folder=tmp_path)
    assert (done.returncode, "sbatch" in done.stderr) == (2, True)
    assert not list(tmp_path.iterdir())

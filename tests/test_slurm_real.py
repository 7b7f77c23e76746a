"""Studies on a real SLURM of one node: jobs put back, cancelled by others, refused, and a study that is ended."""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from helpers import LASTING, PATIENCE, SMALL, wait_for
from slurm_cluster import CPUS, SlurmCluster, why_not
from stored import assert_whole, children, runs_in

if why_not() is not None:
    pytest.skip(str(why_not()), allow_module_level=True)
pytest.importorskip("submitit", reason="submitit is not installed: pip install 'rnnlab[slurm]'")

QUEUED = ["train", "-m", "cluster=slurm", "seed=0,1"]


@pytest.fixture(scope="module")
def slurm():
    """The daemons, in a folder whose path is short."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    cluster = SlurmCluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _empty_queue(slurm):
    yield
    slurm.command("scancel", f"--user={os.getuid()}")
    wait_for(lambda: not slurm.jobs())


def ended(study):
    said, errors = study.communicate(timeout=PATIENCE)
    return study.returncode, said, errors


def wait_for_checkpoints(study, folder, count):
    wait_for(
        lambda: study.poll() is not None or len(list(folder.glob("outputs/*/*/checkpoints/last.ckpt"))) == count
    )
    assert study.poll() is None, study.communicate()


def test_every_job_of_a_study_finishes_and_is_done_before_the_next_time(slurm, tmp_path):
    code, said, errors = ended(slurm.study(*QUEUED, "study.name=queued", *SMALL, folder=tmp_path))
    assert (code, errors) == (0, ""), said
    assert_whole(tmp_path, "queued", 2)
    assert "sacct" not in said
    assert len(slurm.jobs("COMPLETED")) == 2
    code, said, _ = ended(slurm.study(*QUEUED, "study.name=queued", *SMALL, folder=tmp_path))
    assert code == 0
    assert "2 done before" in said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("cluster.partition=nowhere", r"Invalid partition name specified \(sbatch --partition=nowhere "),
        ("+cluster.sbatch.colour=red", r"unrecognized option '--colour=red' \(sbatch "),
    ],
)
def test_what_slurm_does_not_take_is_said_in_one_line_before_anything_is_created(word, said, slurm, tmp_path):
    code, printed, errors = ended(slurm.study(*QUEUED, word, *SMALL, folder=tmp_path))
    assert (code, printed) == (2, "")
    (line,) = errors.splitlines()
    assert re.search(f"cluster=slurm: SLURM takes no job of this study: {said}", line)
    assert not list(tmp_path.iterdir())


def test_jobs_that_no_machine_has_room_for_wait_with_a_warning(slurm, tmp_path):
    study = slurm.study(*QUEUED, f"cluster.cpus={CPUS + 1}", *SMALL, folder=tmp_path)
    wait_for(lambda: study.poll() is not None or len(slurm.jobs("PENDING")) == 2)
    study.terminate()
    code, said, errors = ended(study)
    assert code == 143, said
    assert "SLURM cannot run the study's jobs now, they wait: Requested node configuration" in errors
    assert slurm.jobs() == []


def test_jobs_put_back_or_cancelled_by_others_go_on_from_their_checkpoints_in_the_same_runs(slurm, tmp_path):
    """One gets the signal that SLURM sends before a time limit, one is requeued, and one is just gone."""
    words = ["study.name=moved", "seed=0,1", *LASTING]
    study = slurm.study(*QUEUED[:3], *words, folder=tmp_path)
    wait_for_checkpoints(study, tmp_path, CPUS)
    first, second = sorted(slurm.jobs("RUNNING"))
    slurm.command("scancel", "--signal=USR2", first)
    slurm.command("scancel", second)
    wait_for(lambda: first in slurm.jobs("PENDING"))
    wait_for(lambda: first in slurm.jobs("RUNNING"))
    slurm.command("scontrol", "requeue", first)
    code, said, errors = ended(study)
    assert (code, errors) == (0, ""), said
    assert "its worker died; it goes on from its checkpoint" in said
    assert_whole(tmp_path, "moved", 2)
    assert len(children(tmp_path)) == 2
    assert [run.data.tags.get("rnnlab.resumed") for run in children(tmp_path)] == ["true", "true"]


def test_a_terminated_study_cancels_its_jobs_and_each_writes_its_checkpoint(slurm, tmp_path):
    words = ["study.name=stopped", "trainer.max_epochs=100000", *LASTING[:2], *LASTING[3:]]
    study = slurm.study(*QUEUED, *words, folder=tmp_path)
    wait_for_checkpoints(study, tmp_path, 2)
    study.terminate()
    code, said, errors = ended(study)
    assert (code, errors) == (143, "rnnlab: terminated\n"), said
    assert "0 of 2 runs are FINISHED" in said
    assert {run.info.status for run in runs_in(tmp_path)} == {"KILLED"}
    assert "CG" not in slurm.command("squeue", "--noheader", "--format=%t")
    assert slurm.jobs() == []

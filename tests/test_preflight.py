"""What a study does before its first run: configs composed, past runs looked at, the time told."""

import dataclasses
import time
from pathlib import Path

import pytest
from helpers import lab_config, wait_for
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict

from hydra_plugins.rnnlab_sweeper._compose import Composer
from rnnlab.config.finish import finish
from rnnlab.config.groups import conf_folder
from rnnlab.config.record import flat, plain
from rnnlab.config.register import register_schemas
from rnnlab.errors import BadInputError
from rnnlab.provenance.process import Process, this_process
from rnnlab.study.estimate import estimated_seconds
from rnnlab.study.grid import Job
from rnnlab.study.marks import Marks
from rnnlab.tracking import stale
from rnnlab.tracking.fingerprint import fingerprint
from rnnlab.tracking.past import PastRun
from rnnlab.tracking.recorder import Recorder
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import open_store
from rnnlab.tracking.tags import process_tags

JOBS = [
    ["cell=gru", "layers=2", "seed=3"],
    ["cell=lstm", "cell.forget_bias=0.5", "layers=1"],
    ["cell=gru", "optimizer.lr=0.1", "+optimizer.weight_decay=0.01"],
    ["experiment=validated", "data.val_fraction=0.3", "function=sin"],
    ["schedule=cosine", "trainer=cpu", "trainer.threads=2"],
    ["cell._target_=my_lab.cells.Minimal", "data.test_function=sin"],
    ["study.name='an odd name'", "name=x", "~cell.forget_bias"],
    ["cell=gru", "layers=4", "seed=3"],
]


@pytest.fixture
def loader():
    """Hydra's loader of the configs of `rnnlab train`, and the config of a multirun with a preset."""
    register_schemas("train")
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        made = GlobalHydra.instance().config_loader()
        yield made, made.load_configuration("train", ["study=quick"], RunMode.MULTIRUN)


def as_hydra_composes(loader, master, overrides):
    composed = loader.load_sweep_config(master, overrides)
    with open_dict(composed):
        section = composed.pop("hydra")
    return finish(composed, OmegaConf.masked_copy(section, ["runtime", "overrides"]))


def test_configs_composed_together_equal_those_that_hydra_composes_one_by_one(loader):
    together = Composer(*loader)
    for overrides in JOBS + JOBS[::-1]:
        assert plain(together(overrides)) == plain(as_hydra_composes(*loader, overrides))


@pytest.mark.parametrize(("gpu", "resume"), [(None, None), (0, None), (1, Path("/some/odd folder/it's"))])
def test_a_marked_config_equals_what_is_composed_of_its_marks(loader, gpu, resume):
    together = Composer(*loader)
    marked = Marks("an odd 'name'", "a" * 32, 17, gpu, resume)
    for overrides in JOBS[:4]:
        assert plain(marked.on(together(overrides))) == plain(together([*overrides, *marked.overrides()]))


@pytest.mark.parametrize("bad", ["cell=lsmt", "lyers=2", "layers=many", "cell.forgetbias=2", "data=3", "+layers=2"])
def test_mistakes_are_told_as_when_they_are_composed_one_by_one(loader, bad):
    together = Composer(*loader)
    together(["cell=lstm"])
    with pytest.raises(BadInputError, match=bad.partition("=")[0].lstrip("+")):
        together([bad])


def past(config, seconds):
    with_params = {key: str(value) for key, value in flat(plain(config))}
    result = RunResult("id", "name", [], "hash", "", "sin", "lstm", 1, 0, "FINISHED", fit_seconds=seconds - 1)
    return PastRun(result, 0.0, seconds, with_params)


def test_the_time_is_told_from_runs_of_the_same_network_before_any_other():
    jobs = [Job(seed, [], dataclasses.replace(lab_config(seed=seed), layers=2)) for seed in range(5)]
    assert estimated_seconds(jobs, [], 2) is None
    one_layer = past(lab_config(layers=1), 10.0)
    assert estimated_seconds(jobs, [one_layer], 2) == pytest.approx(3 * (2 * 9.0 + 1.0)), "twice the training"
    same = [past(lab_config(layers=2), seconds) for seconds in (4.0, 5.0, 90.0)]
    assert estimated_seconds(jobs, [one_layer, *same], 2) == pytest.approx(3 * 5.0)
    assert estimated_seconds(jobs, [one_layer, *same], 5) == pytest.approx(5.0)


def test_a_fingerprint_holds_for_what_decides_the_result_and_nothing_else():
    config = lab_config()
    elsewhere = dataclasses.replace(
        config, name="other", tracking=dataclasses.replace(config.tracking, store="local")
    )
    assert fingerprint(config) == fingerprint(elsewhere)
    assert fingerprint(config) != fingerprint(lab_config(seed=1))


def test_a_process_is_told_from_a_later_one_with_its_number():
    here = this_process()
    assert here.is_here()
    assert not here.is_gone()
    assert dataclasses.replace(here, started=here.started - 1000).is_gone()
    assert Process(here.host, 2**22 + 1, here.started).is_gone()


def test_a_run_on_another_machine_is_stale_without_a_heartbeat(monkeypatch):
    tags = process_tags() | {"rnnlab.process.host": "elsewhere", "rnnlab.process.pid": "1"}
    assert not stale.is_stale(tags)
    assert not stale.is_stale(tags | {"rnnlab.heartbeat": repr(time.time() - 200)})
    assert stale.is_stale(tags | {"rnnlab.heartbeat": repr(time.time() - 400)})
    assert not stale.is_stale({}), "nobody knows whose it is"


def test_a_run_that_was_killed_after_its_result_is_finished(home, monkeypatch):
    config = lab_config()
    config.tracking.store = "local"
    store = open_store(config.tracking)
    with Recorder(config, [], store) as recorder:
        monkeypatch.setattr(recorder._sender, "close", lambda status: None)
    run_id = recorder.result.run_id
    wait_for(lambda: "rnnlab.folder" in store.client.get_run(run_id).data.tags)
    assert store.client.get_run(run_id).info.status == "RUNNING"
    assert stale.end_stale_runs(store) == 0, "its process is alive"
    store.client.set_tag(run_id, "rnnlab.process.started", "1.0")
    with recorder.folder.in_use():
        assert stale.end_stale_runs(store) == 0, "its folder is in use"
    store.client.set_tag(run_id, "rnnlab.process.started", "1.0")
    assert stale.end_stale_runs(store) == 1
    assert store.client.get_run(run_id).info.status == "FINISHED"


def test_points_that_a_killed_process_could_not_send_are_sent_when_its_run_goes_on(home):
    from rnnlab.tracking.recorder import Resumed

    config = lab_config()
    config.tracking.store = "local"
    store = open_store(config.tracking)
    with Recorder(config, [], store) as recorder:
        recorder.metrics.add("train/mse", 1.0, 1)
    with recorder.folder.metrics.open("a") as file:
        file.write("train/mse,2,0.5,1700000000.0\ntrain/mse,3,0.2")
    with Recorder(config, [], store, Resumed(recorder.folder, recorder.result)) as again:
        again.metrics.add("train/mse", 1.0, 1)
        again.metrics.add("train/mse", 0.25, 3)
    history = store.client.get_metric_history(recorder.result.run_id, "train/mse")
    assert sorted((point.step, point.value) for point in history) == [(1, 1.0), (2, 0.5), (3, 0.25)]
    assert Path(recorder.folder.metrics).read_text().count("\n") == 4

"""Reports: what they say of results that are known, and that they say it again."""

import csv
import json
import math
import shutil

import pytest
from helpers import outcome, rnnlab
from known_study import LADDER, NOISE, SEEDS, fill, grid_of, made_up_config, made_up_study, mse_of
from mlflow import MlflowClient
from mlflow.tracking._tracking_service.utils import _artifact_repos_cache

from rnnlab.cli import dispatch
from rnnlab.config.schema import TrackingConfig
from rnnlab.report.make import changed, study_report
from rnnlab.tracking.store import find_store


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder whose store holds a study with known results."""
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


@pytest.fixture(scope="module")
def reported(filled, tmp_path_factory):
    """A copy of that folder after `rnnlab report`, and what the command printed."""
    folder = tmp_path_factory.mktemp("reported")
    shutil.copytree(filled, folder, dirs_exist_ok=True)
    done = rnnlab("report", "study=known", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture
def known(filled, home):
    """A copy of that folder, which is the current one."""
    _artifact_repos_cache.clear()  # MLflow keeps by a run's id where its artifacts were in another store
    shutil.copytree(filled, home, dirs_exist_ok=True)
    return home


def report_of(folder, name="known"):
    return json.loads((folder / "outputs" / name / "report" / "report.json").read_text())


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def client_of():
    return find_store(TrackingConfig()).client


def runs_of(report):
    return {run["name"]: run["run_id"] for group in report["groups"] for run in group["runs"]}


def test_a_report_has_pages_tables_and_figures(reported):
    folder, said = reported
    made = {str(path) for path in files_of(folder / "outputs" / "known" / "report")}
    assert {"index.html", "report.md", "results.csv", "report.json"} < made
    figures = {path.removeprefix("figures/").removesuffix(".png") for path in made if path.endswith(".png")}
    assert figures >= {"distribution", "loss", "tracks", "zooms", "residuals", "depth", "time", "parameters"}
    assert {path.removeprefix("figures/").removesuffix(".svg") for path in made if path.endswith(".svg")} == figures
    assert "page     outputs/known/report/index.html" in said
    assert "3 layers reach a test MSE" in said


def test_verdicts_say_what_is_known(reported):
    folder, _ = reported
    report = report_of(folder)
    by_name = {(one["group"], one["reference"]): one for one in report["verdicts"]}
    deeper = by_name["GRU, 3 layers", "GRU, 1 layer"]
    assert deeper["ratio"]["value"] == pytest.approx(4.4)
    assert deeper["pairs"] == SEEDS
    assert deeper["decided"]
    assert deeper["p"] == pytest.approx(2 / 2**SEEDS)
    assert deeper["p_holm"] == pytest.approx(4 * 2 / 2**SEEDS)
    assert "3 layers reach a test MSE 4.4 times higher than 1 layer" in deeper["text"]
    cells = by_name["GRU, 1 layer", "LSTM, 1 layer"]
    expected = 0.5 * 10 ** (sum(math.log10(n) for n in NOISE) / SEEDS)
    assert cells["ratio"]["value"] == pytest.approx(expected)
    assert "With 1 layer on cos, GRU reaches a test MSE 2.0 times lower than LSTM" in cells["text"]
    assert by_name["LSTM, 3 layers", "LSTM, 1 layer"]["pairs"] == SEEDS - 1, "a failed run has no pair"
    assert len(report["verdicts"]) == 4


def test_every_number_carries_the_runs_it_came_from(reported):
    folder, _ = reported
    report = report_of(folder)
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlruns/mlflow.db")
    for group in report["groups"]:
        for run in group["runs"]:
            assert client.get_run(run["run_id"]).data.metrics.get("test/mse") == run["test/mse"]
    for one in report["verdicts"]:
        ours, theirs = (
            [client.get_run(run).data.params for run in one["runs"][side]] for side in ("group", "reference")
        )
        assert [params["seed"] for params in ours] == [params["seed"] for params in theirs]
        assert len(ours) == one["pairs"]
    for panel in report["panels"]:
        assert {rung["name"]: rung["mse"] for rung in panel["ladder"]} == LADDER
        assert all(len(rung["runs"]) == 4 * SEEDS - 1 for rung in panel["ladder"])


def test_the_ladder_stands_beside_the_networks(reported):
    folder, said = reported
    assert "On cos the best group, GRU, 1 layer (8 runs), has" in said
    assert "times higher than linear extrapolation (5.07e-09)" in said
    assert "times lower than persistence (4.95e-05)" in said
    page = (folder / "outputs" / "known" / "report" / "report.md").read_text()
    assert "| *linear extrapolation* | | 5.07e-09 | | | | |" in page


def test_what_failed_is_shown(reported):
    folder, _ = reported
    report = report_of(folder)
    assert report["completeness"]["counts"] == {"FAILED": 1, "FINISHED": 4 * SEEDS - 1}
    (missing,) = report["completeness"]["without_result"]
    assert missing["setting"] == "cos, LSTM, 3 layers, seed 7"
    assert "the loss is nan" in missing["error"]
    page = (folder / "outputs" / "known" / "report" / "index.html").read_text()
    assert "31 of 32 planned runs have a result" in page
    assert "7 of 8" in page
    rows = list(csv.DictReader((folder / "outputs" / "known" / "report" / "results.csv").open(newline="")))
    assert len(rows) == 4 * SEEDS
    assert [row["status"] for row in rows].count("FAILED") == 1
    assert float(rows[0]["test/mse"]) == mse_of(made_up_config("lstm", 1, 0))


def test_runs_that_were_deleted_are_missing(known):
    assert dispatch(["report"]) == 0
    lost = runs_of(report_of(known))["cos-gru-1x128-s2"]
    client_of().delete_run(lost)
    assert dispatch(["report"]) == 0
    (missing, _) = sorted(report_of(known)["completeness"]["without_result"], key=lambda row: row["name"])
    assert (missing["status"], missing["error"]) == ("MISSING", "its run was deleted in MLflow")


def test_the_same_runs_give_the_same_bytes_here_and_elsewhere(home, monkeypatch):
    here, there = home / "here", home / "there"
    fill(here, seeds=2)
    monkeypatch.setenv("RNNLAB_HOME", str(here))
    assert dispatch(["report"]) == 0
    first = files_of(here / "outputs" / "known" / "report")
    assert dispatch(["report", "study=known"]) == 0
    assert files_of(here / "outputs" / "known" / "report") == first
    here.rename(there)
    shutil.rmtree(there / "outputs")
    monkeypatch.delenv("RNNLAB_HOME")
    done = rnnlab("report", "study=known", folder=there)
    assert done.returncode == 0, done.stderr
    assert files_of(there / "outputs" / "known" / "report") == first
    assert not here.exists()


def test_a_report_is_an_artifact_of_its_study(reported):
    folder, _ = reported
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlruns/mlflow.db")
    parent = report_of(folder)["commands"]["report"].partition("study=")[2]
    kept = {file.path for file in client.list_artifacts(parent, "report")}
    assert {"report/index.html", "report/report.json", "report/figures"} <= kept


def test_a_check_tells_whether_a_report_still_holds(known, capsys):
    assert dispatch(["report", "check=true"]) == 2
    assert "there is no report in outputs/known/report yet" in capsys.readouterr().err
    assert dispatch(["report"]) == 0
    before = files_of(known / "outputs")
    assert dispatch(["report", "check=true"]) == 0
    assert "the report in outputs/known/report holds" in capsys.readouterr().out
    client_of().log_metric(runs_of(report_of(known))["cos-lstm-1x128-s0"], "test/mse", 0.5, step=99)
    assert dispatch(["report", "check=true"]) == 1
    assert "says something else now" in capsys.readouterr().out
    assert files_of(known / "outputs") == before, "a check writes nothing"


def test_a_report_that_was_edited_does_not_hold(known, capsys):
    assert dispatch(["report"]) == 0
    page = known / "outputs" / "known" / "report" / "index.html"
    page.write_text(page.read_text().replace("higher", "lower"))
    assert changed(study_report(find_store(TrackingConfig()), "known"), known / "outputs") == ["index.html"]


ODD = 'a "b" <script>alert(1)</script> / ../c | d_e* 🌊 $x_1$ \''


def test_a_folder_that_cannot_be_written_is_one_message(known, capsys):
    place = known / "outputs" / "known" / "report"
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    code, errors = outcome(["report", "study=known"], capsys)
    assert (code, errors.count("\n")) == (2, 1)
    assert errors.endswith("report: cannot be written to (Not a directory).\n")


def test_odd_names_are_shown_as_text(known):
    client = client_of()
    assert dispatch(["report"]) == 0
    report = report_of(known)
    parent = report["commands"]["report"].partition("study=")[2]
    client.update_run(parent, name=ODD)
    client.update_run(runs_of(report)["cos-lstm-3x128-s7"], name=ODD)
    client.set_tag(parent, "rnnlab.study", "../../evil")
    assert dispatch(["report", f"study={parent}"]) == 0
    folder = known / "outputs" / f"study-{parent[:8]}" / "report"
    page = (folder / "index.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    marked = (folder / "report.md").read_text()
    assert "<script" not in marked
    assert "d\\_e\\*" in marked
    assert json.loads((folder / "report.json").read_text())["title"] == ODD
    assert not list(known.parent.rglob("evil"))


def test_any_runs_by_id_or_by_filter(known, capsys):
    assert dispatch(["report"]) == 0
    runs = runs_of(report_of(known))
    ids = [runs[f"cos-{cell}-1x128-s{seed}"] for cell in ("lstm", "gru") for seed in range(7)]
    capsys.readouterr()
    assert dispatch(["report", "runs=" + ",".join(one[:12] for one in ids)]) == 0
    said = capsys.readouterr().out
    assert "report 14 runs" in said
    assert "With 1 layer on cos, LSTM reaches a test MSE 2.1 times higher than GRU" in said
    (by_id,) = (known / "outputs").glob("runs-*/report/report.json")
    assert sorted(runs_of(json.loads(by_id.read_text())).values()) == sorted(ids)
    assert dispatch(["report", "runs=params.cell = 'gru' and metrics.`test/mse` > 0"]) == 0
    said = capsys.readouterr().out
    assert "With GRU on cos, 3 layers reach" in said
    assert "LSTM" not in said


def test_two_studies_are_compared_seed_by_seed(known, capsys):
    store = find_store(TrackingConfig())
    fewer = [config for config in grid_of() if config.layers == 1]
    made_up_study(store, known / "outputs" / "after", "after", fewer, lambda config: mse_of(config, factor=0.5))
    assert dispatch(["compare", "study=known,after"]) == 0
    said = capsys.readouterr().out
    assert "With LSTM, 1 layer on cos, study=after reaches a test MSE 2.0 times lower than study=known" in said
    report = report_of(known, "known-vs-after")
    assert [one["pairs"] for one in report["verdicts"]] == [SEEDS, SEEDS]
    assert {group["factors"]["layers"] for group in report["groups"]} == {1}, "what one of them lacks is left out"
    assert dispatch(["compare", "study=known,after", "check=true"]) == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["report", "study=knwon"], "Did you mean study=known?"),
        (["report", "study=known", "runs=abcdef"], "give one of them"),
        (["report", "runs=abcdef"], "no run of the store has an id that begins so"),
        (["report", "runs= "], "no run of the store goes with it"),
        (["report", "runs=metrics.`test/mse` > 1"], "no run of the store goes with it"),
        (["compare", "study=known,known"], "are one and the same"),
        (["report", "runs=this is no filter"], "must be ids with commas between, or a filter"),
        (["compare", "study=known"], "must be two studies with a comma between"),
        (["compare", "study=known,nothing"], "names no study"),
        (["report", "check=maybe"], "check=maybe"),
        (["report", "tracking=off"], "is no store to look into"),
    ],
)
def test_bad_input_is_refused_and_nothing_written(words, says, known, capsys):
    before = files_of(known / "outputs")
    code, message = outcome(words, capsys)
    assert code == 2
    assert says in message
    assert files_of(known / "outputs") == before


def test_the_order_of_a_grid_changes_no_verdict(known):
    """A study that is run again with its axes turned round keeps its parent, and its runs their old numbers."""
    assert dispatch(["report"]) == 0
    before = {(one["group"], one["reference"]): one["ratio"]["value"] for one in report_of(known)["verdicts"]}
    parent = report_of(known)["commands"]["report"].partition("study=")[2]
    path = known / "outputs" / "known" / "study.json"
    study = json.loads(path.read_text())
    study["jobs"] = [job | {"job": number} for number, job in enumerate(reversed(study["jobs"]))]
    for recorded in (True, False):
        for job in study["jobs"]:
            job["run_id"] = job["run_id"] if recorded else None
        path.write_text(json.dumps(study))
        client_of().log_artifact(parent, str(path))
        assert dispatch(["report"]) == 0
        after = {(one["group"], one["reference"]): one["ratio"]["value"] for one in report_of(known)["verdicts"]}
        turned = {pair if pair in before else pair[::-1]: ratio if pair in before else 1 / ratio
                  for pair, ratio in after.items()}  # fmt: skip
        assert turned == pytest.approx(before)


def test_a_run_that_went_on_with_another_config_has_no_part(known):
    assert dispatch(["report"]) == 0
    run_id = runs_of(report_of(known))["cos-gru-1x128-s0"]
    client_of().set_tag(run_id, "rnnlab.config_hash", "another")
    assert dispatch(["report"]) == 0
    changed_run = next(row for row in report_of(known)["completeness"]["without_result"] if row["run_id"] == run_id)
    assert changed_run["status"] == "CHANGED"
    (cells, *_) = report_of(known)["verdicts"]
    assert cells["pairs"] == SEEDS - 1


def test_groups_on_other_windows_are_not_compared(known):
    assert dispatch(["report"]) == 0
    for name, run_id in runs_of(report_of(known)).items():
        if name.startswith("cos-gru"):
            client_of().log_metric(run_id, "baseline/persistence", 1e-3, step=99)
    assert dispatch(["report"]) == 0
    report = report_of(known)
    assert len(report["panels"]) == 2
    assert {one["factor"] for one in report["verdicts"]} == {"layers"}
    assert any("2 contrasts were left out" in note for note in report["notes"])


def test_a_name_that_a_newer_study_took_keeps_its_own_folder(known):
    old = json.loads((known / "outputs" / "known" / "study.json").read_text())["parent_run_id"]
    new = fill(known, seeds=2)
    assert dispatch(["report", "study=known"]) == 0
    assert report_of(known)["commands"]["report"].endswith(new)
    assert dispatch(["report", f"study={old}"]) == 0
    assert report_of(known, f"known-{old[:8]}")["commands"]["report"].endswith(old)
    assert report_of(known)["commands"]["report"].endswith(new)


def test_a_study_without_a_result_is_refused(known, capsys):
    fill(known, "hopeless", seeds=1, mse=lambda config: None)
    assert dispatch(["report", "study=hopeless"]) == 2
    assert "hopeless: has no FINISHED run to report on (FAILED)" in capsys.readouterr().err
    assert not (known / "outputs" / "hopeless" / "report").exists()


def test_there_must_be_a_store(home, capsys):
    assert dispatch(["report"]) == 2
    assert "there is no store here yet" in capsys.readouterr().err
    assert list(home.iterdir()) == []

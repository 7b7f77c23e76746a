"""What tells runs apart: a setting of one cell, a file and what follows from it, and what a report says of them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import TINY_DATA, composed
from known_study import made_up_study

from rnnlab.cli import dispatch
from rnnlab.config.factors import curve_labels, differing_keys
from rnnlab.config.schema import TrackingConfig
from rnnlab.report.entries import entries_of_runs, entries_of_study
from rnnlab.report.evaluation import evaluate
from rnnlab.study.grid import Grid, Job
from rnnlab.tracking.store import find_store, open_store
from rnnlab.tracking.studies import find_study, select_runs


def made_up(home, configs, name="made-up"):
    """Write a study of configs that nobody trained, where a higher cell name, window and seed is worse."""
    worth = {config.cell["_target_"]: number for number, config in enumerate(configs)}

    def mse(config):
        return 1e-6 * (1 + worth[config.cell["_target_"]] + 0.1 * config.seed)

    return made_up_study(open_store(TrackingConfig()), home / "outputs" / name, name, configs, mse)


def report_of(home, name="made-up"):
    assert dispatch(["report", f"study={name}"]) == 0
    return json.loads((home / "outputs" / name / "report" / "report.json").read_text())


def contrasts(report):
    return [(one["factor"], one["group"], one["reference"]) for one in report["verdicts"]]


def windows_of_two_cells():
    return [
        composed(f"cell={cell}", f"data.window={window}", "layers=1", f"seed={seed}")
        for cell in ("gru", "mlp")
        for window in (10, 20)
        for seed in (0, 1)
    ]


EXPECTED = [
    ("cell", f"MLP, 1 layer, data.window={window}", f"GRU, 1 layer, data.window={window}") for window in (10, 20)
]


def test_the_window_of_an_mlp_that_follows_the_swept_one_is_no_second_factor(home):
    made_up(home, windows_of_two_cells())
    report = report_of(home)
    assert contrasts(report) == EXPECTED
    assert report["verdicts"][0]["text"].startswith("undecided: with 1 layer, data.window=10 on cos, MLP reaches")
    header = (home / "outputs" / "made-up" / "results.csv").read_text().splitlines()[0]
    assert "data.window" in header
    assert "cell.window" not in header


def test_a_study_that_recorded_it_as_a_factor_has_its_contrasts_too(home):
    made_up(home, windows_of_two_cells())

    def recorded(factors):
        window = factors["data.window"] if factors["cell"] == "mlp" else None
        return factors | {"cell.window": window}

    evaluation = evaluate(entries_of_study(older(recorded)))
    assert [one.contrast.factor for one in evaluation.verdicts] == ["cell", "cell"]
    assert {group.label for group in evaluation.groups} == {label for _, *pair in EXPECTED for label in pair}


def older(recorded):
    """Return the study of the store as if its factors had been recorded otherwise."""
    study = find_study(find_store(TrackingConfig()), "latest")
    return replace(study, jobs=[job | {"factors": recorded(job["factors"])} for job in study.jobs])


def test_a_window_of_its_own_belongs_to_its_cell(home):
    """Any runs: a GRU, and an MLP with two windows, each compared with the GRU."""
    words = [["cell=gru"], ["cell=mlp", "cell.window=5"], ["cell=mlp", "cell.window=7"]]
    made_up(home, [composed(*cell, "layers=1", f"seed={seed}") for cell in words for seed in (0, 1)])
    report = report_of(home)
    assert contrasts(report) == [
        ("cell", f"MLP, 1 layer, cell.window={window}", "GRU, 1 layer") for window in (5, 7)
    ]
    assert "with 1 layer on cos, MLP (cell.window=7) reaches" in report["verdicts"][1]["text"]
    runs = select_runs(find_store(TrackingConfig()), "params.function = 'cos'")
    again = evaluate(entries_of_runs(runs)[0])
    assert sorted(again.groups[one.contrast.group].label for one in again.verdicts) == [
        f"MLP, 1 layer, cell.window={window}" for window in (5, 7)
    ]


def test_what_is_swept_of_a_cell_alone_is_compared():
    rows = [Job(0, [], composed("cell=mlp", f"cell.window={window}")).values for window in (5, 7)]
    assert differing_keys(rows) == ["cell.window"]


@pytest.fixture
def files(home):
    """Four files, two of them of the same name."""
    for number, name in enumerate(("tide.csv", "load.csv", "north/flow.csv", "south/flow.csv")):
        Path(name).parent.mkdir(exist_ok=True)
        values = (f"{(7 * n + 3 * number) % (11 + number)}.5" for n in range(90 + 5 * number))
        Path(name).write_text("value\n" + "\n".join(values) + "\n")
    return home


def of_files(*paths, cells=("lstm", "gru")):
    settings = ("layers=1", "function=csv", "data.window=7", "data.batch_size=9")
    return [
        composed(*settings, f"cell={cell}", f"seed={seed}", f"data.path={path}")
        for path in paths
        for cell in cells
        for seed in (0, 1)
    ]


def grid_of(configs, axes=()):
    return Grid({axis: [] for axis in axes}, [Job(number, [], config) for number, config in enumerate(configs)])


def test_a_swept_file_is_labelled_by_its_name_and_by_its_folder_where_names_are_the_same(files):
    made_up(files, of_files("tide.csv", "north/flow.csv", "south/flow.csv"))
    report = report_of(files)
    names = ["tide.csv", "north/flow.csv", "south/flow.csv"]
    assert [panel["name"] for panel in report["panels"]] == names
    assert {group["label"] for group in report["groups"]} == {"LSTM, 1 layer", "GRU, 1 layer"}
    assert {tuple(group["factors"]) for group in report["groups"]} == {("function", "cell", "layers")}
    assert [(one["factor"], one["function"]) for one in report["verdicts"]] == [("cell", name) for name in names]
    assert "on north/flow.csv, GRU" in report["verdicts"][1]["text"]
    for table in ("results.csv", "report/results.csv"):
        header = (files / "outputs" / "made-up" / table).read_text().splitlines()[0]
        assert ",function,cell,layers,seed,test/mse," in header
    figures = {path.name for path in (files / "outputs" / "made-up" / "report" / "figures").iterdir()}
    assert {"distribution-tide.csv.png", "distribution-north_flow.csv.png"} <= figures


def test_any_runs_on_files_are_labelled_by_their_names_too(files):
    made_up(files, of_files("tide.csv", "load.csv"))
    runs = select_runs(find_store(TrackingConfig()), "params.layers = '1'")
    evaluation = evaluate(entries_of_runs(runs)[0])
    assert sorted(panel.name for panel in evaluation.panels) == ["load.csv", "tide.csv"]
    assert {group.label for group in evaluation.groups} == {"LSTM, 1 layer", "GRU, 1 layer"}
    assert len(evaluation.verdicts) == 2


def test_older_studies_of_files_are_labelled_by_the_files_names_too(files):
    made_up(files, of_files("north/flow.csv", "south/flow.csv"))

    def recorded(factors):
        folder = factors["function"].partition("/")[0]
        of_file = {
            "data.path": f"{folder}/flow.csv",
            "data.digest": folder[::-1],
            "data.train_samples": len(folder),
        }
        return factors | {"function": "flow.csv"} | of_file

    evaluation = evaluate(entries_of_study(older(recorded)))
    assert [panel.name for panel in evaluation.panels] == ["north/flow.csv", "south/flow.csv"]
    assert {group.label for group in evaluation.groups} == {"LSTM, 1 layer", "GRU, 1 layer"}
    assert [one.contrast.factor for one in evaluation.verdicts] == ["cell", "cell"]


def test_a_file_that_moved_is_the_same_one_and_a_file_that_changed_another(files):
    before = [job.values for job in grid_of(of_files("tide.csv", cells=["gru"])).jobs]
    Path("kept").mkdir()
    shutil.copy("tide.csv", "kept/tide.csv")
    moved = [job.values for job in grid_of(of_files("kept/tide.csv", cells=["gru"])).jobs]
    assert set(curve_labels([*before, *moved])) == {"tide.csv"}
    assert differing_keys([*before, *moved]) == []
    Path("tide.csv").write_text(Path("load.csv").read_text())
    changed = [job.values for job in grid_of(of_files("tide.csv", cells=["gru"])).jobs]
    labels = set(curve_labels([*before, *changed]))
    assert labels == {f"tide.csv ({row['data.digest'][:6]})" for row in (before[0], changed[0])}


def test_the_points_to_train_on_are_a_factor_where_they_are_swept(files):
    def grid(*axes):
        return grid_of([composed("function=csv", "data.path=tide.csv", "data.window=7", axis) for axis in axes],
                       {axis.partition("=")[0] for axis in axes})  # fmt: skip

    assert grid("data.train_samples=40", "data.train_samples=50").varying == ["data.train_samples"]
    assert grid("data.test_samples=20", "data.test_samples=30").varying == ["data.test_samples"]
    assert grid("data.test_fraction=0.2", "data.test_fraction=0.3").varying == ["data.test_fraction"]


def test_a_study_over_files_prints_their_names(files, capsys):
    words = ["function=csv", "data.path=north/flow.csv,south/flow.csv", "cell=gru,mlp", "data.window=7"]
    words += ["study.name=flows", "layers=1", "model.hidden_size=6", "trainer.max_epochs=1", *TINY_DATA[3:]]
    assert dispatch(["train", "-m", "trainer=cpu", *words]) == 0
    printed = capsys.readouterr().out
    for folder in ("north", "south"):
        assert f"{folder}/flow.csv gru 1 layer" in printed
        assert f"{folder}/flow.csv mlp 1 layer" in printed
    assert "digest" not in printed
    report = report_of(files, "flows")
    assert [panel["name"] for panel in report["panels"]] == ["north/flow.csv", "south/flow.csv"]
    assert [one["factor"] for one in report["verdicts"]] == ["cell", "cell"]
    assert [one["function"] for one in report["verdicts"]] == ["north/flow.csv", "south/flow.csv"]

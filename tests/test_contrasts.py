"""Which groups a report compares."""

from rnnlab.analysis.contrasts import Contrast, planned_contrasts


def grid(**factors):
    rows = [{"function": "cos", "cell": "lstm", "layers": 1}]
    for key, values in factors.items():
        rows = [row | {key: value} for row in rows for value in values]
    return rows


def named(groups):
    found = planned_contrasts(groups)
    return [(one.factor, groups[one.group][one.factor], groups[one.reference][one.factor]) for one in found]


def test_cells_are_compared_at_equal_depth_and_depths_with_the_smallest_at_equal_cell():
    groups = grid(cell=["lstm", "gru"], layers=[3, 1, 2])
    assert named(groups) == [("cell", "gru", "lstm")] * 3 + [("layers", 2, 1), ("layers", 3, 1)] * 2
    for one in planned_contrasts(groups):
        same = [key for key in groups[0] if groups[one.group][key] == groups[one.reference][key]]
        assert sorted([*same, one.factor]) == ["cell", "function", "layers"]


def test_every_pair_of_cells_is_compared():
    assert named(grid(cell=["rnn", "lstm", "gru"])) == [
        ("cell", "lstm", "rnn"), ("cell", "gru", "rnn"), ("cell", "gru", "lstm")
    ]  # fmt: skip


def test_more_than_three_cells_are_compared_with_the_first():
    assert named(grid(cell=["lstm", "gru", "rnn", "mlp"])) == [
        ("cell", cell, "lstm") for cell in ("gru", "rnn", "mlp")
    ]


def test_curves_are_never_compared_with_each_other():
    assert planned_contrasts(grid(function=["sin", "cos"])) == []
    assert named(grid(function=["sin", "cos"], cell=["lstm", "gru"])) == [("cell", "gru", "lstm")] * 2


def test_other_factors_keep_groups_apart_and_are_compared_only_where_nothing_else_varies():
    groups = grid(cell=["lstm", "gru"], **{"model.hidden_size": [16, 32]})
    assert planned_contrasts(groups) == [Contrast("cell", 2, 0), Contrast("cell", 3, 1)]
    assert named(grid(**{"optimizer.lr": [0.1, 0.2, 0.3]})) == [
        ("optimizer.lr", 0.2, 0.1),
        ("optimizer.lr", 0.3, 0.1),
    ]


def test_a_grid_with_holes_compares_what_is_there():
    groups = [g for g in grid(cell=["lstm", "gru"], layers=[1, 2]) if (g["cell"], g["layers"]) != ("gru", 1)]
    assert named(groups) == [("cell", "gru", "lstm"), ("layers", 2, 1)]
    assert planned_contrasts(groups[:1]) == []


def test_one_factor_alone_can_be_asked_for():
    groups = grid(study=["before", "after"], cell=["lstm", "gru"])
    assert planned_contrasts(groups, "study") == [Contrast("study", 2, 0), Contrast("study", 3, 1)]

"""Ranges of decimals in a grid: the values that stand on paper."""

import pytest
from helpers import TINY_DATA, outcome

from rnnlab.cli import dispatch

DRY = ["train", "-m", "tracking=off", "study.dry_run=true", "seed=0", *TINY_DATA]


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("range(0.1,0.5,0.1)", "0.1,0.2,0.3,0.4"),
        ("range(0.7,1.0,0.1)", "0.7,0.8,0.9"),
        ("range(0.003,0.0,-0.001)", "0.003,0.002,0.001"),
        ("sort(range(0.1,0.4,0.1),reverse=true)", "0.3,0.2,0.1"),
    ],
)
def test_a_range_of_decimals_has_the_values_that_were_typed(typed, values, home, capsys):
    assert dispatch([*DRY, f"optimizer.lr={typed}"]) == 0
    assert f"optimizer.lr={values}  " in capsys.readouterr().out.replace("\n", "  ")


@pytest.mark.parametrize("typed", ["range(0.1,0.5,0)", "range(0,3,0)", "range(0,inf,0.5)", "range(nan,1,0.5)"])
def test_a_range_without_an_end_is_one_message(typed, home, capsys):
    code, message = outcome([*DRY, f"optimizer.lr={typed}"], capsys)
    assert code == 2
    assert f"optimizer.lr={typed}: must be range(first, end, step), finite" in message
    assert list(home.iterdir()) == []

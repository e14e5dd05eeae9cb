"""The papers' tables: known cells, shapes, and errors."""

import pytest

from igpaths.study.papers import FAMILIES, table


def test_known_cells():
    a = table("study-a", 1)
    cell = a[(a.metric == "insertion probability") & (a.model == "MobileNetV2") & (a.method == "BlurIG")]
    assert cell.value.tolist() == [0.202]
    b = table("study-b", 1)
    cell = b[(b.quantity == "L2 norm ratio RightIG/LeftIG") & (b.model == "ResNet-50") & (b.psi == 0.99)]
    assert cell.value.tolist() == [1.0505]


def test_every_published_table_is_there():
    assert all(len(table("study-a", n)) for n in range(1, 18))
    assert all(len(table("study-b", n)) for n in range(1, 6))
    assert set(table("study-b", 1).model) == set(FAMILIES)


@pytest.mark.parametrize(
    ("study", "number", "message"),
    [("study-c", 1, "study is 'study-c'; it must be one of study-a, study-b"), ("study-b", 9, "no table 9; it has")],
)
def test_what_there_is_not(study, number, message):
    with pytest.raises(ValueError, match=message):
        table(study, number)

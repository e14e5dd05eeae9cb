"""The papers' tables: every value, known cells, shapes, and errors."""

import hashlib
from pathlib import Path

import pytest

from igpaths.study import papers
from igpaths.study.papers import FAMILIES, table

# Made from the tables of the papers as data: count and sum of their values, and a digest of every line.
SOURCES = {
    "study-a": ("singhi-kumari-tables.csv", "7f5812d3d553e599dd4d393bed9bc4b85f6ad56d6c2cda007630ca681856adf2"),
    "study-b": ("miglani-tables.csv", "6bfdb638942b0873514302379b43ffa2f11b008b39de6be59df2d9ccc63c5393"),
}
SHARED = Path(__file__).parents[3] / "shared" / "papers"


@pytest.mark.parametrize("study", SOURCES)
def test_every_value_is_the_published_one(study):
    name, digest = SOURCES[study]
    ours = (Path(papers.__file__).parent / "papers" / f"{study}.csv").read_bytes()
    assert hashlib.sha256(ours).hexdigest() == digest
    if not SHARED.is_dir():
        pytest.skip(f"the digest agrees; the source itself is not here: {SHARED}")
    assert ours == (SHARED / name).read_bytes()


def test_table_4_is_the_difference_of_the_others():
    change = table("study-a", 4).set_index(["metric", "method"])["value"]
    for fine, coarse in ((1, 15), (2, 16), (3, 17)):
        ends = [table("study-a", n).query("model == 'InceptionV3'") for n in (fine, coarse)]
        finest, coarsest = (end.set_index(["metric", "method"])["value"] for end in ends)
        for (metric, method), value in coarsest.items():
            # from unrounded scores
            assert abs(finest[metric, method] - value - change[f"difference 128-8 steps, {metric}", method]) < 0.0015


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

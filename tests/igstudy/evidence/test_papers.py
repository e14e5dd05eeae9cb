"""The papers' tables: every value, known cells, shapes, and errors."""

import hashlib
from pathlib import Path

import pytest

from igstudy.evidence import papers
from igstudy.evidence.papers import FAMILIES, METHODS, alike, study_a, study_b, table

# The digests of the tables as they were read from the papers.
SOURCES = {
    "study-a": "7f5812d3d553e599dd4d393bed9bc4b85f6ad56d6c2cda007630ca681856adf2",
    "study-b": "6bfdb638942b0873514302379b43ffa2f11b008b39de6be59df2d9ccc63c5393",
}


@pytest.mark.parametrize("study", SOURCES)
def test_every_value_is_the_published_one(study):
    ours = (Path(papers.__file__).parent / "papers" / f"{study}.csv").read_bytes()
    assert hashlib.sha256(ours).hexdigest() == SOURCES[study]


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
    assert {*table("study-a", 1).model, *table("study-b", 1).model} == set(FAMILIES)


def test_cells_of_study_a_have_the_names_of_our_methods():
    cells = study_a(1, "insertion", "black, 21 counts")
    assert cells["MobileNetV2"]["Blur IG"] == 0.202
    assert {method for values in cells.values() for method in values} == set(METHODS.values())
    assert sum(map(len, cells.values())) == 60
    assert study_a(4, "SIC", "png") == {
        "InceptionV3": {"IG": 0.004, "IG + IDGI": 0.473, "Blur IG": 0.054, "Blur IG + IDGI": 0.202}
    }


def test_ours_stand_beside_their_own_network_or_their_family():
    assert alike("resnet50") == ["ResNet50V2", "ResNet-50"]
    assert alike("vgg-modern") == alike("vgg") == ["VGG16", "VGG19", "VGG-19"]
    assert alike("resnet-1")[:3] == ["ResNet50V2", "ResNet101V2", "ResNet152V2"]
    assert alike("noskip") == alike("squeezenet1_1") == []


@pytest.mark.parametrize(
    ("study", "number", "message"),
    [("study-c", 1, "study is 'study-c'; it must be one of study-a, study-b"), ("study-b", 9, "no table 9; it has")],
)
def test_what_there_is_not(study, number, message):
    with pytest.raises(ValueError, match=message):
        table(study, number)


def test_cells_of_study_b_have_the_names_of_our_parts():
    assert study_b(4)["VGG-19"] == {"Left": 0.1417, "Right": 0.081, "Full": 0.1282}
    assert study_b(5)["Inception-v3"] == {"Left": 0.5341, "Right": 0.6706, "Full": 0.5711}
    assert list(study_b(5)) == ["Inception-v3", "ResNet-50", "VGG-19"]

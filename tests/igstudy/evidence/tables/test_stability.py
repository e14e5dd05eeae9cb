"""Stability read from planted rows: pooled figures, answers by other numbers, curves, and which variants are tame."""

import math

import numpy as np
import pandas as pd
import pytest

from igpaths.metrics.stability import NORMALISATIONS
from igstudy.evidence.claims import claims
from igstudy.evidence.deciding import LEAST, NOT, REPRODUCED
from igstudy.evidence.papers import study_a
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.beside import Cells
from igstudy.evidence.tables.stability import (
    CHOICES,
    OURS,
    PAPERS,
    advice,
    against,
    alike,
    by_choice,
    in_words,
    medians,
    of_devices,
    of_many_walks,
    of_threads,
    pooled,
    tame,
    tame_in_words,
    unanimous,
)

IMAGES = [f"{i:02d}" for i in range(LEAST)]
METHODS = ("IG", "IG + IDGI", "Guided IG", "Guided IG + IDGI", "Blur IG", "Blur IG + IDGI")


def planted(metric, values, *, variant="", protocol="igpaths", network="vgg"):
    """Rows of every image, with one value a method."""
    frame = pd.DataFrame({"method": list(values), "value": list(values.values())})
    frame = frame.assign(metric=metric, variant=variant, protocol=protocol, network=network, sign="signed", steps=8)
    return frame.assign(left_out="", material="").merge(
        pd.DataFrame({"image": IMAGES, "photograph": IMAGES}), how="cross"
    )


def test_table_5_is_the_papers():
    assert study_a(5, "JPEG signed sum", "") == {
        "InceptionV3": {
            "IG": 2.619,
            "IG + IDGI": 8.949,
            "Guided IG": 0.845,
            "Guided IG + IDGI": 8.029,
            "Blur IG": 3.466,
            "Blur IG + IDGI": 8.778,
        }
    }


def test_pooled_errors_are_logarithms_whose_interval_stays_in_order():
    (cells,) = pooled([Cells("vgg", 3, {"IG": Estimate(1e-4, 5e-5, 1.5e-4, 3), "edges": Estimate(0, 0, 0, 3)}, "IG")])
    found, reach = cells.estimates["IG"], 0.5 / math.log(10)
    assert (found.value, found.low, found.high, found.n) == (*map(pytest.approx, (4, 4 - reach, 4 + reach)), 3)
    assert cells.estimates["edges"].value == math.inf
    assert (cells.network, cells.best) == ("vgg", "IG")


def test_each_number_decides_for_itself():
    worse = {method: 1e-3 if "IDGI" in method else 1e-6 for method in METHODS}
    better = {method: 1e-6 if "IDGI" in method else 1e-3 for method in METHODS}
    like = {method: 0.9 if "IDGI" in method else 0.1 for method in METHODS}
    rows = [planted("JPEG raw", worse), planted("JPEG L1", better), planted("JPEG cosine", like)]
    rows += [planted("JPEG spearman", {name: -value for name, value in like.items()})]
    rows += [planted("JPEG signed sum", better, protocol="study-a")]
    (claim,) = [claim for claim in claims() if claim.id == "a37"]
    found = by_choice(claim, pd.concat(rows))
    assert list(found.columns) == ["small networks"]
    assert found["small networks"].to_dict() == {
        "signed sum, study-a": REPRODUCED,
        "no divisor": NOT,
        "signed sum": "–",
        "L1 norm": REPRODUCED,
        "cosine": REPRODUCED,
        "Spearman's ρ": NOT,
    }
    assert [name.removeprefix("JPEG ") for name in CHOICES[:3]] == list(NORMALISATIONS)


def test_answers_are_told_with_the_choices_that_give_them():
    told = in_words(pd.Series({"no divisor": REPRODUCED, "L1 norm": NOT, "cosine": REPRODUCED}))
    assert told == "reproduced (no divisor, cosine), not reproduced (L1 norm)"


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        (REPRODUCED, "reproduced (signed sum, cosine)"),
        (NOT, "reproduced (signed sum, study-a, cosine), not reproduced (signed sum)"),
        ("–", "reproduced (signed sum, study-a, cosine)"),
    ],
)
def test_the_signed_sum_is_there_once_where_both_protocols_agree(ours, words):
    assert in_words(pd.Series({PAPERS: REPRODUCED, "cosine": REPRODUCED, OURS: ours})) == words
    assert in_words(pd.Series({PAPERS: "–"})) == "not measured"


@pytest.mark.parametrize(
    ("cosine", "words"),
    [
        ((REPRODUCED, NOT), "give the same answers."),
        ((REPRODUCED, REPRODUCED), "give the same answer in 3 of 4 cases."),
    ],
)
def test_whether_cosine_and_l1_decide_alike_is_said_as_it_is(cosine, words):
    outcomes = pd.DataFrame([(REPRODUCED, NOT), cosine], index=["L1 norm", "cosine"], columns=["one", "other"])
    same = pd.DataFrame([(NOT, NOT)] * 2, index=["L1 norm", "cosine"], columns=["one", "other"])
    assert alike([outcomes, same]).endswith(words)


@pytest.mark.parametrize(
    ("cosine", "words"),
    [(NOT, "2 of 3 do so on one kind, 0 of 3 on another. The condition is met on none."),
     (REPRODUCED, "3 of 3 do so on one kind, 0 of 3 on another. The condition is met on one kind.")],
)  # fmt: skip
def test_the_measures_without_a_signed_sum_are_counted_by_kind(cosine, words):
    names = ["signed sum", "L1 norm", "cosine", "Spearman's ρ"]
    one, other = dict.fromkeys(names, REPRODUCED) | {"cosine": cosine}, dict.fromkeys(names, NOT)
    assert unanimous(pd.DataFrame({"one kind": one, "another": other})) == words
    assert unanimous(pd.DataFrame(index=names)) == "They were not measured."


@pytest.mark.parametrize(
    ("names", "first", "others", "told"),
    [
        (["float64", "fraction 0.9"], "float64 is tame: it takes", "these are tame: fraction 0.9.", "Compute it"),
        (["float64"], "float64 is tame: it takes", "none of those tried is tame.", "Compute it"),
        (["once", "fraction 0.9"], "float64 is not tame.", "these are tame: once, fraction 0.9.", "Say on"),
        ([], "float64 is not tame.", "none of those tried is tame.", "Say on"),
    ],
)
def test_what_tames_guided_ig_is_said_as_it_is(names, first, others, told):
    found = tame_in_words(names)
    assert first in found
    assert found.endswith(others)
    assert advice(names).startswith(told)


@pytest.mark.parametrize(
    ("cosines", "words"),
    [
        ({"a": 0.99, "b": 0.95}, "below 0.9 on 0 of 2 networks."),
        ({"a": 0.99, "b": 0.5}, "below 0.9 on 1 of 2 networks: b (0.50)."),
        ({"a": 0.2, "b": 0.5}, "below 0.9 on 2 of 2 networks: a (0.20), b (0.50)."),
    ],
)
def test_a_gpus_map_is_another_one_where_its_cosine_is_low(cosines, words):
    found = of_devices(cosines, [8, 12], below=0.9)
    assert found.startswith("Over 8 to 12 images of each network")
    assert found.endswith(words)
    assert of_devices(cosines, [1, 1], below=0.9).startswith("Over 1 image of each network")
    assert of_devices({}, [], below=0.9).startswith("No published study")


def test_what_needs_many_walks_is_told_from_the_rest():
    metrics = ("noise cosine", "rounding change", "parting zeros", "tamed cosine", "gradient moved")
    rows = [planted(metric, {"IG": 1.0}, variant="x") for metric in metrics]
    rows += [planted("JPEG cosine", {"IG": 1.0}, variant="quality 30")]
    others = [planted("JPEG cosine", {"IG": 1.0}), planted("gradient norm ratio", {"IG": 1.0})]
    others += [planted("noise change", {"IG": 1.0}, protocol="study-a")]
    found = of_many_walks(pd.concat(rows + others))
    assert set(found["metric"]) == {*metrics, "JPEG cosine"}
    assert len(found) == len(rows) * LEAST


def test_medians_are_of_the_images_that_count():
    rows = planted("noise change", {"IG": 1.0, "Blur IG": 2.0}, variant="ε = 1e-05")
    rows.loc[rows["method"] == "IG", "value"] = np.arange(LEAST)
    rows.loc[rows["image"] == IMAGES[-1], "left_out"] = "misclassified"
    found = medians(rows, "noise change", ["Blur IG", "IG", "Guided IG"])
    assert list(found.columns) == ["Blur IG", "IG"]
    assert found.loc[("vgg", "ε = 1e-05")].tolist() == [2, np.median(range(LEAST - 1))]


def test_curves_run_along_the_numbers_that_their_variants_name():
    sizes = {1e-3: 3.0, 1e-5: 1.0, 1e-4: 2.0}
    rows = pd.concat([planted("noise change", {"IG": y}, variant=f"ε = {x:.0e}") for x, y in sizes.items()])
    other = planted("noise change", {"IG": 9.0}, variant="something else")
    assert against(pd.concat([rows, other]), "noise change", "ε = ", ["IG"]) == {
        "vgg": {"IG": ([1e-5, 1e-4, 1e-3], [1.0, 2.0, 3.0])}
    }


def test_a_variant_is_tame_that_is_so_on_every_network():
    rows = []
    for network, wild in (("vgg", 1.0), ("resnet", 1e-6)):
        rows.append(planted("rounding change", {"IG": 1e-6}, variant="constants", network=network))
        rows.append(planted("rounding change", {"IG": 1.0}, variant="float64", network=network))
        rows.append(planted("tamed change", {"Guided IG": 9e-6}, variant="float64", network=network))
        rows.append(planted("tamed change", {"Guided IG": wild}, variant="fraction 0.9", network=network))
    assert tame(pd.concat(rows)) == ["float64"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (0.0, "does not change a single bit of a map"),
        (0.25, "moves a map by at most 25 % of its length"),
    ],
)
def test_what_another_number_of_threads_does_is_said_as_it_is(change, words):
    names = ("vgg", "resnet")
    rows = pd.concat([planted("rounding change", {"IG": change}, variant="threads", network=name) for name in names])
    assert of_threads(rows) == f"Another number of threads {words}, on up to {LEAST} images of 2 networks."
    assert of_threads(rows[rows["image"] == IMAGES[0]]).endswith("on up to 1 image of 2 networks.")
    assert "was not measured" in of_threads(rows.iloc[:0])

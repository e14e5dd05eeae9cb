"""Stability read from planted rows: pooled figures, verdicts by other numbers, curves, and which variants are tame."""

import math

import numpy as np
import pandas as pd
import pytest

from igpaths.metrics.stability import NORMALISATIONS
from igstudy.evidence.claims import claims
from igstudy.evidence.deciding import FAILS, HOLDS, LEAST, NOT_MEASURED
from igstudy.evidence.papers import study_a
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.beside import Cells
from igstudy.evidence.tables.stability import (
    CHOICES,
    against,
    by_choice,
    in_words,
    medians,
    of_many_walks,
    pooled,
    tame,
)

IMAGES = [f"{i:02d}" for i in range(LEAST)]
METHODS = ("IG", "IG + IDGI", "Guided IG", "Guided IG + IDGI", "Blur IG", "Blur IG + IDGI")


def planted(metric, values, *, variant="", protocol="igpaths", network="vgg"):
    """Rows of every image, with one value a method."""
    frame = pd.DataFrame({"method": list(values), "value": list(values.values())})
    frame = frame.assign(metric=metric, variant=variant, protocol=protocol, network=network, sign="signed", steps=8)
    return frame.assign(left_out="").merge(pd.DataFrame({"image": IMAGES, "photograph": IMAGES}), how="cross")


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
    (cells,) = pooled([Cells("vgg", 3, {"IG": Estimate(1e-4, 1e-5, 1e-3, 3), "edges": Estimate(0, 0, 0, 3)}, "IG")])
    found = cells.estimates["IG"]
    assert (found.value, found.low, found.high, found.n) == (*map(pytest.approx, (4, 3, 5)), 3)
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
    assert by_choice(claim, pd.concat(rows)) == {
        "study-a: signed sum": HOLDS,
        "raw": FAILS,
        "signed sum": NOT_MEASURED,
        "L1": HOLDS,
        "cosine": HOLDS,
        "spearman": FAILS,
    }
    assert [name.removeprefix("JPEG ") for name in CHOICES[:3]] == list(NORMALISATIONS)


def test_verdicts_are_told_with_what_gives_them():
    told = in_words({"raw": HOLDS, "L1": FAILS, "cosine": HOLDS})
    assert told == "holds (raw, cosine), does not hold (L1)"


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

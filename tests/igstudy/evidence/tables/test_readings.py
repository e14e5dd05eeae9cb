"""Which ranking made Study A's rows: planted spreads give the weight of each row in closed form."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from igstudy.evidence.deciding import LEAST
from igstudy.evidence.tables.causes import COUNTS, published
from igstudy.evidence.tables.readings import SIGNS, in_words, ours, readings

PRINTED = published(1, "insertion", COUNTS).set_index(["method", "network"])["ratio"]
NETWORKS = ("n0", "n1", "n2", "n3")


def found(signed, absolute, *, method="IG"):
    """The logarithms of networks' ratios under either ranking."""
    both = zip(SIGNS, (signed, absolute), strict=True)
    lines = [
        {"network": f"n{i}", "method": method, "sign": sign, "log": log}
        for sign, logs in both
        for i, log in enumerate(logs)
    ]
    return pd.DataFrame(lines)


@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_a_weight_is_the_ratio_of_two_of_students_densities(spread):
    steps = spread * np.array([-1, 0, 1])
    table = readings(found(steps - 1.5, steps)).set_index("network")
    scale = spread * np.sqrt(1 + 1 / 3)
    for network, row in table.iterrows():
        log = np.log(PRINTED["IG", network])
        expected = (t.logpdf(log, 2, 0, scale) - t.logpdf(log, 2, -1.5, scale)) / np.log(10)
        assert row["weight"] == pytest.approx(expected)
        assert (row["weight"] > 0) == (abs(log) < abs(log + 1.5))
        assert row["ratio"] == PRINTED["IG", network]
    assert len(table) == 10


def test_both_readings_alike_tell_nothing_and_changed_places_tell_the_reverse():
    one, other = np.array([-1.2, -1.0, -0.9]), np.array([-0.3, -0.2, 0.1])
    assert readings(found(one, one))["weight"].to_numpy() == pytest.approx(0)
    there, back = (readings(found(*pair))["weight"].to_numpy() for pair in ((one, other), (other, one)))
    assert there == pytest.approx(-back)
    assert np.abs(there).max() > 1


def test_fewer_than_three_networks_under_either_ranking_tell_nothing():
    enough, few = np.array([0.1, 0.2, 0.4]), np.array([0.1, 0.2])
    assert set(readings(pd.concat([found(enough, few), found(enough, enough, method="Blur IG")]))["method"]) == {
        "Blur IG"
    }
    assert readings(found(few, enough)).empty


def test_ours_are_of_the_mean_scores_along_the_papers_walks_of_the_images_that_count_for_both():
    lines = []
    for network, method, idgi, sign, i in product(NETWORKS, ("IG", "Blur IG"), (False, True), SIGNS, range(LEAST)):
        score = 0.4 if idgi else {"signed": 0.1, "absolute": 0.3}[sign]
        facts = {"method": f"{method}{' + IDGI' * idgi}", "sign": sign, "image": f"{i}", "photograph": f"{i}"}
        lines.append({"network": network, "value": score * (1 + (-1) ** i / 2), **facts})
    rows = pd.DataFrame(lines).assign(
        protocol="study-a", metric="insertion", variant=COUNTS, steps=128, material="", left_out=""
    )
    out = (rows["image"] == "0") & (rows["method"] == "IG + IDGI") & (rows["network"] == NETWORKS[1])
    rows["left_out"] = np.where(out, "undefined", "")  # one of the ten
    table = ours(pd.concat([rows, rows.assign(protocol="igpaths", value=9.0)]), networks=NETWORKS[:3])
    assert set(table["network"]) == set(NETWORKS[:3])
    assert list(table.loc[table["network"] == NETWORKS[1], "method"].unique()) == ["Blur IG"]  # of IG nine are too few
    logs = table.set_index(["network", "method", "sign"])["log"]
    for sign, score in (("signed", 0.1), ("absolute", 0.3)):
        for method in ("IG", "Blur IG"):
            assert logs["n0", method, sign] == pytest.approx(np.log(score / 0.4))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([2.0, 1.5, 0.5, -0.5, -3.0], ("2 of 5", "1", "2 favour neither")),
        ([-2.0, -1.5, -0.5], ("0 of 3", "2", "1 favour neither")),
        ([0.5, -0.5], ("0 of 2", "0", "2 favour neither")),
    ],
)
def test_rows_are_counted_in_words(weights, words):
    magnitude, signed, neither = words
    assert in_words(pd.Series(weights)) == (
        f"{magnitude} rows are at least ten times likelier by magnitude, {signed} at least ten times likelier by "
        f"the signed sum, and {neither}"
    )
    assert in_words(pd.Series([], dtype=float)).startswith("nothing can be said before 3 of our ImageNet networks")

"""Which map to use: the answers and the recommendation follow the numbers, whichever way they are turned."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.results import explored, published
from igstudy.evidence.statistics import holm, over_networks, p_value
from igstudy.evidence.tables import choosing
from igstudy.evidence.tables.choosing import (
    CONTROLS,
    COSTS,
    KINDS,
    OTHER,
    QUESTIONS,
    SIMPLEST,
    SMALL,
    answer,
    answers,
    name_of,
    table,
)
from igstudy.evidence.tables.recommending import recommend
from igstudy.measures.sources import PATHS, RULES, labelled
from planting import planted

INSERTION, ROC, DELETION, COST, SIC = (
    next(question for question in QUESTIONS if question.metric == metric)
    for metric in ("insertion", "ROC AUC", "deletion", "steps to 95 %", "SIC")
)
NETWORKS = KINDS["ImageNet"]
ROOT = Path(__file__).parents[4]
PLAIN = {("random", 0): 0.1, ("edges", 0): 0.2, ("IG", 0): 0.4, ("IG", 3): 0.6, ("IG + IDGI", 0): 0.5}
MAPS = [each for each in PLAIN if each[0] not in CONTROLS]


@pytest.mark.parametrize("winner", MAPS)
def test_the_recommended_map_is_the_one_that_scores_highest_whichever_it_is(winner):
    found = answer(planted(PLAIN | {winner: 0.9}), INSERTION, "ImageNet")
    assert found.first == winner
    assert set(found.behind) == {*PLAIN} - {winner}
    assert found.level == ()
    sentence = recommend([found])[0]
    assert f"{name_of(winner)} scores highest by magnitude (insertion 0.90 [" in sentence
    assert "every other map is surely behind it." in sentence
    assert "above edges, which know no network." in sentence


def test_of_maps_that_cannot_be_told_from_the_first_the_simplest_is_named():
    means = {("IG + IDGI", 0): 0.5, ("IG, variation", 0): 0.51, ("IG", 3): 0.5, ("edges", 0): 0.5}
    found = answer(planted(means, spread=0.2), INSERTION, "ImageNet")
    assert found.behind == ()
    assert found.level == tuple(
        each for each in (("edges", 0), ("IG", 3), ("IG, variation", 0), ("IG + IDGI", 0)) if each != found.first
    )
    simplest = next(each for each in found.level if each[0] != "edges")
    assert f"2 other maps cannot be told from it, the simplest of them {name_of(simplest)}" in recommend([found])[0]


@pytest.mark.parametrize(
    ("edges", "spread", "words"),
    [
        (0.2, 0.01, r"It is \+0\.3\d \[.*\] above edges, which know no network\."),
        (0.9, 0.01, r"Edges, which know no network, are better \(-0\.3\d \[.*\]\): no map is worth its cost here\."),
        (0.52, 0.2, r"These networks cannot tell whether it is better than edges, which know no network \("),
    ],
)
def test_where_it_stands_beside_edges_is_said_as_it_is(edges, spread, words):
    (first, *_) = recommend(answers(planted({("edges", 0): edges, ("IG", 0): 0.52}, spread=spread)))
    assert "IG scores highest by magnitude (insertion 0.5" in first
    assert re.search(words, first)


@pytest.mark.parametrize(
    ("smooth", "words"),
    [
        (0.3, "raises the score of IG (+0.2"),
        (0.05, "lowers the score of IG (-0.0"),
        (0.1, "may raise or lower the score"),
    ],
)
def test_what_smoothing_does_is_said_as_it_is(smooth, words):
    rows = planted({("IG", 0): 0.1, ("IG", 3): smooth, ("random", 0): 0.1}, spread=0.005)
    assert words in recommend(answers(rows))[1]


@pytest.mark.parametrize(
    ("value", "spread", "words"),
    [
        (0.01, 0.01, r"By deletion it is the best as well \(0\.01 \[.*, lower is better\)\."),
        (0.5, 0.01, r"By deletion, which asks the reverse, IG \+ IDGI is surely better \(0\.20 \[.* against 0\.50 \["),
        (0.3, 0.15, r"IG \+ IDGI is best, though not surely \(0\."),
    ],
)
def test_whether_deletion_agrees_is_said_as_it_is(value, spread, words):
    rows = planted({("IG", 0): 0.8, ("IG + IDGI", 0): 0.4})
    other = planted({("IG", 0): value, ("IG + IDGI", 0): 0.2}, question=DELETION, spread=spread)
    assert re.search(words, recommend(answers(pd.concat([rows, other])))[0])
    assert "deletion" not in recommend(answers(rows))[0]


def test_where_a_map_without_a_path_scores_highest_the_best_of_a_path_stands_beside_it():
    which, how, _ = recommend(answers(planted(PLAIN | {("Grad-CAM", 0): 0.9})))
    assert "Grad-CAM scores highest by magnitude (insertion 0.9" in which
    assert re.search(
        r"Of the maps of a path it is IG smoothed by 3 px \(0\.60 \[.*\]\); every other map is surely", which
    )
    assert how == "Smoothing was not measured of Grad-CAM; it takes 1 gradient of an image."
    assert "Of the maps of a path" not in recommend(answers(planted(PLAIN)))[0]


def test_where_less_is_better_the_least_is_first():
    cost = planted({("IG", 0): 33, ("IG + IDGI", 0): 17}, question=COST)
    assert answer(cost, COST, "ImageNet").first == ("IG + IDGI", 0)
    both = pd.concat([planted(PLAIN | {("IG", 0): 0.9}), cost])
    assert "in the mean 33 steps give 95 % of what 512 give (of 6 images each)" in recommend(answers(both))[1]


def test_the_place_of_the_object_is_that_of_the_small_networks_with_the_map_that_wins_there():
    small = planted({("IG", 0): 0.7, ("Σ g²", 0): 0.9}, question=ROC, networks=("vgg", "resnet", "mobilenet"))
    assert "Σ g² says best (ROC AUC 0.90" in recommend(answers(pd.concat([planted(PLAIN), small])))[2]
    assert "Where the object is was not measured" in recommend(answers(planted(PLAIN)))[2]


def test_an_image_counts_that_counts_for_every_map_and_a_map_that_every_network_has():
    rows = planted(PLAIN, images=20)
    rows.loc[(rows["image"] == "0") & (rows["method"] == "IG"), "left_out"] = "misclassified"
    rows = rows[~((rows["network"] == NETWORKS[0]) & (rows["method"] == "edges"))]
    found = answer(rows, INSERTION, "ImageNet")
    assert found.images == 19
    assert ("edges", 0) not in found.maps


def test_a_smaller_study_does_not_cut_the_others_down_to_its_images():
    rows = pd.concat([planted(PLAIN, images=20), planted({("Blur IG", 0): 0.9}, images=5)])
    found = answer(rows, INSERTION, "ImageNet")
    assert (found.images, ("Blur IG", 0) in found.maps) == (20, False)
    every = answer(rows, INSERTION, "ImageNet", least=0)
    assert (every.images, every.first) == (5, ("Blur IG", 0))


def test_a_network_that_has_more_images_weighs_no_more():
    rows = pd.concat([
        planted({("IG", 0): 0.2}, networks=NETWORKS[:1], images=30, spread=0),
        planted({("IG", 0): 0.4}, networks=NETWORKS[1:2], images=3, spread=0),
    ])  # fmt: skip
    found = answer(rows, INSERTION, "ImageNet")
    assert found.values["IG", 0].value == pytest.approx(0.3)
    assert found.images == 30


def test_sic_is_the_median_over_images_as_in_the_protocol():
    rows = planted({("IG", 0): 0.5}, question=SIC, networks=NETWORKS[:1], images=3, spread=0)
    rows["value"] = [0.1, 0.2, 0.9]
    assert answer(rows, SIC, "ImageNet").values["IG", 0].value == pytest.approx(0.2)


def test_nothing_measured_is_said_and_one_network_decides_nothing():
    empty = planted(PLAIN).iloc[:0]
    assert answers(empty) == []
    assert recommend([]) == ["Nothing is measured yet, so nothing is recommended."]
    found = answer(planted(PLAIN, networks=("resnet",)), INSERTION, SMALL)
    assert found.behind == ()
    assert "one network decides nothing" in recommend([found])[0]
    assert table([found])["not surely behind it"].tolist() == ["one network decides nothing"]


def test_other_signs_protocols_and_variants_do_not_count():
    rows = planted(PLAIN)
    changes = ({"sign": "signed"}, {"protocol": "study-a"}, {"variant": "mean, 21 counts"}, {"left_out": "x"})
    others = [planted({("IG", 0): 9.0}).assign(**change) for change in changes]
    pd.testing.assert_frame_equal(
        answer(pd.concat([rows, *others]), INSERTION, "ImageNet").means, answer(rows, INSERTION, "ImageNet").means
    )


def test_the_table_has_a_row_for_each_question_and_kind_and_names_edges():
    rows = pd.concat([planted(PLAIN), planted(PLAIN, networks=("vgg", "resnet", "mobilenet"))])
    shown = table(answers(rows))
    assert shown["networks"].str.startswith(("5 ImageNet networks<br>", "3 small networks<br>")).all()
    assert shown["networks"].str.contains("up to 6 images each").all()
    assert shown["best"].str.startswith("IG smoothed by 3 px<br><small>0.60 [").all()
    assert shown["edges"].tolist() == ["0.20", "0.20"]
    assert shown["not surely behind it"].tolist() == ["none", "none"]


def test_the_mean_over_networks_has_students_interval():
    estimate = over_networks([1.0, 2.0, 3.0])
    assert (estimate.value, estimate.n) == (2.0, 3)
    assert estimate.high - 2 == pytest.approx(4.302652729911275 / np.sqrt(3))
    assert over_networks([0.5]).low == over_networks([0.5]).high == 0.5


def test_an_interval_of_students_holds_the_truth_as_often_as_it_says_and_its_p_is_uniform():
    rng = np.random.default_rng(0)
    draws = [rng.standard_normal(5) for _ in range(4000)]
    held = [(e.low <= 0 <= e.high) for e in map(over_networks, draws)]
    assert 0.94 < np.mean(held) < 0.96
    p = np.array([p_value(draw) for draw in draws])
    np.testing.assert_array_equal(p >= 0.05, held)
    assert abs(np.mean(p < 0.3) - 0.3) < 0.02
    assert (p_value([0.3]), p_value([0.0, 0.0]), p_value([0.3, 0.3])) == (1.0, 1.0, 0.0)


def test_holm_is_that_of_the_textbook_and_errs_in_a_family_at_most_as_often_as_it_says():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    rng = np.random.default_rng(1)
    wrong = [min(holm(rng.random(20).tolist())) < 0.05 for _ in range(2000)]
    assert np.mean(wrong) < 0.06


def test_every_name_that_is_listed_is_one_of_a_method():
    methods = {labelled(path, rule) for path in PATHS for rule in RULES}
    others = {"edges", "random", "gradient", "gradient × input", "Grad-CAM"}
    others |= {"SmoothGrad", "SmoothGrad IG", "IG, uniform", "Expected Gradients", "XRAI"}
    assert {*SIMPLEST, *COSTS} <= methods | others
    assert len(set(SIMPLEST)) == len(SIMPLEST)
    assert [choosing.kind_of(name) for name in ("mobilenet_v2", "mobilenet", "resnet50")] == ["ImageNet", SMALL, OTHER]


def test_what_is_recommended_is_what_plain_pandas_finds_in_the_committed_study():
    rows = pd.read_parquet(ROOT / "results" / "which-map" / "values.parquet")
    for name in ("network", "method", "sign", "variant", "metric", "left_out"):
        rows[name] = rows[name].astype(str)
    own = rows[(rows["metric"] == "insertion") & (rows["left_out"] == "") & rows["network"].isin(NETWORKS)]
    own = own[own["sign"].isin(["absolute", "none"]) & own["variant"].str.match(r"black, 21 counts(, σ = 3 px)?$")]
    own = own[~own["method"].isin(CONTROLS)]
    own["map"] = own["method"] + own["variant"].str.extract("(, σ.*)")[0].fillna("")
    table = own.pivot_table(index=["network", "image"], columns="map", values="value").dropna()
    best = table.groupby("network").mean().mean()
    first = best.idxmax().replace(", σ = 3 px", " smoothed by 3 px")
    (sentence, *_) = recommend(answers(published(*explored())))
    assert f"{first} scores highest by magnitude (insertion {best.max():.2f} [" in sentence

"""Which map to use: the answers and the recommendation follow the numbers, whichever way they are turned."""

import re

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.statistics import over_networks
from igstudy.evidence.tables import choosing
from igstudy.evidence.tables.choosing import KINDS, QUESTIONS, SIMPLEST, SMALL, answer, answers, recommend, table
from planting import planted

INSERTION, ROC = (next(q for q in QUESTIONS if q.metric == metric) for metric in ("insertion", "ROC AUC"))
DELETION = next(q for q in QUESTIONS if q.metric == "deletion")
COST = next(q for q in QUESTIONS if q.metric == "steps to 95 %")
NETWORKS = KINDS["ImageNet"]


PLAIN = {("random", 0): 0.1, ("edges", 0): 0.2, ("IG", 0): 0.4, ("IG", 3): 0.6, ("IG + IDGI", 0): 0.5}


@pytest.mark.parametrize("winner", list(PLAIN))
def test_the_recommended_map_is_the_one_that_scores_highest_whichever_it_is(winner):
    found = answer(planted(PLAIN | {winner: 0.9}), INSERTION, "ImageNet")
    assert found.first == found.simplest == winner
    assert found.ahead == (winner,)
    sentence = recommend([found])[0]
    assert choosing.name_of(winner) in sentence
    assert ("No map is recommended" in sentence) == (winner[0] in choosing.CONTROLS)
    assert "0.90 [" in sentence


def test_of_maps_that_cannot_be_told_apart_the_simplest_is_recommended():
    found = answer(planted({("IG + IDGI", 0): 0.5, ("IG, variation", 0): 0.501, ("IG", 3): 0.5}), INSERTION, "ImageNet")
    assert set(found.ahead) == {("IG + IDGI", 0), ("IG, variation", 0), ("IG", 3)}
    assert found.simplest == ("IG", 3)
    assert "2 other maps cannot be told from it" in recommend([found])[0]


@pytest.mark.parametrize(
    ("smooth", "words"),
    [
        (0.9, "raises the score of IG (+0.5"),
        (0.05, "lowers the score of IG (-0.3"),
        (0.4, "may raise or lower the score of IG"),
    ],
)
def test_what_smoothing_does_is_said_as_it_is(smooth, words):
    rows = planted({("IG", 0): 0.4, ("IG", 3): smooth, ("random", 0): 0.1}, spread=0.02)
    assert words in recommend(answers(rows))[1]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.01, "By deletion none is better either."),
        (0.5, "By deletion, which asks the reverse, IG + IDGI is better (0."),
    ],
)
def test_whether_deletion_agrees_is_said_as_it_is(value, words):
    rows = planted({("IG", 0): 0.8, ("IG + IDGI", 0): 0.4})
    other = planted({("IG", 0): value, ("IG + IDGI", 0): 0.2}, question=DELETION)
    assert words in recommend(answers(pd.concat([rows, other])))[0]
    assert "deletion" not in recommend(answers(rows))[0]


def test_where_a_map_without_a_path_is_recommended_the_best_of_a_path_stands_beside_it():
    rows = planted(PLAIN | {("Grad-CAM", 0): 0.9})
    which, how, _ = recommend(answers(rows))
    assert "take Grad-CAM, with an insertion score of 0.9" in which
    assert re.search(r"Of the maps of a path take IG smoothed by 3 px \(0\.60 \[.*\], -0\.3\d \[.*\] from it\)", which)
    assert how == "Smoothing was not measured of Grad-CAM; it takes 1 gradient of an image."
    assert "Of the maps of a path" not in recommend(answers(planted(PLAIN)))[0]


def test_where_less_is_better_the_least_is_first():
    found = answer(planted({("IG", 0): 33, ("IG + IDGI", 0): 17}, question=COST), COST, "ImageNet")
    assert found.first == ("IG + IDGI", 0)
    cost = planted({("IG", 0): 33, ("IG + IDGI", 0): 17}, question=COST)
    assert (
        "in the mean 34 gradients give 95 %"
        in recommend(answers(pd.concat([planted(PLAIN | {("IG", 0): 0.9}), cost])))[1]
    )


def test_the_place_of_the_object_is_that_of_the_small_networks_with_the_map_that_wins_there():
    rows = pd.concat(
        [planted(PLAIN), planted({("IG", 0): 0.7, ("Σ g²", 0): 0.9}, question=ROC, networks=("vgg", "resnet"))]
    )
    assert "Σ g² says best on 2 small networks (ROC AUC 0.90" in recommend(answers(rows))[2]
    assert "Where the object is was not measured" in recommend(answers(planted(PLAIN)))[2]


def test_an_image_counts_that_counts_for_every_map_and_a_map_that_every_network_has():
    rows = planted(PLAIN)
    rows.loc[(rows["image"] == "0") & (rows["method"] == "IG"), "left_out"] = "misclassified"
    rows = rows[~((rows["network"] == NETWORKS[0]) & (rows["method"] == "edges"))]
    found = answer(rows, INSERTION, "ImageNet")
    assert found.images == 5 * len(NETWORKS)
    assert ("edges", 0) not in found.maps


@pytest.mark.parametrize(
    ("edges", "spread", "words"),
    [
        (0.2, 0.01, "above edges, which know no network."),
        (0.5, 0.2, "Whether it is better than edges, which know no network, these networks cannot tell"),
    ],
)
def test_how_far_the_map_is_above_edges_is_said_as_it_is(edges, spread, words):
    (first, *_) = recommend(answers(planted({("edges", 0): edges, ("IG", 0): 0.52}, spread=spread)))
    assert "take IG, with an insertion score of 0.5" in first
    assert words in first


def test_nothing_measured_is_said_and_one_network_decides_nothing():
    empty = planted(PLAIN).iloc[:0]
    assert answers(empty) == []
    assert recommend([]) == ["Nothing is measured yet, so nothing is recommended."]
    found = answer(planted(PLAIN, networks=("resnet",)), INSERTION, SMALL)
    assert set(found.ahead) == {(method, sigma) for method, sigma in PLAIN}


def test_other_signs_protocols_and_variants_do_not_count():
    rows = planted(PLAIN)
    changes = ({"sign": "signed"}, {"protocol": "study-a"}, {"variant": "mean, 21 counts"}, {"left_out": "x"})
    others = [planted({("IG", 0): 9.0}).assign(**change) for change in changes]
    pd.testing.assert_frame_equal(
        answer(pd.concat([rows, *others]), INSERTION, "ImageNet").means, answer(rows, INSERTION, "ImageNet").means
    )


def test_the_table_has_a_row_for_each_question_and_kind_and_names_the_controls():
    rows = pd.concat([planted(PLAIN), planted(PLAIN, networks=("vgg", "resnet", "mobilenet"))])
    shown = table(answers(rows))
    assert shown["networks"].str.startswith(("5 ImageNet networks<br>", "3 small networks<br>")).all()
    assert shown["networks"].str.contains("30 images|18 images").all()
    assert shown["best"].str.startswith("IG smoothed by 3 px<br><small>0.60 [").all()
    assert shown["edges"].tolist() == ["0.20", "0.20"]


def test_the_mean_over_networks_has_students_interval():
    estimate = over_networks([1.0, 2.0, 3.0])
    assert (estimate.value, estimate.n) == (2.0, 3)
    assert estimate.high - 2 == pytest.approx(4.302652729911275 / np.sqrt(3))
    assert over_networks([0.5]).low == over_networks([0.5]).high == 0.5


def test_an_interval_of_students_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = [(e.low <= 0 <= e.high) for e in (over_networks(rng.standard_normal(5)) for _ in range(4000))]
    assert 0.94 < np.mean(held) < 0.96


def test_every_kind_and_the_order_of_simplicity_are_of_known_names():
    assert choosing.kind_of("mobilenet_v2") == "ImageNet"
    assert choosing.kind_of("mobilenet") == SMALL
    assert len(set(SIMPLEST)) == len(SIMPLEST)

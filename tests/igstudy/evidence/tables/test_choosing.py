"""Which map to use: the answers and the recommendation follow the numbers, whichever way they are turned."""

import re
from pathlib import Path

import pandas as pd
import pytest

from igstudy.evidence.kinds import IMAGENET, ONES, OTHER, SMALL
from igstudy.evidence.results import explored, published
from igstudy.evidence.tables import choosing
from igstudy.evidence.tables.choosing import (
    CONTROLS,
    COSTS,
    QUESTIONS,
    SIMPLEST,
    answer,
    answers,
    name_of,
    table,
)
from igstudy.evidence.tables.recommending import caution, recommend
from igstudy.measures.sources import PATHS, RULES, labelled
from planting import planted

INSERTION, ROC, DELETION, COST, SIC = (
    next(question for question in QUESTIONS if question.metric == metric)
    for metric in ("insertion", "ROC AUC", "deletion", "steps to 95 %", "SIC")
)
NETWORKS = ONES[IMAGENET][:5]
ROOT = Path(__file__).parents[4]
PLAIN = {("random", 0): 0.1, ("edges", 0): 0.2, ("IG", 0): 0.4, ("IG", 3): 0.6, ("IG + IDGI", 0): 0.5}
MAPS = [each for each in PLAIN if each[0] not in CONTROLS]


def recommended(found):
    """All sentences."""
    return " ".join(recommend(found))


@pytest.mark.parametrize("winner", MAPS)
def test_the_recommended_map_is_the_one_that_scores_highest_whichever_it_is(winner):
    found = answer(planted(PLAIN | {winner: 0.9}), INSERTION, IMAGENET)
    assert found.first == winner
    assert set(found.behind) == {*PLAIN} - {winner}
    assert found.level == ()
    sentence = recommended([found])
    assert f"{name_of(winner)} scores highest by magnitude (insertion 0.90 [" in sentence
    assert "every other map is behind it." in sentence
    assert "above edges, which do not depend on the network." in sentence


def test_of_maps_that_cannot_be_told_from_the_first_the_simplest_is_named():
    means = {("IG + IDGI", 0): 0.5, ("IG, variation", 0): 0.51, ("IG", 3): 0.5, ("edges", 0): 0.5}
    found = answer(planted(means, spread=0.2), INSERTION, IMAGENET)
    assert found.behind == ()
    assert found.level == tuple(
        each for each in (("edges", 0), ("IG", 3), ("IG, variation", 0), ("IG + IDGI", 0)) if each != found.first
    )
    simplest = next(each for each in found.level if each[0] != "edges")
    level = f"2 other maps cannot be told apart from it, the simplest of them {name_of(simplest)}"
    assert level in recommended([found])


@pytest.mark.parametrize(
    ("edges", "spread", "words"),
    [
        (0.2, 0.01, r"It is \+0\.3\d \[.*\] above edges, which do not depend on the network\."),
        (0.9, 0.01, r"Edges, which do not depend on the network, are better \(-0\.3\d \[.*\]\): no map is worth"),
        (0.52, 0.2, r"Whether it is better than edges, which do not depend on the network, is undecided \("),
    ],
)
def test_where_it_stands_beside_edges_is_said_as_it_is(edges, spread, words):
    first = recommended(answers(planted({("edges", 0): edges, ("IG", 0): 0.52}, spread=spread)))
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
    assert words in recommended(answers(rows))


@pytest.mark.parametrize(
    ("value", "spread", "words"),
    [
        (0.01, 0.01, r"By deletion it is the best as well \(0\.01 \[.*, lower is better\)\."),
        (0.5, 0.01, r"By deletion, the reverse test, IG \+ IDGI is better than IG \(0\.20 \[.* against 0\.50 \["),
        (0.3, 0.15, r"IG \+ IDGI is best, but cannot be told apart from IG \(0\."),
    ],
)
def test_whether_deletion_agrees_is_said_as_it_is(value, spread, words):
    rows = planted({("IG", 0): 0.8, ("IG + IDGI", 0): 0.4})
    other = planted({("IG", 0): value, ("IG + IDGI", 0): 0.2}, question=DELETION, spread=spread)
    assert re.search(words, recommended(answers(pd.concat([rows, other]))))
    assert "deletion" not in recommended(answers(rows))


@pytest.mark.parametrize(
    ("means", "words"),
    [
        ({("random", 0): 0.2}, "not even the best map, IG, can be told apart from random numbers (0."),
        (
            {("random", 0): 0.9, ("random", 3): 0.2},
            "not even the best map, IG, can be told apart from random numbers smoothed by 3 px (0.",
        ),
        ({("random", 0): 0.9, ("random", 3): 0.9}, "it is the best as well (0."),
    ],
)
def test_deletion_ranks_nothing_where_random_numbers_are_as_good_as_the_best_map(means, words):
    other = planted({("IG", 0): 0.2, ("IG + IDGI", 0): 0.9} | means, question=DELETION, spread=0.02)
    found = recommended(answers(pd.concat([planted({("IG", 0): 0.8, ("IG + IDGI", 0): 0.4}), other])))
    assert words in found
    assert ("so deletion ranks nothing here." in found) == ("random" in words)


def test_exploratory_studies_test_no_claim_and_their_imagenet_networks_are_named():
    found = caution(["which-map"], ["vgg", "mobilenet_v2", "mobilenet_v1", "mobilenet_v1"])
    assert "of exploratory studies, which test no claim" in found
    assert "confirmation" not in found
    assert "The confirmation tests them." in caution(["which-map"], ["vgg"], confirmed=True)
    assert found.endswith("The ImageNet networks are mobilenet_v1, mobilenet_v2.")
    assert caution(["which-map"], ["vgg"]).endswith("No network of ImageNet is among theirs.")
    assert "this page's own few images" in caution([], ["mobilenet_v2"])


def test_where_a_map_without_a_path_scores_highest_the_best_of_a_path_stands_beside_it():
    which, of_path, how, _ = recommend(answers(planted(PLAIN | {("Grad-CAM", 0): 0.9})))
    assert "Grad-CAM scores highest by magnitude (insertion 0.9" in which
    assert re.search(r"Among the maps of a path, IG smoothed by 3 px scores highest \(0\.60 \[.*\]\); every", of_path)
    assert how == "Smoothing of Grad-CAM was not measured; the map takes 1 gradient for each image."
    assert "Among the maps of a path" not in recommended(answers(planted(PLAIN)))


def test_where_less_is_better_the_least_is_first():
    cost = planted({("IG", 0): 33, ("IG + IDGI", 0): 17}, question=COST)
    assert answer(cost, COST, IMAGENET).first == ("IG + IDGI", 0)
    both = pd.concat([planted(PLAIN | {("IG", 0): 0.9}), cost])
    reached = "on average a single image takes 33 steps to come to 95 % of its score at 512 steps (6 images each)"
    assert reached in recommended(answers(both))


def test_the_place_of_the_object_is_that_of_the_small_networks_with_the_map_that_wins_there():
    small = planted({("IG", 0): 0.7, ("Σ g²", 0): 0.9}, question=ROC, networks=("vgg", "resnet", "mobilenet"))
    assert "Σ g² finds it best (ROC AUC 0.90" in recommended(answers(pd.concat([planted(PLAIN), small])))
    assert "Localization was not measured" in recommended(answers(planted(PLAIN)))


def test_an_image_counts_that_counts_for_every_map_and_a_map_that_every_network_has():
    rows = planted(PLAIN, images=20)
    rows.loc[(rows["image"] == "0") & (rows["method"] == "IG"), "left_out"] = "misclassified"
    rows = rows[~((rows["network"] == NETWORKS[0]) & (rows["method"] == "edges"))]
    found = answer(rows, INSERTION, IMAGENET)
    assert found.images == 19
    assert ("edges", 0) not in found.maps


def test_a_smaller_study_does_not_cut_the_others_down_to_its_images():
    rows = pd.concat([planted(PLAIN, images=20), planted({("Blur IG", 0): 0.9}, images=5)])
    found = answer(rows, INSERTION, IMAGENET)
    assert (found.images, ("Blur IG", 0) in found.maps) == (20, False)
    every = answer(rows, INSERTION, IMAGENET, least=0)
    assert (every.images, every.first) == (5, ("Blur IG", 0))


def test_a_network_that_has_more_images_weighs_no_more():
    rows = pd.concat([
        planted({("IG", 0): 0.2}, networks=NETWORKS[:1], images=30, spread=0),
        planted({("IG", 0): 0.4}, networks=NETWORKS[1:2], images=3, spread=0),
    ])  # fmt: skip
    found = answer(rows, INSERTION, IMAGENET)
    assert found.values["IG", 0].value == pytest.approx(0.3)
    assert found.images == 30


def test_sic_is_the_median_over_images_as_in_the_protocol():
    rows = planted({("IG", 0): 0.5}, question=SIC, networks=NETWORKS[:1], images=3, spread=0)
    rows["value"] = [0.1, 0.2, 0.9]
    assert answer(rows, SIC, IMAGENET).values["IG", 0].value == pytest.approx(0.2)


def test_nothing_measured_is_said_and_one_network_decides_nothing():
    empty = planted(PLAIN).iloc[:0]
    assert answers(empty) == []
    assert recommend([]) == ["Nothing is measured yet, so nothing is recommended."]
    found = answer(planted(PLAIN, networks=("resnet",)), INSERTION, SMALL)
    assert found.behind == ()
    assert "one network decides nothing" in recommended([found])
    assert table([found])["cannot be told apart from it"].tolist() == ["one network decides nothing"]


def test_other_signs_protocols_and_variants_do_not_count():
    rows = planted(PLAIN)
    changes = ({"sign": "signed"}, {"protocol": "study-a"}, {"variant": "mean, 21 counts"}, {"left_out": "x"})
    others = [planted({("IG", 0): 9.0}).assign(**change) for change in changes]
    pd.testing.assert_frame_equal(
        answer(pd.concat([rows, *others]), INSERTION, IMAGENET).means, answer(rows, INSERTION, IMAGENET).means
    )


def test_the_table_has_a_row_for_each_question_and_kind_and_names_edges():
    rows = pd.concat([planted(PLAIN), planted(PLAIN, networks=("vgg", "resnet", "mobilenet"))])
    shown = table(answers(rows))
    assert shown["networks"].str.startswith(("5 ImageNet networks<br>", "3 small networks<br>")).all()
    assert shown["networks"].str.contains("up to 6 images each").all()
    assert shown["best"].str.startswith("IG smoothed by 3 px<br><small>0.60 [").all()
    assert shown["edges"].tolist() == ["0.20", "0.20"]
    assert shown["cannot be told apart from it"].tolist() == ["none", "none"]


def test_every_name_that_is_listed_is_one_of_a_method():
    methods = {labelled(path, rule) for path in PATHS for rule in RULES}
    others = {"edges", "random", "gradient", "gradient × input", "Grad-CAM"}
    others |= {"SmoothGrad", "SmoothGrad IG", "IG, uniform", "Expected Gradients", "XRAI"}
    assert {*SIMPLEST, *COSTS} <= methods | others
    assert len(set(SIMPLEST)) == len(SIMPLEST)
    assert [choosing.kind_of(name) for name in ("mobilenet_v2", "mobilenet", "own")] == [IMAGENET, SMALL, OTHER]


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
    sentence = recommended(answers(published(*explored())))
    assert f"{first} scores highest by magnitude (insertion {best.max():.2f} [" in sentence

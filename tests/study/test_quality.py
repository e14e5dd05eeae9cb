"""Per-image rows of quality, and what is read from them, on a trained network."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import igpaths as ig
from igpaths.metrics import jpeg
from igpaths.study import quality
from igpaths.study.parameters import Parameters
from igpaths.study.protocols import IGPATHS, PAIR, STUDY_A
from igpaths.study.subjects import altered, blur_photograph, subjects

STUDY = Parameters(models=("objects/mobilenet",), images=3)
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
COARSE = replace(
    IGPATHS,
    insertion=replace(IGPATHS.insertion, shares=QUARTERS),
    information=replace(IGPATHS.information, shares=QUARTERS),
)


@pytest.fixture(scope="module")
def subject():
    return next(subjects(STUDY, output="probability"))


@pytest.fixture(scope="module")
def rows(subject):
    canvas = altered(STUDY, subject, blur_photograph)
    return quality.revealed_rows(subject, canvas, protocol=COARSE, steps=4, without=("webp",))


@pytest.fixture(scope="module")
def compressed(subject):
    return quality.compressed_rows(subject, altered(STUDY, subject, jpeg), steps=4)


def test_the_images_can_be_had_again_altered_at_full_size(subject):
    assert torch.equal(altered(STUDY, subject, lambda photograph: photograph), subject.images)
    blurred = altered(STUDY, subject, blur_photograph)
    assert blurred.shape == subject.images.shape
    assert (blurred.var(dim=(2, 3)) < subject.images.var(dim=(2, 3))).all()


def test_one_walk_for_each_path_gives_every_attribution(subject):
    found = quality.attributions(subject.net, subject.images[:1], subject.targets[:1], steps=4)
    assert list(found) == list(quality.METHODS)
    for name in ("IG", "Blur IG + IDGI"):
        path, rule = quality.METHODS[name]
        maps = ig.attribute(subject.net, subject.images[:1], subject.targets[:1], path=path, rules=(rule,), steps=(4,))
        assert torch.equal(found[name], maps[rule, 4])


def test_every_method_control_sign_metric_and_variant_has_a_row_for_each_image(rows):
    keys = list(quality.COLUMNS[:8])
    assert not rows.duplicated(keys).any()
    maps = 2 * (len(quality.METHODS) - 1) + len(quality.UNSIGNED)
    insertions, curves = 3 * 2 * 2, 2 * (len(IGPATHS.information.estimators) - 1)
    assert len(rows) == 3 * maps * (insertions + curves)
    assert set(rows["protocol"]) == {"igpaths"}
    assert set(quality.CONTROLS) < set(rows["method"])


def test_a_table_has_the_images_that_count_for_every_method(rows):
    table = quality.by_image(rows, "insertion", "black, 5 counts", "signed")
    assert table.shape == (3, len(quality.METHODS) + 2)
    spoiled = rows.copy()
    one = (spoiled["image"] == 1) & (spoiled["method"] == "IG") & (spoiled["metric"] == "insertion")
    spoiled.loc[one, "left_out"] = "undefined"
    assert list(quality.by_image(spoiled, "insertion", "black, 5 counts", "signed").reset_index()["image"]) == [0, 2]


def test_an_unsigned_control_is_the_same_under_both_signs(rows):
    signed, absolute = (quality.averages(rows, "insertion", "black, 5 counts", sign) for sign in quality.SIGNS)
    for method in quality.UNSIGNED:
        assert signed[method] == absolute[method]
    assert signed["IG"] != absolute["IG"]


def test_sic_is_averaged_by_the_median_and_insertion_by_the_mean(rows):
    for metric, variant, average in (("SIC", "png", np.median), ("insertion", "mean, 5 counts", np.mean)):
        table = quality.by_image(rows, metric, variant, "absolute")
        found = quality.averages(rows, metric, variant, "absolute")
        assert found["IG + IDGI"].value == pytest.approx(average(table["IG + IDGI"]))


def test_a_choice_agrees_with_itself(rows):
    choice = ("insertion", "black, 5 counts", "signed")
    tau = quality.agreement(rows, choice, choice)
    assert (tau.value, tau.low, tau.high, tau.n) == (1, 1, 1, 3)


def test_two_counts_are_the_ends_which_every_method_shares(rows):
    ends = quality.by_image(rows, "insertion", "black, 2 counts", "absolute")
    assert (ends.nunique(axis=1) == 1).all()
    many = quality.by_image(rows, "insertion", "black, 5 counts", "absolute")
    assert (many.nunique(axis=1) > 5).all()


def test_a_wrong_prediction_is_counted_out_with_its_reason(subject):
    wrong = replace(subject, targets=(subject.targets + 1) % 10)
    rows = quality.compressed_rows(wrong, subject.images, steps=2)
    assert set(rows["left_out"]) == {"misclassified"}


def test_a_random_map_is_perfectly_stable_and_a_map_of_the_image_is_not(compressed):
    for normalisation in IGPATHS.compression.normalisations:
        figure = quality.stability_figure(compressed, normalisation)
        assert np.isposinf(figure["random"])
        assert np.isfinite(figure.drop("random")).all()
    table = quality.by_image(compressed, "JPEG cosine", "", "signed")
    assert table["random"].to_numpy() == pytest.approx(1)
    assert (table.drop(columns="random") < 1).all(axis=None)


def test_study_a_ranks_signed_half_precision_maps_and_asks_for_confidence(subject):
    rows = quality.revealed_rows(
        replace(subject, images=subject.images[:1]), altered(STUDY, subject, blur_photograph), protocol=STUDY_A, steps=2
    )
    assert set(rows["sign"]) == {"signed", "none"}
    assert set(rows.loc[rows["metric"] == "insertion", "variant"]) == {"black, 21 counts", "black, 6 counts"}
    unsure = replace(STUDY_A, insertion=None, information=replace(STUDY_A.information, confidence=1.1))
    dropped = quality.revealed_rows(
        replace(subject, images=subject.images[:1]), altered(STUDY, subject, blur_photograph), protocol=unsure, steps=2
    )
    assert set(dropped["left_out"]) == {"p < 1.1"}


def test_pair_starts_from_seeds(subject):
    few = replace(PAIR, information=replace(PAIR.information, shares=(0.3,), estimators=(("png", "normalised"),)))
    one = replace(subject, images=subject.images[:1])
    rows = quality.revealed_rows(one, subject.images, protocol=few, steps=2)
    assert set(rows["metric"]) == {"SIC", "AIC"}
    usable = rows[rows["left_out"] == ""]
    assert usable["value"].between(0, 1).all()

"""Smoothing, deletion and the canvases that are filled: their rows are those of the metrics themselves."""

import numpy as np
import pandas as pd
import pytest
import torch

from igpaths.metrics import area, deletion, insertion, roc_auc, smooth
from igstudy.measures import MEASURES
from igstudy.measures.protocols import IGPATHS, STUDY_A
from igstudy.measures.quantities import Filled
from igstudy.measures.sample import ranking_maps
from igstudy.measures.smoothing import OF_SIGNED, SIGMAS, TO_BLURRED
from igstudy.measures.sources import controls, on_path
from samples import IMAGES, STRAIGHT, sample

MASKS = torch.zeros(len(IMAGES), *IMAGES.shape[2:], dtype=torch.bool)
MASKS[:, 4:9, 3:11] = True


def of(found: pd.DataFrame, metric: str, variant: str) -> pd.DataFrame:
    return found[(found["metric"] == metric) & (found["variant"] == variant)]


@pytest.mark.parametrize("source", [STRAIGHT, controls(output="probability")], ids=["straight", "controls"])
def test_smoothed_maps_are_those_by_magnitude_under_a_gaussian_and_rows_say_its_width(source):
    own = sample(source)
    maps = ranking_maps(own, IGPATHS, signs=("absolute",))
    found = pd.concat(MEASURES["smooth-insertion"].rows(own, IGPATHS))
    assert set(found["sign"]) <= {"absolute", "none"}
    assert MEASURES["smooth-insertion"].of(source, IGPATHS)
    for sigma in TO_BLURRED:
        stack = smooth(torch.stack(list(maps.values()), dim=1).float(), sigma)
        r = insertion(*own.question, stack, **own.drawing)
        rows = of(found, "insertion", f"black, 21 counts, σ = {sigma} px")
        assert rows["method"].tolist()[: len(maps)] == [name for name, _, _ in maps]
        np.testing.assert_allclose(rows["value"], area(r.shares, r.probability).flatten(), rtol=0, atol=1e-12)


def test_signed_maps_are_smoothed_with_their_sign_and_no_control_is_among_them():
    own, measure = sample(STRAIGHT), MEASURES["smooth-signed-insertion"]
    maps = {key: map for key, map in ranking_maps(own, IGPATHS).items() if key[2] == "signed"}
    found = pd.concat(measure.rows(own, IGPATHS))
    assert {*found["sign"]} == {"signed"}
    assert not measure.of(controls(output="probability"), IGPATHS)
    for sigma in OF_SIGNED:
        r = insertion(*own.question, smooth(torch.stack(list(maps.values()), dim=1).float(), sigma), **own.drawing)
        rows = of(found, "insertion", f"black, 21 counts, σ = {sigma} px")
        np.testing.assert_allclose(rows["value"], area(r.shares, r.probability).flatten(), rtol=0, atol=1e-12)


def test_every_smoothed_measure_has_the_rows_of_the_measure_itself_once_for_each_width():
    own = sample(STRAIGHT, masks=MASKS)
    for name in ("insertion", "deletion", "localization"):
        plain, smoothed = (pd.concat(MEASURES[each].rows(own, IGPATHS)) for each in (name, f"smooth-{name}"))
        plain, widths = plain[plain["sign"] != "signed"], SIGMAS if name == "localization" else TO_BLURRED
        assert {*smoothed["variant"]} == {f"{v}, σ = {s} px" for v in plain["variant"].unique() for s in widths}
        assert len(smoothed) == len(widths) * len(plain)
    found = of(smoothed, "ROC AUC", ", σ = 3 px")
    maps = smooth(torch.stack(list(ranking_maps(own, IGPATHS, signs=("absolute",)).values()), dim=1), 3)
    np.testing.assert_allclose(found["value"], roc_auc(maps, MASKS).flatten(), rtol=0, atol=1e-12)


def test_edges_and_random_maps_are_smoothed_as_all_others_are():
    source = controls(output="probability")
    names = ("insertion", "deletion", "information", "localization", "classes")
    assert all(MEASURES[f"smooth-{name}"].of(source, IGPATHS) for name in names)
    for name in names[:4]:
        found = pd.concat(MEASURES[f"smooth-{name}"].rows(sample(source, masks=MASKS), IGPATHS))
        assert {*found["method"]} == {"edges", "random"}
        assert found["variant"].str.endswith(" px").all()


def test_smoothed_information_is_that_of_png():
    found = pd.concat(MEASURES["smooth-information"].rows(sample(STRAIGHT), IGPATHS))
    assert {*found["metric"]} == {"SIC", "AIC"}
    assert {*found["variant"]} == {f"png, σ = {sigma} px" for sigma in SIGMAS}


def test_deletion_is_that_of_the_library_under_our_protocol_alone():
    own = sample(STRAIGHT)
    (found,) = MEASURES["deletion"].rows(own, IGPATHS)
    stack = torch.stack(list(ranking_maps(own, IGPATHS).values()), dim=1)
    r = deletion(*own.question, stack, **own.drawing)
    np.testing.assert_allclose(found["value"], area(r.shares, r.probability).flatten(), rtol=0, atol=1e-12)
    assert not MEASURES["deletion"].of(STRAIGHT, STUDY_A)


def test_fillings_reveal_and_delete_on_noise_of_the_images_number_and_on_what_is_filled_in():
    own = sample(STRAIGHT)
    found = pd.concat(MEASURES["fillings"].rows(own, IGPATHS))
    stack = torch.stack(list(ranking_maps(own, IGPATHS).values()), dim=1)
    for metric, reveal in (("insertion", insertion), ("deletion", deletion)):
        r = reveal(*own.question, stack, canvas=Filled(), **own.drawing)
        rows = of(found, metric, "filled, 21 counts")
        np.testing.assert_allclose(rows["value"], area(r.shares, r.probability).flatten(), rtol=0, atol=1e-12)
    noise = [np.random.default_rng((0, 18, i)).random(IMAGES.shape[1:]) for i in range(len(IMAGES))]
    r = insertion(*own.question, stack, canvas=torch.from_numpy(np.stack(noise)), **own.drawing)
    rows = of(found, "insertion", "noise, 21 counts")
    np.testing.assert_allclose(rows["value"], area(r.shares, r.probability).flatten(), rtol=0, atol=1e-6)


def test_rules_that_are_chosen_rank_pixels_beside_the_controls_of_the_walk():
    source = on_path("straight", output="probability", steps=(4,), rules=("variation", "idg"))
    keys = list(ranking_maps(sample(source), IGPATHS))
    assert [key for key in keys if key[0] == "IG, variation"] == [("IG, variation", 4, "none")]
    assert {name for name, *_ in keys} == {"IG, variation", "IG + IDG", "gradient", "Σ g²"}

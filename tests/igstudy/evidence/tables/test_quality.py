"""What is read from a study's rows: tables, averages, agreement and stability, on a trained network."""

from dataclasses import replace

import numpy as np
import pytest

from igstudy.engine import units
from igstudy.engine.parameters import Parameters
from igstudy.engine.runs import measured
from igstudy.evidence.papers import METHODS as NAMES
from igstudy.evidence.tables import quality
from igstudy.evidence.tables.beside import averages
from igstudy.evidence.tables.stability import figures
from igstudy.measures import quantities
from igstudy.measures.protocols import IGPATHS

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
COARSE = replace(
    IGPATHS,
    insertion=replace(IGPATHS.insertion, shares=QUARTERS),
    information=replace(IGPATHS.information, shares=(0.5,)),
)
MAPS = 3 * 2 * 2 + 2 + 1 + 2  # (IG, IDGI) on three paths by sign, the gradient by sign, Σ g², edges and random


def by_image(rows, metric, variant, sign):
    return quality.by_image(quality.choose(rows, metric=metric, variant=variant, sign=sign), "method")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    study = Parameters(
        models=("objects/mobilenet",),
        images=3,
        steps=(2, 4),
        metrics=("insertion", "canvases", "information", "entropy", "compression"),
        protocols=("igpaths",),
        threads=1,
        results=str(tmp_path_factory.mktemp("results")),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(units.PROTOCOLS, "igpaths", COARSE)
        return quality.finest(measured(study))


def test_the_finest_step_count_and_the_controls_have_every_method_sign_metric_and_variant(rows):
    keys = ["image", "method", "steps", "sign", "metric", "variant"]
    assert set(rows["steps"]) == {0, 4}
    assert not rows.duplicated(keys).any()
    insertions, curves = 3 * 2 * 2, 2 * (len(IGPATHS.information.estimators) - 1)
    assert len(rows[~rows["metric"].str.startswith("JPEG")]) == 3 * MAPS * (insertions + curves)
    assert set(quality.CONTROLS) < set(rows["method"])


def test_a_table_has_the_images_that_count_for_every_method(rows):
    table = by_image(rows, "insertion", "black, 5 counts", "signed")
    assert table.shape == (3, 3 * 2 + 4)
    spoiled = rows.copy()
    one = (spoiled["image"] == "scene-00001") & (spoiled["method"] == "IG") & (spoiled["metric"] == "insertion")
    spoiled.loc[one, "left_out"] = "undefined"
    left = by_image(spoiled, "insertion", "black, 5 counts", "signed").reset_index()["image"]
    assert set(left) == {"scene-00000", "scene-00002"}


def test_an_unsigned_control_is_the_same_under_both_signs(rows):
    signed, absolute = (by_image(rows, "insertion", "black, 5 counts", sign) for sign in quality.SIGNS)
    for method in ("Σ g²", "edges", "random"):
        assert (signed[method] == absolute[method]).all()
    assert (signed["IG"] != absolute["IG"]).any()


def test_sic_is_averaged_by_the_median_and_insertion_by_the_mean(rows):
    for metric, variant, average in (("SIC", "png", np.median), ("insertion", "mean, 5 counts", np.mean)):
        table = by_image(rows, metric, variant, "absolute")
        choice = {"protocol": "igpaths", "metric": metric, "variant": variant, "sign": "absolute"}
        (found,) = averages(rows, methods=("IG + IDGI",), **choice)
        assert found.estimates["IG + IDGI"].value == pytest.approx(average(table["IG + IDGI"]))


def test_a_choice_agrees_with_itself(rows):
    choice = ("insertion", "black, 5 counts", "signed")
    tau = quality.agreement(rows, choice, choice)
    assert (tau.value, tau.low, tau.high, tau.n) == (1, 1, 1, 3)


def test_intervals_cluster_by_what_images_share(rows):
    background, material = quality.ways(by_image(rows, "insertion", "black, 5 counts", "signed"))
    first = rows.drop_duplicates("image").sort_values(["photograph", "material", "image"])
    assert (background, material) == (tuple(first["photograph"]), tuple(first["material"]))
    assert quality.ways(first) == [background, material]
    assert quality.ways(first.assign(material="")) == [background]
    assert quality.ways(first.assign(material="", photograph="")) == [range(3)]


def test_two_counts_are_the_ends_which_every_method_shares(rows):
    ends = by_image(rows, "insertion", "black, 2 counts", "absolute")
    assert (ends.nunique(axis=1) == 1).all()
    many = by_image(rows, "insertion", "black, 5 counts", "absolute")
    assert (many.nunique(axis=1) > 5).all()


def test_a_random_map_is_perfectly_stable_and_a_map_of_the_image_is_not(rows):
    found = figures(rows)
    assert list(found.index) == [*NAMES.values(), *quality.CONTROLS]
    for normalisation in IGPATHS.compression.normalisations:
        figure = found[quantities.METRICS[f"JPEG {normalisation}"].arrow]
        assert np.isposinf(figure["random"])
        assert np.isfinite(figure.drop("random")).all()
    table = by_image(rows, "JPEG cosine", "", "signed")
    assert table["random"].to_numpy() == pytest.approx(1)
    assert (table.drop(columns="random") < 1).all(axis=None)

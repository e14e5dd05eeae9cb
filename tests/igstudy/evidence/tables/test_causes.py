"""What explains IDGI's gain, on planted rows whose answer is known, and on the papers' own tables."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.deciding import LEAST
from igstudy.evidence.tables import causes

NETWORKS = ("vgg", "resnet", "vgg-modern", "resnet-modern", "noskip")
IMAGES = 12
NOISE = np.linspace(-0.01, 0.01, IMAGES)  # of mean 0


def planted(score, *, networks=NETWORKS, variant=causes.COUNTS, metric="insertion", **changes):
    """Rows where an image's value is `score(network, method, sign)` and a little noise of its own."""
    lines = [
        {
            "network": network,
            "method": method,
            "sign": sign,
            "image": f"{i}",
            "photograph": f"{i // 2}",
            "material": "",
            "steps": 8,
        }
        | {"value": score(network, method, sign) + NOISE[i], "left_out": ""}
        for network, method, sign, i in product(
            networks,
            [m + end for m in causes.METHODS for end in ("", " + IDGI")],
            ("signed", "absolute"),
            range(IMAGES),
        )
    ]
    facts = {"protocol": "igpaths", "metric": metric, "variant": variant, "material": ""} | changes
    return pd.DataFrame(lines).assign(**facts)


def by_sign(network, method, sign):
    """IDGI scores .3 whatever the sign; without it a map scores .1 signed and .25 absolute."""
    return 0.3 if method.endswith("IDGI") else {"signed": 0.1, "absolute": 0.25}[sign]


def gained(rows, variant=causes.COUNTS):
    return causes.gains(rows, metric="insertion", variant=variant)


def test_a_gain_is_the_difference_of_the_same_image_and_sign():
    found = causes.estimates(gained(planted(by_sign)), "network", "method", "sign")
    assert len(found) == len(NETWORKS) * 3 * 2
    for (_, _, sign), estimate in found.items():
        assert estimate.value == pytest.approx({"signed": 0.2, "absolute": 0.05}[sign])
        assert estimate.high - estimate.low < 1e-9  # the images' own noise cancels
        assert estimate.n == IMAGES


def test_a_network_of_few_images_counts_among_others_only_as_one_alone():
    rows = planted(by_sign)
    few = (rows["network"] == "vgg") & (rows["image"].astype(int) >= LEAST - 1)
    found = causes.estimates(gained(rows[~few]), "method", "sign")
    assert {each.n for each in found} == {len(NETWORKS) - 1}
    alone = rows[(rows["image"].astype(int) < LEAST - 1)]
    assert {each.n for each in causes.estimates(gained(alone), "method", "sign")} == {len(NETWORKS)}


def test_an_image_that_does_not_count_with_idgi_has_no_gain():
    rows = planted(by_sign)
    out = (rows["image"] == "3") & (rows["method"] == "IG + IDGI")
    found = gained(rows.assign(left_out=np.where(out, "undefined", "")))
    assert "3" not in set(found.loc[found["method"] == "IG", "image"])
    assert "3" in set(found.loc[found["method"] == "Blur IG", "image"])


def test_only_the_finest_step_count_is_read():
    coarse = planted(lambda *_: 9.0).assign(steps=4)
    pd.testing.assert_frame_equal(gained(pd.concat([planted(by_sign), coarse])), gained(planted(by_sign)))


def test_each_network_is_read_at_its_own_finest_step_count():
    rows = pd.concat([planted(by_sign, networks=["vgg"]), planted(by_sign, networks=["resnet"], steps=128)])
    assert set(gained(rows)["network"]) == {"vgg", "resnet"}


def test_recipe_and_shortcuts_are_told_apart():
    def score(network, method, sign):
        modern, residual = "modern" in network, "resnet" in network
        return 0.1 + method.endswith("IDGI") * (0.2 - 0.15 * modern - 0.01 * residual)

    table = causes.with_traits(gained(planted(score)))
    assert "noskip" not in set(table["network"])
    found = causes.estimates(table, "recipe", "shortcuts").map(lambda each: each.value)
    assert found.to_dict() == pytest.approx(
        {
            ("plain", "without"): 0.2,
            ("plain", "with"): 0.19,
            ("modern", "without"): 0.05,
            ("modern", "with"): 0.04,
        }
    )


def test_a_contrast_is_of_the_images_that_count_on_both_networks():
    rows = planted(lambda network, method, sign: 0.1 * (network == "resnet") * method.endswith("IDGI"))
    rows = rows[(rows["network"] != "noskip") | (rows["image"] != "0")]
    found = causes.estimates(causes.contrasts(gained(rows), {"resnet": "noskip", "vgg": "vgg-modern"}), "network")
    assert found["resnet − noskip"].value == pytest.approx(0.1)
    assert found["vgg − vgg-modern"].value == pytest.approx(0)
    assert found["resnet − noskip"].n == (IMAGES - 1) * 3 * 2


def test_networks_weigh_alike_however_many_images_they_have():
    rows = planted(lambda network, method, sign: 0.1 * (network == "vgg") * method.endswith("IDGI"))
    own = (rows["network"] == "vgg") | ((rows["network"] == "resnet") & (rows["image"].astype(int) < LEAST))
    rows = rows[own]
    for each in causes.estimates(gained(rows), "method", "sign"):
        assert each.value == pytest.approx(0.05)
        assert each.n == 2


def test_the_same_gains_can_be_contrasted_by_their_sign():
    found = causes.contrasts(gained(planted(by_sign)), {"absolute": "signed"}, of="sign")
    assert set(found["sign"]) == {"absolute − signed"}
    for each in causes.estimates(found, "network", "method"):
        assert each.value == pytest.approx(-0.15)


def test_every_map_is_measured_against_one():
    found = causes.over(planted(by_sign), "IG", "signed", metric="insertion", variant=causes.COUNTS)
    more = causes.estimates(found, "method", "sign").map(lambda each: each.value)
    assert more["IG", "signed"] == 0
    assert more["Blur IG", "absolute"] == pytest.approx(0.15)
    assert more["IG + IDGI", "absolute"] == pytest.approx(0.2)


def test_a_sweep_has_the_gain_of_every_temperature():
    rows = pd.concat(
        planted(lambda network, method, sign, t=t: method.endswith("IDGI") / t, variant=f"{causes.COUNTS}, T = {t:g}")
        for t in (0.5, 2.0)
    )
    found = causes.estimates(causes.tempered(rows, metric="insertion"), "temperature")
    assert {t: each.value for t, each in found.items()} == pytest.approx({0.5: 2.0, 2.0: 0.5})


def test_pairs_have_the_gain_of_every_temperature_that_explains_at_every_one_that_judges():
    ends = (0.25, 1.0, 4.0)
    rows = pd.concat(
        planted(lambda network, method, sign, e=e, t=t: method.endswith("IDGI") * (e + 10 * t), variant=variant)
        for e, t in product(ends, repeat=2)
        for variant in [
            f"{causes.COUNTS}, " + (f"T = {t:g}" if e == t else f"explained at T = {e:g}, evaluated at T = {t:g}")
        ]
    )
    found = causes.tempered_pairs(rows, metric="insertion")
    assert [*found] == ["explained", "evaluated", *causes.IMAGE, "method", "sign", "gain"]
    values = causes.estimates(found, "explained", "evaluated").map(lambda each: each.value)
    assert dict(values) == pytest.approx({(e, t): e + 10 * t for e, t in product(ends, repeat=2)})
    hot = causes.contrasts(found, {4.0: 0.25}, of="evaluated")
    assert hot["gain"].to_numpy() == pytest.approx(37.5)
    assert len(hot) == len(found) / len(ends)


def test_confidence_is_one_insertion_score_over_the_other():
    rows = pd.concat(
        [
            planted(lambda *_: 0.3, networks=("vgg",)).assign(method="random"),
            planted(lambda *_: 0.5, networks=("vgg",), metric="insertion ratio").assign(method="random"),
        ]
    ).drop_duplicates(["image", "method", "metric"])
    found = causes.confidences(rows)
    np.testing.assert_allclose(found["confidence"], (0.3 + NOISE) / (0.5 + NOISE))


class TestStudyA:
    def test_its_confidences_do_not_depend_on_the_method(self):
        found = causes.confidence()
        assert found.shape == (10, 6)
        assert ((found.max(axis=1) - found.min(axis=1)) < 0.08).all()
        assert found.loc["MobileNetV2"].max() < 0.45
        assert found.loc["VGG16"].min() > 0.8

    def test_its_gains_are_those_of_its_cells(self):
        found = causes.published(1, "insertion", causes.COUNTS).set_index(["network", "method"])
        assert found.loc[("VGG16", "Blur IG"), "gain"] == pytest.approx(0.231 - 0.039)
        assert (found["gain"] <= 0).sum() == 3

    def test_two_neighbours_differ_in_blur_ig_alone(self):
        found = causes.neighbours(1, "insertion ratio", causes.COUNTS)
        assert list(found.index[-2:]) == ["ResNet152V2 / ResNet101V2", "VGG19 / VGG16"]
        assert found.loc["VGG19 / VGG16", "Blur IG"] == pytest.approx(0.291 / 0.045)
        assert found.loc["VGG19 / VGG16"].drop("Blur IG").between(0.9, 1.3).all()

    def test_a_ratio_is_that_of_the_means(self):
        ours = causes.ratios(gained(planted(by_sign)))
        assert ours["vgg", "IG", "signed"].value == pytest.approx(1 / 3)


def test_gains_by_kind_name_each_imagenet_network_and_the_mean_of_several():
    levels = {"mobilenet_v1": 0.1, "mobilenet_v2": 0.3, "vgg": 0.2, "squeezenet1_1": 0.0}
    rows = planted(lambda network, method, sign: levels[network] * method.endswith("IDGI"), networks=list(levels))
    panels = causes.by_kind(gained(rows))
    assert list(panels["IG"]) == ["signed", "by magnitude"]
    found = panels["IG"]["signed"]
    means = {name: each.value for name, each in found.items()}
    assert means == pytest.approx(
        {"mobilenet_v1": 0.1, "mobilenet_v2": 0.3, "ImageNet, mean of 2": 0.2, "small": 0.2, "SqueezeNet": 0.0}
    )
    alone = causes.by_kind(gained(rows[rows["network"] == "mobilenet_v2"]))["IG"]["signed"]
    assert list(alone) == ["mobilenet_v2"]


def test_networks_of_few_images_enter_no_panel_unless_all_have_few():
    rows = planted(lambda network, method, sign: method.endswith("IDGI"), networks=["mobilenet_v1", "vgg", "resnet"])
    few = rows["image"].astype(int) < LEAST - 1
    most = rows[few | (rows["network"] == "vgg")]
    assert list(causes.by_kind(gained(most))["IG"]["signed"]) == ["small"]
    assert list(causes.by_kind(gained(rows[few]))["IG"]["signed"]) == ["mobilenet_v1", "small, mean of 2"]
    enough = rows[rows["image"].astype(int) < LEAST]
    assert list(causes.by_kind(gained(enough))["IG"]["signed"]) == ["mobilenet_v1", "small, mean of 2"]

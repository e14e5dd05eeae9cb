"""Measures: which rows there are, what is counted out and why, and what each protocol asks."""

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import igpaths as ig
from igpaths.metrics import (
    abpc,
    cosine,
    max_sensitivity,
    norm_ratio,
    perturbation,
    signed_map,
    squared_error,
    uniform_noise,
)
from igstudy.engine.store import COLUMNS
from igstudy.measures import (
    ALWAYS,
    MAPS,
    MEASURES,
    along,
    comparing,
    describing,
    parting,
    revealing,
    splitting,
)
from igstudy.measures.protocols import IGPATHS, PAIR, STUDY_A, STUDY_B
from igstudy.measures.quantities import threads
from igstudy.measures.sample import ranking_maps, rows, window
from igstudy.measures.sources import PATHS, by_method, controls, explain, of_study_a, on_path, splits
from igstudy.tasks import objects
from problems import Function, Linear, SeparableQuadratic, classifier, images, small_network
from samples import BATCH, IMAGES, PALE, STRAIGHT, TARGETS, network, sample


@pytest.fixture(scope="module")
def straight():
    return sample(STRAIGHT)


@pytest.fixture(scope="module")
def unsaturated():
    """The straight path to a score whose gradients do not vanish."""
    return sample(on_path("straight", output="logit", steps=(2, 4)))


def test_a_row_is_left_out_for_the_first_reason_that_holds_and_undefined_where_it_is_nan(straight):
    values = torch.tensor([[1.0], [2.0], [torch.nan], [torch.nan]])
    reasons = {"first": torch.tensor([True, False, True, False]), "second": torch.tensor([True, True, False, False])}
    found = rows(straight, IGPATHS, "m", "v", [("IG", 4, "signed")], values, reasons=reasons)
    assert found["left_out"].tolist() == ["first", "second", "first", "undefined"]
    assert found["image"].tolist() == list("abcd")


def test_rows_keep_images_and_maps_in_order(straight):
    keys = [("IG", 2, "signed"), ("IDGI", 2, "signed")]
    found = rows(straight, IGPATHS, "m", "v", keys, torch.arange(8.0).view(4, 2))
    assert found["value"].tolist() == list(range(8))
    assert found["image"].tolist() == list("aabbccdd")
    assert found["method"].tolist() == ["IG", "IDGI"] * 4


def test_ranking_maps_have_both_signs_unless_they_have_no_negative_values(straight):
    maps = ranking_maps(straight, IGPATHS)
    assert ("Σ g²", 2, "none") in maps
    assert ("gradient", 4, "absolute") in maps
    assert ("gradient", 2, "absolute") not in maps  # it is the same at every step count
    assert len(maps) == 2 * 2 * 2 + 2 + 2
    assert list(ranking_maps(sample(controls(output="logit")), IGPATHS)) == [
        ("edges", 0, "none"),
        ("random", 0, "none"),
    ]
    assert (ranking_maps(straight, IGPATHS, signs=("absolute",))["IG", 4, "absolute"] >= 0).all()


@pytest.mark.parametrize("name", PATHS)
def test_a_source_reads_every_rule_from_one_walk(name):
    found = sample(on_path(name, output="logit", steps=(2,)))
    label = next(iter(found.source.ranked))
    maps = ig.attribute(found.net, IMAGES, TARGETS, path=PATHS[name], rules=(ig.IG("both"),), steps=(2,))
    assert torch.equal(found.walked[ig.IG("both"), 2], maps[ig.IG("both"), 2])
    assert {f"{label}, left sum", f"{label}, right sum"} == set(found.source.others)
    assert ("gradient" in found.source.ranked) == (name == "straight")


def test_maps_by_the_labels_of_their_methods(straight):
    found = by_method(straight.net, IMAGES, TARGETS, "straight", "blur", steps=4, batch_size=BATCH)
    assert list(found) == ["IG", "IG + IDGI", "gradient", "Σ g²", "Blur IG", "Blur IG + IDGI"]
    assert torch.equal(found["IG + IDGI"], straight.walked[ig.IDGI(), 4])


def test_completeness_has_each_sum_and_the_score_along_the_walk(straight):
    gaps, *scores = MEASURES["completeness"].rows(straight, IGPATHS)
    assert set(gaps["method"]) == {"IG", "IG + IDGI", "IG, left sum", "IG, right sum"}
    left = gaps[(gaps["method"] == "IG, left sum") & (gaps["steps"] == 2)]["value"]
    np.testing.assert_array_equal(left, straight.walked.completeness_gap[ig.IG("start"), 2].double())
    for n, frame in zip((2, 4), scores, strict=True):
        np.testing.assert_array_equal(np.stack(frame["curve"]), straight.walked.scores[n])
        ends = straight.walked.scores[n].double()
        np.testing.assert_array_equal(frame["value"], ends[:, -1] - ends[:, 0])


def test_the_last_of_two_segments_and_the_first_make_the_whole():
    blur = sample(on_path("blur", output="logit", steps=(1, 2)))
    found = along.late(blur, IGPATHS)
    one = [frame for frame in found if set(frame["steps"]) == {1}]
    assert all(frame["value"].to_numpy() == pytest.approx(1) for frame in one)
    score = next(f for f in found if set(f["steps"]) == {2} and set(f["variant"]) == {"score"})
    s = blur.walked.scores[2].double()
    np.testing.assert_allclose(score["value"], ((s[:, 2] - s[:, 1]) / (s[:, 2] - s[:, 0])).abs(), rtol=1e-5)


@pytest.mark.parametrize(("measure", "canvases"), [("insertion", ["black"]), ("canvases", ["mean", "blur"])])
def test_insertion_is_read_twice_and_keeps_its_curve_once(straight, measure, canvases):
    found = MEASURES[measure].rows(straight, IGPATHS)
    assert {variant for frame in found for variant in frame["variant"]} == {
        f"{canvas}, {count} counts" for canvas in canvases for count in (21, 6)
    }
    kept = [frame for frame in found if frame["curve"].notna().any()]
    assert len(kept) == len(canvases)
    assert {len(curve) for curve in kept[0]["curve"]} == {21}
    assert all("misclassified" in set(frame["left_out"]) for frame in found)


def test_study_a_ranks_half_precision_maps_both_ways_and_asks_for_confidence():
    calm = sample(STRAIGHT, net=classifier(small_network(torch.float32), "probability"))
    found = revealing.reveal(calm, STUDY_A)
    assert set(found[0]["sign"]) == {"signed", "absolute", "none"}
    for frame in comparing.compare_compressed(calm, STUDY_A):  # of what the paper asks of a map as it is
        assert set(frame["sign"]) == {"signed", "none"}
    bold = replace(STUDY_A, images="any", information=replace(STUDY_A.information, estimators=(("png", "normalised"),)))
    out = {reason for frame in revealing.curves(calm, bold) for reason in frame["left_out"]}
    assert out == {"p < 0.8"}


def test_study_a_leaves_out_what_is_misclassified_and_of_information_curves_what_is_not_sure():
    source = of_study_a("straight", steps=(2, 4))
    layers = small_network(torch.float32)
    with torch.no_grad():
        layers[-1].weight.mul_(10)  # sure to different degrees
    net = classifier(layers, "probability")
    predictions, confidence = net.predict(IMAGES)
    predictions[0], targets = (predictions[0] + 1) % 5, predictions.clone()
    sure = float(confidence[1:].sort().values[1:].mean())  # of three that are not wrong one is surer than this
    walked = explain(source, net, IMAGES, targets, batch_size=16)
    own = sample(source, net=net, targets=targets, predictions=predictions, walked=walked)
    how = replace(STUDY_A.information, estimators=(("png", "normalised"),), confidence=sure)
    wrong = {"a"}
    for frame in revealing.reveal(own, STUDY_A) + comparing.compare_compressed(own, STUDY_A):
        out = frame[frame["left_out"] != ""]
        assert (set(out["image"]), set(out["left_out"])) == (wrong, {"misclassified"})
    for frame in revealing.curves(own, replace(STUDY_A, information=how)):
        reasons = dict(zip(frame["image"], frame["left_out"], strict=True))
        unsure = {name for name, p in zip("abcd", confidence.tolist(), strict=True) if p < sure} - wrong
        assert len(unsure) == 2
        assert {name for name, reason in reasons.items() if reason == "misclassified"} == wrong
        assert {name for name, reason in reasons.items() if reason == f"p < {sure}"} == unsure


def test_pair_starts_from_seeds(straight):
    few = replace(PAIR.information, shares=(0.3,), estimators=(("png", "normalised"),), confidence=None)
    found = revealing.curves(straight, replace(PAIR, information=few, images="any"))
    assert [set(frame["metric"]) for frame in found] == [{"SIC"}, {"AIC"}]
    usable = [frame[frame["left_out"] == ""] for frame in found]
    assert all(frame["value"].between(0, 1).all() for frame in usable)
    assert len(usable[0])


def test_each_estimator_is_asked_once_by_one_measure():
    asked = [
        name for measure in ("information", "entropy", "webp") for name in MEASURES[measure].rows.keywords["estimators"]
    ]
    assert sorted(asked) == sorted({name for name, _ in IGPATHS.information.estimators})
    assert not MEASURES["webp"].of(STRAIGHT, STUDY_A)
    assert not MEASURES["information"].of(STRAIGHT, PAIR)
    assert MEASURES["webp"].of(STRAIGHT, PAIR)


def test_abpc_is_that_of_the_maps_at_the_finest_step_count(straight):
    found = revealing.ablate(straight, IGPATHS)
    assert {frame["variant"][0] for frame in found} == {
        f"{score}, {clip}" for score in ("logit", "probability") for clip in ("plain", "clipped")
    }
    plain = next(frame for frame in found if frame["variant"][0] == "logit, plain")
    assert set(plain["steps"]) == {4}
    stack = signed_map(straight.walked[ig.IG("both"), 4])[:, None]
    expected = abpc(perturbation(straight.net, IMAGES, TARGETS, stack))[:, 0]
    own = plain[(plain["method"] == "IG") & (plain["sign"] == "signed")]["value"]
    np.testing.assert_allclose(own, expected, rtol=1e-5)


def test_stability_compares_the_signed_maps_of_image_and_compressed_image(straight):
    found = comparing.compare_compressed(straight, IGPATHS)
    raw = next(frame for frame in found if frame["metric"][0] == "JPEG raw")
    after = ig.attribute(straight.net, PALE, TARGETS, path=ig.Straight("black"), rules=(ig.IDGI(),), steps=(4,))
    expected = squared_error(
        signed_map(straight.walked[ig.IDGI(), 4]), signed_map(after[ig.IDGI(), 4]), normalisation="raw"
    )
    np.testing.assert_allclose(raw[raw["method"] == "IG + IDGI"]["value"], expected, rtol=1e-4)
    assert set(raw["sign"]) == {"signed", "none"}


def test_each_quality_is_compared_as_the_protocols_own_is(straight):
    two = replace(IGPATHS, compression=replace(IGPATHS.compression, quality=50, qualities=(30, 50)))
    asked = []
    noted = replace(straight, altered=lambda alter: asked.append(alter.keywords["quality"]) or PALE)
    found = comparing.qualities(noted, two)
    assert asked == [30, 50]
    assert {frame["variant"][0] for frame in found} == {"quality 30", "quality 50"}
    one = comparing.compare_compressed(noted, two)
    for own, single in zip(found[len(one) :], one, strict=True):
        assert own.drop(columns="variant").equals(single.drop(columns="variant"))


def by_variant(frames, metric, method):
    found = {f["variant"][0]: f[f["method"] == method]["value"].to_numpy() for f in frames if f["metric"][0] == metric}
    return {variant: np.median(values) for variant, values in found.items()}


def test_noise_moves_a_gradient_by_its_length_and_a_map_the_more_of_it_there_is(unsaturated):
    found = comparing.noise(unsaturated, IGPATHS)
    gradient = by_variant(found, "noise change", "gradient")
    assert list(gradient) == [f"ε = {size:.0e}" for size in comparing.LEVELS]
    moved = list(by_variant(found, "noise change", "IG").values())
    assert moved == sorted(moved)
    assert gradient["ε = 1e-03"] == pytest.approx(1e-3, rel=0.5)  # summed over colours, of 768 numbers
    assert by_variant(found, "noise cosine", "IG")["ε = 1e-03"] == pytest.approx(1, abs=1e-5)


def test_rounding_moves_a_straight_map_by_no_more_than_rounding(unsaturated):
    found = comparing.rounding(unsaturated, IGPATHS)
    change = by_variant(found, "rounding change", "IG")
    assert set(change) == {"float64", "bfloat16", "constants", "batch of one", "threads"}
    assert 0 < change["float64"] < 1e-4
    assert change["constants"] < 1e-4
    assert change["batch of one"] < 1e-4 < change["bfloat16"]


def test_rounding_asks_for_another_number_of_threads(straight, monkeypatch):
    seen = []
    monkeypatch.setattr(comparing, "threads", lambda count: seen.append(count) or threads(count))
    for count in (1, 2, 3):
        with threads(count):
            comparing.rounding(straight, IGPATHS)
    assert seen == [2, 1, 1]


def test_a_cpu_is_compared_with_another_device_alone(unsaturated):
    assert comparing.devices(unsaturated, IGPATHS) == []
    elsewhere = copy.copy(unsaturated.net)
    elsewhere.device = torch.device("meta")
    change, angle = comparing.devices(replace(unsaturated, net=elsewhere), IGPATHS)
    assert (change["metric"][0], change["variant"][0]) == ("device change", "cpu")
    assert (change["value"] == 0).all()
    assert angle["value"].to_numpy() == pytest.approx(1)


@pytest.fixture(scope="module")
def guided():
    return sample(on_path("guided", output="logit", steps=(4,)))


def test_a_path_beside_itself_has_a_row_a_step(guided, unsaturated):
    found = {(frame["metric"][0], frame["variant"][0]): frame["value"] for frame in parting.part(guided, IGPATHS)}
    assert len(found) == 4 * 4
    assert (found["parting distance", "step 4"] == 0).all()  # all paths end at the image
    moved = {frame["variant"][0]: frame["value"] for frame in parting.part(unsaturated, IGPATHS)}
    assert list(moved) == [f"δ = {10.0**-k:.0e}" for k in range(9, 0, -1)]
    assert moved["δ = 1e-09"].median() < moved["δ = 1e-01"].median()


def test_variants_of_guided_ig_are_walked_twice(guided):
    found = parting.tame(guided, IGPATHS)
    change = by_variant(found, "tamed change", "Guided IG")
    assert change["float64"] < 1e-9
    assert 0 < change["mean of 4"] < 2 * change["one of them"]
    assert change["chosen once"] < 1e-3
    window = parting.Pooled("black", window=99)  # the same mean everywhere: all pixels tie, and all move
    maps = ig.attribute(guided.net, IMAGES, TARGETS, path=window, rules=(ig.IG(),), steps=(4,))[ig.IG(), 4]
    line = ig.attribute(guided.net, IMAGES, TARGETS, path=ig.Straight("black"), rules=(ig.IG(),), steps=(4,))[
        ig.IG(), 4
    ]
    torch.testing.assert_close(maps, line, rtol=1e-3, atol=1e-4)


def test_a_path_whose_pixels_are_chosen_once_is_guided_where_gradients_do_not_change():
    net = classifier(Linear(shape=(3, 4, 4)))
    x, targets = images(2, shape=(3, 4, 4)), torch.zeros(2, dtype=torch.int64)
    gradient = net.gradients(x, targets)[1]
    free = ig.Guided(0.0, 0.5, 1.0)
    for size in (1, 16):  # images one after the other, and together
        points = []
        for path in (free, parting.Once(0.0, 0.5, 1.0, chosen_by=gradient)):
            maps = ig.attribute(net, x, targets, path=path, rules=(ig.IDGI(),), steps=(5,), batch_size=size)
            points.append(maps.scores[5])
        torch.testing.assert_close(*points)


def test_what_is_left_of_a_map_that_is_summed(unsaturated):
    (found,) = describing.cancellation(unsaturated, IGPATHS)
    maps = signed_map(unsaturated.walked[ig.IG("both"), 4]).flatten(1).double()
    own = found[found["method"] == "IG"]["value"]
    np.testing.assert_allclose(own, maps.sum(1).abs() / maps.abs().sum(1))
    assert found[found["method"] == "Σ g²"]["value"].to_numpy() == pytest.approx(1)


def test_max_sensitivity_of_ig_is_that_of_its_attribution(straight):
    few = replace(IGPATHS, noise=replace(IGPATHS.noise, samples=2))
    (found,) = comparing.sensitivity(straight, few)

    def ig_alone(x):
        return ig.attribute(
            straight.net, x, TARGETS, path=ig.Straight("black"), rules=(ig.IG("both"),), steps=(4,), check=False
        )[ig.IG("both"), 4][:, None]

    expected = max_sensitivity(ig_alone, IMAGES, uniform_noise(straight.net, IMAGES, samples=2))[:, 0]
    np.testing.assert_allclose(found[found["method"] == "IG"]["value"], expected, rtol=1e-4)


EIGHT, EIGHT_B = (
    replace(protocol, split=tuple(replace(split, steps=8) for split in protocol.split))
    for protocol in (IGPATHS, STUDY_B)
)


@pytest.fixture(scope="module")
def grey():
    (source,) = [source for source in splits((EIGHT, EIGHT_B)) if source.name == "split-mean-8"]
    return sample(source)


class TestSplit:
    def test_protocols_that_start_alike_share_a_walk(self):
        assert [source.name for source in splits((EIGHT, EIGHT_B))] == [
            "split-mean-8",
            "split-mean-8-probability",
            "split-black-8",
        ]

    def test_a_ratio_and_its_alpha_star_are_those_of_the_maps(self, grey):
        left, right = (part(ig.IG("end"), 0.9, "right") for part in (ig.Left, ig.Right))
        maps = ig.attribute(grey.net, IMAGES, TARGETS, path=ig.Straight("mean"), rules=(left, right), steps=(8,))
        found = {
            (frame["method"][0], frame["metric"][0], frame["variant"][0]): frame["value"].to_numpy()
            for frame in splitting.split(grey, EIGHT_B)
        }
        ratio = norm_ratio(maps[right, 8], maps[left, 8], order=2)
        np.testing.assert_allclose(found["IG", "L2 ratio", "ψ = 0.9"], ratio, rtol=1e-4)
        np.testing.assert_array_equal(found["IG", "alpha*", "ψ = 0.9"], maps.alpha_star[left, 8].double())
        assert len(found) == 2 * 3 * 8

    def test_images_are_left_out_for_the_protocols_own_reasons(self, grey):
        gain = grey.walked.scores[8][:, -1] - grey.walked.scores[8][:, 0]
        for protocol, excluded in (
            (EIGHT_B, gain <= 5),
            (EIGHT, (grey.predictions != TARGETS) | (gain <= 0)),
        ):
            reasons = splitting.split(grey, protocol)[0]["left_out"].tolist()
            for reason, held in zip(reasons, excluded.tolist(), strict=True):
                assert held == (reason not in ("", "a part is empty"))

    def test_an_image_with_an_empty_part_counts_at_no_psi(self, grey):
        by_psi = {}
        for frame in splitting.split(grey, EIGHT_B):
            by_psi.setdefault(frame["method"][0], []).append(tuple(frame["left_out"]))
        assert all(len(set(reasons)) == 1 for reasons in by_psi.values())

    def test_max_sensitivity_of_study_b_is_that_of_the_parts(self, grey):
        few = replace(EIGHT_B, noise=replace(STUDY_B.noise, samples=1))
        (found,) = comparing.sensitivity(grey, few)
        assert list(dict.fromkeys(found["method"])) == ["Left", "Right", "Full", "Left + IDGI", "Full + IDGI"]

    def test_the_parts_rank_pixels_as_their_protocol_sums_colours_with_the_controls_beside_them(self, grey):
        for protocol, signs in ((EIGHT, 2), (EIGHT_B, 1)):
            maps = ranking_maps(grey, protocol)
            assert len(maps) == 5 * signs + 2
            whole = signed_map(grey.walked[ig.IG(protocol.split[0].at), 8])
            parts = maps["Left", 8, "signed"] + maps["Right", 8, "signed"]
            torch.testing.assert_close(parts, whole, rtol=0, atol=1e-5)
            torch.testing.assert_close(maps["Full", 8, "signed"], whole, rtol=0, atol=1e-5)
            assert list(maps)[-2:] == [("edges", 0, "none"), ("random", 0, "none")]

    @pytest.mark.parametrize("protocol", [EIGHT, EIGHT_B], ids=lambda protocol: protocol.name)
    def test_abpc_of_the_parts_is_under_each_protocols_name_and_choices(self, grey, protocol):
        found = revealing.ablate(grey, protocol)
        variants = [f"{score}, {'clipped' if clip else 'plain'}" for score in protocol.ablation.scores
                    for clip in protocol.ablation.clip]  # fmt: skip
        assert [frame["variant"][0] for frame in found] == variants
        assert {name for frame in found for name in frame["protocol"]} == {protocol.split[0].name}
        left = signed_map(grey.walked[ig.Left(ig.IG(protocol.split[0].at), 0.9, protocol.split[0].crossing), 8])
        expected = abpc(perturbation(grey.net, IMAGES, TARGETS, left[:, None]), clip=True)[:, 0]
        frame = found[variants.index("logit, clipped")]
        own = frame[(frame["method"] == "Left") & (frame["sign"] == "signed")]
        np.testing.assert_allclose(own["value"], expected, rtol=1e-5)
        assert "Window" in set(frame["method"])


class Across(Function):
    """s − bend · s² of the mean s, and across · s² times the difference of two pixels, which are alike in the images.

    Along a grey path the score rises ever less, while its gradient across the path grows.
    """

    def __init__(self, across=1000, bend=0.25):
        super().__init__()
        self.across, self.bend = across, bend

    def f(self, x):
        s = x.mean(1)
        return s - self.bend * s**2 + self.across * s**2 * (x[:, 0] - x[:, 1])


def of_function(function, *, steps, output="logit", psi=(0.9,), at="end", crossing="left", x=None):
    """A sample whose score is known along the path from 0, and the protocol of its split; grey images where x is."""
    net = classifier(function, output)
    how = replace(IGPATHS.split[0], at=at, steps=steps, psi=psi, crossing=crossing, output=output)
    protocol = replace(IGPATHS, split=(how,))
    (source,) = splits((protocol,))
    x = images(BATCH) if x is None else x.double().expand_as(images(BATCH)).contiguous()
    targets = torch.zeros(BATCH, dtype=torch.int64)
    walked = explain(source, net, x, targets, batch_size=16)
    return sample(source, net=net, walked=walked, images=x, targets=targets, predictions=targets), protocol


def of_split(found, metric, variant="ψ = 0.9"):
    """The values of IG in one of the frames."""
    (frame,) = [f for f in found if (f["method"][0], f["metric"][0], f["variant"][0]) == ("IG", metric, variant)]
    assert set(frame["left_out"]) == {""}
    return frame["value"].to_numpy()


def rising(kind):
    """A function of the problems whose weights are positive, so that it rises from 0 to any image."""
    function = kind()
    with torch.no_grad():
        function.w.abs_()
    return function


class TestSplitOfKnownFunctions:
    @pytest.mark.parametrize(("crossing", "star"), [("left", 15 / 16), ("right", 14 / 16)])
    def test_of_a_linear_network_nothing_saturates(self, crossing, star):
        linear, protocol = of_function(rising(Linear), steps=16, crossing=crossing)
        found = splitting.split(linear, protocol)
        expected = {"alpha*": star, "sum of Left": star, "L2 ratio": (1 - star) / star, "L1 ratio": (1 - star) / star}
        expected |= {"gradient norm ratio": 1, "cosine left right": 1, "cosine right full": 1}
        for metric, value in expected.items():
            np.testing.assert_allclose(of_split(found, metric), value, rtol=1e-9)

    def test_of_a_quadratic_the_gradient_grows_with_alpha(self):
        quadratic, protocol = of_function(rising(SeparableQuadratic), steps=1000)
        found, star = splitting.split(quadratic, protocol), 0.9**0.5
        np.testing.assert_allclose(of_split(found, "alpha*"), star, atol=1e-3)
        np.testing.assert_allclose(of_split(found, "sum of Left"), 0.9, atol=2e-3)
        np.testing.assert_allclose(of_split(found, "L2 ratio"), 0.1 / 0.9, atol=3e-3)
        ratio = (1 + star + star**2) ** 0.5 / star  # of the root mean squares of α over [α*, 1] and [0, α*]
        np.testing.assert_allclose(of_split(found, "gradient norm ratio"), ratio, rtol=2e-3)

    def test_where_the_score_rises_faster_along_with_its_gradient_the_gradient_follows_the_slope(self):
        quadratic, protocol = of_function(rising(SeparableQuadratic), steps=20)
        (found,) = splitting.slopes(quadratic, protocol)
        assert set(found["metric"]) == {"gradient follows slope"}
        np.testing.assert_allclose(found["value"], 1, rtol=0, atol=1e-12)

    @pytest.mark.parametrize("at", ["start", "end", "both"])
    def test_a_gradient_across_the_path_need_not_follow_the_slope(self, at):
        own, protocol = of_function(Across(), steps=20, at=at, x=torch.linspace(0.5, 0.9, BATCH).view(-1, 1, 1, 1))
        (found,) = splitting.slopes(own, protocol)
        np.testing.assert_allclose(found["value"], -1, rtol=0, atol=1e-12)

    def test_a_constant_gradient_follows_nothing(self):
        steady, protocol = of_function(Across(across=0, bend=0), steps=20, x=torch.ones(BATCH, 1, 1, 1))
        (found,) = splitting.slopes(steady, protocol)
        assert set(found["left_out"]) == {"undefined"}
        assert MEASURES["slopes"].of(steady.source, protocol)
        assert not MEASURES["slopes"].of(STRAIGHT, IGPATHS)

    def test_of_a_linear_network_a_window_is_worth_what_left_is(self):
        linear, protocol = of_function(rising(Linear), steps=16)
        left = linear.walked[ig.Left(ig.IG("end"), 0.9), 16]
        torch.testing.assert_close(window(linear, protocol), left, rtol=0, atol=1e-12)

    def test_a_window_is_as_long_as_left_and_lies_where_its_image_and_the_seed_say(self):
        steps = 100
        own, protocol = of_function(rising(SeparableQuadratic), steps=steps)
        length = 95  # √.9 of them
        maps = [window(replace(own, seed=seed), protocol) for seed in range(8)]
        shares = torch.stack([each.sum((1, 2, 3)) / own.walked.scores[steps][:, -1] for each in maps]).flatten()
        terms = 2 * torch.arange(1, steps + 1, dtype=torch.float64) / steps**2  # of the right sum of α²
        possible = terms.unfold(0, length, 1).sum(1)
        found = (shares.view(-1, 1) - possible).abs().min(1)
        assert float(found.values.max()) < 1e-12
        assert set(found.indices.tolist()) == set(range(steps - length + 1))
        alone = replace(own, images=own.images[2:], targets=own.targets[2:], start=2)
        alone = replace(alone, walked=explain(own.source, own.net, alone.images, alone.targets, batch_size=16))
        torch.testing.assert_close(window(alone, protocol), maps[0][2:], rtol=0, atol=1e-12)

    def test_an_image_that_is_not_finite_has_an_empty_window_and_the_others_have_theirs(self):
        own, protocol = of_function(rising(Linear), steps=8, psi=(0.5, 0.9))
        own.images[1] = torch.nan
        whole = window(
            replace(own, walked=explain(own.source, own.net, own.images, own.targets, batch_size=16)), protocol
        )
        assert not whole[1].any()
        assert all(whole[i].any() for i in (0, 2, 3))

    def test_where_there_is_no_alpha_star_the_window_is_empty_and_the_image_is_left_out(self):
        falling = Linear()
        with torch.no_grad():
            falling.w.abs_().neg_()
        linear, protocol = of_function(falling, steps=8)
        assert not window(linear, protocol).any()
        for frame in (*splitting.split(linear, protocol), *revealing.ablate(linear, protocol)):
            assert set(frame["left_out"]) == {"F(x) ≤ F(x')"}


class Both(nn.Module):
    """Two logits of one image: those of two functions, or of one and its negative."""

    def __init__(self, one, other=None):
        super().__init__()
        self.one, self.other = one, other

    def forward(self, x):
        value = self.one.f(x.flatten(1))
        return torch.stack([value, -value if self.other is None else self.other.f(x.flatten(1))], dim=1)


class TestSoftmax:
    def test_of_two_opposite_logits_the_dropped_term_is_exactly_the_kept_one(self):
        # ∇p_t = p_t (1 − p_t) (∇F_t − ∇F_o), of which the kept term is a half where F_o = −F_t
        opposite, protocol = of_function(Both(rising(SeparableQuadratic)), steps=16, output="probability")
        size, angle = splitting.softmax_terms(opposite, protocol)
        np.testing.assert_allclose(size["value"], 0.5, rtol=1e-9)
        np.testing.assert_allclose(angle["value"], 1, rtol=1e-9)

    def test_nothing_is_dropped_where_the_other_logit_does_not_depend_on_the_image(self):
        alone, protocol = of_function(rising(SeparableQuadratic), steps=16, output="probability")
        size, angle = splitting.softmax_terms(alone, protocol)
        np.testing.assert_allclose(size["value"], 0, atol=1e-9)
        np.testing.assert_allclose(angle["value"], 1, rtol=1e-9)

    @pytest.mark.parametrize("at", ["end", "both"])
    def test_of_two_classes_what_is_dropped_is_the_other_logits_gradient(self, at):
        one, other = rising(SeparableQuadratic), Linear(seed=3)
        two, protocol = of_function(Both(one, other), steps=4, output="probability", at=at)
        dropped, whole = torch.zeros_like(two.images), torch.zeros_like(two.images)
        weights = torch.ones(5) / 4 * torch.tensor([0, 1, 1, 1, 1] if at == "end" else [0.5, 1, 1, 1, 0.5])
        for alpha, weight in zip(torch.arange(5) / 4, weights, strict=True):
            x = alpha * two.images
            p = two.net.scores(x, two.targets).view(-1, 1, 1, 1)
            gradients = 2 * one.w.view(x.shape[1:]) * x, other.w.view(x.shape[1:])
            dropped -= weight * p * (1 - p) * gradients[1] * two.images
            whole += weight * p * (1 - p) * (gradients[0] - gradients[1]) * two.images
        size, angle = splitting.softmax_terms(two, protocol)
        np.testing.assert_allclose(size["value"], norm_ratio(dropped, whole, order=2), rtol=1e-6)
        np.testing.assert_allclose(angle["value"], cosine(whole, whole - dropped), rtol=1e-6)
        assert float(size["value"].min()) > 0.01

    def test_the_split_of_the_probability_stands_again_for_the_images_that_the_network_is_sure_of_or_not(self):
        own, protocol = of_function(Both(rising(Linear)), steps=16, output="probability")
        own.walked.scores[16][:, 0] = 0.1
        own.walked.scores[16][:, -1] = torch.tensor([0.95, 0.7, 0.3, 0.9], dtype=torch.float64)
        found = {frame["variant"][0]: frame for frame in splitting.split(own, protocol)}
        assert set(found) == {f"ψ = 0.9, probability{group}" for group in ("", ", p ≥ 0.9", ", p < 0.5")}
        sure, unsure = (
            found[f"ψ = 0.9, probability, {group}"]["left_out"].to_numpy() for group in ("p ≥ 0.9", "p < 0.5")
        )
        assert sure.tolist() == ["", "p < 0.9", "p < 0.9", ""]
        assert unsure.tolist() == ["p ≥ 0.5", "p ≥ 0.5", "", "p ≥ 0.5"]

    def test_the_logit_has_no_groups(self, grey):
        assert not any("," in frame["variant"][0] for frame in splitting.split(grey, EIGHT))


def of_ten_classes():
    """A sample for the scenes of two objects, which bring images of their own."""
    net = classifier(small_network(torch.float32, classes=10))
    source = on_path("straight", output="logit", steps=(2,))
    return sample(source, images=IMAGES[:1], targets=TARGETS[:1], names=("a",), net=net)


class Recorded:
    """A protocol that remembers which of its choices were looked at."""

    def __init__(self, protocol):
        self.protocol, self.read = protocol, set()

    def __getattr__(self, name):
        self.read.add(name)
        return getattr(self.protocol, name)


@pytest.mark.parametrize("name", [*MEASURES, "maps"])
def test_a_measure_reads_no_choice_but_those_that_its_results_are_stored_under(name, straight, grey):
    measure = MEASURES.get(name, MAPS)
    small = replace(IGPATHS.information, estimators=tuple((name, "normalised") for name in ("png", "entropy", "webp")))
    small = replace(EIGHT, information=small, noise=replace(IGPATHS.noise, samples=1))
    if name == "information":
        measure = replace(measure, rows=partial(revealing.curves, estimators=("png",)))
    masks = torch.arange(16).view(1, 1, 16).expand(BATCH, 16, 16) < 8
    unsure = sample(next(source for source in splits((EIGHT,)) if source.output == "probability"))
    given = {
        "split": grey,
        "slopes": grey,
        "perturbation": grey,
        "softmax": unsure,
        "peers": sample(controls(output="logit")),
    }
    given |= {
        of: sample(on_path(path, output="logit", steps=(2,)))
        for of, path in (("late", "blur"), ("taming", "guided"), ("quadrature", "straight-placed"))
    }
    asked = replace(given.get(name, straight), masks=masks, kept=1)
    if name.endswith("classes"):  # whose scenes are larger than these images
        asked = of_ten_classes()
    protocol = Recorded(small)
    assert measure.rows(asked, protocol) or name == "devices"  # for which a CPU has no other
    assert protocol.read <= {*ALWAYS, *measure.reads}


def test_study_b_leaves_out_of_max_sensitivity_what_it_leaves_out_of_the_split(grey):
    few = replace(EIGHT_B, noise=replace(STUDY_B.noise, samples=1))
    (found,) = comparing.sensitivity(grey, few)
    gain = grey.walked.scores[8][:, -1] - grey.walked.scores[8][:, 0]
    own = found[found["method"] == "Right"]["left_out"]
    assert (own == "gain of 5 or less").tolist() == (gain <= 5).tolist()


def test_pairs_share_the_photographs_of_their_own_backgrounds_and_materials():
    for found in describing.classes(of_ten_classes(), IGPATHS):
        assert set(found["photograph"]) == {objects.pair(0).photograph}
        assert set(found["material"]) == {objects.pair(0).material}


def test_maps_that_are_the_same_for_both_classes_fall_on_the_likelier_object_as_much_as_not_on_the_other():
    own, shares = of_ten_classes(), []
    layer = own.net.module[-1]
    with torch.no_grad():
        layer.weight[:] = layer.weight[0]
    for likelier in objects.pair(0).targets:
        with torch.no_grad():
            layer.bias[:] = 0
            layer.bias[likelier] = 1
        sensitivity, share = describing.classes(own, IGPATHS)
        np.testing.assert_allclose(sensitivity["value"], 0.5, atol=1e-5)
        shares.append(share["value"].to_numpy())
    np.testing.assert_allclose(shares[0] + shares[1], 1, atol=1e-5)
    assert (np.abs(shares[0] - 0.5) > 1e-3).all()


def test_texture_compares_maps_with_the_edges_of_their_own_image():
    found = {frame["metric"][0]: frame for frame in describing.texture(sample(controls(output="logit")), IGPATHS)}
    edges, random = (found["likeness to edges"].query("method == @name")["value"] for name in ("edges", "random"))
    np.testing.assert_allclose(edges, 1)
    assert (random.abs() < 0.3).all()
    rough = {name: found["roughness"].query("method == @name")["value"].to_numpy() for name in ("edges", "random")}
    assert (rough["random"] > 0.9).all()
    assert set(found) == {"likeness to edges", "patchiness", "roughness"}


def test_a_straight_path_moves_evenly_and_a_blurred_one_late():
    straight, blurred = (
        along.late(sample(on_path(name, output="logit", steps=(2, 4))), IGPATHS)[-1] for name in ("straight", "blur")
    )
    assert {frame["metric"][0] for frame in (straight, blurred)} == {"late movement"}
    np.testing.assert_allclose(straight["value"], 0.1, rtol=1e-5)
    assert set(straight["steps"]) == {4}
    fine = along.late(sample(on_path("blur", output="logit", steps=(40,))), IGPATHS)[-1]
    assert (fine["value"] > 0.5).all()


def test_the_last_segment_of_a_linear_network_has_its_share():
    net = classifier(rising(Linear))
    x, targets = images(BATCH), torch.zeros(BATCH, dtype=torch.int64)
    linear = sample(on_path("straight", output="logit", steps=(4, 8)), net=net, walked=None, images=x, targets=targets)
    for frame in along.late(linear, IGPATHS)[:-1]:
        np.testing.assert_allclose(frame["value"], 1 / frame["steps"], rtol=1e-9)


def before_star(frames, metric):
    """The shares before α* of a metric, by method."""
    (found,) = [frame for frame in frames if frame["metric"][0] == metric]
    assert set(found["variant"]) == {"ψ = 0.9"}
    assert set(found["left_out"]) == {""}
    return {method: part["value"].to_numpy() for method, part in found.groupby("method", sort=False)}


def of_a_line(function, *, steps):
    """A sample on the straight path from black, whose walk the measure makes itself."""
    x, targets = images(BATCH), torch.zeros(BATCH, dtype=torch.int64)
    source, net = on_path("straight", output="logit", steps=(steps,)), classifier(function)
    return sample(source, net=net, walked=None, images=x, targets=targets, predictions=targets)


class TestWeights:
    def test_of_a_linear_function_every_share_is_alpha_star(self):
        found = along.weigh(of_a_line(rising(Linear), steps=16), IGPATHS)
        for metric in ("weight before α*", "credit before α*"):
            shares = before_star(found, metric)
            assert list(shares) == ["IG", "IG + IDG", "IG + IDGI", "Σ g²"]
            for share in shares.values():
                np.testing.assert_allclose(share, 15 / 16, rtol=1e-12)

    def test_of_a_quadratic_they_are_sums_over_the_points_before(self):
        steps = 100
        found = along.weigh(of_a_line(rising(SeparableQuadratic), steps=steps), IGPATHS)
        j, star = np.arange(steps), 95  # √.9 of them
        rise = 2 * j + 1  # of j²
        over_square = np.divide(rise, j**2, out=np.zeros(steps), where=j > 0)
        weights = {"IG": j * 0 + 1, "IG + IDG": rise, "IG + IDGI": over_square, "Σ g²": j * 0 + 1}
        credits = {"IG": rise, "IG + IDG": rise * (j + 1), "IG + IDGI": rise * (j > 0), "Σ g²": j**2}
        for metric, expected in (("weight before α*", weights), ("credit before α*", credits)):
            shares = before_star(found, metric)
            for name, parts in expected.items():
                np.testing.assert_allclose(shares[name], parts[:star].sum() / parts.sum(), rtol=1e-9)

    def test_what_falls_below_the_threshold_again_stays_behind_alpha_star(self):
        class Wave(Linear):
            """s + sin 4πs, s the part of the way to the first image: 1.125 at 1/8, −.25 at 3/8, 1 at the end."""

            def f(self, x):
                part = super().f(x) / super().f(images(BATCH).flatten(1)[:1])
                return part + (4 * torch.pi * part).sin()

        own = of_a_line(rising(Wave), steps=16)
        own = replace(own, images=own.images[:1], targets=own.targets[:1], predictions=own.targets[:1])
        shares = before_star(along.weigh(own, IGPATHS), "weight before α*")
        assert shares["IG"] == pytest.approx(2 / 16)

    @pytest.mark.parametrize("path", ["straight", "straight-grey"])
    def test_of_a_network_igs_is_alpha_star_and_idgis_credit_is_idgs_weight(self, path):
        net, rule = network("logit"), ig.Left(ig.IG(), 0.9)
        rise = net.logits(IMAGES) - net.logits(PATHS[path].start(net, IMAGES))
        own = sample(on_path(path, output="logit", steps=(10,)), net=net, targets=rise.argmax(1), walked=None)
        own = replace(own, predictions=own.targets)
        found = along.weigh(own, IGPATHS)
        weight, credit = (before_star(found, f"{of} before α*") for of in ("weight", "credit"))
        star = ig.attribute(net, IMAGES, own.targets, path=PATHS[path], rules=rule, steps=10).alpha_star[rule, 10]
        (label, idg, idgi, _) = weight
        np.testing.assert_allclose(weight[label], star, rtol=1e-6)
        np.testing.assert_allclose(credit[idgi], weight[idg], rtol=1e-5)
        assert len({float(share[0]) for share in (*weight.values(), *credit.values())}) > 4

    def test_where_the_score_falls_there_is_no_alpha_star(self):
        falling = Linear()
        with torch.no_grad():
            falling.w.abs_().neg_()
        for frame in along.weigh(of_a_line(falling, steps=4), IGPATHS):
            assert set(frame["left_out"]) == {"F(x) ≤ F(x')"}


def test_the_parts_are_measured_of_the_logit_and_under_the_papers_protocol_by_what_the_paper_asks():
    asked = {
        (source.name, protocol.name): {name for name, measure in MEASURES.items() if measure.of(source, protocol)}
        for protocol in (IGPATHS, STUDY_B)
        for source in splits((protocol,))
    }
    of_parts = {"perturbation", "sensitivity", "slopes", "split", "texture"}
    assert asked == {
        ("split-mean-200", "igpaths"): of_parts | {"localization", "parts"},
        ("split-mean-200-probability", "igpaths"): {"split", "softmax"},
        ("split-black-200", "igpaths"): of_parts | {"localization", "parts"},
        ("split-mean-200", "study-b"): of_parts,
    }


def test_insertion_of_the_parts_ranks_pixels_by_each_of_them():
    source = next(source for source in splits((EIGHT,)) if source.output == "logit")
    parts = sample(source)
    found = pd.concat(MEASURES["parts"].rows(parts, EIGHT))
    assert set(found["method"]) == {"Left", "Right", "Full", "Left + IDGI", "Full + IDGI", "edges", "random"}
    own = found.query("method == 'Full' and sign == 'absolute' and variant == 'black, 21 counts'")
    whole = ig.metrics.absolute_map(parts.walked[ig.IG("both"), 8])
    r = ig.metrics.insertion(*parts.question, whole.unsqueeze(1), **parts.drawing)
    values = own[own["metric"] == "insertion"]["value"]
    np.testing.assert_allclose(values, ig.metrics.area(r.shares, r.probability)[:, 0].cpu(), rtol=1e-6)


def test_every_measure_has_rows_of_the_same_columns(straight):
    few = replace(IGPATHS, noise=replace(IGPATHS.noise, samples=1), information=None)
    for measure in (*MEASURES.values(), MAPS):
        if measure.task or isinstance(measure.rows, partial) or not measure.of(STRAIGHT, few):
            continue
        for frame in measure.rows(straight, few):
            assert tuple(frame.columns) == COLUMNS
            assert len(frame) % BATCH == 0

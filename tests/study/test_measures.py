"""Measures: which rows there are, what is counted out and why, and what each protocol asks."""

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

import igpaths as ig
from igpaths.metrics import (
    abpc,
    blur_photograph,
    max_sensitivity,
    norm_ratio,
    perturbation,
    signed_map,
    squared_error,
    uniform_noise,
)
from igpaths.study.measures import (
    ALWAYS,
    MAPS,
    MEASURES,
    along,
    comparing,
    describing,
    locating,
    parting,
    revealing,
    splitting,
)
from igpaths.study.measures.sample import Sample, ranking_maps, rows
from igpaths.study.protocols import IGPATHS, PAIR, STUDY_A, STUDY_B
from igpaths.study.sources import PATHS, controls, explain, of_study_a, on_path, splits
from igpaths.study.store import COLUMNS
from igpaths.study.threads import threads
from igpaths.tasks import objects
from igpaths.walk import fold
from problems import Linear, classifier, images, small_network

BATCH = 4
IMAGES = images(BATCH, shape=(3, 16, 16)).float()
TARGETS = torch.arange(BATCH) % 5
BLURRED = IMAGES.mean((2, 3), keepdim=True).expand_as(IMAGES)
PALE = (0.9 * IMAGES + 0.05).clamp(0, 1)


def network(output="logit"):
    layers = small_network(torch.float32)
    with torch.no_grad():
        layers[-1].weight.mul_(400)  # so that some scores rise by more than 5
    return classifier(layers, output)


def sample(source, **changes):
    net = network(source.output)
    facts = {
        "source": source,
        "walked": explain(source, net, IMAGES, TARGETS, batch_size=16),
        "net": net,
        "label": "small",
        "images": IMAGES,
        "targets": TARGETS,
        "predictions": net.predict(IMAGES)[0],
        "names": tuple("abcd"),
        "photographs": tuple("aabb"),
        "masks": None,
        "altered": lambda alter: BLURRED if alter is blur_photograph else PALE,
        "start": 0,
        "kept": 0,
        "seed": 0,
        "batch_size": 16,
    }
    return Sample(**(facts | changes))


STRAIGHT = on_path("straight", output="probability", steps=(2, 4))


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


def test_insertion_is_read_twice_and_keeps_its_curve_once(straight):
    found = MEASURES["insertion"].rows(straight, IGPATHS)
    assert {variant for frame in found for variant in frame["variant"]} == {
        f"{canvas}, {count} counts" for canvas in ("black", "mean", "blur") for count in (21, 6)
    }
    kept = [frame for frame in found if frame["curve"].notna().any()]
    assert len(kept) == 3
    assert {len(curve) for curve in kept[0]["curve"]} == {21}
    assert all("misclassified" in set(frame["left_out"]) for frame in found)


def test_study_a_ranks_signed_half_precision_maps_and_asks_for_confidence():
    calm = sample(STRAIGHT, net=classifier(small_network(torch.float32), "probability"))
    found = revealing.revealed(calm, STUDY_A)
    assert set(found[0]["sign"]) == {"signed", "none"}
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
    for frame in revealing.revealed(own, STUDY_A) + comparing.compressed(own, STUDY_A):
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
    asked = [name for measure in ("information", "webp") for name in MEASURES[measure].rows.keywords["estimators"]]
    assert sorted(asked) == sorted({name for name, _ in IGPATHS.information.estimators})
    assert not MEASURES["webp"].of(STRAIGHT, STUDY_A)
    assert not MEASURES["information"].of(STRAIGHT, PAIR)
    assert MEASURES["webp"].of(STRAIGHT, PAIR)


def test_abpc_is_that_of_the_maps_at_the_finest_step_count(straight):
    found = revealing.ablated(straight, IGPATHS)
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
    found = comparing.compressed(straight, IGPATHS)
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
    one = comparing.compressed(noted, two)
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
    assert set(change) - {"one thread"} == {"float64", "bfloat16", "constants", "batch of one"}
    assert 0 < change["float64"] < 1e-4
    assert change["constants"] < 1e-4
    assert change["batch of one"] < 1e-4 < change["bfloat16"]


def test_rounding_asks_for_one_thread_where_there_are_more(straight):
    for count in (1, 2):
        with threads(count):
            variants = {frame["variant"][0] for frame in comparing.rounding(straight, IGPATHS)}
        assert ("one thread" in variants) == (count > 1)


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
    found = {(frame["metric"][0], frame["variant"][0]): frame["value"] for frame in parting.parted(guided, IGPATHS)}
    assert len(found) == 4 * 4
    assert (found["parting distance", "step 4"] == 0).all()  # all paths end at the image
    moved = {frame["variant"][0]: frame["value"] for frame in parting.parted(unsaturated, IGPATHS)}
    assert list(moved) == [f"δ = {10.0**-k:.0e}" for k in range(9, 0, -1)]
    assert moved["δ = 1e-09"].median() < moved["δ = 1e-01"].median()


def test_variants_of_guided_ig_are_walked_twice(guided):
    found = parting.tamed(guided, IGPATHS)
    change = by_variant(found, "tamed change", "Guided IG")
    assert change["float64"] < 1e-9
    assert 0 < change["mean of 4"] < 2 * change["one of them"]
    assert change["chosen once"] < 1e-3
    window = parting.Pooled("black", window=99)  # the same mean everywhere: all pixels tie, and all move
    maps = fold(guided.net, IMAGES, TARGETS, path=window, rules=(ig.IG(),), steps=(4,))[ig.IG(), 4]
    line = fold(guided.net, IMAGES, TARGETS, path=ig.Straight("black"), rules=(ig.IG(),), steps=(4,))[ig.IG(), 4]
    torch.testing.assert_close(maps, line, rtol=1e-3, atol=1e-4)


def test_a_path_whose_pixels_are_chosen_once_is_guided_where_gradients_do_not_change():
    net = classifier(Linear(shape=(3, 4, 4)))
    x, targets = images(2, shape=(3, 4, 4)), torch.zeros(2, dtype=torch.int64)
    gradient = net.gradients(x, targets)[1]
    free = ig.Guided(0.0, 0.5, 1.0)
    for size in (1, 16):  # images one after the other, and together
        points = []
        for path in (free, parting.Once(0.0, 0.5, 1.0, chosen_by=gradient)):
            maps = fold(net, x, targets, path=path, rules=(ig.IDGI(),), steps=(5,), batch_size=size)
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
        return fold(straight.net, x, TARGETS, path=ig.Straight("black"), rules=(ig.IG("both"),), steps=(4,))[
            ig.IG("both"), 4
        ][:, None]

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
        assert [source.name for source in splits((EIGHT, EIGHT_B))] == ["split-mean-8", "split-black-8"]

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
        assert len(found) == 2 * 3 * 6

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
        assert list(dict.fromkeys(found["method"])) == ["Left", "Right", "Full"]


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
    small = replace(IGPATHS.information, estimators=(("png", "normalised"), ("webp", "normalised")))
    small = replace(EIGHT, information=small, noise=replace(IGPATHS.noise, samples=1))
    if name == "information":
        measure = replace(measure, rows=partial(revealing.curves, estimators=("png",)))
    masks = torch.arange(16).view(1, 1, 16).expand(BATCH, 16, 16) < 8
    paths = {"late": "blur", "taming": "guided"}
    given = {of: sample(on_path(path, output="logit", steps=(2,))) for of, path in paths.items()} | {"split": grey}
    asked = replace(given.get(name, straight), masks=masks, kept=1)
    if name == "classes":  # whose scenes are larger than these images
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


def test_pairs_share_the_photographs_of_their_own_backgrounds():
    (found,) = locating.classes(of_ten_classes(), IGPATHS)
    assert set(found["photograph"]) == {objects.pair(0).photograph}


def test_every_measure_has_rows_of_the_same_columns(straight):
    few = replace(IGPATHS, noise=replace(IGPATHS.noise, samples=1), information=None)
    for measure in (*MEASURES.values(), MAPS):
        if measure.task or isinstance(measure.rows, partial) or not measure.of(STRAIGHT, few):
            continue
        for frame in measure.rows(straight, few):
            assert tuple(frame.columns) == COLUMNS
            assert len(frame) % BATCH == 0

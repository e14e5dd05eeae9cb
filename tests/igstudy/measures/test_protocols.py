"""Every constant of every protocol, and the words they are shown in."""

import dataclasses

import pytest

from igstudy.measures.protocols import IGPATHS, PAIR, PROTOCOLS, SPLIT, STUDY_A, STUDY_B, Protocol, table

OPTIONAL = ("blur", "insertion", "information", "compression", "step_sensitivity", "ablation", "noise")


def test_the_protocols_go_by_their_names():
    assert list(PROTOCOLS) == ["study-a", "study-b", "igpaths", "pair"]
    assert all(PROTOCOLS[name].name == name for name in PROTOCOLS)


def test_a_protocol_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        STUDY_A.images = "all"
    with pytest.raises(dataclasses.FrozenInstanceError):
        STUDY_A.information.points = 10


def test_which_images_count_and_what_is_explained():
    assert [p.images for p in PROTOCOLS.values()] == ["correct", "gain over 5", "correct", "p ≥ 0.8"]
    assert [p.outputs for p in PROTOCOLS.values()] == [
        ("probability",), ("logit",), ("probability", "logit"), ("probability",)]  # fmt: skip
    assert "342 → 299" in STUDY_A.preparation
    assert STUDY_B.preparation == "256 → 224"
    assert IGPATHS.preparation == "the weights' own"


@pytest.mark.parametrize(("steps", "alpha"), [(8, 0.882), (16, 0.945), (32, 0.976), (64, 0.992), (128, 1)])
def test_the_coarse_straight_paths_of_study_a_stop_short_of_the_input(steps, alpha):
    alphas = STUDY_A.straight.alphas(steps)
    assert len(alphas) == steps
    assert alphas[0] == 0
    assert alphas[-1] == pytest.approx(alpha, abs=5e-4)


@pytest.mark.parametrize("steps", [8, 128])
def test_the_blurred_path_of_study_a_leaves_out_the_most_blurred_image(steps):
    alphas = STUDY_A.blur.alphas(steps)
    sigmas = [50 * (1 - alpha) for alpha in reversed(alphas)]
    assert sigmas == pytest.approx([50 * i / 128 for i in range(0, 128, 128 // steps)])


def test_study_b_visits_200_points_from_one_two_hundredth_to_the_input():
    assert STUDY_B.straight.alphas(200) == pytest.approx([i / 200 for i in range(1, 201)])


@pytest.mark.parametrize("steps", [8, 128])
def test_the_paths_of_igpaths_visit_both_ends(steps):
    for walk in (IGPATHS.straight, IGPATHS.blur, *IGPATHS.guided):
        assert walk.alphas(steps) == pytest.approx([i / steps for i in range(steps + 1)])


def test_baselines_gradients_and_options_of_the_walks():
    ends = {p.name: (p.straight.start, p.straight.ig, p.straight.idgi) for p in (STUDY_A, STUDY_B, IGPATHS)}
    assert ends == {
        "study-a": (("black",), "end", "start"),
        "study-b": (("mean",), "end", "start"),
        "igpaths": (("black", "mean"), "both", "start"),
    }
    assert (STUDY_A.blur.start, STUDY_A.blur.ig, STUDY_A.blur.idgi) == ((50,), "end", "end")
    assert dict(STUDY_A.blur.options) == {"padding": "reflect", "increment": "tangent", "IDGI": "n − 1 segments"}
    assert dict(IGPATHS.blur.options) == {"padding": "reflect", "increment": "difference"}
    code = {"gradients": "in normalised units", "IDGI": "without the last segment"}
    assert [dict(walk.options) for walk in STUDY_A.guided] == [{"fraction": 0.5, "max_distance": 1} | code]
    assert [dict(walk.options) for walk in IGPATHS.guided] == [
        {"fraction": 0.25, "max_distance": 0.02}, {"fraction": 0.5, "max_distance": 1}]  # fmt: skip


def test_the_map_that_ranks():
    assert (STUDY_A.ranking, STUDY_A.stored) == (("signed", "absolute"), "float16")
    assert STUDY_B.ranking == ("signed",)
    assert (IGPATHS.ranking, IGPATHS.stored) == (("signed", "absolute"), "float32")


def test_insertion():
    assert STUDY_A.insertion.canvases == ("black",)
    assert STUDY_A.insertion.shares == pytest.approx([0.05 * i for i in range(21)])
    assert STUDY_A.insertion.scores == ("probability", "probability ratio")
    assert STUDY_A.insertion.area == "trapezoid"
    assert IGPATHS.insertion == dataclasses.replace(STUDY_A.insertion, canvases=("black", "mean", "blur"))


def test_information_curves():
    a, ours, pair = STUDY_A.information, IGPATHS.information, PAIR.information
    assert a.canvas == ours.canvas == "photograph, σ = 20"
    assert a.shares == ours.shares == pytest.approx([i / 24 for i in range(25)])
    assert a.estimators == (("png", "normalised"), ("ms-ssim", "raw"))
    assert set(a.estimators) < set(ours.estimators)
    assert {name for name, _ in ours.estimators} == {"png", "webp", "ms-ssim", "entropy"}
    assert (a.points, a.monotone, a.sic, a.aic, a.dropped) == (100, True, "median", "mean", "together")
    assert (a.confidence, ours.confidence) == (0.8, None)
    assert pair.canvas == "seeds"
    assert pair.shares == (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.13, 0.21, 0.34, 0.5, 0.75)
    assert (pair.estimators, pair.points, pair.dropped, pair.confidence) == (
        (("webp", "normalised"),),
        1000,
        "each",
        0.8,
    )


def test_compression_and_steps():
    a, ours = STUDY_A.compression, IGPATHS.compression
    assert (a.quality, a.steps, a.normalisations, a.comparisons) == (75, 128, ("signed sum",), ())
    assert (ours.quality, ours.steps) == (75, 128)
    assert (a.qualities, ours.qualities) == ((), (30, 50, 75, 85, 95))
    assert (ours.normalisations, ours.comparisons) == (("raw", "signed sum", "L1"), ("cosine", "spearman"))
    for protocol in (STUDY_A, IGPATHS):
        assert (protocol.step_sensitivity.finest, protocol.step_sensitivity.coarsest) == (128, 8)


def test_split():
    rows = [dataclasses.astuple(split) for split in SPLIT]
    psi = (0.9, 0.95, 0.99)
    assert rows == [
        ("study-b", "mean", "end", 200, psi, "right", "gain over 5", "logit"),
        ("igpaths, grey", "mean", "both", 200, psi, "left", "correct", "logit"),
        ("igpaths, grey", "mean", "both", 200, psi, "left", "correct", "probability"),
        ("igpaths, black", "black", "both", 200, psi, "left", "correct", "logit"),
    ]


def test_ablation_and_noise():
    b, ours = STUDY_B.ablation, IGPATHS.ablation
    assert b.canvas == ours.canvas == "mean"
    assert b.shares == ours.shares == pytest.approx([0.1 * i for i in range(1, 10)])
    assert (b.scores, b.clip) == (("logit",), (True,))
    assert (ours.scores, ours.clip) == (("logit", "probability"), (True, False))
    for protocol in (STUDY_B, IGPATHS):
        assert (protocol.noise.samples, protocol.noise.radius, protocol.noise.norm) == (10, 0.05, 2)


def test_a_protocol_chooses_only_what_its_authors_measure():
    chosen = {p.name: {row for row in OPTIONAL if getattr(p, row) is not None} for p in PROTOCOLS.values()}
    assert chosen == {
        "study-a": {"blur", "insertion", "information", "compression", "step_sensitivity"},
        "study-b": {"ablation", "noise"},
        "igpaths": set(OPTIONAL),
        "pair": {"information"},
    }


def test_the_table_has_words_for_every_choice():
    words = table(*PROTOCOLS.values())
    rows = {field.name.replace("_", " ") for field in dataclasses.fields(Protocol)} - {"name"}
    assert all(set(column) == rows for column in words.values())
    assert words["pair"]["insertion"] == "–"
    assert "shares 21 from 0 to 1" in words["study-a"]["insertion"]
    assert "png normalised, ms-ssim raw" in words["study-a"]["information"]
    assert words["study-b"]["ablation"] == "scores logit; clip yes; canvas mean; shares 9 from 0.1 to 0.9"

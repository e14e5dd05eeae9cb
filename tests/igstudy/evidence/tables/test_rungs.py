"""What stands beside the answers on which map to use holds the planted numbers in the planted places."""

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.tables import rungs, sanity
from igstudy.evidence.tables.choosing import QUESTIONS, SIGMAS, Question, answer
from igstudy.measures.sources import RULES, labelled, on_path
from planting import planted

INSERTION = next(question for question in QUESTIONS if question.metric == "insertion")
TO_MAP = Question("", "steps to 5 %", "to 512", "lower")
TO_SCORE = Question("", "steps to 95 %", "black, 21 counts, to 512", "lower")


def test_every_rung_is_a_rule_of_the_straight_path():
    rules = ("ig", "variation", "squared-credits", "gradients", "gradient-variation", "squared-gradients", "idgi")
    assert list(rungs.RUNGS) == [labelled("straight", rule) for rule in rules]
    assert set(rules) <= set(RULES)
    assert "Σ g²" in on_path("straight", output="logit", steps=(2,)).ranked


def test_the_ladder_has_each_rung_as_it_is_and_smoothed():
    means = {(method, sigma): k / 10 + sigma / 100 for k, method in enumerate(rungs.RUNGS) for sigma in (0, 3)}
    panels = rungs.ladder(planted(means), "insertion", "black, 21 counts")
    assert list(panels) == ["ImageNet, insertion"]
    plain, smooth = panels["ImageNet, insertion"].values()
    assert list(plain) == list(smooth) == list(rungs.RUNGS.values())
    np.testing.assert_allclose([each.value for each in plain.values()], np.arange(7) / 10, atol=0.01)
    np.testing.assert_allclose([each.value for each in smooth.values()], np.arange(7) / 10 + 0.03, atol=0.01)


def test_costs_are_those_that_were_measured_else_those_of_the_run():
    found = answer(
        planted({("IG", 0): 0.4, ("IG", 3): 0.6, ("edges", 0): 0.2, ("Left IG", 0): 0.3}), INSERTION, "ImageNet"
    )
    steps = answer(planted({("IG", 0): 16}, question=TO_SCORE, spread=0), TO_SCORE, "ImageNet")
    costs = rungs.costs(found, steps)
    assert {name: x for name, (x, _, _) in costs.items()} == {"IG": 17, "edges": 0, "Left IG": rungs.WALK}
    assert costs["IG"][2].value == pytest.approx(0.6, abs=0.01)
    assert costs["edges"][2] is None
    assert rungs.costs(found, None)["IG"][0] == rungs.WALK


def test_widths_need_a_smoothed_map():
    means = {("IG", sigma): 0.1 * sigma for sigma in SIGMAS} | {("edges", 0): 0.2}
    panels = rungs.widths(planted(means), [INSERTION], ("IG", "edges", "random"))
    assert list(panels["ImageNet, insertion"]) == ["IG", "edges"]
    widths, values = panels["ImageNet, insertion"]["IG"]
    assert widths == list(SIGMAS)
    np.testing.assert_allclose([each.value for each in values], 0.1 * np.array(SIGMAS), atol=0.01)
    assert rungs.widths(planted({("IG", 0): 0.5}), [INSERTION], ("IG",)) == {}


def test_canvases_stand_below_each_other_with_their_direction():
    frames = [
        planted({("IG", 0): value, ("edges", 0): 0.1}, question=Question("", metric, f"{canvas}, 21 counts", "higher"))
        for metric, canvas, value in (
            ("insertion", "black", 0.4),
            ("insertion", "noise", 0.3),
            ("deletion", "noise", 0.2),
        )
    ]
    table = rungs.on_canvases(pd.concat(frames), "ImageNet", ("IG", "edges"))
    assert list(table.index) == [
        *("insertion on black (higher is better)", "insertion on noise (higher is better)"),
        "deletion on noise (lower is better)",
    ]
    assert table["IG"].str[:4].tolist() == ["0.40", "0.30", "0.20"]
    assert set(table["images"]) == {"up to 6"}


def test_canvases_are_compared_on_the_images_that_they_share():
    few = planted({("IG", 0): 0.3}, question=Question("", "insertion", "noise, 21 counts", "higher"), images=2)
    many = planted({("IG", 0): 0.4}, images=9, spread=0)
    many.loc[many["image"].isin(["0", "1"]), "value"] = 0.1
    table = rungs.on_canvases(pd.concat([few, many]), "ImageNet", ("IG",))
    assert table.loc["insertion on black (higher is better)", "IG"] == "0.10 ± 0.00"
    assert set(table["images"]) == {"up to 2"}


@pytest.mark.parametrize(
    ("black", "noise", "words"),
    [
        (0.5, 0.2, ["better by insertion on black;", "worse by insertion on noise."]),
        (0.3, 0.5, ["better by insertion on noise;", "neither better nor worse by insertion on black."]),
    ],
)
def test_on_which_canvases_a_map_is_better_is_said_as_it_is(black, noise, words):
    rows = pd.concat(
        planted(
            {("IG", 0): value, ("IG + IDGI", 0): 0.3}, question=Question("", "insertion", f"{on}, 21 counts", "higher")
        )
        for on, value in (("black", black), ("noise", noise))
    )
    sentence = rungs.by_canvas(rows, "ImageNet", "IG", "IG + IDGI")
    assert all(each in sentence for each in words)
    assert rungs.by_canvas(rows, "ImageNet", "IG", "edges") == "IG and edges were not compared."


@pytest.mark.parametrize(("random", "words"), [(0.2, "for “IG” (+0.4"), (0.6, "for none of the 1 that were tried.")])
def test_which_metrics_tell_a_random_networks_maps_is_said_as_it_is(random, words):
    means = {"": {("IG", 0): 0.6, ("edges", 0): 0.3}, ", all layers randomised": {("IG", 0): random}}
    rows = pd.concat(
        planted(of, question=Question("", "ABPC", f"logit, plain{end}", "higher"), spread=0.02, seed=len(end))
        for end, of in means.items()
    )
    sentence = sanity.tell_apart(rows, "ImageNet", ("IG",))
    assert sentence.startswith("ABPC ranks the network's own map above that of its randomised copy")
    assert words in sentence
    assert "was not measured" in sanity.tell_apart(rows.iloc[:0], "ImageNet", ("IG",))


def test_steps_are_rounded_and_their_kind_named():
    rows = pd.concat([
        planted({("IG", 0): 32}, question=TO_MAP, spread=0).assign(sign="signed"),
        planted({("IG", 0): 8}, question=TO_SCORE, spread=0),
    ])  # fmt: skip
    table = rungs.steps_needed(rows, ("IG", "Σ g²"))
    assert table.to_dict("records") == [
        {
            "networks": "ImageNet",
            "map": "IG",
            "within 5 % of the map": "32 [32, 32]",
            "95 % of its insertion": "8 [8, 8]",
        }
    ]


def test_shares_before_the_star_are_by_kind():
    question = Question("", "weight before α*", "ψ = 0.9", "higher")
    table = rungs.before_star(planted({("IG", 0): 0.3, ("IG + IDG", 0): 0.9}, question=question))
    assert list(table.columns) == ["IG", "IG + IDG"]
    assert table.loc[("ImageNet", "weight before α*"), "IG + IDG"].startswith("0.90")
    assert rungs.before_star(planted({("IG", 0): 0.3})).empty


def test_randomised_maps_are_against_the_share_of_layers():
    stages = {"1 of 4 layers": 0.8, "2 of 4 layers": 0.5, "all layers": 0.1}
    rows = pd.concat(
        planted({("IG", 0): value}, question=Question("", "sanity spearman", stage, "lower"), networks=("vgg",))
        for stage, value in stages.items()
    )
    shares, values = sanity.randomised(rows, ("IG",))["vgg"]["IG"]
    assert shares == [0.25, 0.5, 1.0]
    np.testing.assert_allclose([each.value for each in values], [0.8, 0.5, 0.1], atol=0.02)


def test_metrics_stand_beside_a_random_networks_map():
    means = {"": {("IG", 0): 0.6, ("edges", 0): 0.3, ("random", 0): 0.1}, ", all layers randomised": {("IG", 0): 0.2}}
    rows = pd.concat(
        planted(of, question=Question("", "SIC", f"png{end}", "higher"), networks=("vgg", "resnet"))
        for end, of in means.items()
    )
    (line,) = sanity.beside_random(rows, "small", ("IG",)).to_dict("records")
    assert [line[name][:3] for name in ("its own", "randomised", "edges", "random")] == ["0.6", "0.2", "0.3", "0.1"]


def test_paths_stand_below_each_other_where_all_four_rules_were_measured():
    means = {(labelled(path, rule), 0): k / 10 for path in ("straight", "blur") for k, rule in
             enumerate(("ig", "variation", "idgi", "idg"))}  # fmt: skip
    table = rungs.by_path(planted(means | {("Guided IG", 0): 0.9}), "ImageNet")
    assert list(table.index) == ["IG", "Blur IG"]
    assert [float(cell.split()[0]) for cell in table.loc["Blur IG"]] == pytest.approx([0, 0.1, 0.2, 0.3], abs=0.011)
    assert rungs.by_path(planted({("IG", 0): 0.5}), "ImageNet").empty


def test_sums_are_geometric_means_by_gradients():
    rows = pd.concat(
        planted({("IG, placed", 0): value}, question=Question("", "map change", of, "lower"), spread=0).assign(steps=n)
        for n, value, of in (*((n, v, "equal gradients, to 1024") for n, v in ((8, 0.04), (16, 0.01), (1025, 0.5))),
                             (8, 9.0, "to 512"))
    )  # fmt: skip
    rows["value"] *= np.where(rows["image"] == "0", 2.0, 1.0)
    counts, values = rungs.by_sum(rows, "map change")["mobilenet_v2"]["IG, placed"]
    assert counts == [8, 16]
    np.testing.assert_allclose([each.value for each in values], np.array([0.04, 0.01]) * 2 ** (1 / 6), rtol=1e-12)

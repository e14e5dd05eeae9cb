"""Scores against the number of steps: the paper's own, and planted ones."""

import re

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.papers import study_a
from igstudy.evidence.tables.beside import NOTHING
from igstudy.evidence.tables.choosing import QUESTIONS
from igstudy.evidence.tables.steps import (
    at_all_counts,
    enough_for_score,
    enough_for_sum,
    hardest,
    in_common,
    in_steps,
    late_table,
    like_papers,
    needs,
    needs_table,
    paper_changes,
    paper_scores,
    paper_sweep,
    progress,
    sweep,
    table_4,
    two_counts,
)
from planting import NAMES
from planting import planted as single_images

COLUMNS = {"insertion": ("insertion", "black, 21 counts"), "SIC": ("SIC", "png")}
ASKED = {"protocol": "igpaths", "sign": "signed", "metric": "insertion", "variant": "black, 21 counts"}


def planted(network, method, steps, value, *, metric="insertion", variant="black, 21 counts", sign="signed", images=3):
    rows = [
        ("igpaths", network, f"{i}", f"p{i}", "", method, steps, sign, metric, variant, value, "")
        for i in range(images)
    ]
    return pd.DataFrame(rows, columns=NAMES)


def test_the_papers_scores_at_every_step_count():
    scores = paper_scores("insertion", "black, 21 counts")
    assert scores.loc[("InceptionV3", "IG + IDGI")].tolist() == [0.195, 0.302, 0.382, 0.409, 0.419]
    assert scores.loc[("InceptionV3", "Guided IG")].notna().tolist() == [False] * 4 + [True]
    assert len(scores) == 60


def test_the_papers_changes_are_its_table_4():
    for column in COLUMNS.values():
        printed = study_a(4, *column)["InceptionV3"]
        computed = paper_changes(*column, steps=(8, 128))["InceptionV3"]
        assert computed == pytest.approx(printed, abs=0.0015)  # printed from unrounded scores
    assert len(paper_changes("AIC", "png", steps=(8, 128))) == 10


def test_sweeps_have_each_step_count_in_its_order():
    steps, scores = paper_sweep("VGG16", "SIC", "png")["Blur IG + IDGI"]
    assert steps == ["8", "16", "32", "64", "128"]
    assert scores == [0.062, 0.088, 0.134, 0.183, 0.218]
    rows = pd.concat([planted("vgg", "IG", n, n / 100) for n in (16, 8)] + [planted("vgg", "edges", 0, 0.5)])
    found = sweep(rows, network="vgg", methods=("IG", "edges"), **ASKED)
    assert found["IG"][0] == ["8", "16"]
    assert [each.value for each in found["IG"][1]] == pytest.approx([0.08, 0.16])


def test_table_4_has_the_papers_network_and_the_one_like_it():
    rows = pd.concat([planted(name, "IG", n, n / 100) for name in ("vgg", "inception-modern") for n in (8, 128)])
    network = like_papers(rows)
    assert network == "inception-modern"
    assert like_papers(pd.concat([planted("inception", "IG", 128, 1.0), rows])) == network
    table = table_4(rows, COLUMNS, network=network, methods=("IG", "Guided IG"), steps=(8, 128), caption="Four.")
    assert table.data["by"].tolist() == ["paper, InceptionV3", "igpaths, signed", "paper, InceptionV3"]
    assert table.data["insertion"].tolist()[0] == "0.024"
    assert table.data["insertion"].tolist()[1].startswith("1.200<br>")
    assert table.data["SIC"].tolist()[1:] == ["–", "–"]
    assert NOTHING not in table.to_html()


def test_without_rows_there_are_the_papers_values():
    rows = planted("vgg", "IG", 8, 0.5)[:0]
    assert like_papers(rows) == ""
    assert like_papers(planted("inception", "IG", 128, 0.5)) == ""  # of one step count there is no change
    table = table_4(rows, COLUMNS, network="", methods=("IG",), steps=(8, 128), caption="Four.")
    assert table.data["n"].tolist() == ["–"]
    assert NOTHING in table.to_html()


def test_what_comes_late_is_a_median_over_images():
    rows = planted("vgg", "Blur IG, right sum", 8, 0.5, metric="last segment", variant="score")
    rows["value"] = [0.25, 0.75, 9.0]
    way = planted("vgg", "IG", 128, 0.125, metric="late movement", variant="", sign="")
    (line,) = late_table(pd.concat([rows, way]), steps=8, caption="Late.").data.to_dict("records")
    assert line["of the score, Blur IG"] == "0.75"  # three images are too few for an interval of a median
    assert line["of the way, IG"].startswith("0.12<br>")
    assert line["n"] == "3"


def test_progress_is_the_share_of_the_change():
    curves = [np.array([1.0, 1.5, 3.0]), np.array([0.0, 0.0, -1.0]), np.array([0.0, 2.0, 4.0])]
    rows = planted("vgg", "IG", 2, 0.0, metric="score change").assign(path="straight", curve=curves)
    assert progress(rows) == {"straight": {"vgg": ([0, 0.5, 1], [0, 0.25, 1])}}


@pytest.mark.parametrize(
    ("sweeps", "networks", "steps"),
    [
        ([(8, 32, 128), (8, 32, 64, 128), (64, 128), (128,)], [0, 1], [8, 32, 128]),
        ([(128,), (8, 128)], [1], [8, 128]),
        ([(64,), (128,), (128,)], [1, 2], [128]),
        ([(), ()], [], None),
    ],
)
def test_networks_are_compared_that_have_both_ends_at_what_all_of_them_have(sweeps, networks, steps):
    table = pd.DataFrame([{n: 1.0 for n in own} for own in sweeps], columns=[8, 32, 64, 128])
    found = in_common(table)
    assert found.index.tolist() == networks
    assert steps is None or found.columns.tolist() == steps


def test_enough_steps_are_those_from_which_on_the_score_stays_close():
    scores = {8: 0.50, 16: 0.51, 32: 0.40, 64: 0.52, 128: 0.50}  # close at 8 and 16, but not from there on
    rows = pd.concat(
        [planted("vgg", "IG", n, value) for n, value in scores.items()]
        + [planted("vgg", "Blur IG", n, 0.5) for n in scores]
        + [planted("resnet", "IG", 128, 0.5), planted("vgg", "edges", 0, 0.5)]  # walked once; no walk
    )
    found = enough_for_score(rows, methods=("IG", "Blur IG", "Guided IG", "edges"), **ASKED)
    assert found == {"IG": {"vgg": 64}, "Blur IG": {"vgg": 8}}


def test_networks_of_fewer_step_counts_than_another_kind_are_not_left_out():
    sweeps = {"vgg": (8, 16, 32, 64, 128), "mobilenet_v1": (8, 32, 64, 128), "mobilenet_v2": (8, 32, 128)}
    sweeps["efficientnet_lite1"] = (64, 128)
    rows = pd.concat(planted(name, "IG", n, 0.5 if n > 8 else 0.1) for name, steps in sweeps.items() for n in steps)
    other = planted("resnet", "IG", 8, 0.5), planted("resnet", "IG", 128, 0.5).assign(image="9", photograph="9")[:1]
    found = enough_for_score(pd.concat([rows, *other]), methods=("IG",), **ASKED)  # no image of the last has both ends
    assert found == {"IG": {"vgg": 16, "mobilenet_v1": 32, "mobilenet_v2": 32}}


def test_enough_steps_are_those_from_which_on_the_sum_is_complete_on_the_median_image():
    gaps = {("IG", 8): [-0.4, 0.0, 0.3], ("IG", 16): [-0.01, 0.0, 0.9], ("Blur IG", 8): [1.0] * 3}
    gaps |= {("Blur IG", 16): [0.2] * 3}
    rows = [
        planted("vgg", method, n, 0.0, metric="completeness gap", variant="").assign(value=values)
        for (method, n), values in gaps.items()
    ]
    rows += [each.assign(metric="score change", value=1.0) for each in rows]
    rows = [each.assign(path=each["method"]) for each in rows]
    found = enough_for_sum(pd.concat(rows), methods=("IG", "Blur IG"))
    assert found == {"IG": {"vgg": 16}, "Blur IG": {"vgg": np.inf}}
    tenfold = pd.concat([own.assign(value=own["value"].where(own["metric"] != "score change", 10.0)) for own in rows])
    assert enough_for_sum(tenfold, methods=("IG",)) == {"IG": {"vgg": 8}}  # as a share of the change of score
    assert in_steps(found["IG"].values()) == "16"
    assert in_steps([16, np.inf]) == "16 to more than were tried"


def of_images(steps):
    """Rows in which every image takes so many steps by a method."""
    (question,) = [each for each in QUESTIONS if each.metric == "steps to 95 %"]
    means = {(method, 0.0): value for method, value in steps.items()}
    return single_images(means, question=question, spread=0)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ({"IG": 90.0, "IG + IDGI": 130.0}, "The second counts are larger, because the errors of images cancel"),
        ({"IG": 90.0, "IG + IDGI": 16.0}, "The two kinds of count answer different questions: take the first"),
    ],
)  # fmt: skip
def test_the_steps_of_a_mean_stand_beside_those_of_an_image(images, words):
    scores = {"IG": {8: 0.5, 64: 0.5, 128: 0.5}, "IG + IDGI": {8: 0.2, 64: 0.5, 128: 0.5}}
    rows = [
        planted(name, method, n, value if name == "mobilenet_v2" else n / 128, sign="absolute")
        for name in ("mobilenet_v2", "vgg")
        for method, own in scores.items()
        for n, value in own.items()
    ]
    found = two_counts(pd.concat(rows), of_images(images))
    assert "takes 8 steps by IG and 64 by IG + IDGI to come within 5 % of its value at 128 steps (1 network; " in found
    own = " and ".join(f"{value:.0f}" for value in images.values())
    assert f"takes {own} on average to come to 95 % of its value at 512 steps (5 networks, 6 images each; " in found
    assert words in found
    assert {"{doc}`04-step-size`", "{doc}`09-which-map`"} <= {*re.findall(r"{doc}`[^`]*`", found)}


def test_without_one_of_the_two_counts_they_are_not_compared():
    rows = pd.concat([planted("mobilenet_v2", method, n, 0.5, sign="absolute") for method in ("IG", "IG + IDGI")
                      for n in (8, 128)])  # fmt: skip
    single = of_images({"IG": 90.0, "IG + IDGI": 130.0})
    for one, other in ((rows[:0], single), (rows, single[:0]), (rows, single[single["method"] == "IG"])):
        assert "were not compared" in two_counts(one, other)


NEEDED = {"IG": {"vgg": 8.0, "mobilenet_v2": 32.0}, "Guided IG": {"vgg": 128.0}, "Blur IG": {"vgg": np.inf}}


def test_the_steps_that_methods_need_are_told_as_they_are():
    assert needs(NEEDED).endswith(
        "within 5 % of its value at the most steps that were tried from this many steps on, depending on the network: "
        "on ImageNet networks IG 32; on small networks IG 8, Blur IG more than were tried."
    )
    own = {"IG": {"squeezenet1_1": 8.0, "my_network": 16.0, "resnet": 8.0, "densenet": 64.0}}
    assert needs(own).endswith("on small networks IG 8 to 64; on SqueezeNet IG 8; on other networks IG 16.")
    assert needs({}) == "How many steps are enough was not measured."


def test_the_table_of_needs_has_a_row_for_each_kind_of_network_and_method():
    table = needs_table({"score": NEEDED, "sum": {"IG": {"vgg": 16.0}}}, methods=("IG", "Blur IG")).splitlines()
    assert table[2:] == [
        "| ImageNet networks | IG | 32 | – |",
        "| small networks | IG | 8 | 16 |",
        "| small networks | Blur IG | more than were tried | – |",
    ]
    assert "published results" in needs_table({"score": {}, "sum": {}}, methods=("IG",))


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        (("mobilenet_v2",), "By score, the most demanding method needs 32 steps on mobilenet_v2."),
        (("other",), "None of them is an ImageNet network."),
    ],
)
def test_the_most_demanding_method_is_looked_for_on_imagenet_networks(networks, words):
    found = hardest(NEEDED, networks)
    assert found.startswith("The numbers are of 2 networks.")
    assert found.endswith(words)
    assert hardest({}, networks) == ""


def test_on_how_many_networks_curves_have_all_step_counts():
    some = [planted("vgg", "IG", n, 0.5, metric="AIC", variant="png") for n in (8, 128)]
    rest = [planted("resnet", "IG", 128, 0.5, metric="AIC", variant="png")]
    assert at_all_counts(pd.concat(some + rest), ("AIC",)).endswith("at 2 step counts on 1 network.")
    for metric in ("AIC", "SIC"):
        assert at_all_counts(pd.concat(rest), (metric,)).endswith("not measured at several step counts.")

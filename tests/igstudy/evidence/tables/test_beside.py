"""Tables of planted rows: which images count, what is marked, and which lines stand where."""

import math

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.deciding import LEAST
from igstudy.evidence.inference import of_medians
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.beside import (
    NOTHING,
    Cells,
    averages,
    beside_study_a,
    changes,
    grid,
    shown,
    tally,
    text,
)
from igstudy.evidence.tables.quality import INCOMPLETE
from planting import NAMES

ASKED = {"protocol": "igpaths", "metric": "insertion", "variant": "black", "sign": "signed"}


def planted(values, *, network="vgg", steps=8, sign="signed", left_out=(), metric="insertion"):
    """Rows of {method: values by image}; `left_out` are images' numbers."""
    lines = [
        ("igpaths", network, f"{i}", f"p{i}", "", method, steps, sign, metric, "black", value, "why" * (i in left_out))
        for method, its in values.items()
        for i, value in enumerate(its)
    ]
    return pd.DataFrame(lines, columns=NAMES)


def test_only_images_that_count_for_all_methods_are_averaged():
    rows = planted({"IG": [1.0, 2.0, 3.0, np.nan], "edges": [2.0, 3.0, 9.0, 4.0]}, left_out=(2,))
    (cells,) = averages(rows, methods=("edges", "IG", "random"), steps=8, **ASKED)
    assert (cells.network, cells.n, list(cells.estimates)) == ("vgg", 2, ["edges", "IG"])
    assert cells.estimates["IG"].value == 1.5
    assert cells.best == ""
    assert cells.left_out == {"why": 1, INCOMPLETE: 1}


def test_the_best_is_marked_only_where_the_interval_says_so():
    rows = planted({"IG": [1.0, 2.0, 3.0] * 4, "Blur IG": [2.0, 1.0, 3.5] * 4})
    (cells,) = averages(rows, methods=("IG", "Blur IG"), **ASKED)
    assert cells.best == ""
    few = planted({"IG": [1.0] * (LEAST - 1), "Blur IG": [0.5] * (LEAST - 1)})
    assert averages(few, methods=("IG", "Blur IG"), **ASKED)[0].best == ""
    rows = planted({"IG": [1.0, 2.0, 3.0] * 4, "Blur IG": [0.5, 1.0, 2.5] * 4})
    assert averages(rows, methods=("IG", "Blur IG"), **ASKED)[0].best == "IG"
    assert averages(rows, methods=("IG", "Blur IG"), better="lower", **ASKED)[0].best == "Blur IG"
    assert averages(rows, methods=("IG", "Blur IG"), better="neither", **ASKED)[0].best == ""


def test_one_step_count_at_a_time_and_controls_at_any():
    rows = pd.concat(
        [planted({"IG": [1.0, 2.0]}), planted({"IG": [5.0, 6.0]}, steps=16), planted({"edges": [0.0, 1.0]}, steps=0)]
    )
    for steps, value in ((8, 1.5), (16, 5.5), ("finest", 5.5)):
        (cells,) = averages(rows, methods=("IG", "edges"), steps=steps, **ASKED)
        assert {method: each.value for method, each in cells.estimates.items()} == {"IG": value, "edges": 0.5}


def test_the_finest_step_count_is_each_networks_own():
    rows = pd.concat([planted({"IG": [1.0, 2.0]}), planted({"IG": [5.0, 6.0]}, network="resnet", steps=16)])
    found = averages(rows, methods=("IG",), steps="finest", **ASKED)
    assert {each.network: each.estimates["IG"].value for each in found} == {"vgg": 1.5, "resnet": 5.5}


def test_the_median_where_it_is_asked_for():
    rows = planted({"IG": [1.0, 2.0, 9.0]})
    assert averages(rows, methods=("IG",), statistic="median", **ASKED)[0].estimates["IG"].value == 2.0


def test_a_change_is_that_of_the_average_over_the_images_that_count_at_both_ends():
    before, after = [1.0, 2.0, 3.0, 9.0], [2.0, 4.0, 3.5]
    for metric, value in (("insertion", 3.5 / 3), ("SIC", 1.5)):  # the median of the changes is 1
        rows = pd.concat(
            [
                planted({"IG": before, "Blur IG": before}, metric=metric),
                planted({"IG": after}, steps=16, metric=metric),
            ]
        )
        (cells,) = changes(rows, **{**ASKED, "metric": metric}, methods=("IG", "Blur IG"), steps=(8, 16))
        assert (cells.n, list(cells.estimates)) == (3, ["IG"])
        assert cells.estimates["IG"].value == pytest.approx(value)


def test_a_network_at_one_of_the_step_counts_has_no_change():
    rows = pd.concat([planted({"IG": [1.0, 2.0]}, steps=n) for n in (8, 16)])
    rows = pd.concat([planted({"IG": [1.0, 2.0]}, network="resnet", steps=16), rows])
    assert [each.network for each in changes(rows, methods=("IG",), steps=(8, 16), **ASKED)] == ["vgg"]


def test_rows_of_nothing_that_was_asked_give_no_cells():
    assert averages(planted({"IG": [1.0]}), methods=("IG",), **{**ASKED, "protocol": "study-a"}) == []


def cells_of(*networks):
    return [Cells(network, 3, {"IG": Estimate(0.25, 0.125, 0.5, 3)}, "IG") for network in networks]


def test_the_caption_says_why_images_are_left_out():
    two = {"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 2.0, 3.0, 4.0]}
    own = {
        name: averages(pd.concat(planted(two, network=n, left_out=out) for n, out in its), methods=("a", "b"), **ASKED)
        for name, its in {"x": [("vgg", (0,)), ("resnet", (3,))], "y": [("vgg", (0, 1, 2)), ("inception", ())]}.items()
    }
    assert shown(own, caption="One.").caption == "One. Images left out of a row: 0 to 3 why."
    assert shown(own["y"][1:], caption="One.").caption == "One."
    missing = averages(planted({"a": [1.0, 2.0], "b": [1.0, np.nan]}), methods=("a", "b"), **ASKED)
    assert shown(missing, caption="One.").caption == f"One. Images left out of a row: 1 {INCOMPLETE}."


def test_what_counts_at_one_step_count_alone_is_left_out_of_a_change():
    rows = pd.concat([planted({"a": [1.0, 2.0, 3.0], "b": [1.0]}), planted({"a": [2.0, 3.0], "b": [5.0]}, steps=16)])
    (cells,) = changes(rows, methods=("a", "b"), steps=(8, 16), **ASKED)
    assert (cells.n, cells.left_out) == (1, {INCOMPLETE: 1})


def test_scenes_that_share_a_material_make_an_interval_wider():
    values = np.repeat(np.linspace(1, 2, 6), 4)
    rows = planted({"IG": values, "edges": values[::-1]})
    alike = rows.assign(material="m" + (rows["image"].astype(int) // 4).astype(str))
    for find in (
        lambda given: averages(given, methods=("IG",), **ASKED)[0].estimates["IG"],
        lambda given: averages(given, methods=("IG",), statistic="median", **ASKED)[0].estimates["IG"],
        lambda given: changes(
            pd.concat([given.assign(value=0.0, steps=4), given]), methods=("IG",), steps=(4, 8), **ASKED
        )[0].estimates["IG"],
    ):
        apart, together = find(rows), find(alike)
        assert together.value == apart.value
        assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_the_best_by_sic_is_so_by_the_difference_of_medians():
    first = np.array([*np.linspace(5, 5.1, 9), *np.linspace(0, 0.1, 4)])
    rows = planted({"IG": first, "edges": np.linspace(1, 1.1, 13)}, metric="SIC")
    asked = {**ASKED, "metric": "SIC"}
    (cells,) = averages(rows, methods=("IG", "edges"), **asked)
    pair = np.stack([first, np.linspace(1, 1.1, 13)], axis=1)
    sure = of_medians(pair, weights=(1, -1), ways=[range(13)]).low > 0
    assert cells.best == ("IG" if sure else "")
    assert tally(rows, **asked, method="IG", others=("edges",)) == {"edges": "1 / 0 / 0" if sure else "0 / 1 / 0"}


def test_ours_stand_below_the_papers_networks_that_they_stand_beside():
    paper = {"VGG16": {"IG": 0.1}, "VGG19": {"IG": 0.2}, "ResNet50V2": {"IG": 0.3}}
    table = shown({"a": cells_of("noskip", "vgg16", "vgg"), "b": cells_of("vgg")}, caption="One", paper=paper)
    lines = list(zip(table.data["network"], table.data["by"], strict=True))
    assert lines == [
        ("VGG16", "paper"),
        ("vgg16", "a"),
        ("VGG19", "paper"),
        ("vgg", "a"),
        ("vgg", "b"),
        ("ResNet50V2", "paper"),
        ("noskip", "a"),
    ]
    assert table.data["IG"].tolist()[:2] == ["0.100", text(Estimate(0.25, 0.125, 0.5, 3))]


def test_the_best_is_bold_and_the_caption_says_where_nothing_was_measured():
    page = shown(cells_of("vgg"), caption="One.").to_html()
    assert "font-weight: bold" in page
    assert "by" not in shown(cells_of("vgg"), caption="One.").data
    assert NOTHING not in page
    assert f"One. {NOTHING}" in shown([], caption="One.").to_html()
    assert NOTHING in shown([], caption="One.", paper={"VGG16": {"IG": 0.1}}).to_html()


STEPS = np.linspace(1, 2, LEAST)


def test_networks_are_tallied_by_whether_a_method_is_surely_better_open_or_worse():
    even = np.where(np.arange(LEAST) % 2, 1.0, -1.0)
    rows = pd.concat(
        planted({"Left": STEPS, "Full": STEPS - gain, "random": STEPS - 1}, network=name)
        for name, gain in (("vgg", 1.0), ("resnet", 0.5), ("inception", -1.0), ("mobilenet", even))
    )
    asked = {**ASKED, "method": "Left", "others": ("Full", "random", "edges")}
    assert tally(rows, **asked) == {"Full": "2 / 1 / 1", "random": "4 / 0 / 0"}
    assert tally(rows, **asked, better="lower") == {"Full": "1 / 1 / 2", "random": "0 / 0 / 4"}


def test_few_images_are_tallied_as_open():
    rows = planted({"Left": STEPS[1:], "Full": STEPS[1:] - 1})
    assert tally(rows, **ASKED, method="Left", others=("Full",)) == {"Full": "0 / 1 / 0"}


def bold(styler):
    """The cells that are marked, by their row and column."""
    styler._compute()
    rows, columns = styler.data.index, styler.data.columns
    return {(rows[i], columns[j]) for (i, j), style in styler.ctx.items() if ("font-weight", "bold") in style}


def test_a_grid_marks_what_excludes_zero():
    found = pd.Series(
        {
            ("vgg", "IG", "signed"): Estimate(0.1, 0.05, 0.2, 12),
            ("vgg", "IG", "absolute"): Estimate(0.1, -0.05, 0.2, 12),
            ("resnet", "IG", "signed"): Estimate(-0.1, -0.2, -0.05, 12),
        },
        dtype=object,
    )
    table = grid(found, caption="Gains", digits=2)
    assert list(table.data.index) == ["vgg", "resnet"]
    assert table.data.loc["vgg", ("IG", "by magnitude")] == text(Estimate(0.1, -0.05, 0.2, 12), 2)
    assert table.data.loc["resnet", ("IG", "by magnitude")] == "–"
    assert bold(table) == {("vgg", ("IG", "signed")), ("resnet", ("IG", "signed"))}
    assert table.caption == "Gains n = 12."


def test_columns_have_the_order_of_all_tables():
    one = Estimate(0.1, 0.1, 0.1, 1)
    names = [("Blur IG", "absolute"), ("IG", "absolute"), ("edges", "none"), ("IG", "signed"), ("IG + IDGI", "signed")]
    table = grid(pd.Series({("vgg", *name): one for name in names}, dtype=object), caption="Gains").data
    expected = [
        ("IG", "signed"),
        ("IG", "by magnitude"),
        ("IG + IDGI", "signed"),
        ("Blur IG", "by magnitude"),
        ("edges", "none"),
    ]
    assert table.columns.tolist() == expected
    assert set(table.loc["vgg"]) == {"0.100"}  # one image has no interval
    assert text(Estimate(0.1, -math.inf, math.inf, 3)) == "0.100"
    assert text(Estimate(0.1, -0.0001, 0.2, 3)) == "0.100<br><small>[0.000, 0.200]</small>"


def test_a_grid_of_two_levels_has_plain_columns_and_an_empty_one_says_so():
    for n, marked in ((LEAST, {("a", "b")}), (LEAST - 1, set())):
        found = pd.Series({("a", "b"): Estimate(1, 1, 1, n)}, dtype=object)
        assert bold(grid(found, caption="Gains")) == marked
    assert grid(pd.Series(dtype=object), caption="Gains.").caption == f"Gains. {NOTHING}"


def test_a_table_of_study_a_has_the_papers_values_and_ours_three_ways():
    cells = [planted({"IG": [0.25, 0.75]}, sign=sign) for sign in ("signed", "absolute")]
    rows = pd.concat([*cells, cells[0].assign(protocol="study-a")]).assign(variant="black, 21 counts")
    table = beside_study_a(
        rows, 15, "insertion", "black, 21 counts", steps=8, methods=("IG", "Guided IG"), caption="15."
    )
    lines = table.data[table.data["network"] == "vgg"]
    assert lines["by"].tolist() == ["study-a", "igpaths, signed", "igpaths, by magnitude"]
    assert lines["IG"].str.startswith("0.500<br>").all()
    assert table.data.loc[table.data["network"] == "VGG16", "IG"].tolist() == ["0.046"]

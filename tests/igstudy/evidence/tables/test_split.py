"""Split IG's tables: what is counted, and what stands beside the paper."""

import pandas as pd
import pytest

from igstudy.engine.runs import measured
from igstudy.evidence.papers import QUANTITIES, table
from igstudy.evidence.tables.beside import NOTHING
from igstudy.evidence.tables.split import (
    left_out,
    of_control,
    of_one,
    of_picture,
    of_reasons,
    split_rows,
    split_table,
)
from igstudy.measures.protocols import SPLIT
from studies import photographs, study

IMAGES = 6
KINDS = [
    ("study-b", "mean"),
    *((f"igpaths, {start}", kind) for start in ("grey", "black") for kind in ("mean", "median")),
]


def at_each(quantity):
    return {f"ψ = {psi:g}": (quantity, psi) for psi in (0.9, 0.95, 0.99)}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = photographs(tmp_path_factory.mktemp("photos"), IMAGES)
    long = measured(study(folder, metrics=("split",), protocols=("study-b", "igpaths")))
    # A network of a family of the paper's, whose score rises enough.
    long = long.assign(network="vgg", left_out=long["left_out"].replace("gain of 5 or less", ""))
    return split_rows(long)


def test_there_is_a_row_for_each_image_protocol_rule_and_psi(rows):
    assert len(rows) == IMAGES * 3 * 2 * 3
    assert set(QUANTITIES) < set(rows.columns)
    assert not rows.duplicated(["image", "protocol", "rule", "psi"]).any()
    assert set(rows["protocol"]) == {split.name for split in SPLIT}
    assert rows["alpha*"].dropna().between(0, 1).all()


def test_counts_add_up(rows):
    counts = left_out(rows)
    assert (counts.sum(axis=1) == IMAGES).all()
    assert set(counts.index.get_level_values("protocol")) == {split.name for split in SPLIT}


def test_the_table_puts_the_paper_above_ours(rows):
    counted = rows.assign(left_out="").fillna({"L2 ratio": 1.0})
    shown = split_table(counted, at_each("L2 ratio"), rule="IG", caption="One.")
    lines = shown.data.set_index(["network", "by"])
    assert lines.index.tolist() == [
        ("Inception-v3", "paper"),
        ("ResNet-50", "paper"),
        ("VGG-19", "paper"),
        *(("vgg", f"{name}, {statistic}") for name, statistic in KINDS),
    ]
    assert lines.loc[("VGG-19", "paper"), "ψ = 0.99"] == "0.76"
    for name, statistic in KINDS:
        own = counted[(counted.rule == "IG") & (counted.protocol == name) & (counted.psi == 0.9)]["L2 ratio"]
        line = lines.loc[("vgg", f"{name}, {statistic}")]
        assert line["ψ = 0.9"].partition("<br>")[0] == f"{getattr(own, statistic)():.2f}"
        assert line["n"] == str(len(own))
    assert NOTHING not in shown.caption


def test_a_rule_of_its_own_has_no_values_of_the_papers(rows):
    counted = rows.assign(left_out="").fillna({"L2 ratio": 1.0})
    shown = split_table(counted, at_each("L2 ratio"), rule="IDGI", caption="One.")
    assert set(shown.data["network"]) == {"vgg"}


def test_the_papers_networks_stand_there_where_no_image_counts(rows):
    none = rows.assign(left_out="not classified correctly")
    shown = split_table(
        none, {"Left ↔ Full": ("cosine left full", 0.9), "α*": ("alpha*", 0.9)}, rule="IG", caption="One."
    )
    published = table("study-b", 2)
    assert shown.data["network"].tolist() == list(published["model"].unique())
    (value,) = published[(published["model"] == "VGG-19") & (published["psi"] == 0.9)]["value"]
    assert shown.data.set_index("network").loc["VGG-19", "α*"] == f"{value:.2f}"
    assert NOTHING in shown.caption


def test_published_rows_read_as_measured_ones(rows):
    chosen = ["network", "image", "photograph", "material", "protocol", "left_out"]
    long = rows.melt([*chosen, "rule", "psi"], list(QUANTITIES), var_name="metric")
    long = long.assign(variant=[f"ψ = {psi:g}" for psi in long["psi"]], method=long["rule"])
    held = long.astype(dict.fromkeys([*chosen, "method", "metric", "variant"], "category"))
    assert left_out(split_rows(held)).equals(left_out(rows))
    assert left_out(split_rows(held[:0])).empty


@pytest.mark.parametrize(("star", "rises"), [(0.4, True), (float("nan"), False)])
def test_where_the_score_does_not_rise_there_is_no_star(star, rises):
    assert of_one(star, 1.5) == ("0.40 and 1.50" if rises else "not defined, for the score does not rise")
    assert of_picture(star, 1.5).startswith(
        "On this photograph α* is 0.40" if rises else "On this image the score does not"
    )


def test_the_control_is_told_where_it_was_measured():
    control = pd.DataFrame({"L2 ratio": [0.1, 0.3], "alpha*": [0.8, 0.9]})
    assert of_control(control).endswith("has a mean ratio of 0.20 and a mean α* of 0.85.")
    assert of_control(control[:0]).endswith("was not measured.")


@pytest.mark.parametrize(
    ("ratios", "stars", "right", "counts"),
    [
        ((2, 3), (0.2, 0.3), (0.9, 0.8), (2, 2, 2)),
        ((0.5, 3), (0.5, 0.3), (0.9, 0.1), (1, 1, 1)),
        ((0.5, 1), (0.6, 0.7), (0.1, 0.5), (0, 0, 0)),
    ],
)
def test_on_how_many_networks_each_reason_holds(ratios, stars, right, counts):
    found = of_reasons(*map(pd.Series, (ratios, stars, (0.5, 0.5), right)), what="ImageNet network")
    above, early, nearer = counts
    assert found == (
        f"The mean ratio is above 1 on {above} of 2 ImageNet networks, the mean α* lies in the first half of the path "
        f"on {early}, and full IG is closer to Right than to Left on {nearer}."
    )
    one = [pd.Series([0.2])] * 4
    assert "on 0 of 1 network," in of_reasons(*one, what="network")

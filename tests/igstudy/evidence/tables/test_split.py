"""Split IG's tables: what is counted, and what stands beside the paper."""

import pytest

from igstudy.engine.runs import measured
from igstudy.evidence.papers import QUANTITIES, table
from igstudy.evidence.tables.beside import NOTHING
from igstudy.evidence.tables.split import left_out, split_rows, split_table
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
        assert line["ψ = 0.9"].startswith(f"{getattr(own, statistic)():.2f}<br>")
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
    chosen = ["network", "image", "photograph", "protocol", "left_out"]
    long = rows.melt([*chosen, "rule", "psi"], list(QUANTITIES), var_name="metric")
    long = long.assign(variant=[f"ψ = {psi:g}" for psi in long["psi"]], method=long["rule"])
    held = long.astype(dict.fromkeys([*chosen, "method", "metric", "variant"], "category"))
    assert left_out(split_rows(held)).equals(left_out(rows))
    assert left_out(split_rows(held[:0])).empty

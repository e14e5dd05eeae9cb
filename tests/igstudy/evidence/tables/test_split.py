"""Split IG's tables: what is counted, and what stands beside the paper."""

import pandas as pd
import pytest

from igstudy.engine.runs import measured
from igstudy.evidence.papers import table
from igstudy.evidence.tables.split import QUANTITIES, left_out, split_rows, split_table
from igstudy.measures.protocols import SPLIT
from studies import photographs, study

IMAGES = 6


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
    published = table("study-b", 1)
    counted = rows.assign(left_out="").fillna({"L2 ratio": 1.0})
    shown = split_table(
        counted[counted.rule == "IG"], "L2 ratio", published=published[published.quantity.str.startswith("L2")]
    )
    names = shown.index.tolist()
    assert names.index(("vgg", "paper, VGG-19")) < min(
        i for i, (_, source) in enumerate(names) if "paper" not in source
    )
    assert shown.loc[("vgg", "paper, VGG-19"), "ψ = 0.99"] == "0.7604"
    own = counted[(counted.rule == "IG") & (counted.protocol == "study-b") & (counted.psi == 0.9)]
    mean = shown.loc[("vgg", "study-b, mean"), "ψ = 0.9"]
    assert mean.startswith(f"{own['L2 ratio'].mean():.2f} [")
    assert shown.loc[("vgg", "study-b, mean"), "n"] == str(len(own))
    assert isinstance(shown, pd.DataFrame)


def test_a_table_of_no_counted_image_is_empty(rows):
    shown = split_table(rows.assign(left_out="not classified correctly"), "L2 ratio")
    assert shown.empty
    assert shown.index.names == ["network", "source"]


def test_the_papers_networks_stand_there_without_one_of_ours(rows):
    published = table("study-b", 2)
    shown = split_table(rows[:0], "alpha*", published=published)
    assert shown.index.tolist() == [(model, "paper") for model in published["model"].unique()]
    (given,) = published[(published["model"] == "VGG-19") & (published["psi"] == 0.9)]["value"]
    assert shown.loc[("VGG-19", "paper"), "ψ = 0.9"] == f"{given:g}"


def test_published_rows_read_as_measured_ones(rows):
    chosen = ["network", "image", "photograph", "protocol", "left_out"]
    long = rows.melt([*chosen, "rule", "psi"], list(QUANTITIES), var_name="metric")
    long = long.assign(variant=[f"ψ = {psi:g}" for psi in long["psi"]], method=long["rule"])
    held = long.astype(dict.fromkeys([*chosen, "method", "metric", "variant"], "category"))
    assert left_out(split_rows(held)).equals(left_out(rows))
    assert left_out(split_rows(held[:0])).empty

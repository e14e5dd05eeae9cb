"""Tables for a page: what stands in which line, and what is marked."""

import numpy as np
import pandas as pd
import pytest

from igpaths.study.statistics import Estimate
from igpaths.study.tables import averages, beside, grid, shown

METHODS = ("IG", "IG + IDGI")
PAPER = {"VGG16": {"IG": 0.1, "IG + IDGI": 0.2}, "VGG19": {"IG": 0.3}, "MobileNetV2": {"IG": 0.4}}


def cells(gain, network="vgg"):
    images = [f"{i}" for i in range(12)]
    base = pd.DataFrame({"image": images, "photograph": images, "value": np.linspace(0, 0.1, 12)})
    facts = {"protocol": "p", "metric": "insertion", "variant": "v", "sign": "signed", "steps": 8, "left_out": ""}
    rows = [base.assign(method=m, value=base["value"] + gain * k, **facts) for k, m in enumerate(METHODS)]
    chosen = {"protocol": "p", "metric": "insertion", "variant": "v", "sign": "signed", "methods": METHODS}
    return averages(pd.concat(rows).assign(network=network), **chosen)


def bold(styler):
    styler._compute()
    columns = styler.data.columns
    return {
        (styler.data.index[i], columns[j]) for (i, j), style in styler.ctx.items() if ("font-weight", "bold") in style
    }


def test_choices_stand_beside_each_other_and_the_papers_networks_beside_their_family():
    table = beside({"one": cells(0.1), "other": cells(0)}, caption="Table", paper=PAPER)
    data = table.data
    assert list(data.columns) == ["paper", "one", "other"]
    assert data.loc[("vgg (VGG16, VGG19)", "n")].tolist() == ["–", "12", "12"]
    assert data.loc[("vgg (VGG16, VGG19)", "IG"), "paper"] == "0.100, 0.300"
    assert data.loc[("vgg (VGG16, VGG19)", "IG + IDGI"), "paper"] == "0.200"
    assert data.loc[("vgg (VGG16, VGG19)", "IG"), "one"].startswith("0.050 [")
    assert data.loc[("MobileNetV2", "IG")].tolist() == ["0.400", "–", "–"]
    assert bold(table) == {(("vgg (VGG16, VGG19)", "IG + IDGI"), "one")}


def test_without_rows_of_ours_the_papers_values_stand_alone():
    table = beside({"one": []}, caption="Table", paper=PAPER)
    assert list(dict.fromkeys(network for network, _ in table.data.index)) == list(PAPER)
    assert set(table.data["one"]) == {"–"}
    assert shown([], caption="Table", paper=PAPER).data.shape[0] == len(PAPER)


def test_without_the_paper_there_is_no_column_of_it():
    assert list(beside({"one": cells(0.1, "noskip")}, caption="Table").data.columns) == ["one"]


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
    assert table.data.loc["vgg", ("IG", "absolute")] == "0.10 [-0.05, 0.20]"
    assert table.data.loc["resnet", ("IG", "absolute")] == "–"
    assert bold(table) == {("vgg", ("IG", "signed")), ("resnet", ("IG", "signed"))}
    assert table.caption == "Gains"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_grid_of_two_levels_has_plain_columns(sign):
    table = grid(pd.Series({("a", "b"): Estimate(sign, sign, sign, 3)}, dtype=object), caption="Gains")
    assert bold(table) == {("a", "b")}

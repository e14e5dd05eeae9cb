"""Scores against the number of steps: the paper's own, and planted ones."""

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.papers import study_a
from igstudy.evidence.tables.beside import NOTHING
from igstudy.evidence.tables.steps import (
    late_table,
    like_papers,
    paper_changes,
    paper_scores,
    paper_sweep,
    progress,
    sweep,
    table_4,
)

COLUMNS = {"insertion": ("insertion", "black, 21 counts"), "SIC": ("SIC", "png")}
ASKED = {"protocol": "igpaths", "sign": "signed", "metric": "insertion", "variant": "black, 21 counts"}


def planted(network, method, steps, value, *, metric="insertion", variant="black, 21 counts", sign="signed", images=3):
    rows = [
        ("igpaths", network, f"{i}", f"p{i}", method, steps, sign, metric, variant, value, "") for i in range(images)
    ]
    columns = ["protocol", "network", "image", "photograph", "method", "steps", "sign", "metric", "variant", "value"]
    return pd.DataFrame(rows, columns=[*columns, "left_out"])


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
    assert line["of the score, Blur IG"].startswith("0.75<br>")
    assert line["of the way, IG"].startswith("0.12<br>")
    assert line["n"] == "3"


def test_progress_is_the_share_of_the_change():
    curves = [np.array([1.0, 1.5, 3.0]), np.array([0.0, 0.0, -1.0]), np.array([0.0, 2.0, 4.0])]
    rows = planted("vgg", "IG", 2, 0.0, metric="score change").assign(path="straight", curve=curves)
    assert progress(rows) == {"straight": {"vgg": ([0, 0.5, 1], [0, 0.25, 1])}}

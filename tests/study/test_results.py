"""What is published of a study, and what the command line says about it."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from igpaths.__main__ import main
from igpaths.study import store
from igpaths.study.engine import rows, run
from igpaths.study.results import merged, publish
from igpaths.study.units import plan
from studies import WNIDS, photographs, study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = photographs(tmp_path_factory.mktemp("photos"))
    (folder / "val" / WNIDS[3] / "damaged.png").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def chosen(folder):
    chosen = study(folder, images=7)
    run(chosen)
    return chosen


@pytest.fixture(scope="module")
def published(chosen, folder):
    publish(chosen, folder / "published")
    return folder / "published"


@pytest.fixture
def params(chosen, folder, monkeypatch):
    """The study as a file, in a folder that results/ is written below."""
    monkeypatch.chdir(folder)
    (folder / "small.yaml").write_text(yaml.safe_dump(chosen.as_dict()))
    return "small.yaml"


def test_every_value_is_there(published, chosen):
    values = pd.read_parquet(published / "values.parquet")
    found = rows(chosen)
    assert len(values) == len(found)
    assert {"curve", "map"}.isdisjoint(values.columns)
    np.testing.assert_array_equal(values["value"], found["value"])


def test_averages_are_those_of_the_counted_images(published):
    values = pd.read_parquet(published / "values.parquet")
    summary = pd.read_csv(published / "summary.csv", keep_default_na=False)
    keys = ["protocol", "network", "path", "method", "steps", "sign", "metric", "variant"]
    assert not summary.duplicated(keys).any()
    counted = values[values["left_out"] == ""].groupby(keys)["value"]
    merged_table = summary.set_index(keys).join(counted.agg(["mean", "count"]))
    mean = merged_table[merged_table["statistic"] == "mean"]
    np.testing.assert_allclose(mean["value"], mean["mean"], rtol=1e-5)
    assert (merged_table["n"] == merged_table["count"]).all()
    assert (summary["low"] <= summary["value"] * (1 + 1e-5) + 1e-12).all()


def test_images_left_out_are_counted_by_reason(published):
    values = pd.read_parquet(published / "values.parquet")
    table = pd.read_csv(published / "left-out.csv", keep_default_na=False)
    one = table[(table["metric"] == "insertion") & (table["variant"] == "black, 21 counts")]
    out = values[(values["left_out"] == "misclassified") & (values["metric"] == "insertion")]
    assert one["path"].tolist() == sorted(["straight", "blur", "guided", "controls"])
    assert set(one["images"]) == {out["image"].nunique()}


def test_provenance_says_what_was_met(published, chosen):
    facts = json.loads((published / "provenance.json").read_text())
    assert facts["parameters"] == chosen.as_dict()
    assert any("damaged.png" in note for note in facts["notes"])
    assert facts["evaluations"] > 0
    assert {"commit", "versions", "device", "threads", "precision", "seconds", "from", "to"} <= facts.keys()


def test_what_differs_is_listed():
    common = {"versions": {}, "device": "d", "threads": 1, "precision": "float32", "notes": []}
    two = [common | {"commit": c, "date": d, "seconds": 1.0, "evaluations": 2} for c, d in (("a", "2"), ("b", "1"))]
    facts = merged(two)
    assert facts["commit"] == ["a", "b"]
    assert (facts["device"], facts["from"], facts["to"], facts["seconds"], facts["evaluations"]) == (
        "d",
        "1",
        "2",
        2.0,
        4,
    )


def test_half_a_study_is_not_published(folder, tmp_path):
    half = study(folder, images=7, results=str(tmp_path / "store"))
    run(study(folder, images=4, results=str(tmp_path / "store")))
    with pytest.raises(ValueError, match="11 of 22 parts are not computed yet: python -m igpaths run computes them"):
        publish(half, tmp_path / "published")
    assert not (tmp_path / "published").exists()


def test_the_command_line_runs_tells_and_publishes(params, folder, capsys):
    assert main(["run", params]) == 0
    assert "2 units, 2 of them there before; 0 parts computed" in capsys.readouterr().out
    assert main(["status", params]) == 0
    said = capsys.readouterr().out
    assert "module:studies.small: 2 of 2 units, 22 of 22 parts" in said
    assert "damaged.png" in said
    assert main(["results", params]) == 0
    assert "results/small/values.parquet: " in capsys.readouterr().out
    assert (folder / "results" / "small" / "summary.csv").is_file()


def test_status_tells_what_is_missing_and_what_is_stale(params, capsys):
    assert main(["status", params, "-p", "seed", "1"]) == 1
    assert "0 of 2 units, 0 of 22 parts; " in (said := capsys.readouterr().out)
    assert "files of other versions or parameters, which are not shown" in said


def test_a_plan_scales_what_has_run(params, chosen, capsys):
    done = rows(chosen)["image"].nunique() + 1  # and the one that cannot be read
    facts = merged([store.facts(file) for unit in plan(chosen) for file in unit.files.values()])
    assert main(["plan", params, "--images", str(1000 * done), "--workers", "4"]) == 0
    said = capsys.readouterr().out
    assert f"by {done} images, {facts['evaluations'] / done:.0f} evaluations" in said
    assert f"{1000 * facts['evaluations']:.3g} evaluations, {1000 * facts['seconds'] / 3600:.3g} hours" in said
    assert f"{1000 * done // 4} units" in said
    assert main(["plan", params, "-p", "seed", "1", "--images", "9"]) == 1
    assert "no unit is complete, so run a few images of it first: -p images 4" in capsys.readouterr().out
    assert main(["plan", params, "--images", "0"]) == 1
    assert "given '0'; allowed: a whole number, at least 1" in capsys.readouterr().err


def test_a_bad_parameter_is_said_in_one_line(params, capsys):
    assert main(["run", params, "-p", "imags", "3"]) == 1
    assert "unknown parameter: given 'imags'" in capsys.readouterr().err

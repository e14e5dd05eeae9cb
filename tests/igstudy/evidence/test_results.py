"""What is published of a study: its values, averages and provenance, and which studies count."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from igstudy.engine import store
from igstudy.engine.runs import rows, run
from igstudy.engine.units import plan
from igstudy.evidence import results
from igstudy.evidence.results import GROUPS, VALUES, merged, publish, published, shortened, studies, summary
from igstudy.tasks.objects import scene
from studies import study

ROOT = Path(__file__).parents[3]


@pytest.fixture
def shelf(folder_of_results, tmp_path, monkeypatch):
    """A project whose results/ hold one study twice, and once as if it explained the logit."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "_toc.yml").touch()
    monkeypatch.setattr(results, "OF_THE_BOOK", ("first", "other", "again", "not there yet"))
    for name in ("again", "first", "other"):
        shutil.copytree(folder_of_results, tmp_path / "results" / name)
    file = tmp_path / "results" / "other" / "provenance.json"
    file.write_text(file.read_text().replace('"output": "probability"', '"output": "logit"'))


def test_every_value_is_there_to_an_eight_thousandth(folder_of_results, chosen):
    values, found = pd.read_parquet(folder_of_results / "values.parquet"), rows(chosen)
    assert list(values.columns) == VALUES
    key = [*GROUPS, "image"]
    together = found.merge(values.astype({name: str for name in key if name != "steps"}), on=key, validate="1:1")
    assert len(together) == len(found) == len(values)
    np.testing.assert_allclose(together["value_y"], together["value_x"], rtol=2**-13)
    assert (together["left_out_x"] == together["left_out_y"]).all()


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 0.5, 1 - 2**-13, np.nan, np.inf, 1e-30])
def test_short_numbers_are_near_and_stay_what_they_are(value):
    (short,) = shortened(pd.Series([value]))
    np.testing.assert_allclose(short, value, rtol=2**-13)
    np.testing.assert_array_equal(shortened(pd.Series([short])), np.float32(short))


def test_averages_are_those_of_the_counted_images(folder_of_results, chosen):
    averages = pd.read_parquet(folder_of_results / "summary.parquet")
    assert not averages.duplicated(GROUPS).any()
    found = rows(chosen)
    counted = found[found["left_out"] == ""].groupby(GROUPS)["value"].agg(["mean", "count"])
    together = averages.set_index(GROUPS).join(counted)
    mean = together[together["statistic"] == "mean"]
    np.testing.assert_allclose(mean["value"], mean["mean"], rtol=2**-13)
    assert (together["n"] == together["count"]).all()
    assert (averages["low"] <= averages["value"]).all()


@pytest.mark.usefixtures("shelf")
def test_what_several_studies_hold_is_read_once_and_outputs_apart(chosen):
    whole = published()
    assert len(whole) == len(rows(chosen))
    assert set(whole["study"]) == {"again"}
    assert set(published("first")["study"]) == {"first"}
    assert set(published(output="logit")["study"]) == {"other"}
    with pytest.raises(ValueError, match="published study of the probability: given 'other'; allowed: again, first"):
        published("other")


@pytest.mark.usefixtures("shelf")
def test_an_exploratory_study_is_read_by_its_name_alone(chosen, monkeypatch):
    monkeypatch.setattr(results, "OF_THE_BOOK", ("first", "other"))
    monkeypatch.setattr(results, "EXPLORATORY", ("again", "not there either"))
    assert set(published()["study"]) == {"first"}
    assert set(published("again")["study"]) == {"again"}
    assert (results.explored(), set(studies())) == (["again"], {"first", "other"})


@pytest.mark.usefixtures("shelf")
def test_what_the_confirmation_measured_is_there_from_it_alone(tmp_path, monkeypatch):
    folder = tmp_path / "results" / "confirm-some"
    shutil.copytree(tmp_path / "results" / "first", folder)
    table = pq.read_table(folder / "values.parquet", filters=[("metric", "==", "insertion")])
    new = table.set_column(VALUES.index("image"), "image", pa.array(["new"] * len(table)).dictionary_encode())
    pq.write_table(new, folder / "values.parquet")
    monkeypatch.setattr(results, "OF_THE_BOOK", ("first", "confirm-some"))
    found = published(metrics=("insertion", "JPEG raw"))
    assert {metric: set(own["study"]) for metric, own in found.groupby("metric", observed=True)} == {
        "insertion": {"confirm-some"},
        "JPEG raw": {"first"},
    }
    assert set(published("first", metrics=("insertion",))["study"]) == {"first"}
    assert set(published(metrics=("insertion",), superseded=True)["study"]) == {"first", "confirm-some"}


@pytest.mark.usefixtures("shelf")
def test_asking_for_metrics_reads_those_rows(chosen):
    whole, some = published(), published(metrics=("insertion", "JPEG raw"))
    assert set(some["metric"]) == {"insertion", "JPEG raw"}
    wanted = whole[whole["metric"].isin(["insertion", "JPEG raw"])]
    np.testing.assert_array_equal(some["value"], wanted["value"])


def test_a_study_without_the_metrics_has_no_rows_among_those_of_others(shelf, tmp_path):
    file = tmp_path / "results" / "again" / "values.parquet"
    pq.write_table(pq.read_table(file, filters=[("metric", "!=", "insertion")]), file)
    assert set(published(metrics=("insertion",))["study"]) == {"first"}
    assert published("again", metrics=("insertion",)).empty


def test_scenes_that_were_published_before_rows_had_a_material_have_that_of_their_numbers(shelf, tmp_path):
    file = tmp_path / "results" / "first" / "values.parquet"
    table = pq.read_table(file).drop_columns("material")
    names = sorted(set(table["image"].to_pylist()))
    numbered = {name: f"scene-{number + 8:05d}" for number, name in enumerate(names)}
    numbered[names[0]] = "scene-1.jpg"  # a reader's photograph
    scenes = [numbered[name] for name in table["image"].to_pylist()]
    column = pa.array(scenes, pa.string()).dictionary_encode()
    pq.write_table(table.set_column(table.column_names.index("image"), "image", column), file)
    old = published("first")
    assert len(set(old["image"])) == len(names) > 2
    for image, its in old.groupby("image", observed=True):
        number = str(image).removeprefix("scene-")
        assert set(its["material"]) == {scene(int(number)).material if number.isdecimal() else ""}


def test_every_published_average_is_what_the_statistics_make_of_the_values():
    """Of two committed studies, one of the first edition, to the digits that are kept."""
    for name in ("rounding-objects", "objects-paired"):
        averages = pd.read_parquet(ROOT / "results" / name / "summary.parquet")
        expected = summary(published(name)).astype(dict.fromkeys(GROUPS, str))
        both = expected.merge(averages.astype(dict.fromkeys(GROUPS, str)), on=GROUPS, validate="1:1")
        assert len(both) == len(expected) == len(averages)
        for value in ("n", "value", "low", "high"):
            np.testing.assert_allclose(both[f"{value}_x"], both[f"{value}_y"], rtol=2**-11, atol=1e-7)


def test_photographs_that_were_published_before_rows_had_a_material_have_none(shelf, tmp_path):
    file = tmp_path / "results" / "first" / "values.parquet"
    assert "material" in pq.read_schema(file).names
    pq.write_table(pq.read_table(file).drop_columns("material"), file)
    old, new = published("first"), published("again")
    assert set(old["material"]) == {""}
    assert list(old.columns) == list(new.columns)
    assert published("first", "again").drop(columns="study").equals(new.drop(columns="study"))


def test_a_readers_study_moves_no_verdict(shelf, folder_of_results, tmp_path):
    before, of_the_book = published(), studies()
    shutil.copytree(folder_of_results, tmp_path / "results" / "mine")
    shutil.copytree(folder_of_results, tmp_path / "_build" / "published" / "own")
    shutil.copytree(folder_of_results, tmp_path / "_build" / "published" / "first")
    assert before.equals(published())
    assert studies() == of_the_book
    assert set(of_the_book) == {"again", "first", "other"}
    assert set(published("own")["study"]) == {"own"}
    with pytest.raises(ValueError, match="given 'mine'; allowed: again, first, own"):
        published("mine")


@pytest.mark.parametrize("provenance", [None, "[]", "{", "{}"])
def test_a_readers_damaged_study_keeps_nobody_from_others(shelf, folder_of_results, tmp_path, provenance):
    own = tmp_path / "_build" / "published" / "own"
    shutil.copytree(folder_of_results, own)
    (own / "provenance.json").unlink()
    if provenance is not None:
        (own / "provenance.json").write_text(provenance)
    assert set(published()["study"]) == {"again"}
    assert set(published("first")["study"]) == {"first"}
    with pytest.raises(ValueError, match="is damaged: |given 'own'; allowed: again, first$"):
        published("own")


def test_a_failure_leaves_the_results_of_before(folder, tmp_path):
    """Half of the networks would pass for all of them."""
    chosen = study(folder, models=("module:studies.small", "module:studies.fussy"), results=str(tmp_path / "a"))
    assert not run(chosen).failures
    before = {file.name: file.read_bytes() for file in publish(chosen, tmp_path / "own")}
    last = plan(chosen)[-1]
    file = next(iter(last.files.values()))
    content = file.read_bytes()
    file.write_bytes(content[:60] + bytes(255 - byte for byte in content[60:90]) + content[90:])  # its end is as it was
    with pytest.raises(store.StoreError, match="is damaged"):
        publish(chosen, tmp_path / "own")
    assert {file.name: file.read_bytes() for file in (tmp_path / "own").iterdir()} == before


def test_damaged_provenance_is_named(shelf, tmp_path):
    (tmp_path / "results" / "first" / "provenance.json").write_text("{")
    with pytest.raises(ValueError, match=r"first/provenance\.json is damaged: "):
        published()


def test_every_study_of_the_book_has_a_file_and_is_there():
    of_the_book = (*results.OF_THE_BOOK, *results.EXPLORATORY)
    for name in of_the_book:
        assert (ROOT / "params" / f"{name}.yaml").is_file()
        assert (ROOT / "results" / name / "values.parquet").is_file()
    there = {file.parent.name for file in (ROOT / "results").glob("*/values.parquet")}
    assert there == set(of_the_book)


def test_where_nothing_is_published_there_are_no_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nothing = published()
    assert nothing.empty
    assert list(nothing.columns) == [*VALUES, "study"]


def test_provenance_says_what_was_met(folder_of_results, chosen):
    facts = json.loads((folder_of_results / "provenance.json").read_text())
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
    with pytest.raises(ValueError, match="11 of 22 parts not computed yet: python -m igstudy run computes them"):
        publish(half, tmp_path / "published")
    assert not (tmp_path / "published").exists()

"""Whole studies of one's own through the commands: notes, numbers, what a large one will take, what is published."""

import json
import re
from dataclasses import replace

import pytest
import timm
import torch

from igpaths.models import load_model
from igstudy import commands
from igstudy.engine import throughput
from igstudy.engine.parameters import Parameters
from igstudy.engine.runs import rows
from igstudy.engine.units import plan
from igstudy.evidence.results import published, studies
from igstudy.evidence.tables.overview import overview
from studies import own_folder, photographs, study

QUICK = {"paths": ("straight",), "steps": (2, 4), "metrics": ("completeness", "insertion"), "protocols": ("igpaths",)}
NOTE = "without a label: the class that the network finds is explained, and none can be left out as misclassified"


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A project's folder, in which results are published, and networks that are timed in no time."""
    (tmp_path / "_toc.yml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(throughput, "SECONDS", 0.01)
    return tmp_path


def own(folder, **changes):
    """A small study of a folder of one's own."""
    choices = {"task": "folder", "data": str(folder), "models": ("module:studies.three",), "images": 6, "shard": 4}
    return Parameters(**(choices | QUICK | {"results": str(folder / "results")} | changes))


def printed(capsys, call):
    """What a command that succeeds prints."""
    assert call == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("form", ["val", "folders", "csv"])
def test_photographs_with_labels_of_ones_own(tmp_path, capsys, form):
    chosen = own(own_folder(tmp_path / "Fotos", form))
    told = printed(capsys, commands.run(chosen, table="python -m igstudy table mine.yaml"))
    assert told.startswith("2 units, 0 of them there before")
    assert told.endswith("what was found: python -m igstudy table mine.yaml\n")
    assert "module:studies.three: 2 of 2 units" in printed(capsys, commands.status(chosen))
    assert "values.parquet" in printed(capsys, commands.results(chosen, "mine"))
    assert published().empty  # a reader's own study decides no claim of the papers
    assert not studies()
    found = published("mine")
    assert found["image"].nunique() == 6
    assert "misclassified" in set(found["left_out"])
    assert NOTE not in (tmp_path / "_build" / "published" / "mine" / "provenance.json").read_text()


def test_photographs_without_labels_say_so_everywhere(tmp_path, capsys):
    chosen = own(own_folder(tmp_path / "Fotos", "none"))
    assert commands.run(chosen, table="") == 0
    out, err = capsys.readouterr()
    assert "2 notes, 0 failures" in out
    lines = [f"module:studies.three, images {which} photographs {NOTE}" for which in ("0 to 3: 4", "4 to 5: 2")]
    assert all(line in err for line in lines)
    for command in (commands.status, commands.table):
        assert all(line in printed(capsys, command(chosen)).splitlines() for line in lines)
    assert commands.results(chosen, "mine") == 0
    facts = json.loads((tmp_path / "_build" / "published" / "mine" / "provenance.json").read_text())
    assert facts["notes"] == lines
    found = rows(chosen)
    assert found["image"].nunique() == 6
    assert set(found["left_out"]) == {""}


def test_one_of_each_is_said_in_the_singular(tmp_path, capsys):
    chosen = own(own_folder(tmp_path / "Fotos", "none"), images=1, metrics=("completeness",))
    commands.run(chosen, table="")
    out, err = capsys.readouterr()
    assert out.startswith("1 unit, 0 of them there before; ")
    assert ", 1 note, 0 failures: " in out
    assert f"module:studies.three, image 0: 1 photograph {NOTE}" in err
    assert "1 of 1 unit complete; 1 image\n" in printed(capsys, commands.table(chosen))
    assert "module:studies.three: 1 of 1 unit, " in printed(capsys, commands.status(chosen))
    told = printed(capsys, commands.plan(chosen, images=1, workers=1))
    assert "(1 thread)\n  by 1 image, " in told
    assert "; 1 image: " in told
    assert "; 1 unit; store " in told


def test_a_label_in_place_of_none_explains_another_class(tmp_path):
    folder = own_folder(tmp_path / "Fotos", "none")
    commands.run(own(folder), table="")
    before = rows(own(folder))
    predicted = "".join(f"{name},x\n" for name in sorted(set(before["image"])))
    (folder / "labels.csv").write_text(f"file,label\n{predicted}", encoding="utf-8")
    (folder / "classes.txt").write_text("y\nx\nz\n")
    assert all(unit.missing for unit in plan(own(folder)))
    commands.run(own(folder), table="")
    assert set(rows(own(folder))["left_out"]) <= {"misclassified", ""}


def test_fewer_classes_than_the_network_has_outputs(tmp_path, capsys):
    folder = own_folder(tmp_path / "Fotos", "folders")
    chosen = own(folder, models=("module:studies.small",))
    assert commands.run(chosen, table="") == 1
    words = "its network has 5 outputs for 3 classes: list all 5 in classes.txt, a name a line"
    assert words in capsys.readouterr().err


class TestTable:
    def test_nothing_is_there_yet(self, tmp_path, capsys):
        assert commands.table(own(own_folder(tmp_path / "Fotos", "val"))) == 1
        words = "0 of 2 units complete; nothing is there yet: python -m igstudy run computes it"
        assert capsys.readouterr().out == f"module:studies.three: {words}\n"

    def test_the_numbers_are_those_of_the_rows(self, tmp_path, capsys):
        chosen = own(own_folder(tmp_path / "Fotos", "none"))
        commands.run(chosen, table="")
        capsys.readouterr()
        assert f"; 6 images\n{overview(rows(chosen))}\n" in printed(capsys, commands.table(chosen))

    def test_a_study_that_is_not_complete(self, tmp_path, capsys):
        folder = own_folder(tmp_path / "Fotos", "none")
        commands.run(own(folder, images=4), table="")
        capsys.readouterr()
        assert "1 of 2 units complete; 4 images\n" in printed(capsys, commands.table(own(folder)))

    def test_an_image_that_does_not_count_is_counted(self, tmp_path, capsys):
        chosen = study(photographs(tmp_path / "photos"), **QUICK)
        commands.run(chosen, table="")
        capsys.readouterr()
        told = printed(capsys, commands.table(chosen))
        found = rows(chosen)
        wrong = found[found["left_out"] == "misclassified"]["image"].nunique()
        assert f"2 of 2 units complete; 6 images, of which left out: {wrong} misclassified (igpaths)\n" in told

    def test_a_study_of_other_metrics(self, tmp_path, capsys):
        chosen = own(own_folder(tmp_path / "Fotos", "val"), metrics=("texture",))
        commands.run(chosen, table="")
        capsys.readouterr()
        told = printed(capsys, commands.table(chosen))
        assert "no image counts for insertion or completeness so far, or the study measures neither" in told


def test_a_plan_without_a_unit_rests_on_the_gradients_of_the_walks(tmp_path, capsys):
    chosen = own(own_folder(tmp_path / "Fotos", "val"), paths=("straight", "guided"))
    told = printed(capsys, commands.plan(chosen, images=100, workers=2))
    rate = float(re.search(r"module:studies.three: (\S+) gradients and \S+ forward passes a second on", told)[1])
    # Five points of the straight path; two guided walks of two and four steps, which share both ends
    assert "would make one: 11 gradients of the walks for each image, and the metrics come on top; 100" in told
    hours = float(re.search(r"100 images: 1.1e\+03 evaluations, (\S+) hours", told)[1])
    assert hours == pytest.approx(1100 / rate / 3600, rel=0.01)
    assert re.search(r"together more than \S+ hours of one worker, \S+ of 2; 25 units; store more than 0 GiB", told)


def test_networks_of_timm_with_weights_of_ones_own(tmp_path, capsys):
    """Random weights in a local file; the folder's classes are those of a file with three outputs."""
    torch.manual_seed(0)
    weights = tmp_path / "mine, fine-tuned.pt"
    torch.save(timm.create_model("resnet18", num_classes=3).state_dict(), weights)
    name = f"timm/resnet18.a1_in1k@{weights}"
    chosen = own(own_folder(tmp_path / "Fotos", "val"), models=(name,), images=2, steps=(2,), metrics=("completeness",))
    assert commands.run(chosen, table="") == 0
    assert f"{name}: 1 of 1 unit complete; 2 images" in printed(capsys, commands.table(chosen))
    assert load_model(name).network.num_classes == 3


def test_the_shipped_photographs_and_the_network_that_pip_installs(tmp_path, capsys):
    few = {"images": 5, "steps": (2,), "results": str(tmp_path / "store"), "shard": 5}
    chosen = Parameters(**(QUICK | few), task="photographs", models=("installed/efficientnet_lite0",))
    chosen = replace(chosen, metrics=("completeness",))
    assert commands.run(chosen, table="") == 0
    assert set(rows(chosen)["image"]) == {"cat", "coffee", "camera", "motorcycle", "tower"}
    assert commands.results(chosen, "mine") == 0

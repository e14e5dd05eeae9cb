"""What the command line runs, says and publishes of a study."""

import re
import shutil

import pandas as pd
import pytest
import yaml

from igstudy.__main__ import main
from igstudy.engine import store
from igstudy.engine.runs import rows
from igstudy.engine.units import plan
from igstudy.evidence import results
from igstudy.evidence.results import merged


@pytest.fixture
def params(chosen, folder, monkeypatch):
    """The study as a file, in a folder that results/ is written below."""
    monkeypatch.chdir(folder)
    (folder / "small.yaml").write_text(yaml.safe_dump(chosen.as_dict()))
    return "small.yaml"


def test_the_command_line_runs_tells_and_publishes(params, folder, capsys):
    assert main(["run", params]) == 0
    assert "2 units, 2 of them there before; 0 parts computed" in capsys.readouterr().out
    assert main(["status", params]) == 0
    said = capsys.readouterr().out
    assert "module:studies.small: 2 of 2 units, 22 of 22 parts" in said
    assert "damaged.png" in said
    assert main(["results", params]) == 0
    said = capsys.readouterr().out
    assert "_build/published/small/values.parquet: " in said
    assert "module:studies.small: 2 of 2 units complete" in said
    assert (folder / "_build" / "published" / "small" / "summary.parquet").is_file()


class TestForTheBook:
    """Only the book's own studies, as their files have them, reach the folder on which verdicts rest."""

    @pytest.fixture
    def command(self, params, folder, monkeypatch):
        monkeypatch.setattr(results, "OF_THE_BOOK", ("small", "other"))
        monkeypatch.setattr(results, "EXPLORATORY", ())
        (folder / "params").mkdir(exist_ok=True)
        shutil.copy(params, folder / "params" / "small.yaml")
        return lambda file, *more: main(["results", file, "--for-the-book", *more])

    def test_a_study_of_the_book(self, command, folder):
        assert command("params/small.yaml") == 0
        assert (folder / "results" / "small" / "values.parquet").is_file()

    def test_its_images_computed_again_have_the_published_values(self, command, folder, capsys):
        assert command("params/small.yaml") == 0
        assert main(["check", "params/small.yaml", "--images", "2", "--for-the-book"]) == 0
        told = capsys.readouterr().out
        same, every = re.search(r"(\d+) of (\d+) values of straight", told).groups()
        assert same == every
        assert (folder / "results" / "small" / "agreement.json").is_file()
        values = folder / "results" / "small" / "values.parquet"
        found = pd.read_parquet(values)
        found.assign(value=found["value"] + 1).to_parquet(values)  # as another version might have found
        assert main(["check", "params/small.yaml", "--images", "2"]) == 1
        assert f"0 of {every} values of straight" in capsys.readouterr().out

    @pytest.mark.parametrize("more", [("-p", "images", "4"), ("-p", "seed", "1")])
    def test_with_other_parameters(self, command, capsys, more):
        assert command("params/small.yaml", *more) == 1
        words = (
            "study for the book: given 'small'; allowed: params/NAME.yaml as it is, NAME being a study of the book: "
        )
        assert words in capsys.readouterr().err

    def test_of_another_name(self, command, params, folder, capsys):
        shutil.copy(params, folder / "smal.yaml")
        assert command("smal.yaml") == 1
        assert "given 'smal'; allowed: " in (said := capsys.readouterr().err)
        assert said.endswith("small, other; nearest: small\n")
        assert not (folder / "results" / "smal").exists()


def test_status_tells_what_is_missing_and_what_is_stale(params, capsys):
    assert main(["status", params, "-p", "seed", "1"]) == 1
    assert "0 of 2 units, 0 of 22 parts; " in (said := capsys.readouterr().out)
    assert "files of other versions or parameters" in said


def test_a_plan_scales_what_has_run(params, chosen, capsys):
    done = rows(chosen)["image"].nunique() + 1  # and the one that cannot be read
    facts = merged([store.facts(file) for unit in plan(chosen) for file in unit.files.values()])
    assert main(["plan", params, "--images", str(1000 * done), "--workers", "4"]) == 0
    said = capsys.readouterr().out
    assert f"by {done} images, {facts['evaluations'] / done:.0f} evaluations" in said
    assert f"{1000 * facts['evaluations']:.3g} evaluations, {1000 * facts['seconds'] / 3600:.3g} hours" in said
    assert f"{1000 * done // 4} units" in said
    assert "more than" not in said
    assert main(["plan", params, "-p", "seed", "1", "--images", "9"]) == 0
    assert "no unit is complete, as a run with -p images 4 would make one: " in capsys.readouterr().out
    assert main(["plan", params, "--images", "0"]) == 1
    assert "given '0'; allowed: a whole number, at least 1" in capsys.readouterr().err


def test_a_bad_parameter_is_said_in_one_line(params, capsys):
    assert main(["run", params, "-p", "imags", "3"]) == 1
    assert "unknown parameter: given 'imags'" in capsys.readouterr().err

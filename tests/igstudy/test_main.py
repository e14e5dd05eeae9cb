"""The command line of the study: what is said of every bad argument, and how soon."""

import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from igstudy import commands, press
from igstudy.__main__ import COMMANDS, PRESS, main
from igstudy.engine.parameters import read
from igstudy.engine.runs import Run

STUDIES = ("run", "table", "status", "results")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with a study's parameters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IGPATHS_DATA", raising=False)
    (tmp_path / "study.yaml").write_text("task: objects\n")
    return tmp_path


def refused(capsys, *arguments):
    """What is printed for arguments that are refused."""
    assert main(list(arguments)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("command", STUDIES)
class TestStudies:
    def test_a_file_that_is_not_there(self, capsys, command):
        assert "parameters file: given 'none.yaml'; allowed: a YAML file" in refused(capsys, command, "none.yaml")

    def test_a_bad_parameter(self, capsys, command):
        message = "error: -p images: given '-1'; allowed: an integer, at least 1"
        for given in (["images", "-1"], ["images=-1"]):
            assert refused(capsys, command, "study.yaml", "-p", "seed=1", "-p", *given).startswith(message)

    def test_a_parameter_that_is_none(self, capsys, command):
        message = "error: -p: unknown parameter: given 'imags'; allowed: task, data, "
        assert refused(capsys, command, "study.yaml", "-p", "imags=3").startswith(message)


@pytest.mark.parametrize("command", [*COMMANDS, *PRESS])
def test_help_teaches_by_example(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"\nexamples:\n  python -m igstudy {'run' if command == 'plan' else command}" in capsys.readouterr().out


def test_a_terminal_that_cannot_write_every_letter(monkeypatch):
    held = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(held, encoding="ascii", write_through=True))
    assert main(["run", "Σ.yaml"]) == 1
    assert b"given '?.yaml'; allowed: a YAML file" in held.getvalue()


def test_no_command(capsys):
    assert "the following arguments are required: COMMAND (see python -m igstudy --help)" in refused(capsys)


def test_a_plan_needs_a_number_of_images(capsys):
    assert "required: --images" in refused(capsys, "plan", "study.yaml")
    message = "argument --workers: given '0'; allowed: a whole number, at least 1"
    assert message in refused(capsys, "plan", "study.yaml", "--images", "8", "--workers", "0")


QUICK = (
    *("--help", "runn study.yaml", "run none.yaml", "run study.yaml -p imags 8", "run study.yaml -p images 0"),
    *("plan study.yaml --images 0", "book --params none.yaml", "chapter --params study.yaml"),
)
ANSWERING = """
import contextlib, io, json, sys
from igstudy.__main__ import main

found = []
for words in json.loads(sys.argv[1]):
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors), contextlib.suppress(SystemExit):
        main(words.split())
    found.append((sorted({"torch", "scipy", "pandas", "matplotlib"} & set(sys.modules)), errors.getvalue()))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What one process answers to all of `QUICK`: the heavy modules that are there by then, and the errors."""
    folder = tmp_path_factory.mktemp("answers")
    (folder / "study.yaml").write_text("task: objects\n")
    command = [sys.executable, "-c", ANSWERING, json.dumps(QUICK)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return dict(zip(QUICK, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("words", QUICK)
def test_nothing_heavy_is_imported_for_arguments_that_are_refused(words, answers):
    heavy, errors = answers[words]
    assert heavy == []
    assert bool(errors) == (words != "--help")


def test_a_run_that_fails_is_said_by_the_exit_status(capsys, monkeypatch):
    one = ("resnet, images 0 to 7: no room",)
    for failures, words, status in (((), "0 failures", 0), (one, "1 failure", 1)):
        done = Run(units=3, finished=1, computed=8, evaluations=96, notes=(), failures=failures)
        monkeypatch.setattr(commands, "run_engine", lambda study, done=done: done)
        assert main(["run", "study.yaml", "-p", "images", "8"]) == status
        words = f"8 parts computed with 96 evaluations, 0 notes, {words}: "
        assert capsys.readouterr().out.startswith(f"3 units, 1 of them there before; {words}")


STUDY = ("--params", "study.yaml", "-p", "images", "8")


@pytest.mark.parametrize(
    ("arguments", "title"), [(["book"], ""), (["chapter", "02-idgi"], "02-idgi"), (["notebooks"], ""), (["pdf"], "")]
)
def test_the_press_does_what_the_command_says(arguments, title, monkeypatch):
    received = []
    chapters = SimpleNamespace(make=lambda *arguments, title: received.append((*arguments, title)))
    monkeypatch.setattr(press, "chapters", chapters, raising=False)
    assert main([*arguments, *STUDY]) == 0
    assert received == [(arguments[0], read("study.yaml", images=8), Path("study.yaml"), {"images": "8"}, title)]


def test_results_of_another_parameter_have_a_name_of_their_own(folder, monkeypatch):
    received = []
    monkeypatch.setattr(commands, "results", lambda study, name, for_the_book: received.append(name) or 0)
    (folder / "params").mkdir()
    (folder / "params" / "few.yaml").write_text("images: 3\n")
    for more in ((), ("-p", "images", "8"), ("-p", "scheduler", "local:2", "--for-the-book")):
        assert main(["results", "params/few.yaml", *more]) == 0
    assert received == ["few", "few+images=8", "few"]


def test_the_readme_is_written(monkeypatch):
    written = []
    monkeypatch.setattr(press, "readme", SimpleNamespace(main=lambda: written.append(True)), raising=False)
    assert main(["readme", *STUDY]) == 0
    assert written

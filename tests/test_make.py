"""The Makefile hands every name on as it is, and packs the built book."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hostile
from igstudy.press.building import check
from igstudy.press.pages import Page

ROOT = Path(__file__).parents[1]
NAMES = [*hostile.NAMES, "my params/ü 1.yaml", "a$b$$c.yaml", "$(shell touch owned)`touch owned`.yaml", "-x.yaml"]
STUDY, DEFAULT = ("-m", "igstudy"), "params/objects.yaml"


@pytest.fixture
def project(tmp_path):
    """A project whose Python prints its arguments, and has been installed."""
    folder = tmp_path / "a project's folder"
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    python.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    python.chmod(0o755)
    (folder / ".venv/ready").touch()
    return folder


def make(folder, *arguments, **environment):
    """The lines that the recipes print: the arguments of each Python that they start."""
    command = ["make", "--silent", "--no-print-directory", *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=True)
    assert not (folder / "owned").exists()
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_names_reach_the_study_as_they_are(project, name):
    assert make(project, "run", f"PARAMS={name}", "CHAPTER=x") == [*STUDY, "chapter", f"--params={name}", "--", "x"]
    assert make(project, "run", f"CHAPTER={name}") == [*STUDY, "chapter", f"--params={DEFAULT}", "--", name]
    assert make(project, "results", PARAMS=name) == [*STUDY, "results", "--", name]


def test_a_python_of_any_name_makes_the_environment(project):
    (project / ".venv/ready").unlink()
    own = project / "my $python"
    shutil.copy(project / ".venv/bin/python", own)
    assert "-m venv .venv -m pip install" in " ".join(make(project, "setup", f"PYTHON={own}"))


def test_the_book_is_packed_whole_and_opens_elsewhere(project, tmp_path):
    html = project / "_build/html"
    (html / "book/ü").mkdir(parents=True)
    (html / "index.html").write_text('<meta http-equiv="Refresh" content="0; url=book/index.html">')
    (html / "book/index.html").write_text('<img src="ü/a%20b.png"><a href="../index.html">back</a>')
    (html / "book/ü/a b.png").write_bytes(bytes(range(256)))
    (html / "stale.html").touch()
    make(project, "zip", f"PYTHON={sys.executable}")
    (html / "stale.html").unlink()
    make(project, "zip", f"PYTHON={sys.executable}")
    elsewhere = tmp_path / "elsewhere"
    shutil.unpack_archive(project / "_build/igpaths-book.zip", elsewhere)
    check(elsewhere, [Page(elsewhere, "index"), Page(elsewhere, "book/index")])
    assert contents(elsewhere) == contents(html)


def contents(folder):
    """The bytes of every file by its name."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("target", ["zip", "browse"])
def test_without_a_book_it_says_how_to_make_one(project, target):
    command = ["make", "--silent", target]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.startswith("no book in _build/html: make book\n")
    assert done.stdout == ""

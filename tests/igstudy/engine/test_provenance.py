"""Provenance holds what a result depends on, and the footer shows it."""

import json
import re
import subprocess

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

import hostile
from igstudy.engine import provenance
from igstudy.engine.parameters import Parameters


def test_provenance_is_plain_and_complete():
    facts = provenance.provenance(Parameters(images=3))
    assert json.loads(json.dumps(facts)) == facts
    assert facts["parameters"]["images"] == 3
    assert {"python", "torch", "torchvision", "numpy", "pillow", "scikit-image", "webp", "zlib"} <= set(
        facts["versions"]
    )
    assert facts["precision"] == "float32"
    assert {"commit", "device", "threads", "precision", "date"} <= set(facts)


def test_footer_is_a_folded_table():
    found = provenance.footer(Parameters(), started=provenance.time.monotonic() - 5)._repr_markdown_()
    first, kind, _, *lines, last = found.splitlines()
    assert (first, kind, last) == (":::{dropdown} How this page was made", ":class-container: provenance", ":::")
    assert all(line.startswith("| ") or line == "|---|---|" for line in lines)
    assert "steps `8, 16, 32, 64, 128`" in lines[2]
    assert lines[-1].endswith("in 5 s |")


@pytest.mark.parametrize(("threads", "words"), [(1, "1 thread"), (2, "2 threads")])
def test_footer_counts_threads(monkeypatch, threads, words):
    facts = provenance.provenance(Parameters()) | {"threads": threads}
    monkeypatch.setattr(provenance, "provenance", lambda parameters: facts)
    assert f", {words} |" in provenance.footer(Parameters())._repr_markdown_()


def test_commit_of_another_project_is_none_of_the_librarys(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    (tmp_path / "provenance.py").touch()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "a"]):
        subprocess.run([*git, *words], check=True)
    assert provenance.commit() == "unknown"
    for words in (["add", "provenance.py"], ["commit", "-q", "-m", "b"]):
        subprocess.run([*git, *words], check=True)
    assert re.fullmatch("[0-9a-f]{12}", provenance.commit())


def test_commit_is_unknown_outside_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    assert provenance.commit() == "unknown"


@pytest.mark.parametrize("name", hostile.NAMES)
def test_the_footer_shows_any_name_as_it_is(name):
    found = provenance.footer(Parameters(results=name), started=0)._repr_markdown_()
    table = "\n".join(found.splitlines()[3:-1])
    page = BeautifulSoup(MarkdownIt("commonmark", {"html": True}).enable("table").render(table), "html.parser")
    assert {each.name for each in page.find_all()} == {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert [len(row.select("td, th")) for row in page.select("tr")] == [2] * 7
    assert name in [each.text for each in page.select("tr:nth-child(1) code")]


def test_the_footer_counts_from_the_mark(monkeypatch):
    monkeypatch.setattr(provenance, "_started", provenance.time.monotonic() - 1000)
    assert "in 1000 s" in provenance.footer(Parameters())._repr_markdown_()
    provenance.mark_start()
    assert "in 0 s" in provenance.footer(Parameters())._repr_markdown_()

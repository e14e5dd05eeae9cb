"""The chapter runner on a small book: what is built, what stops it, and what is not run again."""

import shutil
from pathlib import Path

import jupytext
import nbformat
import pytest
import torch
import torchvision

from igstudy.__main__ import main
from igstudy.engine.parameters import Parameters
from igstudy.engine.schema import ParameterError
from igstudy.press import building, pages
from igstudy.press.parameters_cell import ChapterError

ROOT = Path(__file__).parents[3]
HEADER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
CHAPTER = """\
# One

As {cite:t}`sundararajan2017axiomatic` say,

$$ a = \\int_0^1 F' \\, d\\alpha $$ (eq-one)

```{code-cell} ipython3
:tags: [parameters]

images = 64
```

```{code-cell} ipython3
from pathlib import Path
from IPython.display import Markdown
from myst_nb import glue
with Path("runs.txt").open("a") as log:
    log.write("one\\n")
glue("count", images, display=False)
glue("table", Markdown("| a | b |\\n|---|---|\\n| 1 | 2 |"), display=False)
```

```{code-cell} ipython3
---
mystnb:
  figure: {name: fig-one, caption: The count.}
  image: {alt: A line}
---
import matplotlib.pyplot as plt
plt.plot(range(images));
```

:::{table} A table
:name: tab-one

```{glue:md} table
:format: myst
```
:::

{glue:text}`count` images in {eq}`eq-one`, {numref}`fig-one` and {numref}`tab-one`.

```{bibliography}
```
"""


def cell(code, tags=""):
    return f"```{{code-cell}} ipython3\n{tags}\n{code}\n```\n"


@pytest.fixture
def book(tmp_path):
    """A book of one plain page and one chapter, configured as the real one."""
    shutil.copy(ROOT / "_config.yml", tmp_path)
    shutil.copytree(ROOT / "book" / "_static", tmp_path / "book" / "_static")
    shutil.copy(ROOT / "book" / "references.bib", tmp_path / "book")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\nchapters:\n- file: book/01-one\n")
    (tmp_path / "book" / "index.md").write_text("# A book\n\nSee {doc}`01-one`.\n")
    (tmp_path / "book" / "01-one.md").write_text(HEADER + CHAPTER)
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "few.yaml").write_text("images: 3\n")
    return tmp_path


@pytest.fixture
def make(book, capfd, monkeypatch):
    """Call the command line in the book; returns the exit status and all that was printed."""

    monkeypatch.chdir(book)

    def call(*arguments):
        status = main([*arguments, "--params", str(book / "params" / "few.yaml")])
        printed = capfd.readouterr()
        return status, printed.out + printed.err

    return call


def replace_chapter(book, body):
    (book / "book" / "01-one.md").write_text(HEADER + "# One\n\n" + body)


def executed(book):
    return nbformat.read(book / "_build" / "runs" / "few" / "book" / "01-one.ipynb", as_version=4)


def test_book_is_built_offline_and_only_once(book, make):
    status, printed = make("book")
    assert status == 0, printed
    assert "01-one: 100%" in printed
    page = (book / "_build" / "html" / "book" / "01-one.html").read_text()
    assert "3</span> images in" in page
    assert "Figure 1" in page
    assert "Table 1" in page
    assert 'alt="A line"' in page
    assert "simplefilter" not in page
    assert "Parameters as the chapter has them" in page
    assert "Parameters of this run" in page
    assert (book / "_build" / "html" / "_static" / "mathjax" / "tex-chtml.js").is_file()
    assert executed(book).metadata.papermill.duration > 0

    status, printed = make("book")
    assert status == 0, printed
    assert "01-one: up to date" in printed
    assert (book / "runs.txt").read_text() == "one\n"

    status, printed = make("chapter", "01-one", "-p", "images", "5")
    assert status == 0, printed
    rendered = book / "_build" / "runs" / "few" / "_build" / "html" / "book" / "01-one.html"
    assert f"rendered: {rendered}" in printed
    assert "5</span> images in" in rendered.read_text()
    assert (book / "runs.txt").read_text() == "one\none\n"


def test_key_follows_text_parameters_and_photographs(book, tmp_path, monkeypatch):
    page = pages.chapter(book, "01-one")
    few, more = Parameters(images=3), Parameters(images=4)
    first = pages.key(page, page.parameters(few), few)
    assert first == pages.key(page, page.parameters(few), few)
    assert first != pages.key(page, page.parameters(more), more)

    for task, name in (("imagenet", "val/one.JPEG"), ("folder", "a cat/one.png"), ("folder", "classes.txt")):
        photographs = tmp_path / name.replace("/", "-")
        (photographs / name).parent.mkdir(parents=True)
        chosen = Parameters(task=task, data=str(photographs), models=["module:studies.small"], images=3)
        before = pages.key(page, page.parameters(chosen), chosen)
        (photographs / name).write_bytes(b"x")
        assert before != pages.key(page, page.parameters(chosen), chosen)

    (book / "book" / "01-one.md").write_text(HEADER + CHAPTER + "More.\n")
    assert first != pages.key(pages.chapter(book, "01-one"), page.parameters(few), few)


READERS = """
import json, pathlib, torch
from torch import nn
from igpaths.models import Model
def network():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    body[4].weight.data *= json.loads(pathlib.Path("FOLDER/settings.json").read_text())["scale"]
    return Model("x", body, (0.5,) * 3, (0.25,) * 3, lambda photograph: photograph)
"""


def test_key_follows_the_readers_network_its_files_and_what_they_read(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    page, study = pages.chapter(ROOT, "06-split-ig"), Parameters(models=["module:readers_own.network"], images=1)
    source = READERS.replace("FOLDER", str(tmp_path))

    def key(text, scale):
        (tmp_path / "readers_own.py").write_text(text)
        (tmp_path / "settings.json").write_text(f'{{"scale": {scale}}}')
        return pages.key(page, page.parameters(study), study)

    keys = [key(source, 1), key(source, 5), key(source.replace("nn.ReLU", "nn.GELU"), 1)]
    assert len(set(keys)) == 3
    assert key(source, 1) == keys[0]


def test_key_follows_a_file_of_weights(tmp_path):
    page, file = pages.chapter(ROOT, "06-split-ig"), tmp_path / "weights.pt"
    keys = []
    for scale in (1, 2):
        network = torchvision.models.squeezenet1_1(weights=None)
        torch.save({name: torch.full_like(each, scale) for name, each in network.state_dict().items()}, file)
        study = Parameters(
            task="imagenet", data=str(tmp_path), models=[f"torchvision/squeezenet1_1:IMAGENET1K_V1@{file}"]
        )
        keys.append(pages.key(page, page.parameters(study), study))
    assert keys[0] != keys[1]


CELL = ":tags: [parameters]"
FIRST = "```{code-cell} ipython3\n:tags: [hide-input]"  # of the cells after that of the parameters
LOST = {
    "no tag": ((f"{CELL}\n", ""), "0 cells have the tag parameters; exactly one must"),
    "tag misspelled": ((CELL, ":tags: [Parameters]"), "0 cells have the tag"),
    "row gone": (("images = 8\n", ""), "the parameters cell does not name images"),
    "two cells": ((FIRST, f"```{{code-cell}} ipython3\n{CELL}\n\nseed = 1\n```\n\n{FIRST}"), "2 cells have the tag"),
}  # fmt: skip
KEPT = {
    "tuple": ("images = 8\n", "images, extra = 8, 0\n"),
    "annotation": ("images = 8\n", "images: int = 8\n"),
    "another key first": ("---\njupytext:", "---\nauthors: [me]\njupytext:"),
    "byte order mark": ("---\njupytext:", "\ufeff---\njupytext:"),
    "blank line": ("---\njupytext:", "\n---\njupytext:"),
    "space after the dashes": ("---\njupytext:", "--- \njupytext:"),
    "Windows line ends": ("\n", "\r\n"),
}


def edited(book, change, count=1):
    text = (ROOT / "book" / "06-split-ig.md").read_text(encoding="utf-8")
    (book / "book" / "01-one.md").write_bytes(text.replace(*change, count).encode())
    return pages.chapter(book, "01-one")


@pytest.mark.parametrize("what", LOST)
def test_parameters_that_would_not_reach_a_chapter_stop_it(book, what):
    change, message = LOST[what]
    with pytest.raises(ChapterError, match=message):
        edited(book, change).parameters(Parameters())


def test_a_page_that_takes_one_parameter_needs_the_tag_too(book):
    text = (ROOT / "book" / "objects.md").read_text(encoding="utf-8")
    (book / "book" / "01-one.md").write_text(text.replace(f"{CELL}\n", "", 1))
    with pytest.raises(ChapterError, match="0 cells have the tag"):
        pages.chapter(book, "01-one").parameters(Parameters())


@pytest.mark.parametrize("what", KEPT)
def test_what_an_editor_leaves_at_a_files_ends_loses_no_parameter(book, what):
    page = edited(book, KEPT[what], -1 if "line ends" in what else 1)
    if what == "tuple":
        with pytest.raises(ParameterError, match="unknown parameter: given 'extra'"):
            page.parameters(Parameters())
    else:
        assert page.parameters(Parameters(images=3))["images"] == 3
        assert len(page.notebook().cells) == len(pages.chapter(ROOT, "06-split-ig").notebook().cells)


def test_code_without_a_header_is_no_plain_page(book):
    (book / "book" / "index.md").write_text("# A book\n\n" + cell("1"))
    with pytest.raises(ChapterError, match="index: has code cells, but no header"):
        pages.pages(book)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import warnings\nwarnings.warn('mind the gap')", "mind the gap"),
        ("import warnings\nwarnings.warn('old name', DeprecationWarning)", "old name"),
        ("import matplotlib.pyplot as plt\nplt.title('\\U0010fffd');", "missing from font"),
    ],
    ids=["error", "warning", "deprecation", "warning-while-drawing"],
)
def test_failing_or_warning_cell_stops_the_build_and_is_kept(book, make, code, shown):
    replace_chapter(book, cell("kept = 1") + "\n" + cell(code))
    status, printed = make("book")
    assert status == 1
    assert "error: 01-one failed" in printed
    assert shown in printed
    assert "In [3]" in printed  # the guard is In [1]
    assert not (book / "_build" / "html").exists()
    assert any(shown in str(c.get("outputs")) for c in executed(book).cells)


def add_chapters(book, bodies):
    """More chapters, from 02 on."""
    for number, body in enumerate(bodies, 2):
        (book / "book" / f"0{number}-more.md").write_text(HEADER + f"# Chapter {number}\n\n" + body)
        with (book / "_toc.yml").open("a") as contents:
            contents.write(f"- file: book/0{number}-more\n")


@pytest.mark.parametrize(("options", "at_once"), [((), True), (("-p", "threads", "2"), False)], ids=["1", "2"])
def test_chapters_run_at_once_where_each_has_cores_of_its_own(book, make, monkeypatch, options, at_once):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    meet = """
import os, time
from pathlib import Path
Path("{mine}").touch()
end = time.monotonic() + {wait}
while not Path("{other}").exists() and time.monotonic() < end:
    time.sleep(0.1)
Path("{mine}").write_text(f"{{Path('{other}').exists()}} {{os.environ['OMP_NUM_THREADS']}}")
"""
    wait = 60 if at_once else 1  # of which nothing is spent where they meet
    both = [meet.format(mine=mine, other=other, wait=wait) for mine, other in ("ab", "ba")]
    replace_chapter(book, cell(both[0]))
    add_chapters(book, [cell(both[1])])
    status, printed = make("book", *options)
    assert status == 0, printed
    assert (book / "a").read_text() == f"{at_once} {1 if at_once else 2}"


def test_no_more_chapters_are_begun_where_one_failed(book, make, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    replace_chapter(book, cell("1 / 0"))
    add_chapters(book, [cell(f"open('{name}', 'w').close()") for name in ("second", "third")])
    status, printed = make("book")
    assert status == 1
    assert "error: 01-one failed" in printed
    assert not (book / "second").exists()
    assert not (book / "third").exists()


def test_unknown_chapter_lists_those_there_are(make):
    status, printed = make("chapter", "02-one")
    assert status == 1
    assert "chapter: given '02-one'; there are: 01-one; nearest: 01-one" in printed


def test_unknown_parameter_of_a_chapter_stops_before_anything_runs(book, make):
    replace_chapter(book, cell("image = 3", ":tags: [parameters]\n") + "\n" + cell("open('runs.txt', 'w').close()"))
    status, printed = make("book")
    assert status == 1
    assert "01-one, parameters cell: unknown parameter: given 'image'" in printed
    assert "nearest: images" in printed
    assert not (book / "runs.txt").exists()


def test_unknown_parameter_of_the_command_line(make):
    status, printed = make("book", "-p", "imags", "3")
    assert status == 1
    assert "unknown parameter: given 'imags'" in printed


def test_page_of_the_contents_that_does_not_exist(book, make):
    (book / "book" / "01-one.md").unlink()
    status, printed = make("book")
    assert status == 1
    assert "_toc.yml names pages that do not exist: book/01-one" in printed


def test_sphinx_warning_stops_the_build(book, make):
    replace_chapter(book, "See {eq}`eq-nowhere`.\n")
    status, printed = make("book")
    assert status == 1
    assert "eq-nowhere" in printed
    assert "jupyter-book build failed" in printed


def test_check_reports_missing_failed_and_remote(book):
    html = book / "html"
    (html / "book").mkdir(parents=True)
    (html / "book" / "01-one.html").write_text(
        '<div class="output traceback x"></div><a href="https://doi.org/1">a paper</a> up to np.int64(100) images'
        '<script src="https://cdn.example/a.js"></script><img alt="" src=//cdn.example/b.png>'
    )
    (html / "style.css").write_text(
        '@import "http://fonts.example/c.css"; a { background: url(data:image/png;base64,x) }'
    )
    with pytest.raises(ChapterError) as caught:
        building.check(html, pages.pages(book))
    message = str(caught.value)
    assert "book/index: not built" in message
    assert "book/01-one: a cell failed" in message
    assert "book/01-one: shows np.int64(…)" in message
    assert all(f"cdn.example/{name}" in message for name in ("a.js", "b.png"))
    assert "fonts.example/c.css" in message
    assert "doi.org" not in message
    assert "base64" not in message


class TestNotebooks:
    def test_written_once_and_edits_are_kept(self, book, make):
        assert make("notebooks")[0] == 0
        path = book / "_build" / "notebooks" / "01-one.ipynb"
        edited = path.read_text() + "\n"
        path.write_text(edited)
        assert make("notebooks")[0] == 0
        assert path.read_text() == edited

    @pytest.mark.parametrize(
        "page", [page for page in pages.pages(ROOT) if page.is_chapter], ids=lambda page: page.title
    )
    def test_text_survives_the_round_trip(self, page):
        notebook = nbformat.reads(nbformat.writes(page.notebook()), as_version=4)
        again = jupytext.reads(jupytext.writes(notebook, fmt="md:myst"), fmt="md:myst")
        before, after = ([(c.cell_type, c.source, c.metadata) for c in nb.cells] for nb in (page.notebook(), again))
        assert before == after
        tagged = [c for c in again.cells if "parameters" in c.metadata.get("tags", ())]
        of_published_results_alone = page.title in ("index", "claims", "speed")
        assert [bool(page.parameters(Parameters()))] * len(tagged) == [True] * (not of_published_results_alone)

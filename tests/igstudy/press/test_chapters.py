"""The chapter runner on a small book: what is built, what stops it, and what is not run again."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
import torch
import torchvision
from jupytext.cli import jupytext as jupytext_command

from igstudy.__main__ import main
from igstudy.engine.naming import folder_name
from igstudy.engine.parameters import Parameters
from igstudy.press import building, chapters, pages
from igstudy.press.parameters_cell import ChapterError
from studies import WNIDS, photographs

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
GLOSSARY = """
:::{glossary}
path of points
  A curve.
:::
"""


def cell(code, tags=""):
    return f"```{{code-cell}} ipython3\n{tags}\n{code}\n```\n"


@pytest.fixture
def book(tmp_path):
    """A book of one plain page and one chapter, configured as the real one."""
    for name in ("_config.yml", "jupytext.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "book" / "_static", tmp_path / "book" / "_static")
    shutil.copy(ROOT / "book" / "references.bib", tmp_path / "book")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\nchapters:\n- file: book/01-one\n")
    (tmp_path / "book" / "index.md").write_text("# A book\n\nSee {doc}`01-one`.\n" + GLOSSARY)
    (tmp_path / "book" / "01-one.md").write_text(HEADER + CHAPTER)
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "few.yaml").write_text("images: 3\n")
    return tmp_path


@pytest.fixture
def make(book, capfd, monkeypatch):
    """Call the command line in the book; returns the exit status and all that was printed."""

    monkeypatch.chdir(book)

    def call(*arguments):
        command, *more = arguments
        status = main([command, "--params", str(book / "params" / "few.yaml"), *more])
        printed = capfd.readouterr()
        return status, printed.out + printed.err

    return call


CHAPTER_ALONE = ("chapter", "1")  # in this process; a book's chapters have processes of their own, which take seconds


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

    built = (book / "_build" / "html" / "index.html").stat().st_mtime_ns
    status, printed = make("book")
    assert status == 0, printed
    assert "every chapter and page: up to date" in printed
    assert (book / "_build" / "html" / "index.html").stat().st_mtime_ns == built
    assert (book / "runs.txt").read_text() == "one\n"

    status, printed = make("chapter", "1", "-p", "images", "5")
    assert status == 0, printed
    tree = book / "_build" / "runs" / "few+images=5"
    assert f"these parameters have a folder of their own: {tree}\n" in printed
    rendered = tree / "_build" / "html" / "book" / "01-one.html"
    assert f"rendered: {rendered}" in printed
    assert "5</span> images in" in rendered.read_text()
    assert (book / "runs.txt").read_text() == "one\none\n"
    assert "images = 3" in str(executed(book))

    status, printed = make("book", "-p", "images", "5")
    assert status == 0, printed
    assert f"these parameters have a folder of their own: {tree}\n" in printed
    assert f"the book: {tree / '_build' / 'book' / 'index.html'}\n" in printed
    assert "5</span> images in" in (tree / "_build" / "book" / "book" / "01-one.html").read_text()
    assert (book / "_build" / "html" / "index.html").stat().st_mtime_ns == built
    assert (book / "runs.txt").read_text() == "one\none\n"


def test_a_parameters_file_may_have_any_name(book, make):
    other = book / "ein paar {Bilder} für mich.yaml"
    other.write_text("images: 4\n")
    status, printed = make("chapter", "01-one", "--params", str(other))
    assert status == 0, printed
    rendered = Path(re.search("rendered: (.*)", printed)[1])
    assert rendered.relative_to(book / "_build" / "runs").parts[0] == folder_name(other, Parameters())
    assert "4</span> images in" in rendered.read_text()


def test_a_book_to_print_says_how_to_run_its_chapters(make):
    status, printed = make("pdf", "-p", "models", "[objects/vgg]")
    assert status == 1
    assert "error: not up to date: 01-one; first: python -m igstudy book --params /" in printed
    assert "/params/few.yaml -p models '[objects/vgg]'" in printed


def test_a_book_to_print_has_the_text_and_code_as_they_are(book, make, monkeypatch):
    add_chapters(book, [cell("", ":tags: [parameters]")])
    assert make("chapter", "1")[0] == 0
    assert "error: not up to date: 02-more; first: " in make("pdf")[1]
    monkeypatch.setattr(chapters, "build_page", lambda page, tree: tree)  # the pages are looked at no more
    monkeypatch.setattr(chapters, "check", lambda html, expected: None)
    assert make("chapter", "2")[0] == 0
    monkeypatch.setitem(sys.modules, "igstudy.press.pdf", None)
    text = book / "book" / "01-one.md"
    text.write_text(text.read_text() + "\nOne sentence more.\n")
    assert "error: printing the book needs the packages that `make pdf` installs: " in make("pdf")[1]
    assert "One sentence more." in str(executed(book))
    text.write_text(text.read_text().replace("plt.plot(", "plt.bar([0, 1, 2], "))
    assert "error: not up to date: 01-one; first: " in make("pdf")[1]


PROSE = {
    "a sentence": ("As {cite:t}", "A sentence more, and as {cite:t}"),
    "a caption": ("caption: The count.", "caption: The count again."),
    "a cell's name and alt text": (
        "name: fig-one, caption: The count.}\n  image: {alt: A line}",
        "name: fig-one, caption: C.}",
    ),
    "how a cell is shown": ("---\nmystnb:", "---\ntags: [hide-input]\nmystnb:"),
    "a sentence between two cells": ("```{code-cell} ipython3\n---", "Then.\n\n```{code-cell} ipython3\n---"),
    "the header": ("display_name: Python 3", "display_name: Python"),
}
CODE = {
    "a comment": ("plt.plot(", "# a line\nplt.plot("),
    "a default": ("images = 64", "images = 32"),
    "a cell more": (":::{table}", "```{code-cell} ipython3\n1\n```\n\n:::{table}"),
    "a cell less": ("import matplotlib.pyplot as plt\nplt.plot(range(images));", ""),
    "whether it may fail": ("---\nmystnb:", "---\ntags: [raises-exception]\nmystnb:"),
}


def counted(printed, book):
    """How often the chapter has run, and whether the last command said that it did not."""
    return len(
        (book / "runs.txt").read_text().splitlines()
    ), "01-one: up to date, its cells do not run again" in printed


@pytest.fixture
def unseen(monkeypatch):
    """Chapters are run, and not rendered."""
    monkeypatch.setattr(chapters, "build_page", lambda page, tree: tree)
    monkeypatch.setattr(chapters, "check", lambda html, expected: None)


@pytest.mark.usefixtures("unseen")
def test_prose_and_captions_do_not_run_cells_again(book, make):
    text = book / "book" / "01-one.md"
    before = text.read_text()
    assert make("chapter", "1")[0] == 0
    for old, new in PROSE.values():
        assert old in before
        text.write_text(before.replace(old, new, 1))
        status, printed = make("chapter", "1")
        assert status == 0, printed
        assert counted(printed, book) == (1, True)


def test_a_page_whose_cells_did_not_run_again_has_the_new_text_and_their_outputs(book, make):
    assert make("chapter", "1")[0] == 0
    text = book / "book" / "01-one.md"
    text.write_text(text.read_text().replace(*PROSE["a sentence"]).replace(*PROSE["a caption"]))
    status, printed = make("chapter", "1")
    assert status == 0, printed
    assert counted(printed, book) == (1, True)
    page = (book / "_build" / "runs" / "few" / "_build" / "html" / "book" / "01-one.html").read_text()
    assert "A sentence more, and as" in page
    assert "The count again." in page
    assert "3</span> images in" in page
    assert 'alt="A line"' in page
    assert "Parameters of this run" in page
    assert executed(book).metadata.papermill.duration > 0


RENDERING = """
import sys
from igstudy.__main__ import main

status = main(["chapter", "--params", "params/few.yaml", "1"])
print("imported:", {"torch", "torchvision", "scipy", "pandas", "matplotlib"} & set(sys.modules) or "nothing heavy")
sys.exit(status)
"""


def test_nothing_heavy_is_imported_to_render_a_page_whose_outputs_are_there(book, make, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(chapters, "build_page", lambda page, tree: tree)
        patch.setattr(chapters, "check", lambda html, expected: None)
        assert make("chapter", "1")[0] == 0
    done = subprocess.run([sys.executable, "-c", RENDERING], cwd=book, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "imported: nothing heavy" in done.stdout
    assert counted(done.stdout, book) == (1, True)
    assert (book / "_build" / "runs" / "few" / "_build" / "html" / "book" / "01-one.html").is_file()


@pytest.mark.usefixtures("unseen")
@pytest.mark.parametrize("what", CODE)
def test_code_that_changes_runs_again(book, make, what):
    text = book / "book" / "01-one.md"
    old, new = CODE[what]
    assert old in text.read_text()
    for number in (1, 2):
        status, printed = make("chapter", "1")
        assert status == 0, printed
        assert counted(printed, book) == (number, False)
        text.write_text(text.read_text().replace(old, new, 1))


@pytest.mark.usefixtures("unseen")
def test_an_executed_notebook_whose_code_was_edited_runs_again(book, make):
    assert make("chapter", "1")[0] == 0
    notebook = executed(book)
    (drawn,) = [each for each in notebook.cells if "plt.plot" in each.source]
    drawn.source += "\n# mine"
    nbformat.write(notebook, book / "_build" / "runs" / "few" / "book" / "01-one.ipynb")
    assert make("chapter", "1")[0] == 0
    assert (book / "runs.txt").read_text() == "one\none\n"


def swap_bytes(one, other):
    """Exchange what two files hold, as if they had always held it: their sizes and times stay with their names."""
    both = one.read_bytes(), other.read_bytes()
    size = max(map(len, both))  # what follows a PNG's end is not read
    for file in (one, other):
        file.write_bytes(file.read_bytes().ljust(size, b"\0"))
        os.utime(file, (1, 1))
    for file, content in zip((other, one), both, strict=True):
        file.write_bytes(content.ljust(size, b"\0"))
        os.utime(file, (1, 1))


def test_key_follows_results_of_the_book_alone(book):
    page, few = pages.chapter(book, "01-one"), Parameters(images=3)
    before = pages.key(page, page.parameters(few), few)
    for name in ("mine", "pair"):
        (book / "results" / name).mkdir(parents=True)
        (book / "results" / name / "values.parquet").write_text("x")
        assert (before != pages.key(page, page.parameters(few), few)) == (name == "pair")


def test_key_follows_text_parameters_and_photographs(book, tmp_path, monkeypatch):
    page = pages.chapter(book, "01-one")
    few, more = Parameters(images=3), Parameters(images=4)
    first = pages.key(page, page.parameters(few), few)
    assert first == pages.key(page, page.parameters(few), few)
    assert first != pages.key(page, page.parameters(more), more)

    folder = photographs(tmp_path / "photographs", count=3)
    for task, edit in (
        ("imagenet", lambda: (folder / "val" / WNIDS[0] / "another.JPEG").write_bytes(b"x")),
        ("folder", lambda: (folder / "classes.txt").write_text("\n".join(reversed(WNIDS)))),
        ("folder", lambda: (folder / "classes.txt").write_text("\n".join([*WNIDS[3:], *WNIDS[2::-1]]))),  # unused ones
        ("folder", lambda: swap_bytes(*sorted((folder / "val").rglob("*.png"))[:2])),
    ):
        chosen = Parameters(task=task, data=str(folder), models=["module:studies.small"], images=3)
        before = pages.key(page, page.parameters(chosen), chosen)
        assert before == pages.key(page, page.parameters(chosen), chosen)
        edit()
        assert before != pages.key(page, page.parameters(chosen), chosen)

    for text, is_same in ((CHAPTER + "More.\n", True), (CHAPTER.replace("one\\n", "two\\n"), False)):
        (book / "book" / "01-one.md").write_text(HEADER + text)
        assert (first == pages.key(pages.chapter(book, "01-one"), page.parameters(few), few)) == is_same


READERS = """
import json, pathlib, torch
from torch import nn
from igpaths.models import Model
def network():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    settings = json.loads(pathlib.Path("FOLDER/settings.json").read_text())
    body[4].weight.data *= settings["scale"]
    return Model("x", body, (0.5,) * 3, (0.25,) * 3, lambda photograph: photograph, settings["classes"])
"""


def test_key_follows_the_readers_network_its_files_and_what_they_read(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    page, study = pages.chapter(ROOT, "06-split-ig"), Parameters(models=["module:readers_own.network"], images=1)
    source = READERS.replace("FOLDER", str(tmp_path))

    def key(text, scale, classes="abc"):
        (tmp_path / "readers_own.py").write_text(text)
        (tmp_path / "settings.json").write_text(json.dumps({"scale": scale, "classes": [*classes]}))
        return pages.key(page, page.parameters(study), study)

    keys = [key(source, 1), key(source, 5), key(source.replace("nn.ReLU", "nn.GELU"), 1), key(source, 1, "abd")]
    assert len(set(keys)) == 4
    assert key(source, 1) == keys[0]


def test_key_follows_a_file_of_weights(tmp_path):
    page, file = pages.chapter(ROOT, "06-split-ig"), tmp_path / "weights.pt"
    folder = photographs(tmp_path / "photographs", count=1)
    keys = []
    for scale in (1, 2):
        network = torchvision.models.squeezenet1_1(weights=None)
        torch.save({name: torch.full_like(each, scale) for name, each in network.state_dict().items()}, file)
        study = Parameters(
            task="imagenet", data=str(folder), models=[f"torchvision/squeezenet1_1:IMAGENET1K_V1@{file}"]
        )
        keys.append(pages.key(page, page.parameters(study), study))
    assert keys[0] != keys[1]


def test_the_kernel_is_that_of_this_environment_as_it_comes(book, make, monkeypatch, tmp_path):
    """Whatever else is installed by its name, and whatever the reader's own IPython and Python do when they start."""
    for variable in ("JUPYTER_PATH", "JUPYTER_DATA_DIR"):
        foreign = tmp_path / variable / "kernels" / "python3"
        foreign.mkdir(parents=True)
        spec = {"argv": ["touch", str(tmp_path / "foreign")], "display_name": "Python 3", "language": "python"}
        (foreign / "kernel.json").write_text(json.dumps(spec))
        monkeypatch.setenv(variable, str(tmp_path / variable))
    profile = tmp_path / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "00-own.py").write_text("startup = 1")
    (profile / "ipython_config.py").write_text("c.InteractiveShellApp.exec_lines = ['config = 1']")
    (profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.exec_lines = ['kernel_config = 1']")
    (tmp_path / "own.py").write_text("python_startup = 1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "own.py"))
    (book / "beside.py").write_text("")  # a module of the reader's
    code = "import sys, beside\nfrom pathlib import Path\nPath('names').write_text(f'{sys.executable} {steps} {dir()}')"
    replace_chapter(book, cell("steps = [8]", ":tags: [parameters]\n") + "\n" + cell(code))
    page = book / "book" / "01-one.md"
    page.write_text(page.read_text().replace("language: python\n  name: python3", "language: R\n  name: ir"))
    pages.execute(pages.chapter(book, "01-one"), Parameters(steps=[2, 4]), book / "tree")
    names = (book / "names").read_text()
    assert names.startswith(f"{sys.executable} [2, 4] ")
    assert "'beside'" in names
    assert not [own for own in ("startup", "config", "kernel_config", "python_startup") if f"'{own}'" in names]
    assert not (tmp_path / "foreign").exists()


@pytest.mark.parametrize(
    ("command", "code", "shown"),
    [
        (("book",), "1 / 0", "ZeroDivisionError"),
        (CHAPTER_ALONE, "import warnings\nwarnings.warn('mind the gap')", "mind the gap"),
        (CHAPTER_ALONE, "import warnings\nwarnings.warn('old name', DeprecationWarning)", "old name"),
        (
            CHAPTER_ALONE,
            "import matplotlib.pyplot as plt\nplt.figure(figsize=(0.1, 0.1), layout='constrained')\nplt.title('a');",
            "constrained_layout not applied",
        ),
    ],
    ids=["error", "warning", "deprecation", "warning-while-drawing"],
)
def test_failing_or_warning_cell_stops_the_build_and_is_kept(book, make, command, code, shown):
    replace_chapter(book, cell("kept = 1") + "\n" + cell(code))
    status, printed = make(*command)
    assert status == 1
    assert "error: 01-one failed" in printed
    assert shown in printed
    assert "In [3]" in printed  # the guard is In [1]
    assert not [*(book / "_build").rglob("*.html")]
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


ELSEWHERE = """
See {doc}`index`, {doc}`more <02-more>`, {eq}`eq-more`, {numref}`tab-more` and {numref}`fig-more`.

{cite:t}`yang2023idgi` have the rule, {term}`paths <path of points>` are curves, and so is a {term}`Path of points`.
"""
MORE = """
$$ a = b $$ (eq-more)

:::{table} A table
:name: tab-more

| a | b |
|---|---|
| 1 | 2 |
:::

```{code-cell} ipython3
---
mystnb:
  figure: {name: fig-more, caption: A figure.}
---
```
"""


def test_a_page_alone_is_rendered_without_what_it_refers_to(book, make):
    replace_chapter(book, ELSEWHERE)
    add_chapters(book, [MORE])
    status, printed = make("chapter", "1")
    assert status == 0, printed
    html = book / "_build" / "runs" / "few" / "_build" / "html" / "book"
    assert "Yang" in (html / "01-one.html").read_text()
    status, printed = make("chapter", "2")
    assert status == 0, printed
    assert {path.name for path in html.iterdir()} == {"01-one.html", "02-more.html"}


FAULTS = """
{doc}`03-nowhere`, {eq}`eq-nowhere`, {numref}`fig-nowhere`, [there](#nowhere) and {cite:t}`nobody`.

A {term}`path of` and a {term}`curve`.

:::{directive}
:::

:::{list-table}
no list
:::
"""


def test_faults_of_a_page_alone_stop_it_each_time(book, make):
    replace_chapter(book, FAULTS + ELSEWHERE)
    add_chapters(book, [MORE])
    for _ in range(2):
        status, printed = make("chapter", "1")
        assert status == 1
        assert "error: jupyter-book build failed" in printed
        for name in ("03-nowhere", "eq-nowhere", "fig-nowhere", "'nowhere'", '"nobody"', "'directive'", "list-table"):
            assert name in printed
        assert re.findall("not in glossary: (.*)", printed) == ["'path of'", "'curve'"]
        assert not [name for name in ("02-more", "eq-more", "tab-more", "fig-more") if name in printed]


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
    def test_written_again_when_the_text_changed_unless_they_were_edited(self, book, make, capfd):
        path, text = book / "_build" / "notebooks" / "01-one.ipynb", book / "book" / "01-one.md"
        assert make("notebooks") == (0, f"{path}\n")
        first = path.read_bytes()
        assert make("notebooks") == (0, "")
        assert path.read_bytes() == first

        text.write_text(text.read_text() + "\nOne sentence more.\n")
        assert make("notebooks") == (0, f"{path}\n")
        assert "One sentence more." in path.read_text()

        mine = path.read_text().replace("One sentence more.", "A sentence of mine.")
        path.write_text(mine)
        kept = f"kept, because it was edited: {path}; "
        advice = f"to bring the edit into the text: python -m jupytext --sync {path}\n"
        assert make("notebooks") == (0, kept + advice)
        text.write_text(text.read_text() + "\nAnd another.\n")  # as a git pull would
        for _ in range(2):
            status, printed = make("notebooks")
            assert status == 0
            assert printed.startswith(f"{kept}01-one.md has changed as well: python -m jupytext --diff ")
            assert path.read_text() == mine
        (diff,) = re.findall("python -m jupytext (.*) shows the differences", printed)
        jupytext_command(shlex.split(diff))
        shown = capfd.readouterr().out
        assert "+A sentence of mine." in shown
        assert "-And another." in shown

        path.rename(book / "mine.ipynb")
        assert make("notebooks") == (0, f"{path}\n")
        assert "And another." in path.read_text()

    def test_jupytext_keeps_text_and_notebook_in_step_both_ways(self, book, make):
        path, text = book / "_build" / "notebooks" / "01-one.ipynb", book / "book" / "01-one.md"
        make("notebooks")
        notebook = nbformat.read(path, as_version=4)
        before = chapters.as_text(notebook, text)
        notebook.metadata.language_info = {"name": "python", "pygments_lexer": "ipython3"}  # as a notebook that has run
        for cell in notebook.cells:
            cell.source = cell.source.replace("# One", "# One of mine")
            if cell.cell_type == "code":
                cell.update(outputs=[nbformat.v4.new_output("stream", text="said\n")], execution_count=1)
                cell.metadata |= {"execution": {"iopub.execute_input": "now"}, "scrolled": True}
        nbformat.write(notebook, path)
        os.utime(text, (1, 1))
        jupytext_command(["--sync", "--quiet", str(path)])
        assert text.read_text() == before.replace("# One", "# One of mine")
        assert make("notebooks") == (0, "")

        text.write_text(text.read_text().replace("# One of mine", "# One of ours"))
        os.utime(path, (1, 1))
        jupytext_command(["--sync", "--quiet", str(path)])
        assert "# One of ours" in path.read_text()
        assert "said" in path.read_text()
        assert make("notebooks") == (0, "")

        text.write_text(text.read_text().replace("# One of ours", "# One of theirs"))
        assert make("notebooks") == (0, f"{path}\n")
        assert "# One of theirs" in path.read_text()
        assert "said" in path.read_text()  # an output is no edit, and stays

    @pytest.mark.parametrize("key", [None, b"", b"12345678", b"\xff"])
    @pytest.mark.parametrize(
        "content", ["", "{}", "[]", '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}']
    )
    def test_one_of_which_nothing_is_known_is_kept(self, key, content, book, make):
        path = book / "_build" / "notebooks" / "01-one.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(content)
        if key is not None:
            path.with_name(".01-one.key").write_bytes(key)
        assert "kept, because it was edited" in make("notebooks")[1]
        assert path.read_text() == content

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

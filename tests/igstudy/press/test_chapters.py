"""The chapter runner on a small book: what is built, what stops it, and what is not run again."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
import torch
import torchvision

from igstudy.__main__ import main
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
    rendered = book / "_build" / "runs" / "few+images=5" / "_build" / "html" / "book" / "01-one.html"
    assert f"rendered: {rendered}" in printed
    assert "5</span> images in" in rendered.read_text()
    assert (book / "runs.txt").read_text() == "one\none\n"
    assert "images = 3" in str(executed(book))


def test_a_parameters_file_may_have_any_name(book, make):
    other = book / "ein paar {Bilder} für mich.yaml"
    other.write_text("images: 4\n")
    status, printed = make("chapter", "01-one", "--params", str(other))
    assert status == 0, printed
    rendered = Path(re.search("rendered: (.*)", printed)[1])
    assert rendered.relative_to(book / "_build" / "runs").parts[0] == chapters.tree_name(other, {})
    assert "4</span> images in" in rendered.read_text()


def test_each_choice_of_parameters_has_a_tree_of_its_own(book, monkeypatch):
    monkeypatch.chdir(book)
    few = Path("params", "few.yaml")
    assert chapters.tree_name(few, {}) == chapters.tree_name(few.resolve(), {}) == "few"
    assert chapters.tree_name(few, {"seed": 1, "steps": [4, 8]}) == "few+seed=1+steps=4,8"
    assert chapters.tree_name(few, {"steps": [4, 8], "seed": 1}) == "few+seed=1+steps=4,8"
    others = [
        *[chapters.tree_name(path, {}) for path in (Path("few.yaml"), Path("params/few.yml"), Path("few+seed=1.yaml"))],
        *[chapters.tree_name(few, {"data": text}) for text in ("", "a/b", "a b", "ab", "ü" * 300, "ü" * 301)],
        *[chapters.tree_name(Path("params", f"{'ü' * 100}{end}.yaml"), {}) for end in "ab"],
        chapters.tree_name(Path("params/few+seed=1.yaml"), {}),
        chapters.tree_name(few, {"seed": 1}),
    ]
    assert len({*others, "few"}) == len(others) + 1
    assert not [name for name in others if "/" in name or len(name.encode()) > 200]


def test_a_book_to_print_says_how_to_run_its_chapters(make):
    status, printed = make("pdf", "-p", "models", "[objects/vgg]")
    assert status == 1
    assert "error: not run as they are now: 01-one; first: python -m igstudy book --params /" in printed
    assert "/params/few.yaml -p models '[objects/vgg]'" in printed


def test_a_book_to_print_has_no_chapter_that_was_not_run_as_it_is(book, make, monkeypatch):
    add_chapters(book, [cell("", ":tags: [parameters]")])
    assert make("chapter", "1")[0] == 0  # which leaves the other one beside it, as it is before it runs
    assert "error: not run as they are now: 02-more; first: " in make("pdf")[1]
    monkeypatch.setattr(chapters, "build", lambda root, tree, output, only: tree)  # the pages are looked at no more
    monkeypatch.setattr(chapters, "check", lambda html, expected: None)
    assert make("chapter", "2")[0] == 0
    text = book / "book" / "01-one.md"
    text.write_text(text.read_text() + "\nOne sentence more.\n")
    assert "error: not run as they are now: 01-one; first: " in make("pdf")[1]
    assert make("chapter", "1")[0] == 0
    monkeypatch.setitem(sys.modules, "igstudy.press.pdf", None)
    assert "error: a book to print needs the packages that `make pdf` installs: " in make("pdf")[1]


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

    (book / "book" / "01-one.md").write_text(HEADER + CHAPTER + "More.\n")
    assert first != pages.key(pages.chapter(book, "01-one"), page.parameters(few), few)


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
    def test_written_again_when_the_text_changed_unless_they_were_edited(self, book, make):
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
        text.write_text(text.read_text() + "\nAnd another.\n")
        for _ in range(2):
            status, printed = make("notebooks")
            assert status == 0
            assert printed.startswith(f"kept, for it was edited: {path}; for the chapter as it is now, move it away")
            assert path.read_text() == mine

        path.rename(book / "mine.ipynb")
        assert make("notebooks") == (0, f"{path}\n")
        assert "And another." in path.read_text()

    @pytest.mark.parametrize("key", [None, b"", b"12345678", b"\xff"])
    def test_one_of_which_nothing_is_known_is_kept(self, key, book, make):
        path = book / "_build" / "notebooks" / "01-one.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        if key is not None:
            path.with_name(".01-one.key").write_bytes(key)
        assert "kept, for it was edited" in make("notebooks")[1]
        assert path.read_text() == "{}"

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

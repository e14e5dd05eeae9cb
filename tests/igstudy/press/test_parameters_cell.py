"""The parameters cell: what would keep a run's values from the code that reads them stops a chapter before it runs."""

import re
from pathlib import Path

import jupytext
import nbformat
import papermill
import pytest

from igstudy.engine.parameters import NAMES
from igstudy.engine.schema import ParameterError
from igstudy.press.parameters_cell import QUESTION, ChapterError, named_parameters

ROOT = Path(__file__).parents[3]
SPLIT = re.sub(r"  # .*", "", (ROOT / "book" / "06-split-ig.md").read_text(encoding="utf-8"))  # without its comments
OBJECTS = (ROOT / "book" / "objects.md").read_text(encoding="utf-8")
CELL = ":tags: [parameters]"
ROWS = SPLIT[SPLIT.index("task = ") : SPLIT.index("```\n", SPLIT.index("task = "))]
LATER = "```{code-cell} ipython3\n:tags: [remove-cell]"  # of the cells after that of the parameters
COUNT = "c: 0 cells with the tag parameters; exactly one must have it"


def names(text):
    return named_parameters("c", jupytext.reads(text, fmt="md:myst"))


def of(*sources, tagged=0):
    """The names of a chapter of these cells, of which one has the tag."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[tagged].metadata.tags = ["parameters"]
    return named_parameters("c", nbformat.v4.new_notebook(cells=cells))


def added(source, tags=""):
    """The change that puts a cell behind that of the parameters."""
    return LATER, f"```{{code-cell}} ipython3\n{tags}\n{source}\n```\n\n{LATER}"


LOST = {
    "no tag": ((f"{CELL}\n", ""), f"{COUNT}, of code and with the line ':tags: \\[parameters\\]'$"),
    "another case": ((CELL, ":tags: [Parameters]"), rf"{COUNT}.*; given: tags: \['Parameters'\]$"),
    "singular": ((CELL, ":tags: [parameter]"), rf"{COUNT}.*; given: tags: \['parameter'\]$"),
    "another key": ((CELL, ":tag: [parameters]"), rf"{COUNT}.*; given: tag: \['parameters'\]$"),
    "two cells": (added("seed = 1", CELL), "c: 2 cells with the tag"),
    "empty": ((ROWS, ""), "does not name task, data, models, .*; add: task = 'objects', data = ''"),
    "row gone": (("images = 8\n", ""), "does not name images, which the chapter reads; add: images = 8$"),
    "computed": (("images = 8\n", "images = 4 * 2\n"), r"the parameters cell holds 'images = 4 \* 2'; allowed: names"),
    "read": (("images = 8\n", "images = len(FIVE)\n"), r"the parameters cell holds 'images = len\(FIVE\)'"),
    "added to": (("images = 8\n", "images = 8\nimages += 1\n"), r"the parameters cell holds 'images \+= 1'"),
    "imports": (("images = 8\n", "import os\nimages = 8\n"), "the parameters cell holds 'import os'"),
    "not Python": (("images = 8\n", "images = = 8\n"), "the parameters cell is not Python: invalid syntax"),
    "set again": (added("images = 4"), "code cell 2 sets images before it is read, so the run's value is lost"),
    "set again in a tuple": (added("a, images = 1, 4"), "code cell 2 sets images before it is read"),
    "imported again": (added("from math import e as images"), "code cell 2 sets images before it is read"),
    "set by a loop": (added("for images in (1, 2): pass"), "code cell 2 sets images before it is read"),
    "set where it is read": (("study = of_", "images = 4\nstudy = of_"), "code cell 4 sets images before it is read"),
    "deleted": (added("del images"), "code cell 2 sets images before it is read"),
    "left by papermill": (added("images = 4", ":tags: [injected-parameters]"), "code cell 2 sets images before it is"),
}  # fmt: skip


@pytest.mark.parametrize("what", LOST)
def test_parameters_that_would_not_reach_a_chapter_stop_it(what):
    change, message = LOST[what]
    assert change[0] in SPLIT
    with pytest.raises(ChapterError, match=message):
        names(SPLIT.replace(*change, 1))


KEPT = {
    "as it is": ("", ""),
    "tuple": ("images = 8\n", "images, seed = 8, 0\n"),
    "two names": ("images = 8\n", "images = seed = 8\n"),
    "annotation": ("images = 8\n", "images: int = 8\n"),
    "value with =": ('data = ""', 'data = "a=b"'),
    "comment": ("images = 8\n", "images = 8  # a few\n"),
    "set after it was read": ("few = max", "images = study.images\nfew = max"),
    "a function's own": added("def f(images): return [seed for seed in range(images)]"),
    "an annotation alone": added("images: int"),
    "a comparison of two": added("assert images == 3 or (lambda images: images)(3)"),
    "magic": added("%matplotlib inline"),
    "shell": added("!ls\nfiles = !ls"),
    "another language": added("%%bash\nls *.md"),
    "not Python": added("a b c"),
}


@pytest.mark.parametrize("what", KEPT)
def test_parameters_that_reach_a_chapter(what):
    assert {*names(SPLIT.replace(*KEPT[what], 1))} == {*NAMES} - {*QUESTION}


def test_a_name_that_is_no_parameter():
    with pytest.raises(ParameterError, match="c, parameters cell: unknown parameter: given 'extra'"):
        names(SPLIT.replace("images = 8\n", "images, extra = 8, 0\n", 1))


def test_a_page_that_takes_one_parameter_needs_the_tag_too():
    assert names(OBJECTS) == ["seed"]
    with pytest.raises(ChapterError, match=COUNT):
        names(OBJECTS.replace(f"{CELL}\n", "", 1))


def test_a_cell_of_text_with_the_tag_would_draw_the_values_to_itself():
    with pytest.raises(ChapterError, match="2 cells with the tag parameters; exactly one must have it, of code"):
        names(SPLIT.replace("```{code-cell}", '+++ {"tags": ["parameters"]}\n\nText.\n\n```{code-cell}', 1))


READERS = {
    "its name": "from igstudy.engine.parameters import of_notebook\nstudy = of_notebook(globals())",
    "another": "from igstudy.engine.parameters import (\n    of_notebook as load,\n)\nstudy = load(globals())",
    "a star": "from igstudy.engine.parameters import *\nstudy = of_notebook(globals())",
    "an attribute": "import igstudy.engine.parameters as p\nstudy = p.of_notebook(globals())",
    "a method of nothing": "from igstudy.engine import parameters\nread = parameters.of_notebook\nread(globals())",
    "timed": "from igstudy.engine.parameters import of_notebook as load\n%time study = load(globals())",
    "a timed cell": "%%time\nfrom igstudy.engine.parameters import of_notebook\nstudy = of_notebook(globals())",
    "in a function": "from igstudy.engine.parameters import of_notebook\ndef study(): return of_notebook(globals())",
}


@pytest.mark.parametrize("what", READERS)
def test_what_reads_all_parameters_needs_all(what):
    with pytest.raises(ChapterError, match="c: the parameters cell does not name task, data, models, steps, seed, "):
        of("images = 8", READERS[what])
    with pytest.raises(ChapterError, match="c: code cell 1 reads .*, and only then comes the parameters cell; move it"):
        of(READERS[what], ROWS, tagged=1)
    assert len(of(ROWS, READERS[what])) == len(NAMES) - len(QUESTION)


READ = {
    "of a study": "from p import Parameters as P\nimages = images\nstudy = P(images=min(images, 4))",
    "keyword": "from p import Parameters\nstudy = Parameters(images=images)",
    "in a function": "def f(n=1):\n    return images",
    "default": "def f(n=images): return n",
    "in a class": "class A:\n    n = images",
    "in a comprehension": "[images for _ in range(3)]",
    "formatted": "print(f'{images} images')",
    "before it is set": "images = images // 2",
    "added to": "images += 1",
    "awaited": "await images",
    "behind a magic": "%matplotlib inline\nprint(images)",
    "on one branch": "if images: pass\nelse: images = 3",
}


@pytest.mark.parametrize("what", READ)
def test_what_reads_one_parameter_needs_that_one(what):
    assert of("images = 8", READ[what]) == ["images"]
    with pytest.raises(ChapterError, match="c: the parameters cell does not name images, which the chapter reads"):
        of("seed = 0", READ[what])
    with pytest.raises(ChapterError, match="c: code cell 1 reads images, and only then comes the parameters cell"):
        of(READ[what], "images = 8", tagged=1)


OWN = {
    "set before": "images = 3\nprint(images)",
    "set by a loop": "for images in range(3): print(images)",
    "of a function": "def f(images):\n    seed = 1\n    return images + seed",
    "of a comprehension": "[images for images in range(3)]",
    "of a class": "class A:\n    images = 3\n    more = images",
    "an attribute": "import p\nprint(p.images)",
    "a keyword": "dict(images=3)",
    "a string": "'images'",
    "imported": "from p import images\nprint(images)",
}


@pytest.mark.parametrize("what", OWN)
def test_a_name_of_the_notebooks_own_is_no_parameter(what):
    assert of("threads = 1", OWN[what]) == ["threads"]


def test_a_parameter_that_is_set_before_its_cell_is_refused():
    with pytest.raises(ChapterError, match="c: code cell 1 sets images, and only then comes the parameters cell"):
        of("images = 3\nprint(images)", "images = 8", tagged=1)


@pytest.mark.parametrize("what", ["tuple", "two names", "annotation"])
def test_papermill_puts_its_values_behind_what_the_cell_has(what, tmp_path):
    notebook = jupytext.reads(SPLIT.replace(*KEPT[what], 1), fmt="md:myst")
    made = papermill.execute_notebook(notebook, None, {"images": 3}, prepare_only=True)
    tags = [cell.metadata.get("tags") for cell in made.cells if cell.cell_type == "code"]
    assert tags[:2] == [["parameters"], ["injected-parameters"]]

"""The form of the chapters: short cells, figures with name, caption and alt text, the default parameters."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupytext.config import load_jupytext_config
from jupytext.formats import long_form_one_format

from igstudy.engine.parameters import NAMES, Parameters
from igstudy.press.pages import pages
from igstudy.press.parameters_cell import QUESTION

ROOT = Path(__file__).parents[3]
WITHOUT = ("index", "claims", "speed")  # show what is in results/, whatever the parameters are
CHAPTERS = {page.title: page for page in pages(ROOT) if page.is_chapter}


def code_cells(page):
    return [cell for cell in page.notebook().cells if cell.cell_type == "code"]


def test_every_page_of_the_folder_is_in_the_contents():
    assert {page.name for page in pages(ROOT)} == {f"book/{path.stem}" for path in (ROOT / "book").glob("*.md")}


@pytest.mark.parametrize("title", CHAPTERS)
def test_cells_are_short(title):
    for cell in code_cells(CHAPTERS[title]):
        lines = cell.source.splitlines()
        assert len(lines) <= 15, cell.source
        assert max(map(len, lines)) <= 120, cell.source


@pytest.mark.parametrize("title", CHAPTERS)
def test_every_name_of_the_project_is_there(title):
    """Found in a second, not when the chapter runs: ``from module import name``, and ``module.name`` further on."""
    sources = [cell.source for cell in code_cells(CHAPTERS[title]) if not cell.source.startswith(("%", "!"))]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    modules = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {each.asname: importlib.import_module(each.name) for each in node.names if each.asname == "ig"}
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith(("igpaths", "igstudy")):
            for each in node.names:
                value = getattr(importlib.import_module(node.module), each.name, None)
                found = value if value is not None else importlib.import_module(f"{node.module}.{each.name}")
                modules |= {each.asname or each.name: found} if inspect.ismodule(found) else {}
    used = {
        (node.value.id, node.attr)
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    assert not [f"{name}.{attribute}" for name, attribute in used if not hasattr(modules[name], attribute)]


@pytest.mark.parametrize("title", CHAPTERS)
def test_every_figure_has_a_name_a_caption_and_alt_text(title):
    for cell in code_cells(CHAPTERS[title]):
        if re.search(r"^figure\b.*=", cell.source, re.MULTILINE):
            facts = cell.metadata["mystnb"]
            assert facts["figure"]["name"].startswith("fig-")
            assert len(facts["figure"]["caption"]) > 40
            assert len(facts["image"]["alt"]) > 40


@pytest.mark.parametrize("title", [title for title in CHAPTERS if title not in WITHOUT])
def test_the_parameters_cell_holds_the_defaults(title):
    page, values = CHAPTERS[title], {}
    (cell,) = [cell for cell in code_cells(page) if "parameters" in cell.metadata.get("tags", ())]
    exec(cell.source, values)
    assert page.parameters(Parameters()) == {name: values[name] for name in page.parameters(Parameters())}


@pytest.mark.parametrize("title", [title for title in CHAPTERS if title not in ("objects", "photographs", *WITHOUT)])
def test_a_chapter_takes_all_parameters_but_those_of_its_question(title):
    assert list(CHAPTERS[title].parameters(Parameters())) == [name for name in NAMES if name not in QUESTION]


@pytest.mark.parametrize("title", CHAPTERS)
def test_a_chapter_is_as_jupytext_writes_it(title):
    """So that one edited in JupyterLab, or as an .ipynb file, whose keys are sorted, differs by its edit alone."""
    page = CHAPTERS[title]
    notebook = nbformat.reads(nbformat.writes(page.notebook()), as_version=4)
    options = long_form_one_format("md:myst")
    load_jupytext_config(str(ROOT / "book" / f"{title}.md")).set_default_format_options(options)
    assert jupytext.writes(notebook, options) == page.text

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
from igstudy.evidence.findings import PUBLISHED, RUN
from igstudy.press.pages import pages
from igstudy.press.parameters_cell import QUESTION
from limits import ABOUT_CODE, LIMITS, OVER, WIDTH, faults

ROOT = Path(__file__).parents[3]
WITHOUT = ("index", "claims", "speed")  # show what is in results/, whatever the parameters are
CHAPTERS = {page.title: page for page in pages(ROOT) if page.is_chapter}
# Tags of cells whose code a reader does not see; parameters are folded once they have run
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell", "parameters"}


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
def test_visible_code_is_the_lesson(title):
    """Few lines, which fit on a page, and none that fetch the study's own code."""
    visible = [cell for cell in code_cells(CHAPTERS[title]) if not HIDDEN & {*cell.metadata.get("tags", ())}]
    lines = [line for cell in visible for line in cell.source.splitlines() if line.strip()]
    measured = {
        "code lines": 0 if title in ABOUT_CODE else len(lines),
        "long lines": sum(len(line) > WIDTH for line in lines),
        "imports": sum(bool(re.match(r"\s*(from|import) igstudy\b", line)) for line in lines),
    }
    assert faults(title, measured) == []


def test_only_pages_and_measures_that_exist_are_over_a_limit():
    assert {*OVER} <= {page.title for page in pages(ROOT)}
    assert {name for entries in OVER.values() for name in entries} <= {*LIMITS}


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("0*.md")), ids=lambda path: path.stem)
def test_a_chapter_is_called_by_the_number_of_its_file(path):
    (title, *_) = re.findall(r"^# (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert title.startswith(f"{int(path.name[:2])}. ")


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


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("0*.md")), ids=lambda path: path.stem)
def test_every_sentence_in_short_says_what_it_rests_on(path):
    """A box that is computed says so itself; in one that is written, each sentence stands under such words."""
    text = path.read_text(encoding="utf-8")
    written = re.findall(r":::{admonition} In short\n:class: answer\n(.*?)\n:::", text, re.DOTALL)
    assert len(written) + len(re.findall(r"findings\.(?:answer|in_short)\(", text)) == 1
    for box in written:
        head, *parts = re.split(rf"^(By definition|{PUBLISHED}|{RUN}):$", box, flags=re.MULTILINE)
        said = dict(zip(parts[::2], parts[1::2], strict=True))
        assert head == ""
        assert all("{glue" in said[words] for words in (PUBLISHED, RUN))


@pytest.mark.parametrize("page", pages(ROOT), ids=lambda page: page.title)
def test_a_ranking_is_called_by_magnitude(page):
    """What is stored as "absolute" and called so in code has one word in prose, in captions and in alt texts."""
    cells = page.notebook().cells
    texts = [cell.source if cell.cell_type == "markdown" else str(cell.metadata.get("mystnb", "")) for cell in cells]
    prose = [re.sub(r"(?ms)^```.*?^```|{glue:text}`[^`]*`|`[^`]*`|mean absolute error", "", text) for text in texts]
    assert [each for each in prose if "absolute" in each] == []


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

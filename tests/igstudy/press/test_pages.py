"""Which pages are chapters, whatever an editor has left around their header, and which code would not be run."""

import io
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from myst_nb.core.read import is_myst_markdown_notebook

from igstudy.engine.parameters import Parameters
from igstudy.press import pages
from igstudy.press.parameters_cell import ChapterError

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "book" / "06-split-ig.md").read_text(encoding="utf-8")
CELL = "```{code-cell} ipython3\n1\n```\n"


@pytest.fixture
def written(tmp_path):
    """Write a page, the only one of a book, and return it as the book has it."""

    def write(text):
        (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: 06-split-ig\n")
        (tmp_path / "06-split-ig.md").write_bytes(text if isinstance(text, bytes) else text.encode())
        (page,) = pages.pages(tmp_path)
        return page

    return write


def header(*lines):
    return "\n".join(["---", *lines, "---", "", "# A page", "", CELL])


KEPT = {
    "as it is": TEXT,
    "another key first": TEXT.replace("---\njupytext:", "---\nauthors: [me]\njupytext:", 1),
    "a comment first": TEXT.replace("---\njupytext:", "---\n# --- mine ---\njupytext:", 1),
    "a quoted key": TEXT.replace("jupytext:", '"jupytext":', 1),
    "byte order mark": "\ufeff" + TEXT,
    "blank lines": f"\n \n{TEXT}",
    "byte order mark and blank line": f"\ufeff\n{TEXT}",
    "space after the first dashes": TEXT.replace("---\n", "--- \n", 1),
    "space after the last dashes": TEXT.replace("name: python3\n---\n", "name: python3\n---  \n", 1),
    "dots at the end": TEXT.replace("name: python3\n---\n", "name: python3\n...\n", 1),
    "Windows line ends": TEXT.replace("\n", "\r\n"),
    "a kernel of another name": TEXT.replace("name: python3", "name: my-env", 1),
}


@pytest.mark.parametrize("what", KEPT)
def test_what_an_editor_leaves_around_the_header_loses_no_parameter(written, what):
    page = written(KEPT[what])
    assert page.is_chapter
    assert page.parameters(Parameters(images=3))["images"] == 3
    assert len(page.notebook().cells) == len(pages.chapter(ROOT, "06-split-ig").notebook().cells)


HEADERS = {
    "jupytext's": header("jupytext: {text_representation: {extension: .md, format_name: myst}}"),
    "MyST-NB's": header("file_format: mystnb"),
}


@pytest.mark.parametrize("what", HEADERS)
def test_what_myst_nb_takes_for_a_notebook_is_a_chapter(written, what):
    assert is_myst_markdown_notebook(HEADERS[what])
    assert written(HEADERS[what]).is_chapter


def test_a_header_under_the_key_jupyter_is_one_too(written):
    assert written(header("jupyter: {jupytext: {text_representation: {format_name: myst}}}")).is_chapter


CELLS = {
    "three ticks": CELL,
    "four ticks": f"`{CELL[:-1]}`\n",
    "tildes": "~~~{code-cell}\n1\n~~~\n",
    "a space": "``` {code-cell} ipython3\n1\n```\n",
    "colons": ":::{code-cell}\n1\n:::\n",
    "in a list": "- a\n\n  ```{code-cell}\n  1\n  ```\n",
    "in a quote": "> ```{code-cell}\n> 1\n> ```\n",
    "in a directive": f"::::{{note}}\n{CELL}::::\n",
    "in a directive of ticks": f"````{{note}}\n{CELL}````\n",
}
PLAIN = [
    "# A page\n\n",
    *(f"---\n{header}\n---\n\n" for header in ("myst: {}", "file_format: other", "jupyter: jupytext", "- jupytext")),
]


@pytest.mark.parametrize("start", PLAIN)
@pytest.mark.parametrize("what", CELLS)
def test_code_without_a_header_is_no_plain_page(written, what, start):
    assert not is_myst_markdown_notebook(start + CELLS[what])
    with pytest.raises(ChapterError, match="06-split-ig: has code cells, but no header of jupytext"):
        written(start + CELLS[what])


@pytest.mark.parametrize("what", [*CELLS][3:])
def test_code_that_jupytext_does_not_read_as_a_cell_stops_a_chapter(written, what):
    with pytest.raises(ChapterError, match=r"06-split-ig: line 1\d begins a cell with .*\{code-cell\}.*not run there"):
        written(header("file_format: mystnb") + CELLS[what])


def test_code_that_is_only_shown_may_be_anything(written):
    assert not written(f"# A page\n\n````md\n{CELL}````\n\n````{{code-block}} md\n{CELL}````\n").is_chapter


def test_a_header_that_is_not_plain_yaml(written):
    with pytest.raises(ChapterError, match="06-split-ig, header: not YAML: .*'jupytext' comes twice"):
        written(header("jupytext: {}", "jupytext: {}"))


@pytest.mark.parametrize("options", [":tags: parameters", ":tags [parameters]", ":tags: [parameters", "---\n- a\n---"])
def test_options_of_a_cell_that_are_not_what_they_must_be(written, options):
    page = written(TEXT.replace(":tags: [parameters]", options, 1))
    with pytest.raises(ChapterError, match="06-split-ig is no notebook: [^\n]*$"):
        page.parameters(Parameters())


def test_text_in_another_encoding_is_named(written):
    with pytest.raises(ValueError, match="06-split-ig.md is not text in UTF-8"):
        written(TEXT.encode("utf-16"))


@pytest.mark.parametrize(
    "title", ["6", "06", "06-split-ig", "6-split-ig", "6-split", "06-split", "split-ig", "Split-IG"]
)
def test_a_number_or_a_part_of_a_title_is_a_chapter(title):
    assert pages.chapter(ROOT, title).title == "06-split-ig"


@pytest.mark.parametrize(
    ("title", "allowed"),
    [
        ("", "a number, a title, or a part of one title alone: index, .*01-path-methods, .*"),
        ("6-slit-ig", "a number, a title, .*; nearest: 06-split-ig"),
        ("66", r"a number \(1, 2, 3, 4, 5, 6, 7, 8, 9\) or a title; nearest: 6"),
        ("0", r"a number \(1, .*, 9\) or a title"),
        ("split", "one of 06-split-ig, 07-split-ig-quality"),
    ],
)
def test_unknown_chapter_lists_those_there_are(title, allowed):
    with pytest.raises(ChapterError, match=f"^chapter: given '{title}'; allowed: {allowed}$"):
        pages.chapter(ROOT, title)


def test_a_number_of_two_chapters_is_neither(tmp_path):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: 1-a\nchapters: [{file: 01-b}]\n")
    for name in ("1-a", "01-b"):
        (tmp_path / f"{name}.md").write_text(header("file_format: mystnb"))
    with pytest.raises(ChapterError, match="^chapter: given '1'; allowed: one of 1-a, 01-b$"):
        pages.chapter(tmp_path, "1")


def test_a_letter_that_the_font_lacks_stops_no_chapter_and_another_warning_does():
    with warnings.catch_warnings():
        exec(pages.GUARD, {})
        figure = plt.figure()
        figure.suptitle("犬")
        figure.savefig(io.BytesIO())
        plt.close(figure)
        with pytest.raises(UserWarning, match="anything else"):
            warnings.warn("anything else", stacklevel=1)

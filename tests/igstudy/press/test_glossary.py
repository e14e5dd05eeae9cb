"""The glossary: it has every term that a page links, and a chapter links every abbreviation that it uses."""

import re
from pathlib import Path

import pytest

from igstudy.press.pages import pages

ROOT = Path(__file__).parents[3]
PAGES = {page.title: page for page in pages(ROOT)}
LINK = re.compile(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`")
# How an abbreviation is written in a chapter, in words or in formulas
WRITTEN = {
    "SIC": r"\bSIC\b",
    "AIC": r"\bAIC\b",
    "ABPC": r"\bABPC\b",
    "IDG": r"\bIDG\b",
    "ψ": r"ψ|\\psi\b",
    "α*": r"α\*|\\alpha\^\{?\*|\\alpha\^\{?\\ast",
}
# Of today's chapters, those that they use and do not link. Each entry shrinks: a test says when it is not needed.
UNLINKED: dict[str, set[str]] = {}


def terms():
    """Every term of the glossary."""
    blocks = re.findall(r"^:::\{glossary\}\n(.*?)^:::$", PAGES["glossary"].text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip() and not line.startswith(" ")]


def prose(page):
    """A page's text without its code."""
    if not page.is_chapter:
        return page.text
    return "\n".join(cell.source for cell in page.notebook().cells if cell.cell_type == "markdown")


def linked(page):
    """The terms that a page links; Sphinx finds them in capitals or not."""
    return {term.lower() for term in LINK.findall(prose(page))}


def test_a_term_is_explained_once():
    assert len(terms()) > 40
    assert len({term.lower() for term in terms()}) == len(terms())


def test_abbreviations_are_in_the_glossary():
    assert {*WRITTEN} <= {*terms()}


@pytest.mark.parametrize("title", PAGES)
def test_a_linked_term_is_in_the_glossary(title):
    assert linked(PAGES[title]) <= {term.lower() for term in terms()}


@pytest.mark.parametrize("title", [title for title in PAGES if re.match(r"\d\d-", title)])
def test_a_chapter_links_each_abbreviation_that_it_uses(title):
    text = re.sub(r"`[^`\n]*`", "", prose(PAGES[title]))  # without roles and code
    used = {term for term, written in WRITTEN.items() if re.search(written, text)}
    assert {term for term in used if term.lower() not in linked(PAGES[title])} == UNLINKED.get(title, set())

"""Every table and figure of both papers has its place in the book, filled from the rows of a study."""

import re
from pathlib import Path

import pytest

from igstudy.evidence.contents import contents, shown
from igstudy.evidence.papers import table
from igstudy.press.pages import Page

ROOT = Path(__file__).parents[3]
TABLES = [place for place in contents() if place.kind == "table"]
FIGURES = [place for place in contents() if place.kind == "figure"]


def cells_of(place):
    return [cell for cell in Page(ROOT, f"book/{place.page}").notebook().cells if cell.cell_type == "code"]


def test_the_list_is_whole():
    assert [place.label for place in TABLES] == [
        *(f"Study A, Table {n}" for n in range(1, 18)),
        *(f"Study B, Table {n}" for n in range(1, 6)),
    ]
    assert [place.label for place in FIGURES] == [
        *(f"Study A, Figure {n}" for n in range(1, 6)),
        *("Study B, Figure 1", "Study B, Figure 2", "Study B, appendix"),
    ]


@pytest.mark.parametrize("place", FIGURES, ids=lambda place: place.label)
def test_every_figure_is_on_its_page(place):
    figures = [
        cell.metadata["mystnb"]["figure"] for cell in cells_of(place) if "figure" in cell.metadata.get("mystnb", {})
    ]
    (caption,) = [figure["caption"] for figure in figures if figure["name"] == place.name]
    assert f"({place.label})" in " ".join(caption.split())


@pytest.mark.parametrize("place", TABLES, ids=lambda place: place.label)
def test_every_table_is_on_its_page_and_its_numbers_are_not_typed(place):
    code = [cell.source for cell in cells_of(place)]
    assert all(f'"{metric}"' in "".join(code) for metric in place.metrics)
    sources = [source for source in code if re.search(rf'"{place.label}\b', source)]
    assert sources
    published = table(f"study-{place.paper.lower()}", place.number)["value"]
    typed = {float(number) for source in sources for number in re.findall(r"(?<![\w.])\d*\.\d+", source)}
    assert typed.isdisjoint(published)


def test_the_list_on_the_page_links_each_place():
    html = shown(contents()).to_html()
    assert 'href="04-step-size.html#fig-steps"' in html
    assert 'href="every-table.html">' in html
    assert html.count("href=") == len(contents())
    assert "cos(Left, Right)" in html
    assert "cosine left right" not in html

"""What is mended in the built pages, on a page that has every fault."""

import pytest
from bs4 import BeautifulSoup

from igstudy.press.accessible import mend

PAGE = """
<div class="pst-scrollable-table-container"><table>
<thead><tr><th class="blank">&nbsp;</th><th colspan="2">a</th></tr><tr><th></th><th>b</th><th>c</th></tr></thead>
<tbody><tr><th rowspan="2">d</th><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></tbody>
</table></div>
<details><summary aria-label="Toggle hidden content">Show code</summary></details>
<button class="search-button-field" aria-label="Search">Search Ctrl K</button>
<button class="theme-switch-button" aria-label="Color mode"><i class="theme-switch" title="Light"></i></button>
<div role="list"><div role="doc-biblioentry">A paper</div></div>
<dl><dt class="sig">walk(<dl><dd>path,</dd></dl>)</dt><dd>Walks.</dd></dl>
<a class="viewcode-back" href="reference.html#igpaths.paths.Point">[docs]</a>
<ul><li>igpaths</li><ul><li>igpaths.paths</li></ul></ul>
<script>if (1 < 2 && "<b>") {}</script>
"""


@pytest.fixture
def mended(tmp_path):
    (tmp_path / "_static").mkdir()
    for path in (tmp_path / "page.html", tmp_path / "_static" / "page.html"):
        path.write_text(PAGE, encoding="utf-8")
    mend(tmp_path)
    assert (tmp_path / "_static" / "page.html").read_text(encoding="utf-8") == PAGE
    return BeautifulSoup((tmp_path / "page.html").read_text(encoding="utf-8"), "html.parser")


def test_each_header_cell_says_what_it_heads(mended):
    heads = {head.text: head["scope"] for head in mended.select("th")}
    assert heads == {"a": "colgroup", "b": "col", "c": "col", "d": "rowgroup"}
    assert [cell.text.strip() for cell in mended.select("thead td")] == ["", ""]


def test_a_table_scrolls_in_one_box_that_the_keyboard_reaches(mended):
    (table,) = mended.select("table")
    assert table.parent["class"] == ["scrolls"]
    assert table.parent["tabindex"] == "0"
    assert not mended.select(".pst-scrollable-table-container")


def test_what_is_pressed_has_the_name_that_it_shows(mended):
    assert not mended.select("summary[aria-label], .search-button-field[aria-label], .theme-switch[title]")
    assert mended.select_one(".theme-switch-button")["aria-label"] == "Color mode"


def test_references_are_items_and_scripts_stay_as_they_are(mended):
    assert mended.select_one("[role=list] > [role=listitem]").text == "A paper"
    assert mended.select_one("script").string == 'if (1 < 2 && "<b>") {}'


def test_only_definitions_are_a_list_of_definitions(mended):
    roles = [element.get("role") for element in mended.select("dl, dt, dd")]
    assert roles == [None, None, "presentation", "presentation", None]


def test_a_list_within_a_list_belongs_to_an_item(mended):
    assert not mended.select("ul > ul")
    assert mended.select_one("ul > li > ul > li").text == "igpaths.paths"


def test_source_leads_to_no_name_that_is_not_there(mended):
    assert not mended.select("a")

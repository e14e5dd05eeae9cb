"""The book as one PDF: what folds on the screen is open on paper, but claims, and links stay within it."""

import pytest
from bs4 import BeautifulSoup

from igstudy.press.single import printable

FOLDED = '<details class="sd-dropdown"><summary>{0}</summary>the same words</details>'
MADE = (
    '<details class="sd-dropdown provenance"><summary>{0}</summary><table><tbody>'
    "<tr><td>parameters</td><td>{1}</td></tr><tr><td>computed</td><td>{0}</td></tr></tbody></table></details>"
)
LINKS = '<a href="03-idgi.html#a2">a2</a><a href="glossary.html">words</a><a href="https://a.org/b.html">b</a>'
PAGES = (
    f'<span id="document-book/claims"></span><section>{FOLDED.format("a claim")}</section>'
    f"<section>{''.join(MADE.format(*each) for each in ('ac', 'bd', 'ec'))}</section>"
    f'<span id="document-book/rerun"></span><section>{FOLDED.format("a table")}{LINKS}</section>'
    f"<section>{FOLDED.format('Live check')}</section>"
)


@pytest.fixture
def page(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.html").write_text(PAGES, encoding="utf-8")
    whole = printable(tmp_path)
    assert whole == tmp_path / "index.html"
    return BeautifulSoup(whole.read_text(encoding="utf-8"), "html.parser")


def test_all_but_claims_is_open(page):
    assert [details.summary.text for details in page.select("details[open]")] == ["a", "b", "a table"]


def test_live_checks_are_left_out(page):
    assert "Live check" not in page.text


def test_parameters_are_there_once(page):
    assert [details.summary.text for details in page.select("details.provenance")] == ["a", "b"]


def test_links_lead_to_places_in_it(page):
    hrefs = [link["href"] for link in page.select("a")]
    assert hrefs == ["#a2", "#document-book/glossary", "https://a.org/b.html"]

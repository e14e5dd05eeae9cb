"""The built pages for readers who listen, or have no mouse: what the builder's markup leaves out or gets wrong.

Sphinx, its theme and pandas each write a part of a page, and no setting of theirs changes these parts.
"""

from pathlib import Path

from bs4 import BeautifulSoup


def mend(html: Path) -> None:
    """Mend every page below a folder, in place."""
    for path in html.rglob("*.html"):
        if "_static" not in path.relative_to(html).parts:
            page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
            tables(page)
            names(page)
            for back in page.select(".viewcode-back"):  # from source to names under which the reference lacks them
                back.decompose()
            for item in page.select("li:has(+ ul)"):  # an index's second level belongs to the item before it
                item.append(item.find_next_sibling("ul") or "")
            path.write_text(str(page), encoding="utf-8")


def tables(page: BeautifulSoup) -> None:
    """Each header cell says what it heads, and each table scrolls within itself, by the keyboard too."""
    for head in page.select("table th"):
        across = head.find_parent("thead") is not None
        spans = head.get("colspan" if across else "rowspan", "1") != "1"
        head["scope"] = ("col" if across else "row") + "group" * spans
    for corner in page.select("th.blank, thead th:empty"):  # heads nothing
        corner.name = "td"
        del corner["scope"]
    for inner in page.select(".pst-scrollable-table-container"):  # which its script takes out of reach while folded
        inner.unwrap()
    for table in page.select("table"):
        table.wrap(page.new_tag("div", attrs={"class": "scrolls", "tabindex": "0"}))


def names(page: BeautifulSoup) -> None:
    """What is pressed is called by the words it shows, and the references are the items of their list."""
    for pressed in page.select("summary[aria-label], .search-button-field[aria-label]"):
        del pressed["aria-label"]
    for icon in page.select(".theme-switch[title]"):
        del icon["title"]
    for entry in page.select("[role=doc-biblioentry]"):
        entry["role"] = "listitem"
    for line in page.select("dt.sig dl, dt.sig dd"):  # the parameters of a long signature, which define nothing
        line["role"] = "presentation"

"""The built pages for readers who listen, or have no mouse: what the builder's markup leaves out or gets wrong.

Sphinx, its theme and pandas each write a part of a page, and no setting of theirs changes these parts.
"""

from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from igstudy.press.kernels import SERVER


def mend(html: Path, *, processes: int = 1) -> None:
    """Mend every page below a folder, in place, as many at once as there are processes."""
    paths = [path for path in html.rglob("*.html") if "_static" not in path.relative_to(html).parts]
    with ProcessPoolExecutor(processes, SERVER) as pool:  # the largest first, so that none is left alone with it
        list(pool.map(mend_page, sorted(paths, key=lambda path: -path.stat().st_size)))


def mend_page(path: Path) -> None:
    """Mend one page in place."""
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    tags = Tags(page)
    tables(page, tags)
    names(tags)
    for back in tags.of_class("a", "viewcode-back"):  # from source to names under which the reference lacks them
        back.decompose()
    for inner in tags["ul"]:  # an index's second level belongs to the item before it
        before = inner.find_previous_sibling()
        if before and before.name == "li":
            before.append(inner)
    path.write_text(str(page), encoding="utf-8")


class Tags(defaultdict[str, list[Tag]]):
    """The tags of a page by name, which one pass finds; each of a selector's would take a pass of its own."""

    def __init__(self, page: BeautifulSoup) -> None:
        super().__init__(list)
        for tag in page.find_all(True):
            self[tag.name].append(tag)

    def of_class(self, name: str, kind: str) -> list[Tag]:
        """Those of a name that have a class."""
        return [tag for tag in self[name] if kind in tag.get_attribute_list("class")]


def tables(page: BeautifulSoup, tags: Tags) -> None:
    """Each header cell says what it heads, and each table scrolls within itself, by the keyboard too."""
    for head in tags["th"]:
        across = head.find_parent("thead") is not None
        if "blank" in head.get_attribute_list("class") or (across and not head.contents):
            head.name = "td"  # a corner, which heads nothing
        else:
            spans = head.get("colspan" if across else "rowspan", "1") != "1"
            head["scope"] = ("col" if across else "row") + "group" * spans
    for inner in tags.of_class("div", "pst-scrollable-table-container"):  # out of reach by its script while folded
        inner.unwrap()
    for table in tags["table"]:
        table.wrap(page.new_tag("div", attrs={"class": "scrolls", "tabindex": "0"}))


def names(tags: Tags) -> None:
    """What is pressed is called by the words it shows, and the references are the items of their list."""
    for pressed in [*tags["summary"], *tags.of_class("button", "search-button-field")]:
        del pressed["aria-label"]
    for icon in tags.of_class("i", "theme-switch"):
        del icon["title"]
    for entry in tags["div"]:
        if entry.get("role") == "doc-biblioentry":
            entry["role"] = "listitem"
    for line in [line for dt in tags.of_class("dt", "sig") for line in dt.find_all(["dl", "dd"])]:
        line["role"] = "presentation"  # the parameters of a long signature, which define nothing

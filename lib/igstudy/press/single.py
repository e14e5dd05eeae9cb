"""The single page that Sphinx joins the book's pages to, made fit for paper."""

from pathlib import Path

from bs4 import BeautifulSoup


def printable(html: Path) -> Path:
    """The whole page at the head of its folder, where its paths begin, with what folds open and links within it.

    A claim stays folded: on paper its line has the answer, and the details of all would be as long as the rest. How a
    page was made is said where the parameters are not those of a page before, and what a rerun would change, the live
    checks, is left out.
    """
    whole = (html / "book" / "index.html").replace(html / "index.html")
    page = BeautifulSoup(whole.read_text(encoding="utf-8"), "html.parser")
    claims = set(map(id, page.select('span[id="document-book/claims"] + section details')))
    parameters = set[str]()
    for made in page.select("details.provenance"):
        own = made.select("tbody tr")[0].get_text()
        if own in parameters:
            made.decompose()
        parameters.add(own)
    for folded in page.select("details.sd-dropdown"):
        if folded.summary and folded.summary.get_text(strip=True) == "Live check":
            folded.decompose()
            continue
        if id(folded) not in claims:
            folded["open"] = ""
    for link in page.select("a[href]"):
        target, _, anchor = str(link["href"]).partition("#")
        if target.endswith(".html") and "://" not in target:
            link["href"] = f"#{anchor or 'document-book/' + Path(target).stem}"
    whole.write_text(str(page), encoding="utf-8")
    return whole

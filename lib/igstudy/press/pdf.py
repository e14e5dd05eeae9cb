"""The whole book as one PDF: Sphinx joins its pages to one, and Chromium prints that."""

from pathlib import Path

from bs4 import BeautifulSoup

from igstudy.press.browser import PATIENCE, TYPESET, chromium

FOOT = (
    '<div style="width: 100%; text-align: center; font: 8px sans-serif">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def printable(html: Path) -> Path:
    """The whole page at the head of its folder, where its paths begin: claims unfold, links lead to places in it."""
    whole = (html / "book" / "index.html").replace(html / "index.html")
    page = BeautifulSoup(whole.read_text(encoding="utf-8"), "html.parser")
    for claim in page.select("details.sd-dropdown"):
        claim["open"] = ""
    for link in page.select("a[href]"):
        target, _, anchor = str(link["href"]).partition("#")
        if target.endswith(".html") and "://" not in target:
            link["href"] = f"#{anchor or 'document-book/' + Path(target).stem}"
    whole.write_text(str(page), encoding="utf-8")
    return whole


def write(whole: Path, target: Path) -> None:
    """Print a page from the disk; `target` is written whole or not at all."""
    with chromium() as browser:
        page = browser.new_page(color_scheme="light")
        page.set_default_timeout(PATIENCE)
        page.goto(whole.as_uri())
        page.wait_for_function(TYPESET)
        printed = page.pdf(
            format="A4", scale=0.7, outline=True, tagged=True,
            margin={"top": "14mm", "bottom": "16mm", "left": "14mm", "right": "14mm"},
            display_header_footer=True, header_template="<span></span>", footer_template=FOOT,
        )  # fmt: skip
    target.write_bytes(printed)

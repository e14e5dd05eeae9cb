"""The whole book as one PDF, from chapters that were run: Sphinx joins them to one page, and Chromium prints it.

python -m igstudy.press.pdf --params params/objects.yaml
"""

import argparse
import sys
from pathlib import Path

from bs4 import BeautifulSoup

from igstudy.press.browser import PATIENCE, TYPESET, BrowserError, chromium
from igstudy.press.building import build
from igstudy.press.pages import ChapterError, pages

FOOT = (
    '<div style="width: 100%; text-align: center; font: 8px sans-serif">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def printable(html: Path) -> Path:
    """The joined page at the head of its folder, where its paths begin: claims unfold, links lead to places in it."""
    joined = (html / "book" / "index.html").replace(html / "index.html")
    page = BeautifulSoup(joined.read_text(encoding="utf-8"), "html.parser")
    for claim in page.select("details.sd-dropdown"):
        claim["open"] = ""
    for link in page.select("a[href]"):
        target, _, anchor = str(link["href"]).partition("#")
        if target.endswith(".html") and "://" not in target:
            link["href"] = f"#{anchor or 'document-book/' + Path(target).stem}"
    joined.write_text(str(page), encoding="utf-8")
    return joined


def write(joined: Path, target: Path) -> None:
    """Print a page from the disk; `target` is written whole or not at all."""
    with chromium() as browser:
        page = browser.new_page(color_scheme="light")
        page.set_default_timeout(PATIENCE)
        page.goto(joined.as_uri())
        page.wait_for_function(TYPESET)
        printed = page.pdf(
            format="A4", scale=0.7, outline=True, tagged=True,
            margin={"top": "14mm", "bottom": "16mm", "left": "14mm", "right": "14mm"},
            display_header_footer=True, header_template="<span></span>", footer_template=FOOT,
        )  # fmt: skip
    target.write_bytes(printed)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m igstudy.press.pdf", description="Print the book.")
    parser.add_argument("--params", type=Path, default=Path("params/objects.yaml"), help="that the chapters ran with")
    root, given = Path.cwd(), parser.parse_args(arguments)
    tree, target = root / "_build" / "runs" / given.params.stem, root / "_build" / "igpaths.pdf"
    try:
        missing = [page.title for page in pages(root) if page.is_chapter and not (tree / f"{page.name}.ipynb").exists()]
        if missing:
            raise ChapterError(f"not run: {', '.join(missing)}; first: make book PARAMS={given.params}")
        write(printable(build(root, tree, root, builder="singlehtml")), target)
    except (BrowserError, ChapterError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"the book: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

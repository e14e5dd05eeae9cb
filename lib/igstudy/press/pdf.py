"""The whole book as one PDF: Chromium prints its single page."""

from pathlib import Path

from igstudy.press.browser import PATIENCE, TYPESET, chromium

FOOT = (
    '<div style="width: 100%; text-align: center; font: 8px sans-serif">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def write(whole: Path, target: Path) -> None:
    """Print a page from the disk; `target` is written whole or not at all."""
    with chromium() as browser:
        page = browser.new_page(color_scheme="light")
        page.set_default_timeout(PATIENCE)
        page.goto(whole.as_uri())
        page.wait_for_function(TYPESET)
        printed = page.pdf(
            format="A4", scale=0.64, outline=True, tagged=True,
            margin={"top": "12mm", "bottom": "14mm", "left": "12mm", "right": "12mm"},
            display_header_footer=True, header_template="<span></span>", footer_template=FOOT,
        )  # fmt: skip
    target.write_bytes(printed)

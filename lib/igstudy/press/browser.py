"""The system's Chromium, for what only a browser can do: to try the book's pages, and to print them."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

PATIENCE = 300_000  # ms until a page that does not answer is given up
TYPESET = "() => !window.MathJax?.startup || MathJax.startup.promise.then(() => true)"  # all formulas are
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class BrowserError(OSError):
    """No Chromium."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium from the environment variable CHROMIUM, or from the path."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        raise BrowserError("no Chromium: apt-get install chromium, or set CHROMIUM to the path of one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()

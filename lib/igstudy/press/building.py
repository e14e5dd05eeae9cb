"""From pages and executed notebooks to the book, and what is checked of it.

Jupyter Book builds a book whose cells failed or that lacks a page and says nothing, so here a warning is an error, and
so is a page that was not built.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from multiprocessing import get_context
from pathlib import Path

from igstudy.press.accessible import mend, mend_page
from igstudy.press.kernels import SERVER, start_server
from igstudy.press.pages import Page, pages
from igstudy.press.parameters_cell import ChapterError
from igstudy.press.rendering import render

AT_ONCE = 8  # processes that render: more have too little to do
FAULT = re.compile(r"\b(?:WARNING|ERROR|CRITICAL): ")
# Sphinx's and MyST's warnings of a reference without a target
DANGLING = re.compile(r"(?:unknown document|undefined label|equation not found|target not found): '?([^\s']+)")
TERM = re.compile(r"term not in glossary: '([^']+)'")  # Sphinx's, of a page that is rendered without the glossary
# What a browser would fetch from elsewhere; links for the reader to follow are not among it.
REMOTE = re.compile(
    r"""<(?!a\b)[a-z]+\b[^>]*\b(?:src|srcset|href|data|poster)\s*=\s*["']?\s*(?:https?:)?//[^"'\s>]+"""
    r"""|(?:url\(|@import)\s*["']?\s*(?:https?:)?//[^"')\s]+""",
    re.IGNORECASE,
)
NUMPYS = re.compile(r"np\.(?:int|uint|float|bool|str)\w*\(")  # a number as numpy's repr; code is cut up by its colours


def build(root: Path, tree: Path, html: Path, *, builder: str = "html") -> Path:
    """Render the whole book from the notebooks of `tree` to the folder `html`, and return that; a warning is an error.

    `builder` is "html", or "singlehtml" for all pages joined to one.
    """
    _copy(root, tree, pages(root))
    shutil.copy2(root / "_toc.yml", tree)
    processes = min(AT_ONCE, os.cpu_count() or 1)
    shutil.rmtree(html, ignore_errors=True)
    start_server()
    succeeded, printed = render(SERVER, tree, html, builder=builder, processes=processes, strict=True)
    if not succeeded:
        raise ChapterError(f"jupyter-book build failed\n{printed}")
    mend(html, processes=processes)
    return html


def build_page(page: Page, tree: Path) -> Path:
    """Render one chapter from its notebook of `tree` to ``tree/_build/html``; a warning is an error.

    References to other pages of the book become plain text, and numbers of figures begin with 1.
    """
    others = [other for other in pages(page.root) if other != page]
    _copy(page.root, tree, [page])
    contents: dict[str, object] = {"format": "jb-book", "root": page.name}
    if "{bibliography}" not in page.text:  # the book's is on a page of its own
        (tree / "references.md").write_text("# References\n\n```{bibliography}\n```\n")
        contents |= {"chapters": [{"file": "references"}]}
    (tree / "_toc.yml").write_text(json.dumps(contents))
    html = tree / "_build" / "html"
    (html / f"{page.name}.html").unlink(missing_ok=True)
    succeeded, printed = render(get_context("spawn"), tree, html)  # at once, where the server would first import much
    faults = [line for line in printed.splitlines() if FAULT.search(line) and not _is_elsewhere(line, others)]
    if faults or not succeeded:
        raise ChapterError("\n".join(["jupyter-book build failed", *(faults or [printed])]))
    mend_page(html / f"{page.name}.html")
    return html


def _copy(root: Path, tree: Path, wanted: Sequence[Page]) -> None:
    """Copy to `tree`, where executed notebooks stand for chapters, all else that Jupyter Book reads of these pages."""
    pages_alone = shutil.ignore_patterns("*.md", "*.ipynb")
    shutil.copytree(root / "book", tree / "book", ignore=pages_alone, dirs_exist_ok=True)
    shutil.copy2(root / "_config.yml", tree)
    for page in wanted:
        text, notebook = tree / f"{page.name}.md", tree / f"{page.name}.ipynb"
        (text if page.is_chapter else notebook).unlink(missing_ok=True)
        if not page.is_chapter:
            text.write_text(page.text, encoding="utf-8")


def _is_elsewhere(warning: str, others: Sequence[Page]) -> bool:
    """Whether a warning is of a reference to another page, or to what another page explains or gives a name."""
    if term := TERM.search(warning):
        explained = re.compile(rf"^{re.escape(term[1])}$", re.IGNORECASE | re.MULTILINE)
        return any("{glossary}" in other.text and explained.search(other.text) for other in others)
    found = DANGLING.search(warning)
    if not found:
        return False
    name = re.escape(found[1])
    named = re.compile(rf"(?:name|label): *{name}\b|\({name}\)")
    return any(other.title == Path(found[1]).name or named.search(other.text) for other in others)


def check(html: Path, expected: Iterable[Page]) -> None:
    """Raise `ChapterError` unless all pages are there, no cell failed, numbers are plain, and nothing is remote."""
    problems = []
    for page in expected:
        path = html / f"{page.name}.html"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        problems += [] if text else [f"{page.name}: not built"]
        problems += [f"{page.name}: a cell failed"] if 'class="output traceback' in text else []
        problems += [f"{page.name}: shows {start}…)" for start in NUMPYS.findall(text)]
    for path in [*html.rglob("*.html"), *html.rglob("*.css")]:
        loads = REMOTE.findall(path.read_text(encoding="utf-8"))
        problems += [f"{path.relative_to(html)}: loads {url}" for url in loads]
    if problems:
        raise ChapterError("\n".join(problems))

"""From pages and executed notebooks to the book, and what is checked of it.

Jupyter Book builds a book whose cells failed or that lacks a page and says nothing, so here a warning is an error, and
so is a page that was not built.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext

from igstudy.press.accessible import mend
from igstudy.press.kernels import SERVER, start_server
from igstudy.press.pages import Page, pages
from igstudy.press.parameters_cell import ChapterError

AT_ONCE = 8  # processes that render: more have too little to do
# What a browser would fetch from elsewhere; links for the reader to follow are not among it.
REMOTE = re.compile(
    r"""<(?!a\b)[a-z]+\b[^>]*\b(?:src|srcset|href|data|poster)\s*=\s*["']?\s*(?:https?:)?//[^"'\s>]+"""
    r"""|(?:url\(|@import)\s*["']?\s*(?:https?:)?//[^"')\s]+""",
    re.IGNORECASE,
)
NUMPYS = re.compile(r"np\.(?:int|uint|float|bool|str)\w*\(")  # a number as numpy's repr; code is cut up by its colours


def build(root: Path, tree: Path, output: Path, *, only: Page | None = None, builder: str = "html") -> Path:
    """Render the notebooks of `tree` to ``output/_build/<builder>``; a warning is an error.

    `builder` is "html", or "singlehtml" for all pages joined to one. With `only`, other chapters may not have run:
    their warnings are expected, and neither shown nor errors.
    """
    pages_alone = shutil.ignore_patterns("*.md", "*.ipynb")
    shutil.copytree(root / "book", tree / "book", ignore=pages_alone, dirs_exist_ok=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy2(root / name, tree)
    for page in pages(root):
        text, notebook = tree / f"{page.name}.md", tree / f"{page.name}.ipynb"
        (text if page.is_chapter else notebook).unlink(missing_ok=True)
        if not page.is_chapter:
            text.write_text(page.text, encoding="utf-8")
        elif not notebook.exists():
            jupytext.write(page.notebook(), notebook)
    html, processes = output / "_build" / builder, min(AT_ONCE, os.cpu_count() or 1)
    shutil.rmtree(html, ignore_errors=True)
    start_server()
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        rendering = SERVER.Process(target=_render, args=(tree, html, builder, processes, only is None, log))
        rendering.start()
        rendering.join()
        printed = log.read_text(encoding="utf-8") if log.exists() else ""
    warned = "\n".join(line for line in printed.splitlines() if not only or only.name in line)
    if rendering.exitcode or (only and warned):
        raise ChapterError(f"jupyter-book build failed\n{printed if rendering.exitcode else warned}")
    mend(html, processes=processes)
    return html


def _render(tree: Path, html: Path, builder: str, processes: int, strict: bool, log: Path) -> None:
    """What ``jupyter-book build`` does, by several processes, which its command line does not offer.

    It ends the process with Sphinx's status; all that is printed goes to the log.
    """
    from jupyter_book.sphinx import build_sphinx

    options = {"nitpicky": strict, "latex_individualpages": False, "external_toc_path": str(tree / "_toc.yml")}
    with log.open("w", encoding="utf-8") as printed, redirect_stdout(printed), redirect_stderr(printed):
        status = build_sphinx(
            tree,
            html,
            path_config=tree / "_config.yml",
            noconfig=True,
            confoverrides=options,
            force_all=True,  # pages that Sphinx has seen before would keep quiet about their warnings
            quiet=True,
            builder=builder,
            warningiserror=strict,
            keep_going=strict,
            jobs=processes,
        )
    sys.exit(status if isinstance(status, int) else 1)


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

"""Where a book's minutes go: the wall clock's and the processors' seconds of each chapter, and of what follows them.

It is built once, for it takes minutes, with the default parameters, from a clone of the last commit with an empty
store. Chapters run beside each other, so their seconds add up to more than those of all of them.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import psutil

from igstudy.engine.parameters import read
from igstudy.evidence.verdicts import of_published
from igstudy.press.building import build, check
from igstudy.press.pages import Page, execute_all, pages

PARAMS = Path("params/objects.yaml")


def run(device: str, *, params: Path = PARAMS) -> list[dict[str, Any]]:
    """A row for each chapter, for all of them, for the pages in HTML, their check, and the verdicts on all claims."""
    with TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", ".", folder], check=True)
        with chdir(folder):
            return list(measured(Path(folder), params, device))


def measured(root: Path, params: Path, device: str) -> Iterator[dict[str, Any]]:
    """The rows of the book of a project that has not been built."""
    chosen, tree = read(params, device=device), root / "_build" / "runs" / params.stem
    html = root / "_build" / "html"
    chapters = [page for page in pages(root) if page.is_chapter]
    together = phase("all chapters", lambda: execute_all(chapters, chosen, tree))
    for page in chapters:
        yield of_chapter(page, tree)
    yield together
    yield phase("HTML", lambda: build(root, tree, html))
    yield phase("check", lambda: check(html, pages(root)))
    yield phase("verdicts", of_published)


def phase(name: str, work: Callable[[], object]) -> dict[str, Any]:
    """The row of some work."""
    began, before = time.perf_counter(), processor_seconds()
    work()
    return row(name, time.perf_counter() - began, processor_seconds() - before)


def of_chapter(page: Page, tree: Path) -> dict[str, Any]:
    """The row of a chapter, whose notebook says how long it ran, and in its last cell how long it computed."""
    notebook = nbformat.read(tree / f"{page.name}.ipynb", as_version=4)
    (spent,) = [output.data["text/plain"] for output in notebook.cells[-1].outputs]
    return row(page.title, notebook.metadata.papermill.duration, float(spent))


def row(name: str, seconds: float, processor: float) -> dict[str, Any]:
    return {"phase": name, "seconds": round(seconds, 2), "processor seconds": round(processor, 2), "runs": 1}


def processor_seconds() -> float:
    """What this process, its children, and those of theirs that have ended have computed."""
    processes = [psutil.Process(), *psutil.Process().children()]  # the server of chapters' processes among them
    return sum(sum(each.cpu_times()[:4]) for each in processes)

"""From the chapters' text to the book: MyST → notebook → executed notebook → HTML.

    python -m igstudy.press.chapters book --params params/objects.yaml
    python -m igstudy.press.chapters run --chapter 06-split-ig --params params/imagenet-sample.yaml
    python -m igstudy.press.chapters notebooks

What is made lies under ``_build/``: ``notebooks/`` are the chapters as notebooks to work on; ``runs/<name of the
parameters file>/`` is a copy of the book with executed notebooks in place of the text; ``html/`` is the book. A page
with a jupytext header is a chapter and is executed; a page without is plain text and is copied.

Papermill and Jupyter Book forgive much, so this module does not: parameters are checked before anything runs, a
warning inside a chapter is an error, and so is a page that was not built.
"""

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from sphinx_external_toc.parsing import parse_toc_yaml

from igstudy.engine.parameters import Parameters, check_names, read
from igstudy.engine.provenance import versions
from igstudy.engine.scheduler import environment
from igstudy.engine.schema import ParameterError
from igstudy.press.accessible import mend

# Whatever Python would show as a warning stops a chapter; what it hides (deprecations inside other packages) stays so.
# Folded in the page, by the cell's tag
PROMPTS = {"parameters": "Parameters as the chapter has them", "injected-parameters": "Parameters of this run"}
GUARD = """\
import warnings
warnings.simplefilter("error", append=True)
warnings.filterwarnings("error", category=DeprecationWarning, module="__main__|igpaths")"""
# What a browser would fetch from elsewhere; links for the reader to follow are not among it.
REMOTE = re.compile(
    r"""<(?!a\b)[a-z]+\b[^>]*\b(?:src|srcset|href|data|poster)\s*=\s*["']?\s*(?:https?:)?//[^"'\s>]+"""
    r"""|(?:url\(|@import)\s*["']?\s*(?:https?:)?//[^"')\s]+""",
    re.IGNORECASE,
)
LIBRARIES = [Path(__file__).parents[2] / package for package in ("igpaths", "igstudy")]
AT_ONCE = 4  # chapters: each takes a gigabyte or more
NUMPYS = re.compile(r"np\.(?:int|uint|float|bool|str)\w*\(")  # a number as numpy's repr; code is cut up by its colours


class ChapterError(Exception):
    """A chapter that does not exist, failed, or did not become a page."""


@dataclass(frozen=True)
class Page:
    """One page of the table of contents; `name` is its path below `root` without suffix, such as book/protocol."""

    root: Path
    name: str

    @cached_property
    def text(self) -> str:
        return (self.root / f"{self.name}.md").read_text(encoding="utf-8")

    @property
    def title(self) -> str:
        return Path(self.name).name

    @property
    def is_chapter(self) -> bool:
        """Whether the page holds code to execute."""
        return self.text.startswith("---\njupytext:")

    def notebook(self) -> NotebookNode:
        return jupytext.reads(self.text, fmt="md:myst")

    def parameters(self, chosen: Parameters) -> dict[str, Any]:
        """Those of the chosen parameters that the chapter's ``parameters`` cell names."""
        cells = [cell for cell in self.notebook().cells if "parameters" in cell.metadata.get("tags", ())]
        nodes = [node for cell in cells for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)]
        names = [node.id for node in nodes if isinstance(node.ctx, ast.Store)]
        check_names(names, where=f"{self.title}, parameters cell")
        return {name: chosen.as_dict()[name] for name in names}


def pages(root: Path) -> list[Page]:
    """All pages of ``_toc.yml``, in its order."""
    found = [Page(root, name) for name in parse_toc_yaml(root / "_toc.yml")]
    missing = [page.name for page in found if not (root / f"{page.name}.md").is_file()]
    if missing:
        raise ChapterError(f"_toc.yml names pages that do not exist: {', '.join(missing)}")
    return found


def chapter(root: Path, title: str) -> Page:
    """The chapter with this title."""
    chapters = {page.title: page for page in pages(root) if page.is_chapter}
    if title not in chapters:
        close = get_close_matches(title, chapters, n=1, cutoff=0.3)
        hint = f"; nearest: {close[0]}" if close else ""
        raise ChapterError(f"chapter: given {title!r}; there are: {', '.join(chapters)}{hint}")
    return chapters[title]


def key(page: Page, values: dict[str, Any], chosen: Parameters) -> str:
    """A hash of all that a chapter's results depend on."""
    digest = hashlib.sha256(json.dumps([page.text, values, versions()], sort_keys=True).encode())
    own = [path for folder in (*LIBRARIES, page.root / "results") for path in sorted(folder.rglob("*"))]
    for path in own:
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.name.encode() + path.read_bytes())
    photographs = sorted(chosen.folder.rglob("*")) if chosen.task == "imagenet" and chosen.folder else []
    for path in photographs:
        facts = path.stat()
        digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()


def execute(page: Page, chosen: Parameters, tree: Path, *, again: bool = False) -> Path:
    """Run a chapter into `tree` unless it is up to date there, and return the executed notebook.

    Raises
    ------
    ChapterError
        Where a cell fails or warns; the notebook is kept up to that cell.
    """
    target = tree / f"{page.name}.ipynb"
    stamp = target.with_suffix(".key")
    values = page.parameters(chosen)
    current = key(page, values, chosen)
    if not again and target.exists() and stamp.exists() and stamp.read_text() == current:
        print(f"{page.title}: up to date")
        return target
    stamp.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    notebook = page.notebook()
    guard = nbformat.v4.new_code_cell(GUARD, id="guard", metadata={"tags": ["remove-cell"]})
    notebook.cells.insert(0, guard)
    try:
        executed = papermill.execute_notebook(
            notebook,
            target,
            parameters=values,
            cwd=page.root,
            progress_bar={"desc": page.title},
            stderr_file=sys.stderr,  # a chapter's own progress bars belong to the terminal, not to the page
            extra_arguments=["--log-level=ERROR"],
        )
    except PapermillExecutionError as error:
        raise ChapterError(f"{page.title} failed: {error}\nThe notebook is kept: {target}") from error
    except DeadKernelError as error:
        raise ChapterError(f"{page.title} failed: its process died, perhaps for want of memory") from error
    for cell in executed.cells:
        for tag, prompt in PROMPTS.items():
            if tag in cell.metadata.get("tags", ()):
                cell.metadata.tags.append("hide-input")
                cell.metadata["mystnb"] = {"code_prompt_show": prompt, "code_prompt_hide": "Hide"}
    nbformat.write(executed, target)
    stamp.write_text(current)
    return target


def execute_all(wanted: Sequence[Page], chosen: Parameters, tree: Path) -> None:
    """Run chapters into `tree`, as many at once as have cores of their own; where one fails no more are begun.

    On a GPU or a scheduler, which they would share, it is one at a time.

    Raises
    ------
    ChapterError
        Of the first one that failed, when those that had begun are finished.
    """
    alone = chosen.scheduler or chosen.device != "cpu"
    processes = 1 if alone else max(1, min(AT_ONCE, (os.cpu_count() or 1) // chosen.threads))
    with ProcessPoolExecutor(processes, get_context("spawn"), _share_cores, (chosen.threads,)) as pool:
        waiting, running = list(wanted), set[Future[Path]]()
        while waiting or running:
            while waiting and len(running) < processes:
                running.add(pool.submit(execute, waiting.pop(0), chosen, tree))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                each.result()


def _share_cores(threads: int) -> None:
    """What a chapter computes outside of a study takes no more threads either."""
    os.environ.update(environment(threads))


def build(root: Path, tree: Path, output: Path, *, only: Page | None = None, builder: str = "html") -> Path:
    """Render the notebooks of `tree` to ``output/_build/<builder>``; a warning is an error.

    `builder` is "html", or "singlehtml" for all pages joined to one. With `only`, other chapters may not have run:
    their warnings are expected, and neither shown nor errors.
    """
    for path in (root / "_config.yml", root / "_toc.yml", *(root / "book").rglob("*")):
        if path.is_file() and path.suffix not in (".md", ".ipynb"):
            target = tree / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    for page in pages(root):
        text, notebook = tree / f"{page.name}.md", tree / f"{page.name}.ipynb"
        (text if page.is_chapter else notebook).unlink(missing_ok=True)
        if not page.is_chapter:
            text.write_text(page.text, encoding="utf-8")
        elif not notebook.exists():
            jupytext.write(page.notebook(), notebook)
    html = output / "_build" / builder
    shutil.rmtree(html, ignore_errors=True)
    options = [] if only else ["-W", "-n", "--keep-going"]
    # --all: pages that Sphinx has seen before would keep quiet about their warnings
    program = Path(sys.executable).with_name("jupyter-book")
    command = [str(program), "build", str(tree), "--path-output", str(output), "--builder", builder, "--all", "-q"]
    finished = subprocess.run([*command, *options], capture_output=True, text=True)
    warned = "\n".join(line for line in finished.stderr.splitlines() if not only or only.name in line)
    if finished.returncode or (only and warned):
        raise ChapterError(f"jupyter-book build failed\n{warned}\n{finished.stdout if finished.returncode else ''}")
    mend(html)
    return html


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


def write_notebooks(root: Path, folder: Path) -> None:
    """Write each chapter as a notebook; one that was edited since its text changed is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages(root):
        target = folder / f"{page.title}.ipynb"
        source = root / f"{page.name}.md"
        if page.is_chapter and not (target.exists() and target.stat().st_mtime > source.stat().st_mtime):
            jupytext.write(page.notebook(), target)
            print(target)


def main(arguments: list[str] | None = None, *, root: Path | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m igstudy.press.chapters", description="Run and build the book.")
    parser.add_argument("command", choices=("book", "run", "notebooks"))
    parser.add_argument("--params", type=Path, default=Path("params/objects.yaml"), help="parameters of the study")
    parser.add_argument("--chapter", default="", help="the chapter to run, such as 06-split-ig")
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="another parameter")
    given = parser.parse_args(arguments)
    root = (root or Path.cwd()).resolve()
    build_folder = root / "_build"
    tree = build_folder / "runs" / given.params.stem
    try:
        if given.command == "notebooks":
            write_notebooks(root, build_folder / "notebooks")
            return 0
        chosen = read(given.params, **dict(given.p))
        chapters = [page for page in pages(root) if page.is_chapter]
        wanted = chapters if given.command == "book" else [chapter(root, given.chapter)]
        for page in wanted:
            page.parameters(chosen)  # all of them are checked before the first one runs
        if given.command == "book":
            execute_all(chapters, chosen, tree)
            html = build(root, tree, root)
            check(html, pages(root))
            print(f"the book: {html / 'index.html'}")
        else:
            notebook = execute(wanted[0], chosen, tree, again=True)
            html = build(root, tree, tree, only=wanted[0])
            check(html, wanted)
            print(f"executed: {notebook}\nrendered: {html / (wanted[0].name + '.html')}")
    except (ChapterError, ParameterError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

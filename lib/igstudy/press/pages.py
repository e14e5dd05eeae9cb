"""The pages of the book: those of ``_toc.yml``, of which the ones with a jupytext header are chapters, to be run.

A chapter's key is a hash of all that its results depend on, so one that is up to date is not run again. Papermill
forgives much, so here parameters are checked before anything runs, and a warning inside a chapter is an error.
"""

import ast
import hashlib
import json
import os
import re
import sys
from collections.abc import Sequence
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

from igpaths.models import load_model
from igpaths.texts import read_text
from igstudy.engine import fingerprint
from igstudy.engine.parameters import NAMES, Parameters, check_names
from igstudy.engine.provenance import versions
from igstudy.engine.scheduler import environment
from igstudy.tasks import FOLDERS

# Folded in the page, by the cell's tag.
PROMPTS = {"parameters": "Parameters as the chapter has them", "injected-parameters": "Parameters of this run"}
# Whatever Python would show as a warning stops a chapter; what it hides (deprecations inside other packages) stays so.
GUARD = """\
import warnings
warnings.simplefilter("error", append=True)
warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a class may be called 犬, whose picture shows a box
warnings.filterwarnings("error", category=DeprecationWarning, module="__main__|igpaths|igstudy")"""
HEADER = re.compile(r"---[ \t]*\n(?:(?!---).*\n)*?jupytext:")
QUESTION = ("paths", "output", "metrics", "protocols", "maps")  # which a chapter's own question decides
TAKES_PARAMETERS = re.compile(r"of_notebook\(|Parameters\((\w+)=\1\b")
KERNEL = "python3"  # the one of this environment, whatever a page's header names
LIBRARIES = [Path(__file__).parents[2] / package for package in ("igpaths", "igstudy")]
AT_ONCE = 4  # chapters: each takes a gigabyte or more


class ChapterError(ValueError):
    """A chapter that does not exist, failed, or did not become a page."""


@dataclass(frozen=True)
class Page:
    """One page of the table of contents; `name` is its path below `root` without suffix, such as book/protocol."""

    root: Path
    name: str

    @cached_property
    def text(self) -> str:
        """The page's text, whatever line ends and byte order mark an editor has left."""
        return read_text(self.root / f"{self.name}.md").lstrip()

    @property
    def title(self) -> str:
        return Path(self.name).name

    @property
    def is_chapter(self) -> bool:
        """Whether the page holds code to execute."""
        return bool(HEADER.match(self.text))

    def notebook(self) -> NotebookNode:
        return jupytext.reads(self.text, fmt="md:myst")

    def parameters(self, chosen: Parameters) -> dict[str, Any]:
        """Those of the chosen parameters that the chapter's ``parameters`` cell names.

        `ParameterError` for a name that is none; `ChapterError` where a chapter of a study has not one such cell that
        names all but those of its question, for what a file says of the others would not reach it.
        """
        cells = [cell for cell in self.notebook().cells if "parameters" in cell.metadata.get("tags", ())]
        nodes = [node for cell in cells for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)]
        names = [node.id for node in nodes if isinstance(node.ctx, ast.Store)]
        check_names(names, where=f"{self.title}, parameters cell")
        if TAKES_PARAMETERS.search(self.text) and len(cells) != 1:
            raise ChapterError(f"{self.title}: {len(cells)} cells have the tag parameters; exactly one must")
        missing = [name for name in NAMES if name not in (*names, *QUESTION)]
        if "of_notebook" in self.text and missing:
            raise ChapterError(f"{self.title}: the parameters cell does not name {', '.join(missing)}")
        return {name: chosen.as_dict()[name] for name in names}


def pages(root: Path) -> list[Page]:
    """All pages of ``_toc.yml``, in its order."""
    found = [Page(root, name) for name in parse_toc_yaml(root / "_toc.yml")]
    missing = [page.name for page in found if not (root / f"{page.name}.md").is_file()]
    if missing:
        raise ChapterError(f"_toc.yml names pages that do not exist: {', '.join(missing)}")
    for page in found:
        if "```{code-cell}" in page.text and not page.is_chapter:
            raise ChapterError(f"{page.title}: has code cells, but no header of jupytext, so they would not be run")
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
    for path in [path for folder in (*LIBRARIES, page.root / "results") for path in sorted(folder.rglob("*"))]:
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.name.encode() + path.read_bytes())
    for name in values.get("models", ()):
        kind, _, rest = name.partition(":")
        if not name.startswith("objects/"):  # whose weights are the library's
            digest.update(fingerprint.network(load_model(name, data=chosen.data)).encode())
        if kind == "module":  # as its files are now: the chapter's own process will read them anew
            digest.update(json.dumps(fingerprint.sources(rest.rpartition(".")[0])).encode())
    photographs = sorted(chosen.folder.rglob("*")) if chosen.task in FOLDERS and chosen.folder else []
    for path in photographs:
        facts = path.stat()
        digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}".encode(errors="surrogateescape"))
    return digest.hexdigest()


def execute(page: Page, chosen: Parameters, tree: Path, *, again: bool = False) -> Path:
    """Run a chapter into `tree` unless it is up to date there, and return the executed notebook.

    `ChapterError` where a cell fails or warns; the notebook is kept up to that cell.
    """
    target, values = tree / f"{page.name}.ipynb", page.parameters(chosen)
    stamp, current = target.with_suffix(".key"), key(page, values, chosen)
    if not again and target.exists() and stamp.exists() and stamp.read_text() == current:
        print(f"{page.title}: up to date")
        return target
    stamp.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    notebook = page.notebook()
    notebook.cells.insert(0, nbformat.v4.new_code_cell(GUARD, id="guard", metadata={"tags": ["remove-cell"]}))
    try:
        executed = papermill.execute_notebook(
            notebook,
            target,
            parameters=values,
            kernel_name=KERNEL,
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
        for tag in PROMPTS.keys() & cell.metadata.get("tags", ()):
            cell.metadata.tags.append("hide-input")
            cell.metadata["mystnb"] = {"code_prompt_show": PROMPTS[tag], "code_prompt_hide": "Hide"}
    nbformat.write(executed, target)
    stamp.write_text(current)
    return target


def execute_all(wanted: Sequence[Page], chosen: Parameters, tree: Path) -> None:
    """Run chapters into `tree`, as many at once as have cores of their own; on a GPU or a scheduler one at a time.

    Where one fails no more are begun, and its `ChapterError` is raised when those that had begun are finished.
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

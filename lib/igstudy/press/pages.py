"""The pages of the book: those of ``_toc.yml``, of which the ones with a jupytext header are chapters, to be run.

A chapter's key is a hash of all that its results depend on, so one that is up to date is not run again: after an edit
of its prose alone, the outputs of its cells are put into the new text. Papermill forgives much, so here parameters are
checked before anything runs, and a warning inside a chapter is an error.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import jupytext
import nbformat
import papermill
from jupyter_core.utils import ensure_event_loop
from jupytext.myst import get_parser
from mdit_py_plugins.colon_fence import colon_fence_plugin
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from sphinx_external_toc.parsing import parse_toc_yaml

from igpaths.models import load_model
from igpaths.texts import read_text
from igstudy.engine import syntax
from igstudy.engine.parameters import Parameters
from igstudy.engine.plain_yaml import NotPlain, parse_yaml
from igstudy.engine.provenance import versions
from igstudy.engine.scheduler import environment, exported
from igstudy.engine.schema import refusal
from igstudy.evidence.names import EXPLORATORY, OF_THE_BOOK
from igstudy.press.kernels import OwnKernel, start_server
from igstudy.press.parameters_cell import ChapterError, named_parameters
from igstudy.tasks import FOLDERS
from igstudy.tasks.folders import CLASSES, LABELS

# Folded in the page, by the cell's tag.
PROMPTS = {"parameters": "Parameters as the chapter has them", "injected-parameters": "Parameters of this run"}
RUNS = {"parameters", "raises-exception", "skip-execution"}  # tags that change what runs; the others change the page
# Whatever Python would show as a warning stops a chapter; what it hides (deprecations inside other packages) stays so.
GUARD = """\
import warnings
warnings.simplefilter("error", append=True)
warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a class may be called 犬, whose picture shows a box
warnings.filterwarnings("error", category=DeprecationWarning, module="__main__|igpaths|igstudy")"""
SPENT = "import os; sum(os.times()[:4])"  # the processor's seconds, of the chapter and of processes that it waited for
PARSER = get_parser().use(colon_fence_plugin)  # jupytext's own, which does not know the fences that Sphinx also reads
SHOWN = ("{code", "{literalinclude", "{raw", "{sourcecode")  # directives whose text is shown as it is
LIBRARIES = [Path(__file__).parents[2] / package for package in ("igpaths", "igstudy")]
LISTS = (CLASSES, LABELS, "synsets.txt")
PREPARING = Lock()  # what a page's code is compiled with are filters of warnings, which all threads share
AT_ONCE = 4  # chapters: each takes a gigabyte or more
FIRST = (  # chapters whose walks others read, each well before those; beyond that the longest
    *("01-path-methods", "06-split-ig", "03-idgi-vs-its-baselines", "05-numerical-stability", "protocol", "look"),
    *("coming-from", "04-step-size", "08-softmax-or-logit", "07-split-ig-quality", "02-idgi"),
)


@dataclass(frozen=True)
class Page:
    """One page of the table of contents; `name` is its path below `root` without suffix, such as book/protocol."""

    root: Path
    name: str

    @cached_property
    def text(self) -> str:
        """The page's text, whatever blank lines an editor has left before it."""
        return read_text(self.root / f"{self.name}.md").lstrip()

    @property
    def title(self) -> str:
        return Path(self.name).name

    @cached_property
    def is_chapter(self) -> bool:
        """Whether the page holds code to execute, by its header; `ChapterError` where that is not plain YAML."""
        first = next(iter(PARSER.parse(self.text)), None)
        try:
            header = parse_yaml(first.content) if first and first.type == "front_matter" else {}
        except NotPlain as error:
            raise ChapterError(f"{self.title}, header: {error}") from error
        if not isinstance(header, dict):
            return False
        outer = header.get("jupyter")
        return "jupytext" in (outer if isinstance(outer, dict) else header) or header.get("file_format") == "mystnb"

    def notebook(self) -> NotebookNode:
        """The page as jupytext reads it; `ChapterError` where a cell's options are not what they must be."""
        try:
            return jupytext.reads(self.text, fmt="md:myst")
        except Exception as error:  # jupytext's and nbformat's own, and those of YAML
            raise ChapterError(f"{self.title} is no notebook: {' '.join(str(error).split())}") from error

    @cached_property
    def takes(self) -> list[str]:
        """The names of the parameters that the chapter takes, or the errors of `named_parameters`."""
        return named_parameters(self.title, self.notebook())

    def parameters(self, chosen: Parameters) -> dict[str, Any]:
        """Those of the chosen parameters that the chapter takes."""
        values = chosen.as_dict()
        return {name: values[name] for name in self.takes}


def pages(root: Path) -> list[Page]:
    """All pages of ``_toc.yml``, in its order; `ChapterError` where one is missing or has code that would not run."""
    found = [Page(root, name) for name in parse_toc_yaml(root / "_toc.yml")]
    missing = [page.name for page in found if not (root / f"{page.name}.md").is_file()]
    if missing:
        raise ChapterError(f"_toc.yml names pages that do not exist: {', '.join(missing)}")
    for page in found:
        for line, opening, is_cell in code_cells(page.text):
            if not page.is_chapter:
                raise ChapterError(
                    f"{page.title}: has code cells, but no header of jupytext, so they would not be run; begin the "
                    "page as another chapter begins"
                )
            if not is_cell:
                raise ChapterError(
                    f"{page.title}: line {line} begins a cell with {opening!r}, which is not run there; allowed: "
                    "'```{code-cell}', at the start of a line and outside of lists, quotes and directives"
                )
    return found


def code_cells(text: str, before: int = 0) -> Iterator[tuple[int, str, bool]]:
    """The cells that a text seems to have: line, opening, and whether jupytext reads it as a cell."""
    for token in PARSER.parse(text):
        if token.type in ("fence", "colon_fence") and token.map:
            line, directive = before + token.map[0] + 1, token.info.strip()
            if directive.startswith("{code-cell}"):
                is_cell = token.type == "fence" and token.info.startswith("{") and token.level + before == 0
                yield line, f"{token.markup}{token.info}", is_cell
            elif directive.startswith("{") and not directive.startswith(SHOWN):
                yield from code_cells(token.content, line)


def chapter(root: Path, title: str) -> Page:
    """The chapter with this title or number, or the only one with these words: 06-split-ig, 6, split-ig, 6-split."""
    chapters = {page.title: page for page in pages(root) if page.is_chapter}
    words = title.lower().lstrip("0")
    several, numbers = list[str](), {each[1] for name in chapters if (each := re.match(r"0*(\d+)\D", name))}
    for found in (
        [name for name in chapters if name == title],
        [name for name in chapters if title.isdecimal() and re.match(rf"0*{int(title)}\D", name)],
        [name for name in chapters if name.lstrip("0123456789-") == words],
        [name for name in chapters if words and not title.isdecimal() and words in name],
    ):
        if len(found) == 1:
            return chapters[found[0]]
        several = several or found
    choices, allowed = [*chapters], f"a number, a title, or a part of one title alone: {', '.join(chapters)}"
    if several:
        choices, allowed = [], f"one of {', '.join(several)}"
    elif title.isdecimal() and numbers:
        choices = sorted(numbers, key=int)
        allowed = f"a number ({', '.join(choices)}) or a title"
    raise ChapterError(str(refusal("chapter", title, allowed, choices)))


def key(page: Page, values: dict[str, Any], chosen: Parameters) -> str:
    """A hash of all that a chapter's results depend on; the library's code counts as this process has imported it."""
    cells = [cell for cell in page.notebook().cells if cell.cell_type == "code"]
    code = [[cell.source, sorted(RUNS.intersection(cell.metadata.get("tags", ())))] for cell in cells]
    digest = hashlib.sha256(json.dumps([code, values, versions()], sort_keys=True).encode())
    results = [page.root / "results" / name for name in (*OF_THE_BOOK, *EXPLORATORY, "bench")]
    for path in [path for folder in (*LIBRARIES, *results) for path in sorted(folder.rglob("*"))]:
        if path.is_file() and path.suffix != ".pyc":
            text = syntax.SOURCES.get(path)
            digest.update(path.name.encode() + (path.read_bytes() if text is None else text.encode()))
    names = values.get("models", ())
    for name in [name for name in names if name.startswith("module:")]:
        # As its files are now: the chapter's own process will read them anew
        own = syntax.sources(name.removeprefix("module:").rpartition(".")[0])
        digest.update(json.dumps([own, load_model(name).classes]).encode())
    if not all(name.startswith("objects/") for name in names):  # whose weights and images are the library's
        from igstudy.engine.units import plan  # here alone, for it takes seconds

        whole = replace(chosen, models=tuple(names), shard=chosen.images)
        digest.update("".join(unit.inputs for unit in plan(whole)).encode())
    for path in sorted(chosen.folder.rglob("*")) if chosen.task in FOLDERS and chosen.folder else ():
        name = str(path).encode(errors="surrogateescape")
        digest.update(name + b" %d" % path.stat().st_size)  # also those beyond the study's images
        digest.update(path.read_bytes() if path.name in LISTS and path.is_file() else b"")  # figures name classes
    return digest.hexdigest()


def is_up_to_date(notebook: Path, current: str) -> bool:
    """Whether a chapter's notebook has run to its end with all that its `key` is now."""
    stamp = notebook.with_suffix(".key")
    return notebook.exists() and stamp.exists() and stamp.read_text(errors="replace") == current


def execute(page: Page, chosen: Parameters, tree: Path) -> Path:
    """Write a chapter with its outputs into `tree`, and return that notebook; cells run unless they are up to date.

    `ChapterError` where a cell fails or warns; the notebook is kept up to that cell.
    """
    target = tree / f"{page.name}.ipynb"
    with PREPARING:
        values = page.parameters(chosen)
        stamp, current = target.with_suffix(".key"), key(page, values, chosen)
    notebook = prepared(page, values)
    is_there = is_up_to_date(target, current) and take_outputs(notebook, nbformat.read(target, as_version=4))
    stamp.unlink(missing_ok=True)
    if is_there:
        print(f"{page.title}: up to date, its cells do not run again")
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        notebook = run(page, notebook, target)
    nbformat.write(notebook, target)
    stamp.write_text(current)
    return target


def prepared(page: Page, values: dict[str, Any]) -> NotebookNode:
    """The chapter as it runs and is shown: with the run's parameters, and between two cells of our own."""
    notebook = page.notebook()
    guard, spent = (
        nbformat.v4.new_code_cell(code, id=name, metadata={"tags": ["remove-cell"]})
        for name, code in (("guard", GUARD), ("spent", SPENT))
    )
    notebook.cells = [guard, *notebook.cells, spent]
    notebook = papermill.execute_notebook(
        notebook, None, parameters=values, kernel_name="python3", language="python", prepare_only=True
    )
    for cell in notebook.cells:
        for tag in PROMPTS.keys() & cell.metadata.tags:
            cell.metadata.tags.append("hide-input")
            cell.metadata["mystnb"] = {"code_prompt_show": PROMPTS[tag], "code_prompt_hide": "Hide"}
    return notebook


def take_outputs(notebook: NotebookNode, executed: NotebookNode) -> bool:
    """Put the outputs of an executed notebook into one of the same code; False where a cell's code is another."""
    cells, done = ([cell for cell in each.cells if cell.cell_type == "code"] for each in (notebook, executed))
    if [cell.source for cell in cells] != [cell.source for cell in done]:
        return False
    for cell, same in zip(cells, done, strict=True):
        cell.update(outputs=same.outputs, execution_count=same.execution_count)
    notebook.metadata.update(papermill=executed.metadata.papermill, language_info=executed.metadata.language_info)
    return True


def run(page: Page, notebook: NotebookNode, target: Path) -> NotebookNode:
    """Run a prepared notebook in a process of its own, and keep in `target` what has run so far."""
    try:
        with TemporaryDirectory() as empty:
            return papermill.execute_notebook(
                notebook,
                str(target).replace("{", "{{").replace("}", "}}"),  # where papermill would put parameters in
                kernel_name="python3",
                kernel_manager_class=OwnKernel,
                language="python",
                cwd=page.root,
                progress_bar={"desc": page.title},
                stderr_file=sys.stderr,  # a chapter's own progress bars belong to the terminal, not to the page
                extra_arguments=[  # without what a reader's own IPython is set to do
                    *("--log-level=ERROR", f"--ipython-dir={empty}"),
                    "--InteractiveShellApp.exec_PYTHONSTARTUP=False",
                ],
            )
    except PapermillExecutionError as error:
        raise ChapterError(f"{page.title} failed: {error}\nThe notebook is kept: {target}") from error
    except DeadKernelError as error:
        raise ChapterError(f"{page.title} failed: its process died, perhaps because memory ran out") from error
    finally:
        ensure_event_loop().close()  # that of this thread, which papermill leaves open


def execute_all(wanted: Sequence[Page], chosen: Parameters, tree: Path) -> None:
    """Run chapters into `tree`, as many at once as have cores of their own; on a GPU or a scheduler one at a time.

    Where one fails no more are begun, and its `ChapterError` is raised when those that had begun are finished.
    """
    order = {title: number for number, title in enumerate(FIRST)}
    alone = chosen.scheduler or chosen.device != "cpu"
    processes = 1 if alone else max(1, min(AT_ONCE, (os.cpu_count() or 1) // chosen.threads))
    # A thread for each, which waits for the chapter's own process; what that computes takes its share of the cores
    with exported(environment(chosen.threads)), ThreadPoolExecutor(processes) as pool:
        start_server()
        waiting = sorted(wanted, key=lambda page: order.get(page.title, len(order)))
        running = set[Future[Path]]()
        while waiting or running:
            while waiting and len(running) < processes:
                running.add(pool.submit(execute, waiting.pop(0), chosen, tree))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                each.result()

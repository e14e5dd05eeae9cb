"""From the chapters' text to the book: MyST → notebook → executed notebook → HTML.

What is made lies under ``_build/``: ``notebooks/`` are the chapters as notebooks to work on; ``runs/NAME/``
is a copy of the book with executed notebooks in place of the text, one for each choice of parameters; ``html/`` is the
book, and ``igpaths.pdf`` the same as one file, from chapters that were run. Where a parameter is changed on the command
line, the book lies with its notebooks, in ``runs/NAME/_build/``, and the one of the file stays as it is.
"""

import shlex
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import jupytext
import nbformat
from jupytext.combine import combine_inputs_with_outputs
from jupytext.config import load_jupytext_config
from jupytext.formats import long_form_one_format
from nbformat import NotebookNode

from igstudy.engine.naming import folder_name, short_digest
from igstudy.engine.parameters import Parameters
from igstudy.press.building import build, build_page, check
from igstudy.press.pages import Page, chapter, execute, execute_all, is_up_to_date, key, pages
from igstudy.press.parameters_cell import ChapterError
from igstudy.press.single import printable


def write_notebooks(root: Path, folder: Path) -> None:
    """Write each chapter as a notebook, which jupytext.toml pairs with the text; an edited one is never overwritten.

    A stamp beside it tells what both said when they last said the same. Outputs stay where the code does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for page in [page for page in pages(root) if page.is_chapter]:
        target, stamp, text = folder / f"{page.title}.ipynb", folder / f".{page.title}.key", root / f"{page.name}.md"
        notebook, there = page.notebook(), _read(target)
        now, own = short_digest(as_text(notebook, text).encode()), there and short_digest(as_text(there, text).encode())
        before = stamp.read_text(errors="replace") if stamp.exists() else ""
        if not target.exists() or (there and own == before != now):
            jupytext.write(combine_inputs_with_outputs(notebook, there) if there else notebook, target)
            print(target)
        elif own != now:
            print(f"kept, because it was edited: {target}; {_advice(target, text, is_same=before == now)}")
            continue
        stamp.write_text(now)


def as_text(notebook: NotebookNode, text: Path) -> str:
    """What jupytext writes of a notebook to its chapter's text, by the project's jupytext.toml."""
    options = long_form_one_format("md:myst")
    load_jupytext_config(str(text)).set_default_format_options(options)
    copy = nbformat.reads(nbformat.writes(notebook), as_version=4)  # as a file has it, whose keys are sorted
    return jupytext.writes(copy, options)


def _read(path: Path) -> NotebookNode | None:
    """The notebook of a file, if that is one."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception:  # nbformat's own, and those of JSON and its schema
        return None


def _advice(notebook: Path, text: Path, *, is_same: bool) -> str:
    """What to do with an edited notebook, where the text is the same as when the notebook was written, or is not."""
    if is_same:
        return f"to bring the edit into the text: {shlex.join(['python', '-m', 'jupytext', '--sync', str(notebook)])}"
    diff = shlex.join(["python", "-m", "jupytext", "--diff", str(text), str(notebook)])
    return (
        f"{text.name} has changed as well: {diff} shows the differences; "
        "put your edit into the text, move the notebook away, and do this again"
    )


def book_key(root: Path, chapters: Sequence[Page], chosen: Parameters) -> str:
    """A hash of all that the built book depends on."""
    digest = sha256("".join(key(page, page.parameters(chosen), chosen) for page in chapters).encode())
    for path in [root / "_config.yml", root / "_toc.yml", *sorted((root / "book").rglob("*"))]:
        if path.is_file():
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def make(command: str, chosen: Parameters, params: Path, changes: Mapping[str, str], *, title: str = "") -> None:
    """Do what a command of the press says in the project of the current folder: "book", "chapter", "pdf", "notebooks".

    The chosen parameters are those of the file `params` with `changes`, and `title` is that of the chapter, such as
    06-split-ig. Raises `ChapterError` where a chapter does not exist, fails, or did not become a page.
    """
    root = Path.cwd().resolve()
    folder = root / "_build"
    if command == "notebooks":
        write_notebooks(root, folder / "notebooks")
        return
    tree = folder / "runs" / folder_name(params, chosen, changes)
    html, pdf = folder / "html", folder / "igpaths.pdf"
    if changes:
        print(f"these parameters have a folder of their own: {tree}")
        html, pdf = tree / "_build" / "book", tree / "_build" / pdf.name
    chapters = [chapter(root, title)] if command == "chapter" else [page for page in pages(root) if page.is_chapter]
    for page in chapters:
        page.parameters(chosen)  # all of them are checked before the first one runs
    if command == "book":
        stamp, current = html / ".key", book_key(root, chapters, chosen)
        if (html / "index.html").exists() and stamp.exists() and stamp.read_text(errors="replace") == current:
            print("every chapter and page: up to date")
        else:
            execute_all(chapters, chosen, tree)
            build(root, tree, html)
            check(html, pages(root))
            stamp.write_text(current)
        print(f"the book: {html / 'index.html'}")
    elif command == "pdf":
        keys = {page: key(page, page.parameters(chosen), chosen) for page in chapters}
        if missing := [page.title for page in chapters if not is_up_to_date(tree / f"{page.name}.ipynb", keys[page])]:
            more = [word for pair in changes.items() for word in ("-p", *pair)]
            first = shlex.join(["python", "-m", "igstudy", "book", "--params", str(params), *more])
            raise ChapterError(f"not up to date: {', '.join(missing)}; first: {first}")
        for page in chapters:
            execute(page, chosen, tree)  # no cell; the text may have changed
        try:
            from igstudy.press.pdf import write
        except ImportError as error:
            raise ChapterError(f"printing the book needs the packages that `make pdf` installs: {error}") from error
        write(printable(build(root, tree, pdf.parent / "singlehtml", builder="singlehtml")), pdf)
        print(f"the book: {pdf}")
    else:
        (page,) = chapters
        notebook = execute(page, chosen, tree)
        rendered = build_page(page, tree)
        check(rendered, chapters)
        print(f"executed: {notebook}\nrendered: {rendered / (page.name + '.html')}")

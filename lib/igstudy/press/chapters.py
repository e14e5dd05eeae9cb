"""From the chapters' text to the book: MyST → notebook → executed notebook → HTML.

What is made lies under ``_build/``: ``notebooks/`` are the chapters as notebooks to work on; ``runs/NAME/``
is a copy of the book with executed notebooks in place of the text, one for each choice of parameters; ``html/`` is the
book, and ``igpaths.pdf`` the same as one file, from chapters that were run.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import jupytext

from igstudy.engine.parameters import Parameters
from igstudy.press.building import build, check
from igstudy.press.pages import Page, chapter, execute, execute_all, is_up_to_date, key, pages
from igstudy.press.parameters_cell import ChapterError


def write_notebooks(root: Path, folder: Path) -> None:
    """Write each chapter as a notebook; one that has changed since it was written is never overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in [page for page in pages(root) if page.is_chapter]:
        target, stamp = folder / f"{page.title}.ipynb", folder / f".{page.title}.key"
        written = stamp.read_text(errors="replace").split() if stamp.exists() else []
        if target.exists() and written[1:] != [_digest(target.read_bytes())]:
            print(f"kept, for it was edited: {target}; for the chapter as it is now, move it away and do this again")
        elif not target.exists() or written[:1] != [_digest(page.text.encode())]:
            jupytext.write(page.notebook(), target)
            stamp.write_text(f"{_digest(page.text.encode())} {_digest(target.read_bytes())}")
            print(target)


def tree_name(params: Path, changes: Mapping[str, Any]) -> str:
    """The name of the tree of a parameters file and of the values that are not the file's: ``objects+images=2``.

    Only a file of the project's own, ``params/NAME.yaml``, gives its bare name; what is long or has odd characters is
    told by a digest.
    """
    own = params.resolve() == Path("params", f"{params.stem}.yaml").resolve() and "+" not in params.stem
    parts = [params.stem if own else f"{params.stem}-{_digest(str(params.resolve()).encode())}"]
    for name, value in sorted(changes.items()):
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        parts += [f"{name}={text if re.fullmatch(r'[A-Za-z0-9.,_-]{1,40}', text) else _digest(text.encode())}"]
    whole = "+".join(parts)
    return whole if len(whole.encode()) <= 160 else f"{params.stem[:30]}-{_digest(whole.encode())}"


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:8]


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
    tree = folder / "runs" / tree_name(params, {name: chosen.as_dict()[name] for name in changes})
    if command == "notebooks":
        write_notebooks(root, folder / "notebooks")
        return
    chapters = [page for page in pages(root) if page.is_chapter]
    wanted = [chapter(root, title)] if command == "chapter" else chapters
    for page in wanted:
        page.parameters(chosen)  # all of them are checked before the first one runs
    if command == "book":
        html = folder / "html"
        stamp, current = html / ".key", book_key(root, chapters, chosen)
        if (html / "index.html").exists() and stamp.exists() and stamp.read_text(errors="replace") == current:
            print("every chapter and page: up to date")
        else:
            execute_all(chapters, chosen, tree)
            build(root, tree, root)
            check(html, pages(root))
            stamp.write_text(current)
        print(f"the book: {html / 'index.html'}")
    elif command == "pdf":
        keys = {page: key(page, page.parameters(chosen), chosen) for page in chapters}
        # A chapter alone leaves the others' notebooks beside it as they are before they run
        if missing := [page.title for page in chapters if not is_up_to_date(tree / f"{page.name}.ipynb", keys[page])]:
            more = [word for pair in changes.items() for word in ("-p", *pair)]
            first = shlex.join(["python", "-m", "igstudy", "book", "--params", str(params), *more])
            raise ChapterError(f"not run as they are now: {', '.join(missing)}; first: {first}")
        try:
            from igstudy.press.pdf import printable, write
        except ImportError as error:
            raise ChapterError(f"a book to print needs the packages that `make pdf` installs: {error}") from error
        write(printable(build(root, tree, root, builder="singlehtml")), folder / "igpaths.pdf")
        print(f"the book: {folder / 'igpaths.pdf'}")
    else:
        notebook = execute(wanted[0], chosen, tree, again=True)
        html = build(root, tree, tree, only=wanted[0])
        check(html, wanted)
        print(f"executed: {notebook}\nrendered: {html / (wanted[0].name + '.html')}")

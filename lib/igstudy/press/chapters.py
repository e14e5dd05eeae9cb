"""From the chapters' text to the book: MyST → notebook → executed notebook → HTML.

What is made lies under ``_build/``: ``notebooks/`` are the chapters as notebooks to work on; ``runs/<name of the
parameters file>/`` is a copy of the book with executed notebooks in place of the text; ``html/`` is the book, and
``igpaths.pdf`` the same as one file, from chapters that were run.
"""

from pathlib import Path

import jupytext

from igstudy.engine.parameters import Parameters
from igstudy.press.building import build, check
from igstudy.press.pages import ChapterError, chapter, execute, execute_all, pages


def write_notebooks(root: Path, folder: Path) -> None:
    """Write each chapter as a notebook; one that was edited since its text changed is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages(root):
        target, source = folder / f"{page.title}.ipynb", root / f"{page.name}.md"
        if page.is_chapter and not (target.exists() and target.stat().st_mtime > source.stat().st_mtime):
            jupytext.write(page.notebook(), target)
            print(target)


def make(command: str, chosen: Parameters, name: str, *, title: str = "") -> None:
    """Do what a command of the press says in the project of the current folder: "book", "chapter", "pdf", "notebooks".

    `name` is that of the parameters file, and `title` that of the chapter, such as 06-split-ig. Raises `ChapterError`
    where a chapter does not exist, fails, or did not become a page.
    """
    root = Path.cwd().resolve()
    folder = root / "_build"
    tree = folder / "runs" / name
    if command == "notebooks":
        write_notebooks(root, folder / "notebooks")
        return
    chapters = [page for page in pages(root) if page.is_chapter]
    wanted = [chapter(root, title)] if command == "chapter" else chapters
    for page in wanted:
        page.parameters(chosen)  # all of them are checked before the first one runs
    if command == "book":
        execute_all(chapters, chosen, tree)
        html = build(root, tree, root)
        check(html, pages(root))
        print(f"the book: {html / 'index.html'}")
    elif command == "pdf":
        from igstudy.press.pdf import printable, write  # whose browser `make pdf` installs

        if missing := [page.title for page in chapters if not (tree / f"{page.name}.ipynb").exists()]:
            raise ChapterError(f"not run: {', '.join(missing)}; first: make book PARAMS=params/{name}.yaml")
        write(printable(build(root, tree, root, builder="singlehtml")), folder / "igpaths.pdf")
        print(f"the book: {folder / 'igpaths.pdf'}")
    else:
        notebook = execute(wanted[0], chosen, tree, again=True)
        html = build(root, tree, tree, only=wanted[0])
        check(html, wanted)
        print(f"executed: {notebook}\nrendered: {html / (wanted[0].name + '.html')}")

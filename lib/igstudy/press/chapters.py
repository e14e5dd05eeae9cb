"""From the chapters' text to the book: MyST → notebook → executed notebook → HTML.

    python -m igstudy.press.chapters book --params params/objects.yaml
    python -m igstudy.press.chapters run --chapter 06-split-ig --params params/imagenet-sample.yaml
    python -m igstudy.press.chapters pdf --params params/objects.yaml
    python -m igstudy.press.chapters notebooks

What is made lies under ``_build/``: ``notebooks/`` are the chapters as notebooks to work on; ``runs/<name of the
parameters file>/`` is a copy of the book with executed notebooks in place of the text; ``html/`` is the book, and
``igpaths.pdf`` the same as one file, from chapters that were run.
"""

import argparse
import sys
from pathlib import Path

import jupytext

from igstudy.engine.parameters import read
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


def main(arguments: list[str] | None = None, *, root: Path | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m igstudy.press.chapters", description="Run and build the book.")
    parser.add_argument("command", choices=("book", "run", "pdf", "notebooks"))
    parser.add_argument("--params", type=Path, default=Path("params/objects.yaml"), help="parameters of the study")
    parser.add_argument("--chapter", default="", help="the chapter to run, such as 06-split-ig")
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="another parameter")
    options = parser.parse_args(arguments)
    root = (root or Path.cwd()).resolve()
    build_folder = root / "_build"
    tree = build_folder / "runs" / options.params.stem
    try:
        if options.command == "notebooks":
            write_notebooks(root, build_folder / "notebooks")
            return 0
        chosen = read(options.params, **dict(options.p))
        chapters = [page for page in pages(root) if page.is_chapter]
        wanted = [chapter(root, options.chapter)] if options.command == "run" else chapters
        for page in wanted:
            page.parameters(chosen)  # all of them are checked before the first one runs
        if options.command == "book":
            execute_all(chapters, chosen, tree)
            html = build(root, tree, root)
            check(html, pages(root))
            print(f"the book: {html / 'index.html'}")
        elif options.command == "pdf":
            from igstudy.press.pdf import printable, write  # whose browser `make pdf` installs

            if missing := [page.title for page in chapters if not (tree / f"{page.name}.ipynb").exists()]:
                raise ChapterError(f"not run: {', '.join(missing)}; first: make book PARAMS={options.params}")
            write(printable(build(root, tree, root, builder="singlehtml")), build_folder / "igpaths.pdf")
            print(f"the book: {build_folder / 'igpaths.pdf'}")
        else:
            notebook = execute(wanted[0], chosen, tree, again=True)
            html = build(root, tree, tree, only=wanted[0])
            check(html, wanted)
            print(f"executed: {notebook}\nrendered: {html / (wanted[0].name + '.html')}")
    except (ChapterError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

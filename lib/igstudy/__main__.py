"""The command line of the study: run it, show its numbers, plan it, publish it, and make the book of it.

python -m igstudy run params/objects.yaml
"""

import argparse
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from igpaths.__main__ import Parser, finish, named

STUDY = """examples:
  python -m igstudy {0} params/objects.yaml
  python -m igstudy {0} params/imagenet-sample.yaml -p images 16 -p steps '[8, 64]'"""
PLAN = """examples:
  python -m igstudy run params/imagenet.yaml -p images 64
  python -m igstudy plan params/imagenet.yaml -p images 64 --images 35000 --workers 8"""
CHECK = """examples:
  python -m igstudy check params/objects-paired.yaml --images 2
  python -m igstudy check params/objects-steps.yaml -p device cpu --images 2"""
CHAPTER = """examples:
  python -m igstudy chapter 06-split-ig --params params/imagenet-sample.yaml"""
BOOK = """examples:
  python -m igstudy {0} --params params/imagenet-sample.yaml"""
CHANGE = "change a parameter of the file, also written NAME=VALUE; repeat for several"
COMMANDS = {
    "run": "Compute the missing parts of the study that a YAML file describes.",
    "table": "Show the numbers of a study, complete or not: insertion and completeness gap.",
    "status": "Show how much of a study is computed, what it cost, and what was skipped.",
    "plan": "Measure how fast each network is here, and predict the cost of a study of many images.",
    "results": "Write the results of a complete study to _build/published/NAME/, named after its file and -p.",
    "check": "Compute a few images of a published study again, and compare all of their values with those published.",
}
PRESS = {
    "book": "Run all chapters with a study's parameters and build the book: _build/html/.",
    "chapter": "Run one chapter with a study's parameters, and render its page.",
    "notebooks": "Write the chapters as notebooks to work on: _build/notebooks/.",
    "pdf": "Print the chapters that were run with a study's parameters as one file: _build/igpaths.pdf.",
    "readme": "Update README.md: its pictures, and what the published results say.",
}


def parser() -> Parser:
    """The commands and their options."""
    root = Parser(prog="python -m igstudy", description="A study of path attribution, rerun.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    form = argparse.RawDescriptionHelpFormatter
    for name, about in (COMMANDS | PRESS).items():
        texts = {"plan": PLAN, "check": CHECK, "chapter": CHAPTER}
        text = texts.get(name, STUDY if name in COMMANDS else BOOK).format(name)
        one = commands.add_parser(name, help=about, description=about, epilog=text, formatter_class=form)
        if name == "chapter":
            one.add_argument("chapter", help="the chapter: 06-split-ig, its number, or a part of its name")
        if name in COMMANDS:
            one.add_argument("params", type=named, help="the YAML file of the study's parameters")
        else:
            one.add_argument("--params", type=named, default=Path("params/objects.yaml"), help="default: %(default)s")
        one.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help=CHANGE)
        if name == "plan":
            one.add_argument("--images", type=positive, required=True, help="images of each network")
            one.add_argument("--workers", type=positive, default=1, help="processes or jobs (default: %(default)s)")
        if name == "check":
            one.add_argument("--images", type=positive, default=1, help="images of each network (default: %(default)s)")
            about = "write beside the published results how many values are the same; only for the book's own studies"
            one.add_argument("--for-the-book", action="store_true", help=about)
        if name == "results":
            about = "write to results/ instead, on which the book's verdicts rest; only for the book's own studies"
            one.add_argument("--for-the-book", action="store_true", help=about)
    return root


def run(options: argparse.Namespace) -> int:
    """Do what the command says; what it needs is imported only here, when its arguments are right."""
    with extra("study"):
        from igstudy.engine.naming import folder_name
        from igstudy.engine.parameters import read
        from igstudy.engine.schema import refusal
    study, name = read(options.params, "-p", **dict(options.p)), options.params.stem
    if (options.command == "results" and not re.fullmatch(r"\w[\w .+-]*", name)) or not name.strip("."):
        raise refusal(
            "parameters file", str(options.params), "a name of letters, digits, spaces and _.+- that a folder can have"
        )
    if options.command == "readme":
        with extra("book"):
            from igstudy.press import readme
        readme.main()
        return 0
    if options.command in PRESS:
        with extra("book"):
            from igstudy.press import chapters
        chapters.make(options.command, study, options.params, dict(options.p), title=getattr(options, "chapter", ""))
        return 0
    with extra("study"):
        from igstudy import commands
    if options.command == "results":
        if options.p and not options.for_the_book:  # whose own parameters are checked
            name = folder_name(options.params, study, dict(options.p))
        return commands.results(study, name, for_the_book=options.for_the_book)
    if options.command == "check":
        return commands.check(study, name, images=options.images, for_the_book=options.for_the_book)
    if options.command == "plan":
        return commands.plan(study, images=options.images, workers=options.workers)
    if options.command == "run":
        more = [word for pair in options.p for word in ("-p", *pair)]
        return commands.run(study, table=shlex.join(["python", "-m", "igstudy", "table", str(options.params), *more]))
    return {"table": commands.table, "status": commands.status}[options.command](study)


@contextmanager
def extra(name: str) -> Iterator[None]:
    """ValueError, where an import within fails for want of a package, says which extra of igpaths has it."""
    try:
        yield
    except ModuleNotFoundError as error:
        remedy = f"pip install 'igpaths[{name}]'"
        raise ValueError(f"igstudy needs {error.name}, which is not installed: {remedy}") from error


def split_pairs(words: Sequence[str]) -> list[str]:
    """The words of a command line, with the pair in ``-p NAME=VALUE``, as other tools have it, as two words."""
    pairs = zip(("", *words), words, strict=False)
    return [part for before, word in pairs for part in (word.split("=", 1) if before == "-p" else [word])]


def positive(text: str) -> int:
    """The whole number above 0 that an option gives."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"given {text!r}; allowed: a whole number, at least 1")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return finish(lambda: run(parser().parse_args(split_pairs(sys.argv[1:] if arguments is None else arguments))))


if __name__ == "__main__":
    sys.exit(main())

"""The command line of the study: run it, say how far it is and what it will take, publish what it found.

python -m igstudy run params/objects.yaml
"""

import argparse
import sys
from pathlib import Path

from igpaths.__main__ import Parser
from igstudy import commands
from igstudy.engine.parameters import read

STUDY = """examples:
  python -m igstudy {0} params/objects.yaml
  python -m igstudy {0} params/imagenet-sample.yaml -p images 16 -p steps '[8, 64]'"""
PLAN = """examples:
  python -m igstudy run params/imagenet.yaml -p images 64
  python -m igstudy plan params/imagenet.yaml -p images 64 --images 35000 --workers 8"""


def parser() -> Parser:
    """The commands and their options."""
    root = Parser(prog="python -m igstudy", description="A study of path attribution, rerun.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    form = argparse.RawDescriptionHelpFormatter
    for name, about in (
        ("run", "Compute what is missing of the study that a YAML file describes."),
        ("status", "Say how far a study is, and what its run met."),
        ("plan", "Say what a study of many images will take, by the few of it that have run here."),
        ("results", "Write the results of a study that has run to results/NAME/, NAME being that of the file."),
    ):
        examples = (PLAN if name == "plan" else STUDY).format(name)
        of_study = commands.add_parser(name, help=about, description=about, epilog=examples, formatter_class=form)
        of_study.add_argument("params", type=Path, help="the YAML file of the study's parameters")
        of_study.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="another one")
        if name == "plan":
            of_study.add_argument("--images", type=positive, required=True, help="images of each network")
            of_study.add_argument(
                "--workers", type=positive, default=1, help="processes or jobs (default: %(default)s)"
            )
    return root


def run(given: argparse.Namespace) -> int:
    """Run a study, say how far it is or what it will take, or publish its results."""
    chosen = read(given.params, **dict(given.p))
    if given.command == "results":
        return commands.results(chosen, given.params.stem)
    if given.command == "plan":
        return commands.plan(chosen, images=given.images, workers=given.workers)
    return {"run": commands.run, "status": commands.status}[given.command](chosen)


def positive(text: str) -> int:
    """The whole number above 0 that an option gives."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"given {text!r}; allowed: a whole number, at least 1")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    try:
        return run(parser().parse_args(arguments))
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

"""The command line: maps of an image of yours, without a notebook.

python -m igpaths explain dog.jpg --model torchvision/mobilenet_v2:IMAGENET1K_V2
python -m igpaths models
"""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from igpaths.explanations import FORMATS, PATHS, RULES, explain, write
from igpaths.models import list_models

EXPLAIN = """examples:
  python -m igpaths explain dog.jpg --model torchvision/mobilenet_v2:IMAGENET1K_V2
  python -m igpaths explain dog.jpg --model torchvision/resnet50:IMAGENET1K_V2 --path straight --path guided \\
      --rule ig --rule idgi --steps 64
  python -m igpaths explain dog.jpg --model torchvision/vgg16:IMAGENET1K_V1 --rule left --rule right --psi 0.95 \\
      --target "tennis ball" --out ball.png --out ball.npz

The .npz file holds, by the names that igpaths.explanations.Explanation documents, the maps (paths, rules, 3, H, W), the
scores and alphas (paths, steps + 1), alpha_star, completeness_gap, the target and all other facts."""
MODELS = """examples:
  python -m igpaths models
  python -m igpaths models --all"""
OWN = """Weights of your own for a network of torchvision's, in a file (a relative one is looked for in --data):
  torchvision/resnet50:IMAGENET1K_V2@weights/mine.pt

A network of your own, from a function without arguments that returns an igpaths.Model:
  module:my_package.my_module.my_function"""


class Parser(argparse.ArgumentParser):
    """What it refuses is raised, for `main` to print in one line."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (see {self.prog} --help)")


def parser() -> Parser:
    """The commands and their options."""
    root = Parser(prog="python -m igpaths", description="Path attribution for image classifiers.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, about: str, examples: str) -> argparse.ArgumentParser:
        form = argparse.RawDescriptionHelpFormatter
        return commands.add_parser(name, help=about, description=about, epilog=examples, formatter_class=form)

    one = command("explain", "Draw which pixels of an image count for a network's answer.", EXPLAIN)
    one.add_argument("image", type=Path, help="the image, its pixels as stored (EXIF orientation is ignored)")
    one.add_argument("--model", required=True, help="the network; `python -m igpaths models` lists the names")
    one.add_argument("--data", default="", help="folder of --model's files and synsets.txt (default: $IGPATHS_DATA)")
    several = f"{', '.join(PATHS)}; several times for several, one walk each (default: straight)"
    one.add_argument("--path", action="append", dest="paths", metavar="PATH", help=several)
    several = f"{', '.join(RULES)}; several times for several, from the same walk (default: ig)"
    one.add_argument("--rule", action="append", dest="rules", metavar="RULE", help=several)
    one.add_argument("--baseline", help="where straight and guided begin: black (default), white, mean or blur")
    one.add_argument("--steps", type=int, help="segments of the path (default: 128)")
    one.add_argument("--psi", type=float, help="the share of the score's change that ends at α* (default: 0.9)")
    one.add_argument("--target", help="the class to explain, by its index or name (default: the predicted one)")
    one.add_argument("--output", help="what to explain: probability (default) or logit")
    one.add_argument("--device", help="cpu (default), cuda or cuda:N")
    files = f"the result, by its ending {', '.join(FORMATS)}; several times for several (default: IMAGE-map.png)"
    one.add_argument("--out", type=Path, action="append", metavar="FILE", help=files)
    names = command("models", "List the networks that --model can name, with their accuracy.", MODELS)
    names.add_argument("--all", action="store_true", help="all classifiers of torchvision, not only Study A's ten")
    return root


def explain_one(given: argparse.Namespace) -> int:
    """Explain one image: what was found in words, and in files."""
    files = given.out or [Path(f"{given.image.stem}-map.png")]
    for file in files:
        if file.suffix.lower() not in FORMATS or file.resolve() == given.image.resolve():
            raise ValueError(f"out is '{file}'; it must be a file other than the image, one of *{', *'.join(FORMATS)}")
        if not file.parent.is_dir():
            raise ValueError(f"out is '{file}'; there is no folder '{file.parent}'")
    apart = ("command", "image", "out")
    options = {name: value for name, value in vars(given).items() if name not in apart and value is not None}
    found = explain(given.image, **options)
    print(*found.lines, sep="\n")
    for file in files:
        write(found, file)
    print(*files, sep=", ")
    return 0


def models(given: argparse.Namespace) -> int:
    """List the names of models."""
    known = list_models(every=given.all)
    extent = "all" if given.all else "Study A's ten; --all lists more"
    for start, about in (
        ("objects/", "For the drawn scenes of the objects task, shipped; accuracy on its test scenes:"),
        ("torchvision/", f"For photographs, downloaded once ({extent}); accuracy on ImageNet:"),
    ):
        lines = [f"  {share:5.1%}  {name}" for name, share in known.items() if name.startswith(start)]
        print(about, *lines, "", sep="\n")
    print(OWN)
    return 0


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    try:
        given = parser().parse_args(arguments)
        return {"explain": explain_one, "models": models}[given.command](given)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

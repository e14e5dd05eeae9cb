"""The command line: maps of an image of yours, without a notebook.

python -m igpaths explain dog.jpg --model torchvision/mobilenet_v2:IMAGENET1K_V2
python -m igpaths models
"""

import argparse
import io
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from igpaths.explanations import FORMATS, check_file, explain
from igpaths.methods import BASELINES, METHODS, RULES
from igpaths.models import providers

EXPLAIN = """examples:
  python -m igpaths explain dog.jpg --model torchvision/mobilenet_v2:IMAGENET1K_V2
  python -m igpaths explain dog.jpg --model torchvision/resnet50:IMAGENET1K_V2 --path straight --path guided \\
      --rule ig --rule idgi --steps 64
  python -m igpaths explain dog.jpg --model torchvision/vgg16:IMAGENET1K_V1 --rule left --rule right --psi 0.95 \\
      --target "tennis ball" --out ball.png --out ball.npz

The .npz file holds, by the names that igpaths.explanations.Explanation documents, the maps (paths, rules, C, H, W),
the scores and alphas (paths, steps + 1), alpha_star, completeness_gap, the target and all other facts."""
MODELS = "examples:\n  python -m igpaths models\n  python -m igpaths models --all"
OWN = """Weights of your own for a network of torchvision's, in a file (a relative one is looked for in --data):
  torchvision/resnet50:IMAGENET1K_V2@weights/mine.pt

A network of your own, from a function without arguments that returns an igpaths.Model:
  module:my_package.my_module.my_function"""


class Parser(argparse.ArgumentParser):
    """A parser that raises what it refuses, for `main` to print in one line."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (see {self.prog} --help)")


def parser() -> Parser:
    """The commands, each with its options and the function that runs it."""
    root = Parser(prog="python -m igpaths", description="Path attribution for image classifiers.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    form = argparse.RawDescriptionHelpFormatter
    about = "Draw which pixels of an image count for a network's answer."
    one = commands.add_parser("explain", help=about, description=about, epilog=EXPLAIN, formatter_class=form)
    one.set_defaults(run=explain_image)
    one.add_argument("image", type=Path, help="the image, its pixels as stored (EXIF orientation is ignored)")
    one.add_argument("--model", required=True, help="the network; `python -m igpaths models` lists the names")
    one.add_argument("--data", help="folder of --model's files and synsets.txt (default: $IGPATHS_DATA)")
    several = f"{', '.join(METHODS)}; several times for several, one walk each (default: straight)"
    one.add_argument("--path", action="append", dest="paths", metavar="PATH", help=several)
    several = f"{', '.join(RULES)}; several times for several, from the same walk (default: ig)"
    one.add_argument("--rule", action="append", dest="rules", metavar="RULE", help=several)
    one.add_argument("--baseline", help=f"where straight and guided begin, {', '.join(BASELINES)} (default: black)")
    one.add_argument("--steps", type=int, help="segments of the path (default: 128)")
    one.add_argument("--psi", type=float, help="the share of the score's change that ends at α* (default: 0.9)")
    one.add_argument("--target", help="the class to explain, by its index or name (default: the predicted one)")
    one.add_argument("--output", help="what to explain: probability (default) or logit")
    one.add_argument("--device", help="cpu (default), cuda or cuda:N")
    files = f"the result, by its ending {', '.join(FORMATS)}; several times for several (default: IMAGE-map.png)"
    one.add_argument("--out", type=Path, action="append", metavar="FILE", help=files)
    about = "List the networks that --model can name, with their accuracy."
    names = commands.add_parser("models", help=about, description=about, epilog=MODELS, formatter_class=form)
    names.set_defaults(run=show_models)
    every = "all networks of each package, not only the best known"
    names.add_argument("--all", dest="every", action="store_true", help=every)
    return root


def explain_image(image: Path, *, out: Sequence[Path] | None, **options: Any) -> None:
    """Explain one image: write the files, then print the result in words and the files' names."""
    files = out or [Path(f"{image.stem}-map.png")]
    for file in files:
        check_file(file)
        if file.resolve() == image.resolve():
            raise ValueError(f"file is '{file}'; it must be another than the image")
    explanation = explain(image, **{name: value for name, value in options.items() if value is not None})
    for file in files:
        explanation.save(file)
    print(explanation, ", ".join(map(str, files)), sep="\n")


def show_models(*, every: bool) -> None:
    """List the names of models."""
    for package in [entry.load() for entry in providers().values()]:
        lines = [f"  {share:5.1%}  {name}" for name, share in package.names(every=every).items()]
        print(f"{package.ABOUT}:", *lines, "", sep="\n")
    print(OWN)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal can write α
    try:
        options = vars(parser().parse_args(arguments))
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: print(f"warning: {message}", file=sys.stderr)
            options.pop("run")(**options)
        return 0
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

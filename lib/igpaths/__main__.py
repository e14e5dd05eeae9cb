"""The command line: maps of images of yours, without a notebook."""

import argparse
import csv
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from igpaths.explanations import FORMATS, check_file, explain
from igpaths.folders import name_pictures, real
from igpaths.methods import BASELINES, METHODS, RULES
from igpaths.models import DEFAULT, load_model, providers
from igpaths.models.photographs import Unreadable
from igpaths.process import settle
from igpaths.texts import write_any_letter, written

EXPLAIN = """examples:
  python -m igpaths explain dog.jpg
  python -m igpaths explain dog.jpg --model torchvision/resnet50:IMAGENET1K_V2 --path straight --path guided \\
      --rule ig --rule idgi --steps 64 --target "tennis ball" --out ball.png --out ball.npz
  python -m igpaths explain dog.jpg cat.png photographs/ --rule ig --rule idgi --out maps

The .npz file holds, by the names that igpaths.explanations.Explanation documents, the maps (paths, rules, C, H, W),
the scores and alphas (paths, steps + 1), alpha_star, completeness_gap, the target and all other facts."""
MODELS = "examples:\n  python -m igpaths models\n  python -m igpaths models --all"
OWN = """Weights of your own for a network of torchvision's or timm's, a state dict in a file, which may have another
number of classes (a relative file is looked for in --data):
  torchvision/resnet50:IMAGENET1K_V2@weights/mine.pt
  timm/resnet50.a1_in1k@weights/mine.safetensors

Any other network of your own, from a function without arguments that returns an igpaths.Model:
  module:my_package.my_module.my_function"""


class Parser(argparse.ArgumentParser):
    """A parser that raises what it refuses, for `main` to print in one line."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (see {self.prog} --help)")


def named(text: str) -> Path:
    """The path that an argument names; none, as of an unset variable, would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("given ''; allowed: the name of a file or folder")
    return Path(text)


def parser() -> Parser:
    """The commands, each with its options and the function that runs it."""
    root = Parser(prog="python -m igpaths", description="Path attribution for image classifiers.")
    root.set_defaults(run=root.print_help)
    commands = root.add_subparsers(metavar="COMMAND")
    form = argparse.RawDescriptionHelpFormatter
    about = "Draw which pixels of an image matter for a network's answer."
    one = commands.add_parser("explain", help=about, description=about, epilog=EXPLAIN, formatter_class=form)
    one.set_defaults(run=explain_images)
    what = "an image (its EXIF orientation is ignored) or a folder of images; write ./-a.jpg for -a.jpg"
    one.add_argument("images", metavar="IMAGE", nargs="+", type=named, help=what)
    one.add_argument("--model", help=f"a network that `python -m igpaths models` lists (default: {DEFAULT})")
    one.add_argument("--data", help="folder of --model's files and synsets.txt (default: $IGPATHS_DATA)")
    several = f"{', '.join(METHODS)}; repeat for several, with one walk each (default: straight)"
    one.add_argument("--path", action="append", dest="paths", metavar="PATH", help=several)
    several = f"{', '.join(RULES)}; repeat for several, from the same walk (default: ig)"
    one.add_argument("--rule", action="append", dest="rules", metavar="RULE", help=several)
    one.add_argument("--baseline", help=f"where straight and guided begin, {', '.join(BASELINES)} (default: black)")
    one.add_argument("--steps", type=int, help="segments of the path (default: 128)")
    one.add_argument("--psi", type=float, help="the share of the score's change that ends at α* (default: 0.9)")
    one.add_argument("--target", help="the class to explain, by its index or name (default: the predicted one)")
    one.add_argument("--output", help="what to explain: probability (default) or logit")
    one.add_argument("--device", help="cpu (default), cuda or cuda:N")
    files = f"a file ending in {', '.join(FORMATS)}; repeat for several (default: IMAGE-map.png)"
    files += "; for several images or a folder, the folder of their pictures (default: maps)"
    one.add_argument("--out", type=named, action="append", metavar="FILE", help=files)
    several = "a CSV file with a row for each map (default: maps.csv beside the pictures of several images)"
    one.add_argument("--table", type=named, metavar="FILE", help=several)
    about = "List the networks that --model can name, with their accuracy and what they need before they run."
    names = commands.add_parser("models", help=about, description=about, epilog=MODELS, formatter_class=form)
    names.set_defaults(run=show_models)
    every = "all networks of each package, not only the best known"
    names.add_argument("--all", dest="every", action="store_true", help=every)
    return root


def explain_images(images: Sequence[Path], *, out: Sequence[Path] | None, table: Path | None, **given: Any) -> int:
    """Explain images one by one: write the files and the table, then print the result in words and the files' names.

    Returns the exit status: 1 where an image cannot be read, which the others do not wait for.
    """
    options = {name: value for name, value in given.items() if value is not None}
    several = len(images) > 1 or images[0].is_dir()
    if several:
        folder = _check_folder(out)
        files = {image: [picture] for image, picture in name_pictures(images, folder).items()}
        table = table or folder / "maps.csv"
        options["model"] = load_model(options.get("model", DEFAULT), data=options.get("data", ""))  # once for all
    else:
        files = {images[0]: _check_files(images[0], out)}
    explained = 0
    for image in files:
        try:
            explanation = explain(image, **options)
        except Unreadable as error:
            print(f"error: {f'{image}: ' if several else ''}{error}", file=sys.stderr)
            continue
        for file in files[image]:
            file.parent.mkdir(parents=True, exist_ok=True)
            explanation.save(file)
        if table:  # a row at once, so that an interruption loses none
            _write(table, [{"image": image, **row} for row in explanation.rows()], new=not explained)
        names = ", ".join(written(str(file)) for file in files[image])
        print(*[written(str(image))] * several, explanation, names, sep="\n")
        explained += 1
    if several and explained:
        print(table)
    return int(explained < len(files))


def _check_files(image: Path, out: Sequence[Path] | None) -> list[Path]:
    """The files of one image's result; ValueError for one that cannot be written, or is the image."""
    files = list(out or [Path(f"{image.stem}-map.png")])
    for file in files:
        check_file(file)
        if real(file) == real(image):
            raise ValueError(f"file is '{file}'; it must be another than the image")
    return files


def _check_folder(out: Sequence[Path] | None) -> Path:
    """The folder of several images' pictures; ValueError for what is none, or more than one."""
    folder, *more = out or [Path("maps")]
    if more or folder.suffix.lower() in FORMATS or folder.is_file():
        raise ValueError(f"out is {', '.join(map(str, [folder, *more]))}; of several images it must be one folder")
    return folder


def _write(table: Path, rows: Sequence[dict[str, Any]], *, new: bool) -> None:
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w" if new else "a", newline="", encoding="utf-8", errors="surrogateescape") as stream:
        writer = csv.DictWriter(stream, rows[0])
        if new:
            writer.writeheader()
        writer.writerows(rows)


def show_models(*, every: bool) -> None:
    """List the names of models, each with its accuracy and what it needs."""
    for package in [entry.load() for entry in providers().values()]:
        offers = package.names(every=every)
        width = max(map(len, offers), default=0)
        print(f"{package.ABOUT}:")
        for name, offer in offers.items():
            accuracy = f"{offer.accuracy:.1%}" if offer.accuracy == offer.accuracy else "–"
            print(f"  {accuracy:>5}  {name:{width}}  {offer.needs or 'runs here and now'}")
        print()
    print(OWN)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return finish(partial(run, arguments))


def run(arguments: list[str] | None) -> int:
    """Do what the arguments say; each warning is a line on stderr."""
    options = vars(parser().parse_args(arguments))
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(f"warning: {message}", file=sys.stderr)
        return options.pop("run")(**options) or 0


def finish(command: Callable[[], int]) -> int:
    """The exit status of a command line: the command's own, 1 where it fails and says why, 130 where interrupted."""
    write_any_letter()
    settle()
    try:
        return command()
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

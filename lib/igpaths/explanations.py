"""One image of yours, one network, several methods: what ``python -m igpaths explain`` computes, draws and saves."""

import logging
import pathlib
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import HashableList
from PIL import ExifTags, Image
from torch import Tensor, nn
from tqdm import tqdm

from igpaths import plots
from igpaths.attributions import attribute
from igpaths.models import label, load_model
from igpaths.models.classes import class_index, class_names, first_name
from igpaths.models.photographs import open_photograph
from igpaths.paths import Blur, Guided, Path, Straight
from igpaths.rules import IDGI, IG, Left, Right, Rule

PATHS = {"straight": "IG", "guided": "Guided IG", "blur": "Blur IG"}  # each with its method's name
RULES = {"ig": "{}", "idgi": "{} + IDGI", "left": "Left {}", "right": "Right {}"}  # how each changes that name
FORMATS = (".png", ".pdf", ".svg", ".npz")
SIDE, BETWEEN = 1.9, 0.5  # inches: a panel's width, and the room for words above and below one
logger = logging.getLogger("igpaths")


@dataclass(frozen=True, eq=False)
class Explanation:
    """The maps of one image by P paths and R rules, and all that was found on the way.

    An .npz file holds the same values by the same names (see `write`).

    Attributes
    ----------
    model : str, the network's name.
    image : Tensor (3, H, W) in [0, 1], what the network sees.
    predicted, probability : the most probable class's name, and its probability in [0, 1].
    target, target_index : the explained class's name, and its index.
    output : "probability" or "logit", the score F that is explained.
    steps : int, N, the segments of each path.
    psi : float, the share ψ of the score's change at whose crossing α* lies.
    paths, rules : tuples of P and R str, the names that `explain` was given.
    baselines : tuple of P str, where each path begins.
    maps : Tensor (P, R, 3, H, W), signed attributions in units of the score.
    completeness_gap : Tensor (P, R), a map's sum minus the change of score over the segments that its rule covers.
    scores, alphas : Tensors (P, N + 1), F along each path from F(x') to F(x), and how far along it that was, 0 to 1.
    alpha_star : Tensor (P,), where `left` and `right` are split: the first α with F > F(x') + ψ (F(x) − F(x')); NaN
        where the score does not rise.
    evaluations, seconds : Tensors (P,), gradient evaluations of each walk, which serves all rules, and its duration.
    """

    model: str
    image: Tensor
    predicted: str
    probability: float
    target: str
    target_index: int
    output: str
    steps: int
    psi: float
    paths: tuple[str, ...]
    rules: tuple[str, ...]
    baselines: tuple[str, ...]
    maps: Tensor
    completeness_gap: Tensor
    scores: Tensor
    alphas: Tensor
    alpha_star: Tensor
    evaluations: Tensor
    seconds: Tensor

    @property
    def methods(self) -> tuple[tuple[str, ...], ...]:
        """The P × R methods' names: "Guided IG + IDGI", "Left Blur IG"."""
        return tuple(tuple(RULES[rule].format(PATHS[path]) for rule in self.rules) for path in self.paths)

    @property
    def lines(self) -> list[str]:
        """What was found, in words: a line for the image, for each path and for each method."""
        found = [f"{self.target} (class {self.target_index}), {self.output} {self.scores[0, -1]:.4f}"]
        if self.target != self.predicted:
            found[0] += f"; seen as {self.predicted}, probability {self.probability:.4f}"
        for p, path in enumerate(self.paths):
            start, end, star = float(self.scores[p, 0]), float(self.scores[p, -1]), float(self.alpha_star[p])
            crossed = f"crosses {self.psi:.4g} of that at α* = {star:.3g}" if star == star else "never rises above it"
            cost = f"{self.evaluations[p]} gradient evaluations in {self.seconds[p]:.1f} s"
            found.append(f"{path} path: {end - start:+z.4f} from {self.baselines[p]}, {crossed}; {cost}")
            found += [f"  {name}: completeness gap {self.gap(p, r)}" for r, name in enumerate(self.methods[p])]
        return found

    def gap(self, p: int, r: int) -> str:
        """The completeness gap of path p with rule r as a share of the score's change; absolute if that is 0."""
        gap, change = float(self.completeness_gap[p, r]), float(self.scores[p, -1] - self.scores[p, 0])
        return f"{gap / change:+z.2%}" if change else f"{gap:+z.4f}"


def explain(
    image: str | pathlib.Path,
    *,
    model: str,
    data: str | pathlib.Path = "",
    paths: Sequence[str] = ("straight",),
    rules: Sequence[str] = ("ig",),
    baseline: str | None = None,
    steps: int = 128,
    psi: float = 0.9,
    target: str | int | None = None,
    output: str = "probability",
    device: str = "cpu",
) -> Explanation:
    """Explain one class's score of one image, which the model resizes and crops, by every path with every rule.

    Each path is walked once, whatever the number of rules. A bar on stderr follows the walks in a terminal. Where the
    image's EXIF says that it should be turned, the log remarks that it was not.

    Parameters
    ----------
    image : a file that Pillow reads.
    model : a name that `load_model` takes.
    data : folder for files that `model` names, whose synsets.txt, if there, names the classes; the environment
        variable IGPATHS_DATA where it is empty.
    paths : any of "straight", "guided" and "blur".
    rules : any of "ig" (the trapezoid), "idgi", and the parts "left" and "right" of "ig" before and after α*.
    baseline : "black" (the default), "white", "mean" or "blur"; the blur path has its own, the blurred image.
    steps : segments of each path, 1 or more.
    psi : ψ of α*, in (0, 1).
    target : index or name of the class explained; the predicted one by default.
    output : what is explained, the class's "probability" or its "logit".
    device : "cpu", "cuda" or "cuda:N".

    Raises
    ------
    ValueError
        For an image that cannot be read, and for every name or number that is not allowed.
    OSError
        Where the model's weights can neither be found nor be downloaded.
    """
    graphics = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    devices = ["cpu", *(["cuda"] if graphics else []), *graphics]
    paths, rules = tuple(dict.fromkeys(paths)), tuple(dict.fromkeys(rules))
    for what, given, allowed in (("path", paths, PATHS), ("rule", rules, RULES), ("device", (device,), devices)):
        for name in given or [""]:
            if name not in allowed:
                raise ValueError(f"{what} is {name!r}; it must be one of {', '.join(allowed)}")
    if baseline and paths == ("blur",):
        raise ValueError(f"baseline is {baseline!r}, but the blur path begins at the blurred image: leave it out")
    baseline = baseline or "black"
    walked: dict[str, Path] = {"straight": Straight(baseline), "guided": Guided(baseline), "blur": Blur()}
    credited: dict[str, Rule] = {"ig": IG("both"), "idgi": IDGI()}
    credited |= {"left": Left(IG("both"), psi), "right": Right(IG("both"), psi)}
    star = Left(IG("both"), psi)  # α* is the path's own, whatever the rules

    pixels = _opened(pathlib.Path(image))
    loaded = load_model(model, data=data)
    net = loaded.classifier(output=output, device=device)
    seen = loaded.prepare(pixels)
    if not isinstance(seen, Tensor) or seen.ndim != 3:
        shape = tuple(seen.shape) if isinstance(seen, Tensor) else type(seen).__name__
        raise ValueError(f"model is {model!r}; its prepare must return a float tensor (3, H, W) in [0, 1], not {shape}")
    with torch.no_grad():
        probabilities = net.logits(seen[None])[0].softmax(dim=0)
    classes = class_names(loaded, len(probabilities), data=data)
    predicted = int(probabilities.argmax())
    index = predicted if target is None else class_index(str(target), classes)

    found, seconds = [], []
    with tqdm(total=len(paths) * (steps + 1), unit="gradient", leave=False, file=sys.stderr, disable=None) as bar:

        def count(module: nn.Module, points: object, logits: Tensor) -> None:
            bar.update(len(logits))

        net.module.register_forward_hook(count)
        for path in paths:
            begun = time.perf_counter()
            bar.set_description(f"{path} path")
            asked = [*dict.fromkeys([*(credited[rule] for rule in rules), star])]
            maps = attribute(net, seen[None], [index], path=walked[path], rules=asked, steps=(steps,))
            maps.scores[steps].cpu()  # waits for the device
            seconds.append(time.perf_counter() - begun)
            found.append(maps)
    return Explanation(
        model=model,
        image=seen,
        predicted=first_name(classes[predicted]),
        probability=float(probabilities[predicted]),
        target=first_name(classes[index]),
        target_index=index,
        output=output,
        steps=steps,
        psi=psi,
        paths=paths,
        rules=rules,
        baselines=tuple("blur" if path == "blur" else baseline for path in paths),
        maps=torch.stack([torch.cat([maps[credited[rule], steps] for rule in rules]) for maps in found]).cpu(),
        completeness_gap=torch.stack(
            [torch.cat([maps.completeness_gap[credited[rule], steps] for rule in rules]) for maps in found]
        ).cpu(),
        scores=torch.cat([maps.scores[steps] for maps in found]).cpu(),
        alphas=torch.cat([maps.alphas[steps] for maps in found]),
        alpha_star=torch.cat([maps.alpha_star[star, steps] for maps in found]).cpu(),
        evaluations=torch.tensor([maps.evaluations for maps in found]),
        seconds=torch.tensor(seconds),
    )


def _opened(file: pathlib.Path) -> Image.Image:
    """The image in RGB, with a remark on its EXIF orientation; where it cannot be read, ValueError says what it is."""
    if not file.is_file():
        folder = file if file.is_dir() else file.parent
        there = sorted(other.name for other in folder.iterdir()) if folder.is_dir() else []
        close = get_close_matches(file.name, there, n=3) or there[:3]
        what = "it is a folder" if file.is_dir() else "there is no such file"
        raise ValueError(f"image is '{file}'; {what}; in '{folder}' there are {', '.join(close) or 'no files'}")
    try:
        pixels = open_photograph(file)
    except ValueError as error:
        with file.open("rb") as stream:
            head = stream.read(24)
        size = f"its {file.stat().st_size} bytes begin with {head!r}" if head else "it is empty"
        raise ValueError(f"{error}; {size}") from error
    if pixels.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        logger.warning(
            "%s: its EXIF says that it should be turned. It is explained as it is stored, which is how ImageNet's "
            "networks see photographs; to turn it, save a copy of PIL.ImageOps.exif_transpose(Image.open(...))",
            file.name,
        )
    return pixels


def write(explanation: Explanation, file: str | pathlib.Path) -> None:
    """Write the picture (.png, .pdf, .svg), or all values to an .npz file by the names of `Explanation`'s attributes.

    ``numpy.load`` gives them back: words as arrays of str, numbers as arrays without dimensions.
    """
    if pathlib.Path(file).suffix.lower() == ".npz":
        values = {field.name: np.asarray(getattr(explanation, field.name)) for field in fields(explanation)}
        np.savez_compressed(file, allow_pickle=False, **values)
    else:
        picture(explanation).savefig(file, dpi=200, bbox_inches="tight")


def picture(explanation: Explanation) -> Figure:
    """What the network sees, each map over it, and the score along each path with its α*.

    Several paths are columns, with a row for each rule; the rules of one path are in one row. The panels fill the
    figure, and the words are around it: save it with ``bbox_inches="tight"``, as `write` and notebooks do.
    """
    names = explanation.methods
    flat = [name for row in names for name in row]
    if len(names) == 1 or len(explanation.rules) == 1:
        mosaic: list[HashableList[str]] = [["image", *flat, "score"]]
    else:
        left = ["image", "score", *["."] * len(explanation.rules)]
        mosaic = [[left[r], *column] for r, column in enumerate(zip(*names, strict=True))]
    columns, rows, shape = len(mosaic[0]), len(mosaic), explanation.image.shape[1] / explanation.image.shape[2]
    wide, high = SIDE * (columns + 0.08 * (columns - 1)), SIDE * shape * rows + BETWEEN * (rows - 1)
    figure = Figure(figsize=(wide, high))
    fill = {"left": 0, "right": 1, "bottom": 0, "top": 1, "wspace": 0.08, "hspace": BETWEEN / (SIDE * shape)}
    axes = figure.subplot_mosaic(mosaic, gridspec_kw=fill)
    plots.show_image(axes["image"], explanation.image)
    _around(axes["image"], f"seen as {_short(explanation.predicted)}", f"probability {explanation.probability:.3f}")
    for p, row in enumerate(names):
        for r, name in enumerate(row):
            plots.show_over(axes[name], explanation.image, explanation.maps[p, r])
            _around(axes[name], name, f"completeness gap {explanation.gap(p, r)}")
    _show_scores(axes["score"], explanation)
    if rows == 1:
        axes["score"].yaxis.tick_right()
    walks = zip(explanation.paths, explanation.baselines, explanation.seconds.tolist(), strict=True)
    costs = [f"{path} path from {begins}, {seconds:.1f} s" for path, begins, seconds in walks]
    what = f"What counts for “{_short(explanation.target)}” (orange) and against it (blue)"
    facts = f"{label(explanation.model)} · {explanation.steps} steps · {' · '.join(costs)}"
    lines = "\n".join(textwrap.fill(line, 30 * columns) for line in (what, facts))
    above = 0.3 + 0.15 * axes["image"].get_title().count("\n")  # inches that the panels' titles take
    figure.suptitle(lines, y=1 + above / high, va="bottom", fontsize=9)
    return figure


def _around(ax: Axes, above: str, below: str) -> None:
    ax.set_title(textwrap.fill(above, 26), fontsize=9)
    ax.set_xlabel(below, fontsize=8)


def _show_scores(ax: Axes, explanation: Explanation) -> None:
    """The score along each path in its method's colour, with a mark where it crosses ψ of its change."""
    for p, path in enumerate(explanation.paths):
        alphas, scores, star = explanation.alphas[p], explanation.scores[p], float(explanation.alpha_star[p])
        colour = plots.COLOURS[plots.METHODS.index(PATHS[path])]
        ax.plot(alphas, scores, color=colour, label=f"{path}, α* = {star:.2f}" if star == star else path)
        if star == star:
            ax.axvline(star, color=colour, linewidth=0.8, linestyle=":")
            ax.plot(star, scores[int((alphas - star).abs().argmin())], "o", color=colour, markersize=4)
    ax.set_title(f"{explanation.output} along the path", fontsize=9)
    ax.tick_params(labelsize=7)
    ax.set_xlim(0, 1)
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=2, frameon=False)


def _short(name: str) -> str:
    return name if len(name) <= 48 else f"{name[:47]}…"

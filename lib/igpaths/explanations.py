"""One image of yours, one network, several methods: what ``python -m igpaths explain`` computes, draws and saves.

Arguments are checked before torch is imported, so that a slip of the pen costs no seconds.
"""

import io
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL.Image import Image

import igpaths as ig
from igpaths.methods import BASELINES, METHODS, RULES
from igpaths.models import Model, choice, in_one_line, load_model
from igpaths.models.classes import class_index, class_names, first_name, listed_classes
from igpaths.models.photographs import take_photograph

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor

FORMATS = (".png", ".pdf", ".svg", ".npz")
LARGE = 0.1  # a completeness gap, as a share of the score's change, that calls for a remark


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """The maps of one image by several paths and rules. In a notebook it draws itself.

    Attributes
    ----------
    model : str, the network's name.
    image : Tensor (C, H, W) in [0, 1], what the network sees.
    predicted, probability : the most probable class's name, and its probability in [0, 1]; NaN for a single output.
    target, target_index : the explained class's name, and its index.
    output : str, the score F that is explained: "probability", "logit" or a function's name.
    steps, psi : N, the segments of each path, and ψ, the share of the score's change at whose crossing α* lies.
    rules : tuple of str, the names of the rules that read every path.
    baselines : dict of str to str, where each path begins, by the path's name.
    maps : dict of str to `Attributions`, by the path's name.
    seconds : dict of str to float, the duration of each walk, which serves all rules.

    Examples
    --------
    >>> explanation = ig.explain(x[0], model=model, rules=("ig", "idgi"), steps=8)
    >>> explanation.target, explanation["straight", "idgi"].shape
    ('disk', torch.Size([3, 176, 176]))
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
    rules: tuple[str, ...]
    baselines: dict[str, str]
    maps: "dict[str, ig.Attributions]"
    seconds: dict[str, float]

    def __getitem__(self, names: tuple[str, str]) -> "Tensor":
        """The signed map (C, H, W) of a path and a rule by their names, in units of the score."""
        path, rule = names
        return self.maps[path][RULES[rule].rule(self.psi), self.steps][0]

    @cached_property
    def arrays(self) -> "dict[str, np.ndarray[Any, Any]]":
        """All values by their names in an .npz file: the attributes, and with P paths, R rules and N steps

        - ``paths``, ``baselines`` (P,) and ``rules`` (R,), names; ``evaluations`` of gradients and ``seconds`` (P,);
        - ``maps`` (P, R, C, H, W), signed, and ``completeness_gap`` (P, R): a map's sum minus the change of score over
          the segments that its rule covers;
        - ``scores``, ``alphas`` (P, N + 1): F along each path from F(x') to F(x), and how far along it, 0 to 1;
        - ``alpha_star`` (P,): the first α with F > F(x') + ψ (F(x) − F(x')); NaN where the score does not rise.
        """
        rules, walks, n = [RULES[rule].rule(self.psi) for rule in self.rules], self.maps.values(), self.steps
        values = {
            "paths": list(self.maps),
            "baselines": list(self.baselines.values()),
            "maps": [[walk[rule, n][0].numpy() for rule in rules] for walk in walks],
            "completeness_gap": [[walk.completeness_gap[rule, n][0].numpy() for rule in rules] for walk in walks],
            "scores": [walk.scores[n][0].numpy() for walk in walks],
            "alphas": [walk.alphas[n][0].numpy() for walk in walks],
            "alpha_star": [walk.alpha_star[RULES["left"].rule(self.psi), n][0].numpy() for walk in walks],
            "evaluations": [walk.evaluations for walk in walks],
            "seconds": list(self.seconds.values()),
        }
        own = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: np.asarray(value) for name, value in (own | values).items()}

    @property
    def lines(self) -> list[str]:
        """The result in words: a line for the image, for each path and for each method."""
        head = f"{self.target} (class {self.target_index}), {self.output} {self.arrays['scores'][0, -1]:.4f}"
        differs = f"; seen as {self.predicted}, probability {self.probability:.4f}"
        lines = [head + (differs if self.target != self.predicted else "")]
        for p, path in enumerate(self.maps):
            scores, star = self.arrays["scores"][p], self.arrays["alpha_star"][p]
            change = f"{scores[-1] - scores[0]:+z.4f} from {self.baselines[path]}"
            crossed = f"crosses {self.psi:.4g} of that at α* = {star:.3g}" if star == star else "never rises above it"
            if not np.isfinite(scores).all():
                crossed = f"is not finite at α = {self.arrays['alphas'][p][~np.isfinite(scores)][0]:.3g}"
            cost = f"{self.maps[path].evaluations} gradient evaluations in {self.seconds[path]:.1f} s"
            lines.append(f"{path} path: {change}, {crossed}; {cost}")
            more = "more steps, or the path blur-placed, close it" if path == "blur" else "more steps close it"
            for r, rule in enumerate(self.rules):
                words, large = self.gap(p, r)
                remark = f", over {LARGE:.0%}: {more}" if large else ""
                lines.append(f"  {METHODS[path].labelled(rule)}: {words}{remark}")
        return lines

    def gap(self, p: int, r: int) -> tuple[str, bool]:
        """The completeness gap of path p with rule r in words, as a share of the score's change, and if it is large."""
        gap, scores = float(self.arrays["completeness_gap"][p, r]), self.arrays["scores"][p]
        change = float(scores[-1] - scores[0])
        if not RULES[self.rules[r]].complete:
            return "completeness not promised", False
        if not np.isfinite(gap) or not change:
            return f"completeness gap {gap:+z.4f}" if np.isfinite(gap) else "completeness gap not finite", False
        return f"completeness gap {gap / change:+z.2%}", abs(gap / change) > LARGE

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.picture().savefig(stream, format="png", bbox_inches="tight")
        return stream.getvalue()

    def save(self, file: str | Path) -> None:
        """Write the picture (.png, .pdf, .svg), or `arrays` (.npz), which ``numpy.load`` reads."""
        suffix = check_format(file)
        if suffix == ".npz":
            with Path(file).open("wb") as stream:  # numpy adds .npz to the name "a.NPZ"
                np.savez_compressed(stream, allow_pickle=False, **self.arrays)
        else:
            self.picture().savefig(file, dpi=200, bbox_inches="tight", format=suffix[1:])

    def picture(self) -> "Figure":
        """What the network sees, each map over it, and the score along each path with its α*.

        Save the figure with ``bbox_inches="tight"``, as `save` and notebooks do.
        """
        from igpaths.pictures import draw

        return draw(self)


def explain(
    image: "str | Path | Image | Tensor",
    *,
    model: str | Model,
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
    model : a name that `load_model` takes, or a `Model` of a network of your own.
    data : folder for files that `model` names, whose synsets.txt, if there, names the classes; the environment
        variable IGPATHS_DATA where it is empty.
    paths : one or several of "straight", "guided", "blur", and "blur-placed", whose points lie where the score changes.
    rules : one or several of "ig" (the trapezoid), "idgi", "idg", and "left" and "right", the parts of "ig" around α*.
    baseline : "black" (the default), "white", "mean" or "blur"; the blur paths have their own, the blurred image.
    steps : segments of each path, 1 or more.
    psi : ψ of α*, in (0, 1).
    target : index or name of the class explained; the predicted one by default.
    output : the score: the class's "probability" or "logit", or a function of logits and targets (see `Classifier`).
    device : "cpu", "cuda" or "cuda:N".
    progress : whether a bar on stderr follows the walks, in a terminal.

    Raises
    ------
    ValueError
        For an image that cannot be read or prepared, a network that fails on it, a name or number that is not allowed.
    OSError
        Where the model's weights can neither be found nor be downloaded.

    Examples
    --------
    >>> ig.explain(x[0], model=model, target="ring", steps=8)
    ring (class 5), probability ...
    """
    paths, rules = _names("path", paths, METHODS), _names("rule", rules, RULES)
    (begins,) = _names("baseline", baseline or "black", BASELINES)
    if baseline and all(METHODS[path].baseline for path in paths):
        raise ValueError(f"baseline is {baseline!r}, but the {paths[0]} path begins at the blurred image: leave it out")
    if not callable(output):
        _names("output", output, ("probability", "logit"))
    if not isinstance(steps, Integral) or steps < 1:
        raise ValueError(f"steps must be a whole number, 1 or more, got {steps!r}")
    if not 0 < psi < 1:
        raise ValueError(f"psi must be in (0, 1), got {psi}")
    _check_device(device)
    name, photograph = take_photograph(image)
    listed_classes(data)
    own = load_model(model, data=data) if isinstance(model, str) else model
    if not isinstance(own, Model):
        raise ValueError(f"model is a {type(model).__name__}; it must be a name or an ig.Model, which holds a network")

    net = own.classifier(output=output, device=device)
    pixels = own.see(photograph, name=name)
    try:
        logits = net.logits(pixels[None])[0].detach().float().cpu()
    except Exception as error:  # it is the reader's own network
        why = f"its network fails for {name} {tuple(pixels.shape)}: {in_one_line(error)}"
        raise ValueError(f"model is {own.name!r}; {why}") from error
    classes = class_names(own, len(logits), data=data)
    predicted = int(logits.argmax())
    index = predicted if target is None else class_index(str(target), classes)
    every = dict.fromkeys(RULES[rule].rule(psi) for rule in (*rules, "left"))  # "left" finds α*, whatever the rules
    maps, seconds = {}, {}
    for path in paths:
        start, way = time.perf_counter(), METHODS[path].path(begins)
        each = ig.attribute(net, pixels[None], index, path=way, rules=tuple(every), steps=steps, progress=progress)
        maps[path], seconds[path] = each.cpu(), time.perf_counter() - start
    return Explanation(
        model=own.name,
        image=pixels,
        predicted=first_name(classes[predicted]),
        probability=float(logits.softmax(0)[predicted]) if len(logits) > 1 else float("nan"),
        target=first_name(classes[index]),
        target_index=index,
        output=score if (score := getattr(output, "__name__", str(output))).isidentifier() else "score",
        steps=steps,
        psi=psi,
        rules=rules,
        baselines={path: METHODS[path].baseline or begins for path in paths},
        maps=maps,
        seconds=seconds,
    )


def check_format(file: str | Path) -> str:
    """The ending of a file that `Explanation.save` can write, in small letters."""
    suffix = Path(file).suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"file is '{file}'; it must be one of *{', *'.join(FORMATS)}")
    return suffix


def _names(what: str, names: str | Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """One or several names, each once; ValueError for one that is not allowed, and for none."""
    several = tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else (names,)
    for name in several or ("",):
        if name not in allowed:
            raise ValueError(choice(what, name, allowed))
    return tuple(dict.fromkeys(several))


def _check_device(device: str) -> None:
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise ValueError(f"device is {device!r}; it must be cpu, cuda or cuda:N")
    if device != "cpu":
        import torch

        if int(device[5:] or 0) >= torch.cuda.device_count():
            raise ValueError(f"device is {device!r}; this machine has {torch.cuda.device_count()} GPUs")

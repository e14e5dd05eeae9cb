"""One photograph, one network, one saliency map: what ``python -m igpaths explain`` computes and draws."""

import pathlib
import textwrap
import time
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor

from igpaths import plots
from igpaths.paths import Blur, Guided, Path, Straight
from igpaths.rules import IDGI, IG, Rule
from igpaths.tasks import load_model
from igpaths.tasks.classes import class_index, class_names, first_name
from igpaths.tasks.imagenet import open_photograph
from igpaths.tasks.models import label
from igpaths.walk import attribute

RULES: dict[str, Rule] = {"ig": IG("both"), "idgi": IDGI()}


@dataclass(frozen=True, eq=False)
class Explanation:
    """A saliency map with all that its picture says.

    Attributes
    ----------
    image : Tensor (3, H, W) in [0, 1], what the network sees.
    attribution : Tensor (3, H, W), signed, in units of the score.
    method : str, the model, path, rule and steps in words.
    predicted, probability : the most probable class's name, and its probability in [0, 1].
    target, target_index : the explained class's name, and its index.
    output, score, score_change : "probability" or "logit", F(x) for the target, and F(x) − F(x').
    completeness_gap : float, the map's sum minus `score_change`.
    evaluations, seconds : gradient evaluations of the walk, and its duration.
    """

    image: Tensor
    attribution: Tensor
    method: str
    predicted: str
    probability: float
    target: str
    target_index: int
    output: str
    score: float
    score_change: float
    completeness_gap: float
    evaluations: int
    seconds: float

    @property
    def result(self) -> str:
        """The score and the completeness gap, in words."""
        relative = f" ({self.completeness_gap / self.score_change:+z.2%} of the change)" if self.score_change else ""
        return (
            f"{self.output} {self.score:.4f}, {self.score_change:+z.4f} from the baseline; "
            f"completeness gap {self.completeness_gap:+z.4f}{relative}"
        )


def explain(
    photograph: str | pathlib.Path,
    *,
    model: str,
    data: str | pathlib.Path = "",
    path: str = "straight",
    baseline: str | None = None,
    rule: str = "ig",
    steps: int = 128,
    target: str | int | None = None,
    output: str = "probability",
    device: str = "cpu",
) -> Explanation:
    """Explain one class's score of one photograph, which the model resizes and crops.

    Parameters
    ----------
    photograph : an image file.
    model : a name that `load_model` takes.
    data : folder for files that `model` names, whose synsets.txt, if there, names the classes; the environment
        variable IGPATHS_DATA where it is empty.
    path : "straight", "blur" or "guided".
    baseline : "black" (the default), "white", "mean" or "blur"; not for the blur path, which has its own.
    rule : "ig" (the trapezoid) or "idgi".
    steps : segments of the path, 1 or more.
    target : index or name of the class explained; the predicted one by default.
    output : what is explained, the class's "probability" or its "logit".
    device : "cpu", "cuda" or "cuda:N".

    Raises
    ------
    ValueError
        For a photograph that cannot be read, and for every name or number that is not allowed.
    OSError
        Where the model's weights can neither be found nor be downloaded.
    """
    if path == "blur" and baseline:
        raise ValueError(f"baseline is {baseline!r}, but the blur path begins at the blurred photograph: leave it out")
    baseline = baseline or "black"
    paths: dict[str, Path] = {"straight": Straight(baseline), "blur": Blur(), "guided": Guided(baseline)}
    graphics = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    devices = ["cpu", *(["cuda"] if graphics else []), *graphics]
    for what, given, allowed in (("path", path, paths), ("rule", rule, RULES), ("device", device, devices)):
        if given not in allowed:
            raise ValueError(f"{what} is {given!r}; it must be one of {', '.join(allowed)}")
    pixels = open_photograph(pathlib.Path(photograph))
    loaded = load_model(model, data=data)
    net = loaded.classifier(output=output, device=device)
    image = loaded.prepare(pixels)[None]
    with torch.no_grad():
        probabilities = net.logits(image)[0].softmax(dim=0)
    classes = class_names(loaded, len(probabilities), data=data)
    predicted = int(probabilities.argmax())
    index = predicted if target is None else class_index(str(target), classes)

    begun = time.perf_counter()
    maps = attribute(net, image, [index], path=paths[path], rules=(RULES[rule],), steps=(steps,))
    start, *_, score = maps.scores[steps][0].tolist()  # waits for the device
    seconds = time.perf_counter() - begun
    begins = "" if path == "blur" else f" from {baseline}"
    return Explanation(
        image=image[0],
        attribution=maps[RULES[rule], steps][0],
        method=f"{label(model)} · {path} path{begins} · {rule.upper()} · {steps} steps",
        predicted=first_name(classes[predicted]),
        probability=float(probabilities[predicted]),
        target=first_name(classes[index]),
        target_index=index,
        output=output,
        score=score,
        score_change=score - start,
        completeness_gap=float(maps.completeness_gap[RULES[rule], steps]),
        evaluations=maps.evaluations,
        seconds=seconds,
    )


def picture(explanation: Explanation) -> Figure:
    """Three panels, 8 inches wide: what the network sees, the saliency map, its sign over the photograph."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    seen, saliency, over = figure.subplots(1, 3)
    plots.show_image(seen, explanation.image)
    plots.show_absolute(saliency, explanation.attribution)
    plots.show_over(over, explanation.image, explanation.attribution)
    for ax, above, below in (
        (seen, f"Seen as {explanation.predicted}", f"probability {explanation.probability:.3f}"),
        (saliency, "Bright pixels count for", explanation.target),
        (over, "Where they are: orange raises,", f"blue lowers the {explanation.output}"),
    ):
        ax.set_title(f"{textwrap.fill(above, 32)}\n{textwrap.fill(below, 32)}", fontsize=9)
    figure.supxlabel(f"{explanation.method}\n{explanation.result}", fontsize=9)
    return figure

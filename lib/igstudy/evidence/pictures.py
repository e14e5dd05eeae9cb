"""A photograph, four maps of it (IG with its sign and by magnitude, Σ |g Δx|, IDGI), and their insertion curves."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

import igpaths as ig
from igpaths import metrics, plots
from igpaths.rules import Rule
from igstudy.engine.subjects import Subject
from igstudy.evidence.charts import LINES

SHOWN = 1  # the photograph of the title page, by its place: a cup of espresso
IG, VARIATION, IDGI = ig.IG("both"), ig.TotalVariation(ig.IG("both")), ig.IDGI()
# By name: the rule, and whether its map ranks pixels with its sign
RANKINGS: dict[str, tuple[Rule, bool]] = {
    "IG, with its sign": (IG, True),
    "IG, by magnitude": (IG, False),
    "Σ |g Δx|, nothing cancels": (VARIATION, False),
    "IDGI": (IDGI, False),
}


@dataclass(frozen=True, eq=False)
class Ranked:
    """One image and its ranking maps (H, W) by name, and for each map the target's probability at every share shown."""

    image: Tensor
    maps: dict[str, Tensor]
    shares: Tensor
    curves: dict[str, Tensor]

    def score(self, name: str) -> float:
        """The insertion score of a map, in [0, 1], higher is better."""
        return float(metrics.area(self.shares, self.curves[name]))


def rank(seen: Subject, image: int = 0, *, steps: int = 64, batch_size: int = 16) -> Ranked:
    """The four maps of one walk on the straight path from black, each with its insertion curve on black."""
    x, target = seen.images[image : image + 1], seen.targets[image : image + 1]
    rules = tuple(dict.fromkeys(rule for rule, _ in RANKINGS.values()))
    found = ig.attribute(seen.net, x, target, path=ig.Straight(), rules=rules, steps=steps, batch_size=batch_size)
    maps = {
        name: (metrics.signed_map if signed else metrics.absolute_map)(found[rule])[0]
        for name, (rule, signed) in RANKINGS.items()
    }
    stack = torch.stack(list(maps.values()))[None]
    revealed = metrics.insertion(seen.net, x, target, stack, canvas="black", batch_size=batch_size)
    curves = dict(zip(maps, revealed.probability[0], strict=True))
    return Ranked(x[0], maps, revealed.shares, curves)


def draw(ranked: Ranked, *, size: float = 2.6) -> Figure:
    """Two rows of three panels, `size` inches each: the image, its maps with their scores S, and the curves."""
    figure, axes = plt.subplots(2, 3, figsize=(3 * size, 2.45 * size), layout="constrained")
    panels = iter(axes.flat)
    plots.show_image(ax := next(panels), ranked.image)
    ax.set_title("photograph", fontsize=11)
    for name, ranking in ranked.maps.items():
        show = plots.show_signed if RANKINGS[name][1] else plots.show_absolute
        show(ax := next(panels), ranking)
        ax.set_title(name, fontsize=11)
        ax.set_xlabel(f"S = {ranked.score(name):.2f}", fontsize=11)
    ax = next(panels)
    for k, (name, curve) in zip((0, 2, 3, 1), ranked.curves.items(), strict=True):  # IG and IDGI have their own colours
        ax.plot(ranked.shares, curve, color=plots.COLOURS[k], linestyle=LINES[k], label=name)
    ax.set(box_aspect=1, xlim=(0, 1), ylim=(0, 1), xlabel="share of pixels shown", ylabel="probability")
    ax.set_title("insertion", fontsize=11)
    figure.legend(fontsize=10, loc="outside lower center", ncols=4, frameon=False)
    return figure

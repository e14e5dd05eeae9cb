"""The picture of an explanation: what the network sees, each map over it, and the score along each path."""

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.typing import HashableList

from igpaths import plots
from igpaths.methods import METHODS
from igpaths.models import label

if TYPE_CHECKING:
    from igpaths.explanations import Explanation

PANEL, WORDS = 2.2, 0.5  # inches: a panel's width, and the room for the words around it


def draw(explanation: "Explanation") -> Figure:
    """Several paths are columns, with a row for each rule; the rules of one path are in one row."""
    names = [[METHODS[path].labelled(rule) for rule in explanation.rules] for path in explanation.maps]
    mosaic: list[HashableList[str]] = [["image", *(name for row in names for name in row), "score"]]
    if len(explanation.maps) > 1 and len(explanation.rules) > 1:
        left = ["image", "score", *["."] * len(explanation.rules)]
        mosaic = [[left[r], *column] for r, column in enumerate(zip(*names, strict=True))]
    columns, rows, shape = len(mosaic[0]), len(mosaic), explanation.image.shape[1] / explanation.image.shape[2]
    size = PANEL * columns, (PANEL * shape + WORDS) * rows + 3 * WORDS
    figure = Figure(size, layout=ConstrainedLayoutEngine(compress=True, w_pad=0.06, h_pad=0.08))
    axes = figure.subplot_mosaic(mosaic)
    plots.show_image(axes["image"], explanation.image)
    probability = explanation.probability
    words = f"probability {probability:.3f}" if probability == probability else ""
    _around(axes["image"], f"seen as {_short(explanation.predicted)}", words)
    for p, row in enumerate(names):
        for r, name in enumerate(row):
            plots.show_over(axes[name], explanation.image, explanation.arrays["maps"][p, r])
            _around(axes[name], name, explanation.gap(p, r)[0])
    _show_scores(axes["score"], explanation)
    axes["score"].set_box_aspect(shape)
    if rows == 1:
        axes["score"].yaxis.tick_right()
    begins, seconds = explanation.baselines, explanation.seconds
    walks = [f"{path} path from {begins[path]}, {seconds[path]:.1f} s" for path in explanation.maps]
    what = f"What counts for “{_short(explanation.target)}” (orange) and against it (blue)"
    facts = f"{label(explanation.model)} · {explanation.steps} steps · {' · '.join(walks)}"
    title = "\n".join(textwrap.fill(line, 30 * columns) for line in (what, facts))
    figure.suptitle(title, fontsize=9, parse_math=False)
    return figure


def _show_scores(ax: Axes, explanation: "Explanation") -> None:
    """The score along each path in its method's colour, with a mark where it crosses ψ of its change."""
    for p, path in enumerate(explanation.maps):
        alphas, scores, star = (explanation.arrays[name][p] for name in ("alphas", "scores", "alpha_star"))
        colour = plots.COLOURS[METHODS[path].colour]
        ax.plot(alphas, scores, color=colour, label=f"{path}, α* = {star:.2f}" if star == star else path)
        if star == star:
            ax.axvline(star, color=colour, linewidth=0.8, linestyle=":")
            ax.plot(star, scores[np.abs(alphas - star).argmin()], "o", color=colour, markersize=4)
    ax.set_title(f"{explanation.output} along the path", fontsize=9, parse_math=False)
    ax.tick_params(labelsize=7)
    ax.set_xlim(0, 1)
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=2, frameon=False)


def _around(ax: Axes, above: str, below: str) -> None:
    ax.set_title(textwrap.fill(above, 26), fontsize=9, parse_math=False)
    ax.set_xlabel(below, fontsize=8)


def _short(name: str) -> str:
    return name if len(name) <= 48 else f"{name[:47]}…"

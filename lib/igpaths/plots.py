"""The figures: maps and images on one scale for each kind, in colours that all readers tell apart.

A map is an attribution (C, H, W) or a ranking map (H, W); where it is not finite, "not finite" stands in its place. The
colours are those of Okabe and Ito; `igpaths.methods` says which method has which.
"""

import textwrap
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.typing import HashableList
from torch import Tensor

from igpaths.explanations import Explanation
from igpaths.methods import METHODS
from igpaths.models import label
from igpaths.texts import amount

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SIGNED = "RdBu_r"  # blue lowers the score, red raises it
ABSOLUTE = "inferno"
PANEL, WORDS = 2.2, 0.5  # inches: a panel's width, and the room for the words around it


def show_image(ax: Axes, image: Tensor) -> None:
    """An image (C, H, W) or (H, W), clipped to [0, 1]: three channels in colour, others as their mean in grey."""
    pixels = _read(image).clamp(0, 1)
    _draw(ax, pixels.permute(1, 2, 0) if len(pixels) == 3 else pixels.mean(0), cmap="gray", vmin=0, vmax=1)


def show_signed(ax: Axes, attribution: Tensor, *, like: Tensor | None = None) -> None:
    """Σ_c A_c of a map: white is 0, full colour the 99th percentile of its magnitude, or of that of the map `like`."""
    limit = percentile(_read(attribution if like is None else like).sum(0).abs())
    _draw(ax, _read(attribution).sum(0), cmap=SIGNED, vmin=-limit, vmax=limit)


def show_absolute(ax: Axes, attribution: Tensor) -> None:
    """Σ_c |A_c| of a map: black is 0, the brightest colour its 99th percentile."""
    values = _read(attribution).abs().sum(0)
    _draw(ax, values, cmap=ABSOLUTE, vmin=0, vmax=percentile(values))


def show_over(ax: Axes, image: Tensor, attribution: Tensor) -> None:
    """Σ_c A_c of a map over its greyed image: orange is above 0, blue below, solid at the 99th percentile."""
    grey, values = _read(image).mean(0), _read(attribution).sum(0)
    if grey.shape != values.shape:
        raise ValueError(f"the map is {tuple(values.shape)}, but its image is {tuple(grey.shape)}")
    opacity = (values.abs() / percentile(values.abs())).clamp(max=1)
    _draw(ax, grey, cmap="gray", vmin=-1, vmax=1)  # from mid-grey to white
    signs = values.sign().where(values.isfinite(), torch.nan)
    _draw(ax, signs, cmap=ListedColormap(COLOURS[:2]), vmin=-1, vmax=1, alpha=opacity.numpy())


def compare(image: Tensor, maps: Mapping[str, Tensor], *, size: float = 1.9) -> Figure:
    """An image, and each of its maps over it under its name; `size` is a panel's width in inches."""
    count = 1 + len(maps)
    figure, axes = plt.subplots(1, count, figsize=(size * count, size), squeeze=False, layout="constrained")
    show_image(axes[0, 0], image)
    for ax, attribution in zip(axes[0, 1:], maps.values(), strict=True):
        show_over(ax, image, attribution)
    for ax, name in zip(axes[0], ("image", *maps), strict=True):
        ax.set_title(name, fontsize=9, parse_math=False)
    return figure


def show_explanation(explanation: Explanation) -> Figure:
    """Several paths are columns, with a row for each rule; the rules of one path are in one row."""
    names = [[METHODS[path].labelled(rule) for rule in explanation.rules] for path in explanation.paths]
    mosaic: list[HashableList[str]] = [["image", *(name for row in names for name in row), "score"]]
    if len(explanation.paths) > 1 and len(explanation.rules) > 1:
        left = ["image", "score", *["."] * len(explanation.rules)]
        mosaic = [[left[r], *column] for r, column in enumerate(zip(*names, strict=True))]
    columns, rows, shape = len(mosaic[0]), len(mosaic), explanation.image.shape[1] / explanation.image.shape[2]
    size = PANEL * columns, (PANEL * shape + WORDS) * rows + 3 * WORDS
    figure = Figure(size, layout=ConstrainedLayoutEngine(compress=True, w_pad=0.06, h_pad=0.08))
    axes = figure.subplot_mosaic(mosaic)
    show_image(axes["image"], explanation.image)
    probability = explanation.probability
    words = f"probability {probability:.3f}" if probability == probability else ""
    _around(axes["image"], f"seen as {_short(explanation.predicted)}", words)
    for p, row in enumerate(names):
        for r, name in enumerate(row):
            show_over(axes[name], explanation.image, explanation.maps[p, r])
            _around(axes[name], name, explanation.completeness(p, r)[0])
    _show_scores(axes["score"], explanation)
    axes["score"].set_box_aspect(shape)
    if rows == 1:
        axes["score"].yaxis.tick_right()
    facts = zip(explanation.paths, explanation.baselines, explanation.seconds, strict=True)
    walks = " · ".join(f"{path} path from {baseline}, {seconds:.1f} s" for path, baseline, seconds in facts)
    what = f"What counts for “{_short(explanation.target)}” (orange) and against it (blue)"
    how = f"{label(explanation.model)} · {amount(explanation.steps, 'step')} · {walks}"
    title = "\n".join(textwrap.fill(line, 30 * columns) for line in (what, how))
    figure.suptitle(title, fontsize=9, parse_math=False)
    return figure


def percentile(values: Tensor) -> float:
    """The 99th percentile, where a map has its full colour; the largest value, or 1, where that is 0 or no number."""
    if not bool(values.isfinite().all()):
        return 1.0
    return float(np.quantile(values.numpy(), 0.99)) or float(values.max()) or 1.0


def _show_scores(ax: Axes, explanation: Explanation) -> None:
    """The score along each path in its method's colour, with a mark where it crosses ψ of its change."""
    for p, path in enumerate(explanation.paths):
        alphas, scores, star = explanation.alphas[p], explanation.scores[p], float(explanation.alpha_star[p])
        colour = COLOURS[METHODS[path].colour]
        ax.plot(alphas, scores, color=colour, label=f"{path}, α* = {star:.2f}" if star == star else path)
        if star == star:
            ax.axvline(star, color=colour, linewidth=0.8, linestyle=":")
            ax.plot(star, scores[(alphas - star).abs().argmin()], "o", color=colour, markersize=4)
    ax.set_title(f"{explanation.output} along the path", fontsize=9, parse_math=False)
    ax.tick_params(labelsize=7)
    ax.set_xlim(0, 1)
    ax.set_xlabel("α", fontsize=8, labelpad=0)
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4, frameon=False)


def _around(ax: Axes, above: str, below: str) -> None:
    ax.set_title(textwrap.fill(above, 26), fontsize=9, parse_math=False)
    ax.set_xlabel(below, fontsize=8)


def _short(name: str) -> str:
    return name if len(name) <= 48 else f"{name[:47]}…"


def _read(values: Tensor) -> Tensor:
    """An image or a map on the CPU, in float32 and with channels."""
    read = torch.as_tensor(values).detach().float().cpu()
    if read.ndim not in (2, 3):
        raise ValueError(f"an image or a map to show is (C, H, W) or (H, W), of one image, not {tuple(read.shape)}")
    return read if read.ndim == 3 else read[None]


def _draw(ax: Axes, values: Tensor, **look: Any) -> None:
    """Values (H, W) or (H, W, 3) without ticks; where they are not finite, words."""
    if bool(values.isfinite().all()):
        ax.imshow(values.numpy(), **look)
    else:
        ax.text(0.5, 0.5, "not finite", ha="center", va="center", transform=ax.transAxes)
    ax.set_xticks([])
    ax.set_yticks([])

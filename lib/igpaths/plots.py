"""The figures' common look: maps and images on one scale for each kind, in colours that all readers tell apart.

A map is an attribution (C, H, W) or a ranking map (H, W); where it is not finite, "not finite" stands in its place. The
colours are those of Okabe and Ito; `igpaths.methods` says which method has which.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SIGNED = "RdBu_r"  # blue lowers the score, red raises it
ABSOLUTE = "inferno"
Show = Callable[[Axes, Tensor], None]


def show_image(ax: Axes, image: Tensor) -> None:
    """An image (C, H, W) or (H, W), clipped to [0, 1]: three channels in colour, others as their mean in grey.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> plots.show_image(plt.figure().add_subplot(), x[0])
    """
    pixels = _read(image).clamp(0, 1)
    _draw(ax, pixels.permute(1, 2, 0) if len(pixels) == 3 else pixels.mean(0), cmap="gray", vmin=0, vmax=1)


def outlined(mask: Tensor) -> Show:
    """`show_image` with the outline of a mask (H, W), bool.

    Examples
    --------
    >>> cells = {("scene", "outlined"): (plots.outlined(data.masks[0]), x[0])}
    >>> figure = plots.picture_grid(cells, rows=["scene"], columns=["outlined"])
    """

    def show(ax: Axes, image: Tensor) -> None:
        show_image(ax, image)
        ax.contour(mask.cpu().float().numpy(), levels=[0.5], colors=COLOURS[4], linewidths=1)

    return show


def show_signed(ax: Axes, attribution: Tensor) -> None:
    """Σ_c A_c of a map: white is 0, full colour the 99th percentile of its magnitude.

    Examples
    --------
    >>> cells = {("IG", "signed"): (plots.show_signed, maps[ig.IG(), 8][0])}
    >>> figure = plots.picture_grid(cells, rows=["IG"], columns=["signed"])
    """
    signed_like(attribution)(ax, attribution)


def signed_like(reference: Tensor) -> Show:
    """`show_signed` on the scale of another map, so that several can be compared.

    Examples
    --------
    >>> show = plots.signed_like(maps[ig.IG(), 8][0])  # the scale of 8 steps for both
    >>> cells = {("IG", str(n)): (show, maps[ig.IG(), n][0]) for n in (4, 8)}
    >>> figure = plots.picture_grid(cells, rows=["IG"], columns=["4", "8"])
    """
    limit = percentile(_read(reference).sum(0).abs())

    def show(ax: Axes, attribution: Tensor) -> None:
        _draw(ax, _read(attribution).sum(0), cmap=SIGNED, vmin=-limit, vmax=limit)

    return show


def show_absolute(ax: Axes, attribution: Tensor) -> None:
    """Σ_c |A_c| of a map: black is 0, the brightest colour its 99th percentile.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> plots.show_absolute(plt.figure().add_subplot(), maps[ig.IDGI(), 8][0])
    """
    values = _read(attribution).abs().sum(0)
    _draw(ax, values, cmap=ABSOLUTE, vmin=0, vmax=percentile(values))


def show_over(ax: Axes, image: Tensor, attribution: Tensor) -> None:
    """Σ_c A_c of a map over its greyed image: orange is above 0, blue below, solid at the 99th percentile.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> plots.show_over(plt.figure().add_subplot(), x[0], maps[ig.IG(), 8][0])
    """
    grey, values = _read(image).mean(0), _read(attribution).sum(0)
    if grey.shape != values.shape:
        raise ValueError(f"the map is {tuple(values.shape)}, but its image is {tuple(grey.shape)}")
    opacity = (values.abs() / percentile(values.abs())).clamp(max=1)
    _draw(ax, grey, cmap="gray", vmin=-1, vmax=1)  # from mid-grey to white
    signs = values.sign().where(values.isfinite(), torch.nan)
    _draw(ax, signs, cmap=ListedColormap(COLOURS[:2]), vmin=-1, vmax=1, alpha=opacity.numpy())


def compare(image: Tensor, maps: Mapping[str, Tensor], *, size: float = 1.9) -> Figure:
    """An image, and each of its maps over it under its name; `size` is a panel's width in inches.

    Examples
    --------
    >>> figure = plots.compare(x[0], {"IG": maps[ig.IG(), 8][0], "IG + IDGI": maps[ig.IDGI(), 8][0]})
    >>> [ax.get_title() for ax in figure.axes]
    ['image', 'IG', 'IG + IDGI']
    """

    def over(ax: Axes, attribution: Tensor) -> None:
        show_over(ax, image, attribution)

    cells = {("", name): (over, attribution) for name, attribution in maps.items()}
    return picture_grid({("", "image"): (show_image, image), **cells}, rows=[""], columns=["image", *maps], size=size)


def picture_grid(
    cells: Mapping[tuple[str, str], tuple[Show, Tensor]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    size: float = 1.3,
) -> Figure:
    """Pictures by (row, column), each with the function that shows it; missing cells stay empty.

    Examples
    --------
    >>> cells = {("disk", "image"): (plots.show_image, x[0]), ("disk", "IG"): (plots.show_signed, maps[ig.IG(), 8][0])}
    >>> figure = plots.picture_grid(cells, rows=["disk"], columns=["image", "IG"])
    """
    shape = len(rows), len(columns)
    inches = size * len(columns), size * len(rows)
    figure, axes = plt.subplots(*shape, figsize=inches, squeeze=False, layout="constrained")
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            ax = axes[i, j]
            if (row, column) in cells:
                show, tensor = cells[row, column]
                show(ax, tensor)
            else:
                ax.set_axis_off()
            if i == 0:
                ax.set_title(column, fontsize=9)
            if j == 0:
                ax.text(-0.08, 0.5, row, fontsize=9, rotation=90, ha="right", va="center", transform=ax.transAxes)
    return figure


def percentile(values: Tensor) -> float:
    """The 99th percentile, at which a map has its full colour; the largest value, or 1, where that is 0 or no number.

    Examples
    --------
    >>> plots.percentile(torch.arange(101.0)), plots.percentile(torch.zeros(4))
    (99.0, 1.0)
    """
    if not bool(values.isfinite().all()):
        return 1.0
    return float(np.quantile(values.numpy(), 0.99)) or float(values.max()) or 1.0


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

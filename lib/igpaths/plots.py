"""The figures' common look: one colour for each method everywhere, maps on one scale for each kind.

Colours are those of Okabe and Ito, which readers with colour-blindness tell apart; series also differ in marker and
line. Every function returns the figure, and its chapter gives it caption and alt text.
"""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from igpaths.metrics.ranking import absolute_map, signed_map

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
METHODS = ("IG", "IG + IDGI", "Guided IG", "Guided IG + IDGI", "Blur IG", "Blur IG + IDGI")  # the first six colours
SIGNED = "RdBu_r"  # blue lowers the score, red raises it
ABSOLUTE = "inferno"
Show = Callable[[Axes, Tensor], None]


def show_image(ax: Axes, image: Tensor) -> None:
    """An image (3, H, W); values outside [0, 1] are clipped.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> plots.show_image(ax, x[0])
    >>> len(ax.images)
    1
    """
    ax.imshow(image.detach().float().cpu().clamp(0, 1).permute(1, 2, 0).numpy())
    _bare(ax)


def outlined(mask: Tensor) -> Show:
    """`show_image` with the outline of a mask (H, W), bool.

    Examples
    --------
    >>> cells = {("scene", "outlined"): (plots.outlined(data.masks[0]), x[0])}
    >>> figure = plots.picture_grid(cells, rows=["scene"], columns=["outlined"])
    >>> figure.axes[0].get_title()
    'outlined'
    """

    def show(ax: Axes, image: Tensor) -> None:
        show_image(ax, image)
        ax.contour(mask.cpu().float().numpy(), levels=[0.5], colors=COLOURS[4], linewidths=1)

    return show


def show_signed(ax: Axes, attribution: Tensor) -> None:
    """Σ_c A_c of an attribution (3, H, W): white is 0, full colour the 99th percentile of its magnitude.

    Examples
    --------
    >>> cells = {("IG", "signed"): (plots.show_signed, maps[ig.IG(), 8][0])}
    >>> figure = plots.picture_grid(cells, rows=["IG"], columns=["signed"])
    >>> low, high = figure.axes[0].images[0].get_clim()
    >>> low == -high
    True
    """
    signed_like(attribution)(ax, attribution)


def signed_like(reference: Tensor) -> Show:
    """`show_signed` on the scale of another attribution, so that several maps can be compared.

    Examples
    --------
    >>> show = plots.signed_like(maps[ig.IG(), 8][0])  # the scale of 8 steps for both
    >>> cells = {("IG", str(n)): (show, maps[ig.IG(), n][0]) for n in (4, 8)}
    >>> figure = plots.picture_grid(cells, rows=["IG"], columns=["4", "8"])
    >>> len({ax.images[0].get_clim() for ax in figure.axes})
    1
    """
    limit = percentile(signed_map(reference.detach().float().cpu()).abs())

    def show(ax: Axes, attribution: Tensor) -> None:
        values = signed_map(attribution.detach().float().cpu())
        ax.imshow(values.numpy(), cmap=SIGNED, vmin=-limit, vmax=limit)
        _bare(ax)

    return show


def show_absolute(ax: Axes, attribution: Tensor) -> None:
    """Σ_c |A_c| of an attribution (3, H, W): black is 0, the brightest colour its 99th percentile.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> plots.show_absolute(ax, maps[ig.IDGI(), 8][0])
    >>> ax.images[0].get_clim()[0]
    0.0
    """
    values = absolute_map(attribution.detach().float().cpu())
    ax.imshow(values.numpy(), cmap=ABSOLUTE, vmin=0, vmax=percentile(values))
    _bare(ax)


def show_over(ax: Axes, image: Tensor, attribution: Tensor) -> None:
    """Σ_c A_c over its greyed image (both (3, H, W)): orange is above 0, blue below, solid at the 99th percentile.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> plots.show_over(ax, x[0], maps[ig.IG(), 8][0])
    >>> len(ax.images)  # the greyed image, and the map's sign
    2
    """
    values = signed_map(attribution.detach().float().cpu())
    opacity = (values.abs() / percentile(values.abs())).clamp(max=1)
    ax.imshow(image.detach().float().cpu().mean(0).numpy(), cmap="gray", vmin=-1, vmax=1)  # from mid-grey to white
    ax.imshow(values.sign().numpy(), cmap=ListedColormap(COLOURS[:2]), vmin=-1, vmax=1, alpha=opacity.numpy())
    _bare(ax)


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
    >>> cells = {("disk", "image"): (plots.show_image, x[0])}
    >>> cells["disk", "IG"] = (plots.show_signed, maps[ig.IG(), 8][0])
    >>> figure = plots.picture_grid(cells, rows=["disk"], columns=["image", "IG"])
    >>> len(figure.axes)
    2
    """
    figure, axes = plt.subplots(
        len(rows), len(columns), figsize=(size * len(columns), size * len(rows)), squeeze=False, layout="constrained"
    )
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
    """The 99th percentile, at which a map has its full colour; the largest value, or 1, where that is 0.

    Examples
    --------
    >>> plots.percentile(torch.arange(101.0))
    99.0
    >>> plots.percentile(torch.zeros(4))
    1.0
    """
    return float(torch.quantile(values.flatten(), 0.99)) or float(values.max()) or 1.0


def _bare(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])

"""The figures' common look: one colour for each method everywhere, maps on one scale for each kind.

Colours are those of Okabe and Ito, which readers with colour-blindness tell apart; series also differ in marker and
line. Every function returns the figure, and its chapter gives it caption and alt text.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, count

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from igpaths.metrics.ranking import absolute_map, signed_map
from igpaths.study.statistics import Estimate

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
METHODS = ("IG", "IG + IDGI", "Guided IG", "Guided IG + IDGI", "Blur IG", "Blur IG + IDGI")  # the first six colours
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), "-")
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


def line_panels(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float] | Sequence[str], Sequence[float] | Sequence[Estimate]]]],
    *,
    xlabel: str,
    ylabel: str,
    loglog: bool = False,
    base: int = 2,
    columns: int = 3,
    width: float = 3.1,
) -> Figure:
    """One panel a title, each `width` inches wide: equal colour, line and marker mean the same series of (x, y).

    Where x are words they lie equally far apart; where y are estimates they have their intervals. `base` is that of a
    logarithmic x.

    Examples
    --------
    >>> curves = {"IG": ([4, 8], [0.2, 0.1]), "IG + IDGI": ([4, 8], [0.1, 0.05])}
    >>> figure = plots.line_panels({"resnet": curves, "vgg": curves}, xlabel="steps", ylabel="error", loglog=True)
    >>> [ax.get_title() for ax in figure.axes]
    ['resnet', 'vgg']
    """
    rows, columns = -(-len(panels) // columns), min(columns, len(panels))
    figure, axes = plt.subplots(
        rows, columns, figsize=(width * columns, 2.7 * rows), squeeze=False, sharex=loglog, layout="constrained"
    )
    names = list(dict.fromkeys(name for series in panels.values() for name in series))
    numbers = _numbers(names)
    for ax, (title, series) in zip(axes.flat, panels.items(), strict=False):
        for name, (x, y) in series.items():
            k = numbers[name]
            look = {"color": COLOURS[k], "linestyle": LINES[k], "marker": MARKERS[k] if len(x) <= 12 else None}
            found = [each if isinstance(each, Estimate) else Estimate(each, each, each, 0) for each in y]
            ax.plot(x, [each.value for each in found], markersize=4, label=name, **look)
            if any(each.low < each.high for each in found):
                ax.vlines(x, [each.low for each in found], [each.high for each in found], COLOURS[k], linewidth=1)
        ax.set_title(title, fontsize=10)
        ax.grid(alpha=0.3)
        if loglog:
            ax.set_xscale("log", base=base)
            ax.set_yscale("log")
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel(xlabel)
    for ax in axes[:, 0]:
        ax.set_ylabel(ylabel)
    _legend(figure)
    return figure


def dot_panels(
    panels: Mapping[str, Mapping[str, Mapping[str, Estimate]]], *, xlabel: str, width: float = 3.6
) -> Figure:
    """One panel a title, one line a name, a dot with its interval for each series: {title: {series: {name: ...}}}.

    Examples
    --------
    >>> from igpaths.study.statistics import bootstrap
    >>> gains = {"signed": {"resnet": bootstrap([0.1, 0.3]), "vgg": bootstrap([0.2, 0.2])}}
    >>> figure = plots.dot_panels({"insertion": gains}, xlabel="gain of IDGI")
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['resnet', 'vgg']
    """
    names = list(dict.fromkeys(name for panel in panels.values() for series in panel.values() for name in series))
    numbers = _numbers(list(dict.fromkeys(label for panel in panels.values() for label in panel)))
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(width * len(panels), 1.5 + 0.1 * max(3, len(numbers)) * len(names)),
        squeeze=False,
        sharey=True,
        layout="constrained",
    )
    for ax, (title, panel) in zip(axes[0], panels.items(), strict=True):
        for place, (label, series) in enumerate(panel.items()):
            k, apart = numbers[label], 0.6 / max(3, len(panel))
            y = [names.index(name) + apart * (place - (len(panel) - 1) / 2) for name in series]
            x = [estimate.value for estimate in series.values()]
            reach = [[e.value - e.low for e in series.values()], [e.high - e.value for e in series.values()]]
            ax.errorbar(x, y, xerr=reach, fmt=MARKERS[k], color=COLOURS[k], markersize=5, linewidth=1, label=label)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel(xlabel)
        ax.grid(alpha=0.3)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(max(len(names), 1) - 0.5, -0.5)  # the first name at the top, and room at both ends
    _legend(figure)
    return figure


def _legend(figure: Figure) -> None:
    """All series below the panels, in two lines where there are many: a method above the same with IDGI."""
    pairs = [pair for ax in figure.axes for pair in zip(*ax.get_legend_handles_labels(), strict=True)]
    handles = {label: handle for handle, label in pairs}
    columns = len(handles) if len(handles) <= 5 else -(-len(handles) // 2)
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower center",
        ncols=max(1, columns),
        frameon=False,
        fontsize=9,
    )


def _numbers(names: Sequence[str]) -> dict[str, int]:
    """The number of each series' colour, marker and line: a method has its own, the others take those that are left."""
    own = {name: METHODS.index(name) for name in names if name in METHODS}
    left = chain((k for k in range(len(COLOURS)) if k not in own.values()), count())
    return own | {name: next(left) % len(COLOURS) for name in names if name not in own}


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

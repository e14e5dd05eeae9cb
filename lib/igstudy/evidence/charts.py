"""Grids of pictures, and charts of estimates: lines over steps, dots with their intervals.

A method has its own colour everywhere. Series also differ in marker and line, for readers who cannot tell the colours
apart.
"""

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, count

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from igpaths.methods import COLOURED
from igpaths.plots import COLOURS, show_image
from igstudy.evidence.statistics import Estimate

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), "-")
Show = Callable[[Axes, Tensor], None]
Series = Mapping[str, tuple[Sequence[float] | Sequence[str], Sequence[float] | Sequence[Estimate]]]


def picture_grid(
    cells: Mapping[tuple[str, str], tuple[Show, Tensor]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    size: float = 1.3,
) -> Figure:
    """Pictures by (row, column), each with the function that shows it, `size` inches wide; missing cells stay empty."""
    shape, inches = (len(rows), len(columns)), (size * len(columns), size * len(rows))
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
                ax.set_title(_in_lines(column, size), fontsize=9, parse_math=False)
            if j == 0:
                place = {"ha": "right", "va": "center", "transform": ax.transAxes}
                ax.text(-0.08, 0.5, _in_lines(row, size), fontsize=9, rotation=90, parse_math=False, **place)
    return figure


def picture_rows(
    panels: Mapping[str, tuple[Show, Tensor]], *, below: Mapping[str, str], columns: int, size: float = 2.1
) -> Figure:
    """Pictures by name, so many in a row, each `size` inches wide with its name above it and what there is below it."""
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(size * columns, 1.15 * size * rows), layout="constrained")
    for ax, (name, (show, tensor)) in zip(axes.flat, panels.items(), strict=False):
        show(ax, tensor)
        ax.set_title(_in_lines(name, size), fontsize=10, parse_math=False)
        ax.set_xlabel(below.get(name, ""), fontsize=10)
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    return figure


def _in_lines(name: str, size: float) -> str:
    """A name in lines for which a picture of so many inches has room: a class may have a long one."""
    wrap = partial(textwrap.wrap, width=int(14 * size), max_lines=3, placeholder="…")
    return "\n".join(line for whole in name.split("\n") for line in wrap(whole))


def outlined(mask: Tensor) -> Show:
    """`plots.show_image` with the outline of a mask (H, W), bool."""

    def show(ax: Axes, image: Tensor) -> None:
        show_image(ax, image)
        ax.contour(mask.cpu().float().numpy(), levels=[0.5], colors=COLOURS[4], linewidths=1)

    return show


def line_panels(
    panels: Mapping[str, Series],
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
    """
    rows, columns = -(-len(panels) // columns), min(columns, len(panels))
    size, numbers = (width * columns, 2.7 * rows), _numbers(panels.values())
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, sharex=loglog, layout="constrained")
    for ax, (title, series) in zip(axes.flat, panels.items(), strict=False):
        for name, (x, y) in series.items():
            k, marker = numbers[name], MARKERS[numbers[name]] if len(x) <= 12 else None
            values = [getattr(each, "value", each) for each in y]
            ax.plot(x, values, color=COLOURS[k], linestyle=LINES[k], marker=marker, markersize=4, label=name)
            spans = [(at, *_ends(e)) for at, e in zip(x, y, strict=True) if isinstance(e, Estimate)]
            spans = [each for each in spans if each[1] < each[2]]
            if spans:
                ax.vlines(*zip(*spans, strict=True), COLOURS[k], linewidth=1)
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
    panels: Mapping[str, Mapping[str, Mapping[str, Estimate]]],
    *,
    xlabel: str,
    width: float = 3.6,
    whole: float | None = None,
) -> Figure:
    """One panel a title, one line a name, a dot with its interval for each series: {title: {series: {name: ...}}}.

    With a `whole` there is a line at it, and all panels have one scale.
    """
    names = list(dict.fromkeys(name for panel in panels.values() for series in panel.values() for name in series))
    numbers = _numbers(panels.values())
    size = width * len(panels), 1.5 + 0.1 * max(3, len(numbers)) * len(names)
    figure, axes = plt.subplots(
        1, len(panels), figsize=size, squeeze=False, sharex=whole is not None, sharey=True, layout="constrained"
    )
    for ax, (title, panel) in zip(axes[0], panels.items(), strict=True):
        if whole is not None:
            ax.axvline(whole, color="black", linewidth=1)
        for place, (label, series) in enumerate(panel.items()):
            k, apart = numbers[label], 0.6 / max(3, len(panel))
            y = [names.index(name) + apart * (place - (len(panel) - 1) / 2) for name in series]
            x = [estimate.value for estimate in series.values()]
            ax.errorbar(
                x,
                y,
                xerr=_reach(series.values()),
                fmt=MARKERS[k],
                color=COLOURS[k],
                markersize=5,
                linewidth=1,
                label=label,
            )
        ax.set_title(title, fontsize=10)
        ax.set_xlabel(xlabel)
        ax.grid(alpha=0.3)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(max(len(names), 1) - 0.5, -0.5)  # the first name at the top, and room at both ends
    _legend(figure)
    return figure


def cost_panels(
    panels: Mapping[str, Mapping[str, tuple[float, Estimate, Estimate | None]]], *, xlabel: str, cost: str
) -> Figure:
    """One panel a title, one line a map with its quality as a dot with an interval: {title: {name: (cost, x, other)}}.

    The other quality, where there is one, is an open dot. The cheapest maps are at the bottom, apart from the dearer
    ones, and each cost stands at the right under `cost`; of equal cost the best is at the top.
    """
    most = max(map(len, panels.values()))
    size = 3.5 * len(panels), 1.2 + 0.18 * most
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, layout="constrained")
    for ax, (title, panel) in zip(axes[0], panels.items(), strict=True):
        names = sorted(panel, key=lambda name: (panel[name][0], panel[name][1].value))
        for y, name in enumerate(names):
            spent, x, other = panel[name]
            colour = COLOURS[COLOURED.index(name)] if name in COLOURED else "black"
            ax.errorbar(x.value, y, xerr=_reach([x]), fmt="o", color=colour, linewidth=1)
            if other:
                ax.plot(other.value, y, "o", color=colour, markerfacecolor="white", zorder=3)
            ax.text(1.02, y, f"{spent:.0f}", transform=ax.get_yaxis_transform(), fontsize=8, va="center")
            if y and spent > 2 * panel[names[y - 1]][0] + 1:
                ax.axhline(y - 0.5, color="0.6", linewidth=0.8)
        ax.annotate(
            cost, (1.02, 0), (0, -5), xycoords="axes fraction", textcoords="offset points", fontsize=8, va="top"
        )
        ax.set_yticks(range(len(names)), names, fontsize=8)
        ax.set(xlabel=xlabel, ylim=(-0.7, len(names) - 0.3))
        ax.set_title(title, fontsize=9)
        ax.grid(axis="x", alpha=0.3)
    return figure


def bar_panel(bars: Mapping[str, Estimate], *, xlabel: str, whole: float | None = None, width: float = 7) -> Figure:
    """A bar a name, the first at the top, with its interval and its number; a line at `whole`, where the bars begin.

    From a `whole` the axis is logarithmic, for there twice as much is as far as half as much.
    """
    figure, ax = plt.subplots(figsize=(width, 0.7 + 0.38 * max(len(bars), 3)), layout="constrained")
    values = [bar.value for bar in bars.values()]
    begin = whole or 0
    lengths = [value - begin for value in values]
    ax.barh(range(len(bars)), lengths, left=begin, color=COLOURS[0], height=0.6)
    ax.errorbar(
        values, range(len(bars)), xerr=_reach(bars.values()), fmt="none", ecolor="black", elinewidth=1, capsize=2
    )
    most = max((_ends(bar)[1] for bar in bars.values()), default=1)
    for place, bar in enumerate(bars.values()):
        ax.annotate(
            f"{bar.value:.2f}", (max(_ends(bar)[1], begin), place), (6, 0), textcoords="offset points", va="center"
        )
    if whole:
        ax.axvline(whole, color="black", linewidth=1)
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlim(right=most * 1.7 if whole else begin + 1.15 * (most - begin))
    ax.set(yticks=range(len(bars)), yticklabels=list(bars), xlabel=xlabel)
    ax.set_ylim(max(len(bars), 1) - 0.5, -0.5)
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    return figure


def _ends(estimate: Estimate) -> tuple[float, float]:
    """Those of its interval; of one without end, which no chart has room for, the value twice."""
    bounded = math.isfinite(estimate.high - estimate.low)
    return (estimate.low, estimate.high) if bounded else (estimate.value, estimate.value)


def _reach(estimates: Iterable[Estimate]) -> list[list[float]]:
    """How far the intervals reach below the values, and above."""
    pairs = [(each.value - _ends(each)[0], _ends(each)[1] - each.value) for each in estimates]
    return [[low for low, _ in pairs], [high for _, high in pairs]]


def _legend(figure: Figure) -> None:
    """All series below the panels, in two lines where there are many: a method above the same with IDGI."""
    pairs = [pair for ax in figure.axes for pair in zip(*ax.get_legend_handles_labels(), strict=True)]
    lines = {label: handle for handle, label in pairs}
    columns = max(1, len(lines) if len(lines) <= 5 else -(-len(lines) // 2))
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def _numbers(panels: Iterable[Mapping[str, object]]) -> dict[str, int]:
    """The number of each series' colour, marker and line: a method has its own, the others take those that are left."""
    names = list(dict.fromkeys(name for series in panels for name in series))
    own = {name: COLOURED.index(name) for name in names if name in COLOURED}
    left = chain((k for k in range(len(COLOURS)) if k not in own.values()), count())
    return own | {name: next(left) % len(COLOURS) for name in names if name not in own}

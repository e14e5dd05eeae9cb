"""The grids of pictures and the charts: what is drawn where, in which colour."""

import math
import re

import matplotlib.pyplot as plt
import pytest
import torch

import hostile
from igpaths.plots import COLOURS, show_image
from igstudy.evidence import charts
from igstudy.evidence.statistics import Estimate


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_grid_leaves_missing_cells_empty():
    figure = charts.picture_grid({("a", "x"): (show_image, torch.rand(3, 4, 4))}, rows=["a", "b"], columns=["x", "y"])
    assert [len(ax.images) for ax in figure.axes] == [1, 0, 0, 0]


@pytest.mark.parametrize("name", [*hostile.NAMES, "a name " * 20, "n" * 200, "$x$\nΣ A"])
def test_any_name_of_an_image_is_written_as_it_is(name):
    figure = charts.picture_grid({(name, name): (show_image, torch.rand(3, 4, 4))}, rows=[name], columns=[name])
    figure.canvas.draw()
    (ax,) = figure.axes
    for text in (ax.title, *ax.texts):
        shown = text.get_text().replace("\n", "").replace(" ", "")
        assert re.sub(r"\s", "", name).startswith(shown.rstrip("…"))
        assert len(shown) > 30 or len(shown) == len(re.sub(r"\s", "", name))
        assert not text.get_parse_math()


def test_a_series_looks_the_same_in_every_panel_and_is_named_once():
    panels = {"one": {"a": ([1, 2], [1, 2]), "b": ([1, 2], [2, 1])}, "two": {"b": ([1, 2], [3, 1])}}
    figure = charts.line_panels(panels, xlabel="x", ylabel="y", loglog=True)
    first, second = figure.axes
    assert first.lines[1].get_color() == second.lines[0].get_color() != first.lines[0].get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    assert first.get_xscale() == first.get_yscale() == "log"


def test_an_outline_goes_around_its_mask():
    mask = torch.zeros(8, 8, dtype=torch.bool)
    mask[2:5, 3:7] = True
    _, ax = plt.subplots()
    charts.outlined(mask)(ax, torch.rand(3, 8, 8))
    (contour,) = ax.collections
    ends = contour.get_paths()[0].get_extents()
    assert (ends.x0, ends.x1, ends.y0, ends.y1) == (2.5, 6.5, 1.5, 4.5)


def test_a_method_has_its_own_colour_and_others_take_those_that_are_left():
    line = ([1.0, 2.0], [1.0, 2.0])
    (ax,) = charts.line_panels({"one": {"vgg": line, "IG": line, "Blur IG": line}}, xlabel="x", ylabel="y").axes
    colours = [each.get_color() for each in ax.lines]
    assert colours == [COLOURS[1], COLOURS[0], COLOURS[4]]


def test_estimates_are_drawn_with_their_intervals():
    line = (["8", "16"], [Estimate(0.5, 0.25, 0.75, 3), Estimate(1.0, 1.0, 1.0, 3)])
    (ax,) = charts.line_panels({"one": {"IG": line}}, xlabel="x", ylabel="y").axes
    assert ax.lines[0].get_ydata().tolist() == [0.5, 1.0]
    (bars,) = ax.collections
    assert [path.vertices[:, 1].tolist() for path in bars.get_paths()] == [[0.25, 0.75]]  # the other has no width
    figure = charts.dot_panels({"a": {"IG": {"x": line[1][0]}}, "b": {"vgg": {"y": line[1][0]}}}, xlabel="x")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["IG", "vgg"]


@pytest.mark.parametrize("names", [(), ("vgg",), ("vgg", "resnet")])
def test_dots_have_room_at_both_ends_and_the_first_name_is_at_the_top(names):
    estimates = {name: Estimate(0.2, 0.1, 0.3, 4) for name in names}
    figure = charts.dot_panels({"one": {"signed": estimates}, "two": {}}, xlabel="x")
    low, high = figure.axes[0].get_ylim()
    assert (low, high) == (max(len(names), 1) - 0.5, -0.5)


def test_bars_begin_where_both_are_as_fast():
    bars = {"slower": Estimate(0.5, 0.4, 0.6, 5), "faster": Estimate(4, 3, 5, 5)}
    (ax,) = charts.bar_panel(bars, xlabel="times as fast", whole=1).axes
    assert [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches] == [(1, 0.5), (1, 4)]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(bars)
    assert [text.get_text() for text in ax.texts] == ["0.50", "4.00"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first at the top
    (ax,) = charts.bar_panel(bars, xlabel="minutes").axes
    assert [bar.get_x() for bar in ax.patches] == [0, 0]


def test_maps_stand_by_cost_and_then_by_quality_with_an_open_dot_for_the_other_quality():
    near, far, edges, smoothed = (Estimate(v, v - 0.1, v + 0.1, 5) for v in (0.4, 0.5, 0.45, 0.6))
    dots = {"IG": (65, near, smoothed), "edges": (0, edges, None), "other": (65, far, None)}
    (ax,) = charts.cost_panels({"kind": dots}, xlabel="insertion", cost="gradients").axes
    places = [tuple(map(float, line.get_xydata()[0])) for line in ax.lines if line.get_marker() == "o"]
    assert places == [(0.45, 0), (0.4, 1), (0.6, 1), (0.5, 2)]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["edges", "IG", "other"]
    assert [text.get_text() for text in ax.texts] == ["0", "65", "65", "gradients"]


def test_panels_around_a_whole_have_one_scale():
    dots = {"one": {"a": {"x": Estimate(0.5, 0.4, 0.6, 5)}}, "two": {"a": {"x": Estimate(4, 3, 5, 5)}}}
    left, right = charts.dot_panels(dots, xlabel="of the whole", whole=1).axes
    assert left.get_xlim() == right.get_xlim()
    assert [ax.lines[0].get_xdata() for ax in (left, right)] == [[1, 1], [1, 1]]


def test_an_interval_without_end_is_not_drawn():
    one, open_ended = Estimate(0.5, 0.4, 0.7, 9), Estimate(0.6, -math.inf, math.inf, 2)
    for figure in (
        charts.dot_panels({"one": {"a": {"x": one, "y": open_ended}}}, xlabel="x"),
        charts.cost_panels({"one": {"x": (1, one, None), "y": (2, open_ended, None)}}, xlabel="x", cost="cost"),
        charts.bar_panel({"x": one, "y": open_ended}, xlabel="x"),
    ):
        lines = [bar for bars in figure.axes[0].containers for bar in getattr(bars, "lines", ((), (), ()))[2]]
        reach = [x.max() - x.min() for line in lines for (x, _) in [segment.T for segment in line.get_segments()]]
        assert sorted(reach) == pytest.approx([0, 0.3])
        figure.canvas.draw()
    (ax,) = charts.line_panels({"one": {"a": ([1, 2], [one, open_ended])}}, xlabel="x", ylabel="y").axes
    assert [len(each.get_segments()) for each in ax.collections] == [1]


def test_pictures_fill_rows_with_their_names_above_and_words_below():
    panels = {name: (show_image, torch.rand(3, 4, 4)) for name in ("a", "b", "c")}
    figure = charts.picture_rows(panels, below={"b": "S = 1"}, columns=2)
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c", ""]
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "S = 1", "", ""]
    assert [bool(ax.images) for ax in figure.axes] == [True, True, True, False]

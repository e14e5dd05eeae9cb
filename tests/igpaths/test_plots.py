"""The maps and images: what is drawn where, and on which scale."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from igpaths import plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def drawn(show, tensor):
    _, ax = plt.subplots()
    show(ax, tensor)
    return ax.images[0]


def test_a_signed_map_is_white_at_zero():
    attribution = torch.zeros(3, 4, 4)
    attribution[0, 0, 0], attribution[1, 1, 1] = 2.0, -1.0
    picture = drawn(plots.show_signed, attribution)
    low, high = picture.get_clim()
    assert low == -high < 0
    assert picture.get_array()[1, 1] == -1


def test_an_absolute_map_does_not_cancel():
    attribution = torch.tensor([1.0, -1.0, 0.5]).view(3, 1, 1).expand(3, 4, 4)
    picture = drawn(plots.show_absolute, attribution)
    assert np.unique(picture.get_array()).tolist() == [2.5]


def test_over_its_image_a_map_is_orange_where_it_raises_and_invisible_at_zero():
    attribution = torch.zeros(3, 4, 4)
    attribution[0, 0, 0], attribution[1, 1, 1] = 2.0, -2.0
    _, ax = plt.subplots()
    plots.show_over(ax, torch.rand(3, 4, 4), attribution)
    over = ax.images[1]
    colours, opacity = over.to_rgba(over.get_array())[..., :3], over.get_alpha()
    assert np.allclose(colours[0, 0], to_rgb(plots.COLOURS[1]), atol=0.01)
    assert np.allclose(colours[1, 1], to_rgb(plots.COLOURS[0]), atol=0.01)
    assert opacity[0, 0] == opacity[1, 1] == 1
    assert opacity.sum() == 2


def test_a_map_of_zeros_can_be_shown():
    for show in (plots.show_signed, plots.show_absolute):
        low, high = drawn(show, torch.zeros(3, 4, 4)).get_clim()
        assert low < high


@pytest.mark.parametrize("show", [plots.show_signed, plots.show_absolute, plots.show_image])
def test_a_ranking_map_is_shown_as_one_of_one_channel(show):
    values = torch.rand(4, 5)
    assert np.array_equal(drawn(show, values).get_array(), drawn(show, values[None]).get_array())


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_an_image_of_other_channels_than_three_is_grey(channels):
    image = torch.rand(channels, 4, 5)
    picture = drawn(plots.show_image, image)
    assert np.array_equal(picture.get_array(), image.mean(0).numpy())
    assert picture.get_clim() == (0, 1)
    assert drawn(plots.show_image, torch.rand(3, 4, 5)).get_array().shape == (4, 5, 3)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize(
    "show",
    [plots.show_signed, plots.show_absolute, lambda ax, values: plots.show_over(ax, torch.rand(3, 4, 4), values)],
)
def test_a_map_that_is_not_finite_is_a_word(show, value):
    figure, ax = plt.subplots()
    show(ax, torch.full((3, 4, 4), value))
    figure.draw_without_rendering()
    assert [text.get_text() for text in ax.texts] == ["not finite"]


def test_half_precision_and_gradients_can_be_shown():
    assert drawn(plots.show_signed, torch.rand(3, 4, 4, requires_grad=True)).get_array().shape == (4, 4)
    assert drawn(plots.show_absolute, torch.rand(3, 4, 4).bfloat16()).get_array().shape == (4, 4)


def test_what_is_not_one_map_of_the_image_is_refused():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=r"\(C, H, W\) or \(H, W\), of one image, not \(2, 3, 4, 4\)"):
        plots.show_signed(ax, torch.rand(2, 3, 4, 4))
    with pytest.raises(ValueError, match=r"the map is \(4, 5\), but its image is \(4, 4\)"):
        plots.show_over(ax, torch.rand(3, 4, 4), torch.rand(4, 5))


def test_maps_are_compared_over_their_image():
    figure = plots.compare(torch.rand(1, 4, 4), {"IG": torch.rand(1, 4, 4), "ranking": torch.rand(4, 4)})
    assert [ax.get_title() for ax in figure.axes] == ["image", "IG", "ranking"]
    assert not any(ax.title.get_parse_math() for ax in figure.axes)  # a name may have a $ in it
    assert [len(ax.images) for ax in figure.axes] == [1, 2, 2]


def test_maps_are_shown_on_the_scale_of_another():
    reference = torch.tensor([4.0, -1.0]).view(1, 1, 2)
    _, ax = plt.subplots()
    plots.show_signed(ax, torch.ones(1, 2, 2), like=reference)
    assert ax.images[0].get_clim() == (-plots.percentile(reference.abs()), plots.percentile(reference.abs()))
    assert plots.percentile(reference.abs()) == pytest.approx(3.97)

"""The maps that need no path: noise and edges."""

import numpy as np
import pytest
import scipy.stats
import skimage.filters
import torch

from igpaths.metrics import edges, random_maps
from problems import images

SIZE = (13, 18)


def test_random_maps_are_the_same_again_and_another_seed_gives_others():
    maps = random_maps(3, SIZE, seed=5)
    assert maps.shape == (3, *SIZE)
    assert maps.dtype == torch.float64
    assert torch.equal(maps, random_maps(3, SIZE, seed=5))
    assert not torch.equal(maps, random_maps(3, SIZE, seed=6))


def test_the_map_of_an_image_depends_on_its_number_alone():
    whole = random_maps(6, SIZE)
    assert torch.equal(random_maps(2, SIZE, start=4), whole[4:])
    assert torch.equal(random_maps(1, SIZE, start=0), whole[:1])


def test_random_maps_are_independent_uniform_noise():
    maps = random_maps(4, (60, 70)).flatten(1).numpy()
    assert maps.min() >= 0
    assert maps.max() < 1
    for values in maps:
        assert scipy.stats.kstest(values, "uniform").pvalue > 0.001
    neighbours = np.stack([maps[0][:-1], maps[0][1:]])
    for correlation in (np.corrcoef(maps), np.corrcoef(neighbours)):
        assert np.abs(correlation[~np.eye(len(correlation), dtype=bool)]).max() < 4 / np.sqrt(maps.shape[1] - 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_edges_are_the_sobel_magnitude_of_the_mean_colour(dtype):
    x = images(count=3, shape=(3, *SIZE)).to(dtype)
    maps = edges(x)
    assert maps.shape == (3, *SIZE)
    assert maps.dtype == dtype
    for found, image in zip(maps, x.double().numpy(), strict=True):
        expected = skimage.filters.sobel((image[0] + image[1] + image[2]) / 3)
        torch.testing.assert_close(found.double(), torch.from_numpy(expected), rtol=1e-5, atol=1e-6)


def test_a_step_has_an_edge_and_a_constant_image_none():
    constant = torch.tensor([0.2, 0.9, 0.4]).view(1, 3, 1, 1).expand(1, 3, *SIZE)
    assert float(edges(constant).max()) == 0
    step = torch.zeros(1, 3, *SIZE)
    step[..., 9:] = 1
    maps = edges(step)
    assert bool((maps[0, :, 8:10] > 0.5).all())
    assert float(maps[0, :, :8].max()) == float(maps[0, :, 10:].max()) == 0


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_edges_of_any_number_of_channels_and_of_no_image(channels):
    x = images(count=2, shape=(channels, *SIZE))
    assert torch.equal(edges(x.clone().requires_grad_()), edges(x.mean(1, keepdim=True)))
    assert torch.equal(edges(x.numpy()), edges(x))
    assert edges(x[:0]).shape == random_maps(0, SIZE).shape == (0, *SIZE)

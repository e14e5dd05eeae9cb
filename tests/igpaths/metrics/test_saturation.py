"""Norm ratios and cosines."""

import math

import torch

from igpaths.metrics import absolute_map, cosine, norm_ratio, signed_map


def test_norm_ratio_by_hand():
    left, right = torch.tensor([[[3.0, 4.0]]]), torch.tensor([[[6.0, -8.0]]])
    assert norm_ratio(right, left, order=2).tolist() == [2]
    assert norm_ratio(torch.tensor([[5.0, -2.0]]), left.flatten(1), order=1).tolist() == [1]


def test_an_empty_left_gives_infinity_and_two_empty_parts_nan():
    zero, one = torch.zeros(1, 3), torch.ones(1, 3)
    assert norm_ratio(one, zero, order=2).tolist() == [math.inf]
    assert math.isnan(norm_ratio(zero, zero, order=2)[0])


def test_cosine_by_hand():
    a = torch.tensor([[1.0, 0.0], [1.0, 1.0], [2.0, 0.0]])
    b = torch.tensor([[0.0, 3.0], [2.0, 2.0], [-1.0, 0.0]])
    torch.testing.assert_close(cosine(a, b), torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64))


def test_the_two_maps_of_pixels():
    attribution = torch.tensor([1.0, -2.0, 0.5]).view(1, 3, 1, 1).expand(2, 3, 4, 5)
    assert signed_map(attribution).shape == absolute_map(attribution).shape == (2, 4, 5)
    assert signed_map(attribution).unique().tolist() == [-0.5]
    assert absolute_map(attribution).unique().tolist() == [3.5]

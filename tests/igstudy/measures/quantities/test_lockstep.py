"""Two walks side by side, and what makes them part."""

import pytest
import torch
from torch import nn

import igpaths as ig
from igstudy.measures.quantities import Noisy, parting, shattering
from problems import BASELINE, Constant, CoupledQuadratic, Linear, classifier, images

STEPS = 6
FREE = ig.Guided(BASELINE, 0.5, 1.0)
NONE = torch.zeros(2, dtype=torch.int64)


def quadratic():
    return classifier(CoupledQuadratic())


def test_a_walk_does_not_part_from_itself():
    net, x = quadratic(), images(2)
    found = parting(net, net, x, NONE, path=FREE, steps=STEPS)
    assert torch.equal(found.overlap, torch.ones(STEPS, 2, dtype=torch.float64))
    assert not found.distance.any()
    assert not found.gradient.any()
    assert not found.zeros.any()


def test_gradients_that_are_exactly_zero_are_counted():
    net, x = classifier(Constant()), images(2)
    assert (parting(net, net, x, NONE, path=FREE, steps=2).zeros == 1).all()


def test_a_straight_path_does_not_part_whatever_the_gradients_are():
    net, x = quadratic(), images(2)
    found = parting(net, Noisy(net, size=0.3, images=2), x, NONE, path=ig.Straight(BASELINE), steps=STEPS)
    assert torch.equal(found.overlap, torch.ones(STEPS, 2, dtype=torch.float64))
    assert not found.distance.any()
    assert (found.gradient > 0).all()


def test_guided_paths_part_with_their_gradients_and_meet_at_the_image():
    net, x = quadratic(), images(2)
    found = parting(net, Noisy(net, size=0.5, images=2), x, NONE, path=FREE, steps=STEPS)
    assert (found.overlap[0] < 1).all()
    assert (found.distance[:-1] > 0).all()
    assert not found.distance[-1].any()


def test_opposite_choices_do_not_overlap():
    class Ranked(nn.Module):
        """A linear function whose gradients grow from the first pixel on, or fall."""

        def __init__(self, order):
            super().__init__()
            self.w = nn.Parameter(order.double().view(1, 1, 1, 4))

        def forward(self, x):
            score = (x * self.w).sum((1, 2, 3))
            return torch.stack([score, -score], dim=1)

    x = torch.ones(1, 3, 1, 4, dtype=torch.float64)
    one, two = (classifier(Ranked(order)) for order in (torch.arange(1, 5), torch.arange(4, 0, -1)))
    found = parting(one, two, x, NONE[:1], path=ig.Guided(0.0, 0.5, 1.0), steps=2)
    assert found.overlap.tolist() == [[0], [0]]
    assert found.distance.tolist() == [[pytest.approx(1)], [0]]  # each has half of the pixels, of which none is shared


def of_units(activation, *, units=20_000):
    """A network of one hidden layer whose units switch all along the way."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Flatten(), nn.Linear(192, units), activation, nn.Linear(units, 2)).double()
    nn.init.uniform_(layers[1].bias, -1, 1)
    return classifier(layers)


def order(net, distances):
    """p of a change of the gradient that grows as the distance to the power p."""
    x = images(4, shape=(3, 8, 8))
    found = shattering(net, x, torch.zeros(4, dtype=torch.int64), distances=distances).mean(1).log10()
    return float(found[-1] - found[0]) / float(torch.tensor(distances[-1] / distances[0]).log10())


def test_a_smooth_gradient_moves_in_proportion_and_a_relu_networks_with_the_square_root():
    assert order(of_units(nn.Softplus()), (1e-6, 1e-4)) == pytest.approx(1, abs=0.01)
    assert order(of_units(nn.ReLU()), (1e-3, 3e-2)) == pytest.approx(0.5, abs=0.1)


def test_a_linear_functions_gradient_does_not_move():
    assert not shattering(classifier(Linear()), images(2), NONE, distances=(1e-3, 1.0)).any()

"""Gauss–Legendre quadrature: exact to its degree, as Captum's, fast where the function is smooth, and for IG alone."""

import captum.attr
import numpy as np
import pytest
import torch

import igpaths as ig
from igstudy.measures.quantities import GaussLegendre, quadrature
from igstudy.measures.quantities.quadrature import nodes
from problems import BASELINE, Counted, Exponential, Function, Kink, classifier, images, small_network

RULE = ig.IG("end")
PATH = GaussLegendre(ig.Straight(BASELINE))


def gauss_legendre(net, x, count, targets=0, path=PATH, **options):
    return ig.attribute(net, x, targets, path=path, rules=RULE, steps=count, **options)[RULE]


class Power(Function):
    """f = Σ w_i x_i^k: IG is w_i (x_i^k − x'_i^k), the integral of a polynomial of degree k − 1."""

    def __init__(self, degree):
        super().__init__()
        self.degree = degree

    def f(self, x):
        return x**self.degree @ self.w

    def ig(self, x, baseline):
        return self.w.view(x.shape[1:]) * (x**self.degree - baseline**self.degree)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_a_gradient_of_degree_2n_minus_1_is_integrated_exactly(count):
    x = images()
    for degree in range(1, 2 * count + 1):
        function = Power(degree)
        found, exact = gauss_legendre(classifier(function), x, count), function.ig(x, torch.full_like(x, BASELINE))
        torch.testing.assert_close(found, exact, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_gradient_of_degree_2n_is_not(count):
    x, function = images(), Power(2 * count + 1)
    error = gauss_legendre(classifier(function), x, count) - function.ig(x, torch.full_like(x, BASELINE))
    assert float(error.abs().max()) > 1e-6


@pytest.mark.parametrize("count", [1, 8, 50])
def test_it_is_captums_default_whose_weights_are_rounded_to_float32(count, monkeypatch):
    net, x, targets = classifier(small_network()), images(3, shape=(3, 12, 10)), torch.tensor([0, 1, 4])
    peer = captum.attr.IntegratedGradients(net.logits)
    theirs = peer.attribute(x, torch.full_like(x, BASELINE), target=targets, n_steps=count, method="gausslegendre")
    exact = gauss_legendre(net, x, count, targets)
    assert float((exact - theirs).norm() / theirs.norm()) < 1e-7
    places, weights = nodes(count)
    monkeypatch.setattr(quadrature, "nodes", lambda _: (places, weights.astype(np.float32).astype(np.float64)))
    torch.testing.assert_close(gauss_legendre(net, x, count, targets), theirs, rtol=1e-11, atol=1e-15)


def test_on_a_smooth_function_the_order_grows_with_the_nodes():
    function, x = Exponential(), images()
    exact = function.ig(x, torch.full_like(x, BASELINE))
    errors = [float((gauss_legendre(classifier(function), x, n) - exact).abs().max()) for n in (1, 2, 4)]
    slopes = -np.diff(np.log2(errors))
    assert slopes[0] > 4
    assert slopes[1] > 2 * slopes[0]


def test_on_a_gradient_that_jumps_the_order_is_1():
    function, lengths = Kink(), torch.linspace(1, 3, 200, dtype=torch.float64).view(-1, 1, 1, 1)
    x = BASELINE + lengths * (images(200) - BASELINE)  # so that the kinks are spread along the path
    exact, counts = function.ig(x, torch.full_like(x, BASELINE)), (8, 16, 32, 64)
    jump = (function.v.view(x.shape[1:]) * (x - BASELINE)).abs().amax((1, 2, 3))
    errors = []
    for n in counts:
        error = (gauss_legendre(classifier(function), x, n, check=False) - exact).abs().amax((1, 2, 3)) / jump
        assert float(error.max()) <= nodes(n)[1].max()  # the jump lies in one node's stretch
        errors.append(float(error.mean()))
    slopes = -np.diff(np.log2(errors))
    np.testing.assert_allclose(slopes, 1, atol=0.2)


@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_nodes_increase_within_the_interval_and_are_symmetric(count):
    places, weights = nodes(count)
    assert (np.diff([0, *places, 1]) > 0).all()
    np.testing.assert_allclose(places, 1 - places[::-1], atol=1e-14)
    np.testing.assert_allclose(weights, weights[::-1], atol=1e-14)
    assert weights.sum() == pytest.approx(1, abs=1e-13)


def test_a_walk_asks_for_the_nodes_and_both_ends():
    net, x = classifier(Counted(small_network())), images(3, shape=(3, 12, 10))
    maps = ig.attribute(net, x, 0, path=PATH, rules=RULE, steps=6)
    assert maps.evaluations == PATH.evaluations((6,)) == 6 + 2
    assert net.module.count == 3 * (6 + 2)
    np.testing.assert_allclose(maps.alphas[6][0], [0, *nodes(6)[0]])


def test_each_image_has_its_own_baseline_in_batches_of_any_size():
    net, x = classifier(small_network()), images(5, shape=(3, 12, 10))
    path = GaussLegendre(ig.Straight(x.flip(0)))
    one, many = (gauss_legendre(net, x, 4, path=path, batch_size=size) for size in (2, 16))
    torch.testing.assert_close(one, many, rtol=0, atol=1e-12)
    assert not one[2].any()  # its baseline is itself


@pytest.mark.parametrize("rule", [ig.IDGI(), ig.IDGI("end"), ig.IDG()], ids=str)
def test_a_rule_that_reads_a_change_of_score_finds_none(rule):
    maps = ig.attribute(classifier(small_network()), images(shape=(3, 12, 10)), 0, path=PATH, rules=rule, steps=4)
    assert maps[rule].isnan().all()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (ig.IG("start"), "read GaussLegendre with IG\\('end'\\), not at 'start'"),
        (ig.IG("both"), "not at 'start'"),
        (ig.IDG("start"), "not at 'start'"),
        (ig.SquaredGradients(), "bound no segments"),
        (ig.Gradient(), "bound no segments"),
    ],
    ids=str,
)
def test_any_other_rule_is_refused(rule, message):
    with pytest.raises(ValueError, match=message):
        ig.attribute(classifier(small_network()), images(shape=(3, 12, 10)), 0, path=PATH, rules=rule, steps=4)


@pytest.mark.parametrize("path", [ig.Blur(), ig.Placed(ig.Straight()), ig.Guided(), "straight"], ids=str)
def test_a_path_that_is_not_straight_is_refused(path):
    with pytest.raises(ValueError, match="path must be"):
        GaussLegendre(path)


def test_several_step_counts_are_refused():
    with pytest.raises(ValueError, match=r"one step count at a time, got \[4, 8\]"):
        ig.attribute(classifier(small_network()), images(shape=(3, 12, 10)), 0, path=PATH, rules=RULE, steps=(4, 8))

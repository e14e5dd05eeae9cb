"""Total variation: its closed forms, and which axioms of IG it keeps."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import igpaths as ig
from problems import Exponential, Function, Linear, classifier, images, small_network

TV = ig.TotalVariation(ig.IG("both"))


class Valleys(Function):
    """f = Σ w_i (x_i − ½)²: on the way over ½ the credit of a pixel falls and rises again."""

    def f(self, x):
        return (x - 0.5).square() @ self.w

    def variation(self, x, baseline):
        ends = [(each - 0.5).square() for each in (x, torch.full_like(x, baseline))]
        over = (x - 0.5).sign() != (torch.full_like(x, baseline) - 0.5).sign()
        return self.w.abs().view(x.shape[1:]) * torch.where(over, ends[0] + ends[1], (ends[0] - ends[1]).abs())


def attribute(net, x, *rules, path=None, steps=64):
    return ig.attribute(net, x, 0, path=path or ig.Straight(0.1), rules=rules, steps=steps)


@pytest.mark.parametrize("path", [ig.Straight(0.1), ig.Guided(0.1), ig.Placed(ig.Straight(0.1))], ids=str)
def test_of_a_linear_function_it_is_the_magnitude_of_ig(path):
    x = images()
    maps = attribute(classifier(Linear()), x, ig.IG("both"), TV, path=path, steps=8)
    torch.testing.assert_close(maps[TV], maps[ig.IG("both")].abs(), rtol=0, atol=1e-12)


def test_what_falls_and_rises_again_counts_twice_and_the_error_falls_with_the_square_of_the_steps():
    function, x = Valleys(), images()
    expected = function.variation(x, 0.1)
    errors = []
    for steps in (8, 16, 32, 64, 128):
        maps = attribute(classifier(function), x, TV, ig.IG("both"), steps=steps)
        errors.append(float((maps[TV] - expected).abs().max()))
    assert bool((expected > maps[ig.IG("both")].abs() + 1e-3).any())
    assert errors[-1] < 1e-3
    assert errors[0] / errors[-1] > 16  # of one segment, where the slope turns: at least first order


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["start", "end", "both"]))
def test_no_value_is_below_the_rules_own_magnitude_and_the_sum_is_at_least_that_of_the_rule(seed, at):
    net, x = classifier(small_network()), images(2, seed=seed, shape=(3, 12, 10))
    whole, variation = ig.IG(at), ig.TotalVariation(ig.IG(at))
    maps = attribute(net, x, whole, variation, ig.IDGI(), ig.TotalVariation(ig.IDGI()), path=ig.Blur(3.0), steps=8)
    assert bool((maps[variation] >= maps[whole].abs() - 1e-15).all())
    change = (maps.scores[8][:, -1] - maps.scores[8][:, 0]).abs()
    for of, bound in {variation: maps[whole].sum((1, 2, 3)).abs(), ig.TotalVariation(ig.IDGI()): change}.items():
        assert bool((maps[of].sum((1, 2, 3)) >= bound - 1e-12).all())


def test_where_nothing_cancels_it_is_complete():
    function = Exponential()
    function.w.abs_()
    maps = attribute(classifier(function), images(), ig.IG("both"), TV)
    torch.testing.assert_close(maps[TV], maps[ig.IG("both")], rtol=0, atol=1e-14)
    torch.testing.assert_close(maps.completeness_gap[TV, 64], maps.completeness_gap[ig.IG("both"), 64])


def test_a_pixel_that_changes_nothing_has_none_and_the_only_one_that_does_has_all():
    function = Exponential()
    function.w[1:] = 0
    maps = attribute(classifier(function), images(), TV)
    assert not maps[TV].flatten(1)[:, 1:].any()
    change = (maps.scores[64][:, -1] - maps.scores[64][:, 0]).abs()
    torch.testing.assert_close(maps[TV].flatten(1)[:, 0], change, rtol=1e-3, atol=0)


def test_symmetric_pixels_of_equal_value_have_equal_variation():
    class Product(Function):
        def f(self, x):
            return x[:, 0] * x[:, 1] + (3 * (x[:, 0] + x[:, 1])).sin()

    x = images()
    x.flatten(1)[:, 1] = x.flatten(1)[:, 0]
    flat = attribute(classifier(Product()), x, TV)[TV].flatten(1)
    torch.testing.assert_close(flat[:, 0], flat[:, 1], rtol=1e-14, atol=0)


def test_it_is_not_linear_but_never_more_than_the_parts():
    class Sum(Function):
        def f(self, x):
            return (x - 0.5).square() @ self.w - (x**2) @ self.w

    class Other(Function):
        def f(self, x):
            return -(x**2) @ self.w

    x = images()
    both, one, other = (attribute(classifier(f), x, TV)[TV] for f in (Sum(), Valleys(), Other()))
    assert bool((both <= one + other + 1e-12).all())
    assert float((one + other - both).max()) > 0.1


def test_its_parts_make_the_whole():
    net, x = classifier(small_network()), images(3, shape=(3, 12, 10))
    parts = ig.Left(TV, 0.5), ig.Right(TV, 0.5)
    maps = attribute(net, x, TV, *parts, steps=16)
    torch.testing.assert_close(maps[parts[0]] + maps[parts[1]], maps[TV], rtol=1e-12, atol=0)


def test_a_part_of_a_path_is_refused():
    with pytest.raises(ValueError, match=r"TotalVariation takes a rule over the whole path, such as ig.IG\(\), got Le"):
        ig.TotalVariation(ig.Left(ig.IG(), 0.5))
    with pytest.raises(ValueError, match=r"TotalVariation takes a rule .* got 'ig'"):
        ig.TotalVariation("ig")

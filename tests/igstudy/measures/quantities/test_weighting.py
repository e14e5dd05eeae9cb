"""The family of weights: each rule of the library is a member of it, and a step along the gradient makes IG of IDGI."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import igpaths as ig
from igpaths.methods import RULES
from igstudy.measures.quantities import FAMILY, Weighted
from igstudy.measures.quantities.weighting import after, before, even, one, slope, slope_over_square
from problems import BASELINE, Constant, Exponential, Function, Linear, classifier, images, small_network

NONE = torch.zeros(2, dtype=torch.int64)
PATHS = (ig.Straight(), ig.Blur(3.0), ig.Placed(ig.Straight()), ig.Placed(ig.Blur(3.0)))
MEMBERS = {
    ig.IG("start"): Weighted(one),
    ig.IG("end"): Weighted(one, at="end"),
    ig.IG("both"): Weighted(one, at="both"),
    ig.IDG("start"): Weighted(slope),
    ig.IDG("end"): Weighted(slope, at="end"),
    ig.IDGI("start"): Weighted(slope_over_square, "gradient"),
    ig.IDGI("end"): Weighted(slope_over_square, "gradient", "end"),
    ig.SquaredGradients(): Weighted(even, "gradient"),
}


def rising(path, dtype=torch.float64):
    """A network and images with targets whose scores rise along the path, but that of the first image."""
    net, x = classifier(small_network(dtype)), images(4, shape=(3, 12, 10)).to(dtype)
    rise = net.logits(x) - net.logits(path.start(net, x))
    targets = rise.argmax(1)
    targets[0] = rise[0].argmin()
    return net, x, targets


@pytest.mark.parametrize("path", PATHS, ids=str)
@pytest.mark.parametrize(("rule", "member"), MEMBERS.items(), ids=map(str, MEMBERS))
def test_each_rule_is_a_member(rule, member, path):
    net, x, targets = rising(path)
    maps = ig.attribute(net, x, targets, path=path, rules=(rule, member), steps=(3, 12))
    for n in (3, 12):
        assert maps[rule, n].any()
        torch.testing.assert_close(maps[member, n], maps[rule, n], rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("crossing", ["left", "right"])
@pytest.mark.parametrize("path", PATHS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_the_parts_of_ig_have_weights_of_0_and_1(path, crossing, dtype):
    net, x, targets = rising(path, dtype)
    left, right = (part(ig.IG(), 0.6, crossing) for part in (ig.Left, ig.Right))
    parts = ig.attribute(net, x, targets, path=path, rules=(left, right), steps=10)
    star = parts.alpha_star[left, 10]
    assert star.isnan().tolist() == [True, False, False, False]  # where the score falls there is no α*
    assert (star[1:] < 1).all()
    members = Weighted(before(star)), Weighted(after(star))
    maps = ig.attribute(net, x, targets, path=path, rules=members, steps=10)
    for part, member in zip((left, right), members, strict=True):
        torch.testing.assert_close(maps[member], parts[part], rtol=1e-4 if dtype == torch.float32 else 1e-10, atol=1e-7)
    assert not maps[members[1]][0].any()


def test_the_members_of_the_study_are_the_rules_that_its_methods_have():
    for name, member in FAMILY.items():
        assert member == MEMBERS[ig.SquaredGradients() if name == "squared-gradients" else RULES[name](0.9)]


@pytest.mark.parametrize("size", [1e-25, 1e12])
def test_gradients_whose_squares_float32_cannot_hold_are_credited(size):
    function = Linear().float()
    function.w.mul_(size)
    rules = (ig.IDGI(), FAMILY["idgi"])
    maps = ig.attribute(classifier(function), images().float(), 0, path=ig.Straight(), rules=rules, steps=4)
    assert maps[rules[0]].abs().amax((1, 2, 3)).min() > 0.01 * size
    torch.testing.assert_close(maps[rules[1]], maps[rules[0]], rtol=1e-5, atol=0)


def test_what_does_not_change_and_what_has_no_length_weighs_nothing():
    still, moved = (
        next(ig.walk(classifier(kind()), images(), NONE, path=ig.Straight(), steps=1)) for kind in (Constant, Linear)
    )
    short = replace(moved, end=replace(moved.end, alpha=moved.start.alpha))
    for name, segment in (("idg", still), ("idgi", still), ("idg", short)):
        assert not FAMILY[name].mass(segment).any()
        assert not FAMILY[name].credit(segment).any()
    assert FAMILY["idg"].mass(moved).all()


def test_idgis_weight_is_the_length_of_a_step_along_the_gradient():
    """Its credit is then IG's to first order: the relative difference halves with the step."""
    net, start = classifier(Exponential()), images()
    _, gradient = net.gradients(start, NONE)
    differences = []
    for c in 0.001 / 2.0 ** torch.arange(6, dtype=torch.float64):
        path, rules = ig.Straight(start), (ig.IG(), ig.IDGI())
        maps = ig.attribute(net, start + c * gradient, NONE, path=path, rules=rules, steps=1, check=False)
        one_step, important = (maps[rule].flatten(1).norm(dim=1) for rule in rules)
        differences.append((maps[rules[1]] - maps[rules[0]]).flatten(1).norm(dim=1) / one_step)
        (segment,) = ig.walk(net, start + c * gradient, NONE, path=path, steps=1)
        torch.testing.assert_close(slope_over_square(segment, gradient), c * important / one_step)
    slopes = -torch.stack(differences).log2().diff(dim=0)
    assert float((slopes - 1).abs().max()) < 0.1


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_the_masses_of_a_path_are_its_length_and_the_change_of_score(path):
    net, x, targets = rising(path)
    segments = list(ig.walk(net, x, targets, path=path, steps=8))
    masses = {name: torch.stack([member.mass(s) for s in segments]) for name, member in FAMILY.items()}
    ones = torch.ones(len(x), dtype=torch.float64)
    torch.testing.assert_close(masses["ig"].sum(0), ones)
    torch.testing.assert_close(masses["squared-gradients"].sum(0), ones)
    changes = torch.stack([s.score_change for s in segments]).abs()
    torch.testing.assert_close(masses["idg"], changes)
    credits = torch.stack([FAMILY["idgi"].credit(s).abs().sum((1, 2, 3)) for s in segments])
    torch.testing.assert_close(credits, changes)  # so a part of IDGI's credits weighs what its slopes do in IDG


class Scaled(Function):
    """An exponential function times a number."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def f(self, x):
        return self.scale * Exponential.f(self, x)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.01, 100).map(lambda size: round(size, 3)), negative=st.booleans())
def test_in_a_scaled_score_credits_are_of_their_degree_and_shares_of_the_weight_as_before(scale, negative):
    own, scaled = (
        list(ig.walk(classifier(Scaled(by)), images(), NONE, path=ig.Straight(BASELINE), steps=4))
        for by in (1, -scale if negative else scale)
    )
    for name, degree in {"ig": 1, "idg": 2, "idgi": 1, "squared-gradients": 2}.items():
        factor = (-scale if negative else scale) ** degree
        for before_it, after_it in zip(own, scaled, strict=True):
            expected = factor * FAMILY[name].credit(before_it)
            torch.testing.assert_close(FAMILY[name].credit(after_it), expected, rtol=1e-9, atol=0)
        shares = [torch.stack([FAMILY[name].mass(s) for s in each]) for each in (own, scaled)]
        torch.testing.assert_close(*(each / each.sum(0) for each in shares), rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"along": "path"}, "along is 'path'; it must be one of step, gradient"),
        ({"at": "middle"}, "at is 'middle'; it must be one of start, end, both"),
    ],
)
def test_bad_members_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Weighted(one, **options)

"""Study A's own walks and sums, each held against the library's."""

import pytest
import torch

import igpaths as ig
from igstudy.measures.study_a import Strided, Without
from problems import BASELINE, classifier, images, small_network

SHAPE = (3, 21, 13)
PATHS = (ig.Straight(), ig.Blur(3.0), ig.Guided())
TARGETS = torch.tensor([0, 1, 2])


def walked(path, *, steps):
    """Every rule's map of a small network along a path."""
    rules = (ig.IG("start"), ig.IG("end"), ig.IDGI(), ig.Gradient(), ig.SquaredGradients(), ig.Left(ig.IG(), 0.5))
    net, x = classifier(small_network()), images(3, shape=SHAPE)
    return ig.attribute(net, x, TARGETS, path=path, rules=rules, steps=steps)


# --- Strided ---


@pytest.mark.parametrize("path", [ig.Straight(BASELINE), ig.Blur(4.0)], ids=str)
def test_strided_points_are_every_so_many_th_of_all(path):
    net, x = classifier(small_network()), images(shape=SHAPE)
    segments = list(ig.walk(net, x, torch.tensor([0, 1]), path=Strided(path, points=12), steps=(2, 4, 12)))
    ends = {n: [round(11 * float(s.end.alpha[0]), 9) for s in segments if s.steps == n] for n in (2, 4, 12)}
    assert ends == {2: [6], 4: [3, 6, 9], 12: [*range(1, 12)]}
    assert [(s.steps, float(s.end.alpha[0])) for s in segments if s.last] == [(12, 1)]
    assert [s.steps for s in segments if s.first] == [12, 4, 2]
    draw = path.draw(x, path.start(net, x))
    for segment in segments:
        for point in (segment.start, segment.end):
            torch.testing.assert_close(point.x, draw(point.alpha[None])[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", [ig.Straight(BASELINE), ig.Blur(4.0)], ids=str)
def test_strided_points_that_all_count_are_the_path_s_own(path):
    strided, own = walked(Strided(path, points=9), steps=(9,)), walked(path, steps=(8,))
    torch.testing.assert_close(strided.alphas[9], own.alphas[8], rtol=0, atol=1e-12)
    for (rule, n), expected in own.maps.items():
        torch.testing.assert_close(strided[rule, n + 1], expected, rtol=0, atol=1e-12)


def test_a_strided_baseline_of_its_own_for_each_image_is_kept_with_it():
    net, x, baselines = classifier(small_network()), images(3, shape=SHAPE), images(3, 7, shape=SHAPE)
    options = {"rules": (ig.IG(), ig.IDGI()), "steps": (4,), "batch_size": 2}
    together = ig.attribute(net, x, [0, 1, 2], path=Strided(ig.Straight(baselines)), **options)
    alone = ig.attribute(net, x[2:], [2], path=Strided(ig.Straight(baselines[2])), **options)
    for key, expected in alone.maps.items():
        torch.testing.assert_close(together[key][2:], expected, rtol=0, atol=1e-10)


def test_a_split_of_a_walk_that_stops_short_covers_what_it_walks():
    net, x = classifier(small_network()), images(6, shape=SHAPE)
    rules = [part(ig.IDGI(), psi) for part in (ig.Left, ig.Right) for psi in (0.3, 0.999)]
    targets = torch.arange(6) % 5
    maps = ig.attribute(net, x, targets, path=Strided(ig.Straight(BASELINE)), rules=rules, steps=(8,))
    for rule in rules:
        gap = maps.completeness_gap[rule, 8]
        torch.testing.assert_close(gap, torch.zeros_like(gap), rtol=0, atol=1e-12)
    rising = net.scores(x, targets) > net.scores(torch.full_like(x, BASELINE), targets)
    assert bool(rising.any())
    assert torch.equal(maps.alpha_star[rules[0], 8].isnan(), ~rising)
    assert bool(maps.alpha_star[rules[1], 8].isnan().all())  # which is reached behind the walk's end


# --- Without ---


@pytest.mark.parametrize("path", PATHS, ids=str)
@pytest.mark.parametrize("without", ["first", "last"])
def test_idgi_without_a_segment_is_the_sum_of_the_others(path, without):
    net, x = classifier(small_network(), "probability"), images(3, shape=(3, 12, 10))
    rule = Without(ig.IDGI(), without)
    maps = ig.attribute(net, x, TARGETS, path=path, rules=(rule,), steps=(1, 4))
    segments = list(ig.walk(net, x, TARGETS, path=path, steps=(4,)))
    credits = [ig.IDGI().credit(segment) for segment in segments]
    left_out = credits.pop(0 if without == "first" else -1)
    torch.testing.assert_close(maps[rule, 4], sum(credits), rtol=0, atol=1e-12)
    change = segments[0].walk.scores[1] - segments[0].walk.scores[0] - left_out.sum((1, 2, 3))
    torch.testing.assert_close(sum(credits).sum((1, 2, 3)), change, rtol=0, atol=1e-12)
    for n in (1, 4):  # what is left out is no gap
        torch.testing.assert_close(maps.completeness_gap[rule, n], torch.zeros_like(change), rtol=0, atol=1e-12)
    assert not maps[rule, 1].any()


@pytest.mark.parametrize("n", [2, 4, 8])
def test_controls_of_a_walk_that_stops_short_are_whole(n):
    maps = walked(Strided(ig.Straight(BASELINE), points=8), steps=(n,))
    net, x = classifier(small_network()), images(3, shape=SHAPE)
    torch.testing.assert_close(maps[ig.Gradient()], net.gradients(x, TARGETS)[1], rtol=0, atol=1e-15)
    segments = ig.walk(net, x, TARGETS, path=Strided(ig.Straight(BASELINE), points=8), steps=n)
    squares = torch.stack([segment.start.gradient**2 for segment in segments])
    torch.testing.assert_close(maps[ig.SquaredGradients()], squares.mean(0), rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Strided(ig.Guided()), r"path must be one whose points are known beforehand.*got Guided\("),
        (lambda: Strided(ig.Blur(), points=1), "points must be 2 or more, got 1"),
        (lambda: Strided(ig.Straight(), points=8).check((1, 4)), r"2 or more and divide 8, got \[1\]"),
        (lambda: Strided(ig.Straight(), points=8).check((2, 16)), r"2 or more and divide 8, got \[16\]"),
        (lambda: Without(ig.IDGI(), "middle"), "end is 'middle'; it must be one of first, last"),
        (lambda: ig.Left(Without(ig.IDGI(), "last"), 0.5), "Left takes a rule over the whole path.*got Without"),
    ],
)
def test_bad_choices_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()

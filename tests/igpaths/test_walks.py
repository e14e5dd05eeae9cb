"""The walk and `attribute`: exactness, convergence, limits, invariances, counts and errors."""

import math
import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import igpaths as ig
from igpaths.models import load_model
from igstudy.tasks import objects
from problems import (
    BASELINE,
    Constant,
    Counted,
    CoupledQuadratic,
    Exponential,
    Kink,
    Linear,
    SeparableQuadratic,
    classifier,
    images,
    small_network,
)

ENDS = ("start", "end", "both")
WHOLES = (*(ig.IG(at) for at in ENDS), ig.IDGI("start"), ig.IDGI("end"))
PATHS = (
    ig.Straight(BASELINE),
    ig.Blur(3.0),
    ig.Blur(3.0, increment="tangent", padding="zero"),
    ig.Placed(ig.Straight(BASELINE), pilot=4),
    ig.Placed(ig.Blur(3.0), pilot=4),
    ig.Guided(BASELINE),
)
ZEROS = torch.zeros(2, dtype=torch.int64)


def gap(function, rule, steps, path=None):
    """Largest error of a map against the function's closed form."""
    x = images()
    maps = ig.attribute(classifier(function), x, ZEROS, path=path or ig.Straight(BASELINE), rules=(rule,), steps=steps)
    truth = function.ig(x, torch.full_like(x, BASELINE))
    return [float((maps[rule, n] - truth).abs().max()) for n in steps]


# --- exact where theory says exact ---


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_a_constant_function_gets_zeros(path):
    maps = ig.attribute(classifier(Constant()), images(), ZEROS, path=path, rules=WHOLES, steps=(4,))
    assert all(float(m.abs().max()) == 0 for m in maps.maps.values())
    assert all(float(g.abs().max()) == 0 for g in maps.completeness_gap.values())


@pytest.mark.parametrize("at", ENDS)
def test_ig_of_a_linear_function_is_exact(at):
    assert max(gap(Linear(), ig.IG(at), (1, 4))) < 1e-12
    assert max(gap(Linear(), ig.IG(at), (1, 4), ig.Guided(BASELINE))) < 1e-12


def test_idgi_of_a_linear_function_is_its_squared_gradient():
    function, x = Linear(), images()
    maps = ig.attribute(classifier(function), x, ZEROS, path=ig.Straight(BASELINE), rules=(ig.IDGI(),), steps=(4,))
    change = function.f(x.flatten(1)) - function.f(torch.full_like(x, BASELINE).flatten(1))
    truth = (function.w**2 / (function.w**2).sum()).view(x.shape[1:]) * change.view(-1, 1, 1, 1)
    torch.testing.assert_close(maps[ig.IDGI(), 4], truth, rtol=0, atol=1e-12)


@pytest.mark.parametrize("function", [SeparableQuadratic(), CoupledQuadratic()], ids=lambda f: type(f).__name__)
def test_the_trapezoid_is_exact_where_the_gradient_is_linear(function):
    assert max(gap(function, ig.IG("both"), (1, 2, 8))) < 1e-12


def test_the_kink_between_two_points_costs_less_than_its_segment():
    errors = gap(Kink(), ig.IG("start"), (8, 16, 32, 64))
    function, x = Kink(), images()
    largest = float((function.v.view(x.shape[1:]) * (x - BASELINE)).abs().max())
    assert all(error <= largest / n + 1e-12 for n, error in zip((8, 16, 32, 64), errors, strict=True))


# --- convergence ---


@pytest.mark.parametrize(("at", "order"), [("start", 1), ("end", 1), ("both", 2)])
def test_error_slopes_on_a_smooth_function(at, order):
    steps = (8, 16, 32, 64, 128)
    errors = torch.tensor(gap(Exponential(), ig.IG(at), steps))
    slopes = -torch.diff(errors.log2())
    assert float((slopes - order).abs().max()) < 0.2


# --- sums ---


@pytest.mark.parametrize("path", PATHS, ids=str)
@pytest.mark.parametrize("at", ["start", "end"])
def test_idgi_telescopes(path, at):
    net = classifier(small_network(), "probability")
    maps = ig.attribute(net, images(3, shape=(3, 12, 10)), [0, 1, 2], path=path, rules=(ig.IDGI(at),), steps=(1, 8))
    for n in (1, 8):
        change = maps.scores[n][:, -1] - maps.scores[n][:, 0]
        torch.testing.assert_close(maps[ig.IDGI(at), n].flatten(1).sum(1), change, rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", PATHS, ids=str)
@pytest.mark.parametrize("crossing", ["left", "right"])
def test_left_and_right_make_the_whole(path, crossing):
    net = classifier(small_network())
    splits = [(ig.Left(w, p, crossing), ig.Right(w, p, crossing), w) for w in WHOLES for p in (0.3, 0.9)]
    rules = [rule for split in splits for rule in split]
    x = images(4, shape=(3, 12, 10))
    maps = ig.attribute(net, x, [0, 1, 2, 3], path=path, rules=rules, steps=(2, 8))
    for left, right, whole in splits:
        for n in (2, 8):
            torch.testing.assert_close(maps[left, n] + maps[right, n], maps[whole, n], rtol=0, atol=1e-12)
            parts = maps.completeness_gap[left, n] + maps.completeness_gap[right, n]
            torch.testing.assert_close(parts, maps.completeness_gap[whole, n], rtol=0, atol=1e-12)


@pytest.mark.parametrize("crossing", ["left", "right"])
def test_left_sums_the_segments_up_to_alpha_star(crossing):
    net, x = classifier(small_network()), images(6, shape=(3, 12, 10))
    targets, steps, psi = torch.arange(6) % 5, 8, 0.6
    left = ig.Left(ig.IG(), psi, crossing)
    maps = ig.attribute(net, x, targets, path=ig.Straight(BASELINE), rules=(left,), steps=(steps,))
    segments = list(ig.walk(net, x, targets, path=ig.Straight(BASELINE), steps=(steps,)))
    rising = 0
    for i, scores in enumerate(maps.scores[steps]):
        threshold = scores[0] + psi * (scores[-1] - scores[0])
        if scores[-1] <= scores[0]:
            assert math.isnan(maps.alpha_star[left, steps][i])
            covered = steps
        else:
            rising += 1
            first = int((scores > threshold).nonzero()[0])
            covered = first if crossing == "left" else first - 1
            assert float(maps.alpha_star[left, steps][i]) == covered / steps
        expected = sum((ig.IG().credit(s)[i] for s in segments[:covered]), torch.zeros_like(x[i]))
        torch.testing.assert_close(maps[left, steps][i], expected, rtol=0, atol=1e-12)
    assert 0 < rising < 6  # both cases are met


def test_zero_gradients_give_zeros_and_leave_their_change_in_the_gap():
    # Before the kink every gradient is 0, so the segment that crosses it has ΔF > 0 and nowhere to put it.
    function, x = Kink(), images()
    maps = ig.attribute(classifier(function), x, ZEROS, path=ig.Straight(0.0), rules=(ig.IDGI(),), steps=(3,))
    assert bool(torch.isfinite(maps[ig.IDGI(), 3]).all())
    change = torch.diff(maps.scores[3], dim=1)
    lost = torch.where(maps.scores[3][:, :-1] == 0, change, 0).sum(1)
    assert float(lost.min()) > 0
    torch.testing.assert_close(maps.completeness_gap[ig.IDGI(), 3], -lost, rtol=0, atol=1e-12)


def test_tiny_gradients_do_not_underflow():
    network = Linear().float()
    with torch.no_grad():
        network.w.mul_(1e-25)
    maps = ig.attribute(
        classifier(network), images().float(), ZEROS, path=ig.Straight(), rules=(ig.IDGI(),), steps=(2,)
    )
    change = maps.scores[2][:, -1] - maps.scores[2][:, 0]
    torch.testing.assert_close(maps[ig.IDGI(), 2].flatten(1).sum(1) / change, torch.ones(2), rtol=0, atol=1e-4)


# --- limits and symmetries ---


def test_guided_without_freedom_is_straight():
    net, x = classifier(small_network()), images(3, shape=(3, 12, 10))
    straight, guided = (
        ig.attribute(net, x, [0, 1, 2], path=path, rules=WHOLES, steps=(4, 8))
        for path in (ig.Straight("black"), ig.Guided("black", max_distance=0))
    )
    for key, expected in straight.maps.items():
        torch.testing.assert_close(guided[key], expected, rtol=0, atol=1e-12)


def test_guided_keeps_its_distance_and_its_pace():
    net, x = classifier(small_network()), images(3, shape=(3, 12, 10))
    path = ig.Guided("black", fraction=0.1, max_distance=0.15)
    for segment in ig.walk(net, x, torch.arange(3), path=path, steps=(8,)):
        position = segment.end.x / x
        assert float((position - segment.end.alpha.view(-1, 1, 1, 1)).abs().max()) <= 0.15 + 1e-9
        rest = (x - segment.end.x).abs().flatten(1).sum(1) / x.flatten(1).sum(1)
        torch.testing.assert_close(rest, 1 - segment.end.alpha, rtol=0, atol=1e-8)


def test_a_baseline_that_is_the_input_gives_zeros():
    x = images(2, shape=(3, 12, 10))
    for path in (ig.Straight(x), ig.Guided(x)):
        maps = ig.attribute(classifier(small_network()), x, [0, 1], path=path, rules=WHOLES, steps=(4,))
        assert all(float(m.abs().max()) == 0 for m in maps.maps.values())


def test_a_baseline_of_its_own_for_each_image_is_kept_with_it():
    net, x, baselines = classifier(small_network()), images(5, shape=(3, 12, 10)), images(5, 7, shape=(3, 12, 10))
    for path in (ig.Straight, ig.Guided):
        options = {"rules": WHOLES, "steps": (4,), "batch_size": 2}
        together = ig.attribute(net, x, [0, 1, 2, 3, 4], path=path(baselines), **options)
        for i in range(5):
            alone = ig.attribute(net, x[i : i + 1], [i], path=path(baselines[i]), **options)
            for key, expected in alone.maps.items():
                torch.testing.assert_close(together[key][i : i + 1], expected, rtol=0, atol=1e-10)


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(4)), st.permutations(range(3)), st.sampled_from([ig.Straight(BASELINE), ig.Blur(3.0)]))
def test_order_of_images_and_channels_does_not_matter(order, channels, path):
    network, x, targets = small_network(), images(4, shape=(3, 12, 10)), torch.tensor([0, 1, 2, 3])
    rules = (ig.IG(), ig.IDGI(), ig.Left(ig.IG(), 0.5))
    maps = ig.attribute(classifier(network), x, targets, path=path, rules=rules, steps=(4,))
    permuted = small_network()
    with torch.no_grad():
        permuted[0].weight.copy_(network[0].weight[:, channels])
    other = ig.attribute(
        classifier(permuted), x[order][:, channels], targets[order], path=path, rules=rules, steps=(4,)
    )
    for key, expected in maps.maps.items():
        torch.testing.assert_close(other[key], expected[order][:, channels], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-4), ("float64", 1e-10)])
@pytest.mark.parametrize("path", [ig.Straight(), ig.Blur()], ids=str)
def test_batch_size_moves_a_map_of_a_trained_network_by_rounding_only(precision, tolerance, path):
    net = load_model("objects/resnet").classifier(output="probability", precision=precision)
    scenes = objects.batch(range(4))
    rules = (*WHOLES, ig.Left(ig.IG(), 0.5))
    results = [
        ig.attribute(net, scenes.images, scenes.targets, path=path, rules=rules, steps=(2, 8), batch_size=size)
        for size in (1, 3, 8)
    ]
    for key, expected in results[0].maps.items():
        for other in results[1:]:
            assert float((other[key] - expected).norm() / expected.norm()) < tolerance


@pytest.mark.parametrize("path", [ig.Straight("black"), ig.Blur(4.0)], ids=str)
def test_coarse_step_counts_equal_their_own_walks(path):
    net, x = classifier(small_network()), images(3, shape=(3, 12, 10))
    rules = (*WHOLES, ig.Left(ig.IG(), 0.9), ig.Right(ig.IDGI(), 0.5))
    together = ig.attribute(net, x, [0, 1, 2], path=path, rules=rules, steps=(8, 128))
    alone = ig.attribute(net, x, [0, 1, 2], path=path, rules=rules, steps=(8,))
    for rule in rules:
        torch.testing.assert_close(together[rule, 8], alone[rule, 8], rtol=0, atol=1e-12)
    torch.testing.assert_close(together.scores[8], together.scores[128][:, ::16], rtol=0, atol=0)


# --- counts ---


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_evaluations_are_counted_and_shared(batch_size):
    network = Counted(small_network())
    net, x = classifier(network), images(2, shape=(3, 12, 10))
    splits = [part(ig.IG(), psi) for part in (ig.Left, ig.Right) for psi in (0.9, 0.95, 0.99)]
    steps = (8, 16, 32, 64, 128)

    def spent(path, rules):
        net.module.count = 0
        maps = ig.attribute(net, x, [0, 1], path=path, rules=rules, steps=steps, batch_size=batch_size)
        assert net.module.count == 2 * maps.evaluations
        return maps.evaluations

    assert spent(ig.Straight(), (ig.IG(),)) == 129
    assert spent(ig.Straight(), (*WHOLES, *splits)) == 129
    assert spent(ig.Blur(3.0), (*WHOLES, *splits)) == 129
    assert spent(ig.Guided(), (*WHOLES, *splits)) == 2 + sum(n - 1 for n in steps)


def test_guided_step_counts_walk_as_if_alone():
    net, x = classifier(small_network()), images(2, shape=(3, 12, 10))
    together = ig.attribute(net, x, [0, 1], path=ig.Guided(), rules=WHOLES, steps=(1, 3, 8))
    for n in (1, 3, 8):
        alone = ig.attribute(net, x, [0, 1], path=ig.Guided(), rules=WHOLES, steps=(n,))
        for rule in WHOLES:
            torch.testing.assert_close(together[rule, n], alone[rule, n], rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", [ig.Straight(), ig.Blur(3.0), ig.Guided()], ids=str)
def test_no_gradient_is_kept_longer_than_its_segments(path):
    net, x = classifier(small_network()), images(2, shape=(3, 12, 10))
    most = {}
    for steps in (16, 64):
        kept, alive = [], 0
        for segment in ig.walk(net, x, torch.tensor([0, 1]), path=path, steps=(steps // 2, steps), batch_size=4):
            kept.append(weakref.ref(segment.end.gradient))
            alive = max(alive, len({id(ref()) for ref in kept if ref() is not None}))
        most[steps] = alive
    assert most[16] == most[64] <= 8


# --- bad input ---


def explain(x=None, targets=(0, 1), **options):
    choices = {"path": ig.Straight(), "rules": (ig.IG(),), "steps": (4,)} | options
    return ig.attribute(classifier(small_network()), images(2) if x is None else x, targets, **choices)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": images(2) * 255}, r"lie in \[0, 1\].*got \["),
        ({"x": images(2) - 0.5}, r"lie in \[0, 1\].*got \[-"),
        ({"x": images(2) * math.nan}, r"lie in \[0, 1\].*got \[nan"),
        ({"x": images(2)[0]}, r"\(B, 3, H, W\), got \(3, 4, 5\)"),
        ({"x": images(2).permute(0, 2, 3, 1)}, r"\(B, 3, H, W\), got \(2, 4, 5, 3\)"),
        ({"x": (images(2) * 255).to(torch.uint8)}, r"got \(2, 3, 4, 5\) of torch.uint8"),
        ({"targets": (0, 5)}, r"from 0 to 4 \(5 classes\), got"),
        ({"targets": (0, -1)}, r"from 0 to 4"),
        ({"targets": (0,)}, r"one for each of the 2 images or one for all, got shape \(1,\)"),
        ({"targets": (0.0, 1.0)}, r"targets must be class indices.*got torch.float64"),
        ({"steps": (0, 4)}, r"positive whole numbers, got \(0, 4\)"),
        ({"steps": ()}, r"positive whole numbers, got \(\)"),
        ({"steps": (3, 8)}, r"must divide the largest.*\[3\] do not divide 8"),
        ({"rules": ()}, r"rules is empty"),
        ({"batch_size": 0}, r"batch_size must be 1 or more, a whole number, got 0"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(options, message):
    with pytest.raises(ValueError, match=message):
        explain(**options)


def test_a_map_that_was_not_asked_for_is_named():
    with pytest.raises(KeyError, match=r"no map for .*IDGI.*there are: .*IG\(at='start'\), 4"):
        explain()[ig.IDGI(), 4]

"""The rules by themselves: keys, weights and errors; what they sum to is tested with the walk."""

import pytest
import torch

import igpaths as ig
from problems import Counted, Linear, classifier, images, small_network

PATHS = (ig.Straight(), ig.Blur(3.0), ig.Guided())
TARGETS = torch.tensor([0, 1, 2])


def test_rules_are_values():
    assert ig.IG() == ig.IG("start")
    assert {ig.IG(): 1}[ig.IG()] == 1
    assert ig.Left(ig.IG(), 0.9) == ig.Left(ig.IG(), psi=0.9)
    assert len({ig.Left(ig.IG(), 0.9), ig.Right(ig.IG(), 0.9), ig.Left(ig.IDGI(), 0.9)}) == 3


def test_the_trapezoid_is_the_mean_of_both_ends():
    net, x = classifier(small_network()), images(shape=(3, 12, 10))
    (segment, *_) = ig.walk(net, x, torch.tensor([0, 1]), path=ig.Blur(3.0), steps=(2,))
    start, end, both = (ig.IG(at).credit(segment) for at in ("start", "end", "both"))
    torch.testing.assert_close(both, (start + end) / 2, rtol=0, atol=1e-15)


def test_a_segments_idgi_credit_has_one_sign():
    net, x = classifier(small_network(), "probability"), images(4, shape=(3, 12, 10))
    for segment in ig.walk(net, x, torch.arange(4), path=ig.Straight(), steps=(4,)):
        signed = ig.IDGI().credit(segment) * segment.score_change.view(-1, 1, 1, 1)
        assert float(signed.min()) >= 0


@pytest.mark.parametrize("at", ["start", "end"])
def test_idg_of_a_linear_function_is_ig_times_the_change(at):
    net, x = classifier(Linear()), images()
    maps = ig.attribute(net, x, 0, path=ig.Straight(), rules=(ig.IG(), ig.IDG(at)), steps=4)
    change = (maps.scores[4][:, -1] - maps.scores[4][:, 0]).view(-1, 1, 1, 1)
    torch.testing.assert_close(maps[ig.IDG(at)], maps[ig.IG()] * change, rtol=0, atol=1e-12)


def test_idg_gives_a_segment_without_length_nothing():
    net, x = classifier(small_network()), images(shape=(3, 12, 10))
    maps = ig.attribute(net, x, 0, path=ig.Placed(ig.Straight(x)), rules=ig.IDG(), steps=4)
    assert not maps[ig.IDG()].any()


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_the_gradient_is_that_of_the_input_whatever_the_path_and_the_steps(path):
    net, x = classifier(small_network(), "probability"), images(3, shape=(3, 12, 10))
    maps = ig.attribute(net, x, TARGETS, path=path, rules=(ig.Gradient(),), steps=(1, 2, 8))
    _, expected = net.gradients(x, TARGETS)
    for steps in (1, 2, 8):
        torch.testing.assert_close(maps[ig.Gradient(), steps], expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_squared_gradients_are_averaged_over_the_points_before_the_input(path):
    net, x = classifier(small_network(), "probability"), images(3, shape=(3, 12, 10))
    maps = ig.attribute(net, x, TARGETS, path=path, rules=(ig.SquaredGradients(),), steps=(1, 8))
    for steps in (1, 8):
        points = [segment.start.x for segment in ig.walk(net, x, TARGETS, path=path, steps=(steps,))]
        squares = torch.stack([net.gradients(point, TARGETS)[1] ** 2 for point in points])
        assert len(squares) == steps
        found = maps[ig.SquaredGradients(), steps]
        torch.testing.assert_close(found, squares.mean(0), rtol=1e-12, atol=1e-18)
        assert float(found.min()) >= 0


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_controls_cost_no_evaluations_and_change_no_other_map(path):
    net, x = classifier(Counted(small_network())), images(3, shape=(3, 12, 10))
    found, spent = [], []
    for rules in ((ig.IG(),), (ig.IG(), ig.Gradient(), ig.SquaredGradients())):
        net.module.count = 0
        found.append(ig.attribute(net, x, TARGETS, path=path, rules=rules, steps=(2, 8)))
        spent.append(net.module.count)
    assert spent[0] == spent[1] == 3 * found[1].evaluations
    for steps in (2, 8):
        assert torch.equal(found[0][ig.IG(), steps], found[1][ig.IG(), steps])


@pytest.mark.parametrize("control", [ig.Gradient(), ig.SquaredGradients()], ids=str)
def test_the_parts_of_a_control_make_the_whole(control):
    net, x = classifier(small_network()), images(3, shape=(3, 12, 10))
    targets = (net.logits(x) - net.logits(torch.zeros_like(x))).argmax(1)  # so that the score rises
    left, right = ig.Left(control, 0.5), ig.Right(control, 0.5)
    maps = ig.attribute(net, x, targets, path=ig.Straight(), rules=(control, left, right), steps=(8,))
    assert float(maps.alpha_star[left, 8].max()) < 1
    torch.testing.assert_close(maps[left, 8] + maps[right, 8], maps[control, 8], rtol=1e-12, atol=0)
    assert bool((maps[left, 8] == 0).all()) == isinstance(control, ig.Gradient)  # the gradient comes last


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ig.IG("middle"), "at is 'middle'; it must be one of start, end, both"),
        (lambda: ig.IDG("both"), "at is 'both'; it must be one of start, end"),
        (lambda: ig.IDGI("both"), "at is 'both'; it must be one of start, end"),
        (lambda: ig.Left(ig.IG(), 1.0), r"psi must be in \(0, 1\), got 1.0"),
        (
            lambda: ig.Right(ig.Left(ig.IG(), 0.5), 0.5),
            r"Right takes a rule over the whole path.*got Left",
        ),
        (lambda: ig.Left(ig.IG(), 0.5, "both"), "crossing is 'both'; it must be one of left, right"),
    ],
)
def test_bad_rules_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()

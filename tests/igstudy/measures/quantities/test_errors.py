"""Networks with an error: that it has the size it should, and depends on what it should."""

import pytest
import torch

import igpaths as ig
from igpaths.metrics import relative_change
from igstudy.measures.quantities import Noisy, misrounded, randomised, recomputed
from problems import BASELINE, Linear, classifier, images, small_network

SIZE = (3, 32, 32)


def linear():
    return ig.Classifier(Linear(shape=SIZE), mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.5), output="logit")


@pytest.mark.parametrize("size", [1e-3, 0.5])
def test_noise_has_the_length_that_it_is_given_and_leaves_the_score_alone(size):
    net, x, targets = linear(), images(4, shape=SIZE), torch.zeros(4, dtype=torch.int64)
    scores, gradients = net.gradients(x, targets)
    noisy_scores, noisy = Noisy(net, size=size, images=4).gradients(x, targets)
    lengths = (noisy - gradients).flatten(1).norm(dim=1) / gradients.flatten(1).norm(dim=1)
    assert torch.equal(noisy_scores, scores)
    assert lengths == pytest.approx(torch.full((4,), size).numpy(), rel=0.05)  # n = 3,072 numbers


def walked(net, x, *, batch_size, start=0):
    noisy = Noisy(net, size=0.1, images=len(x), start=start)
    targets = torch.zeros(len(x), dtype=torch.int64)
    path = ig.Straight(BASELINE)
    return ig.attribute(noisy, x, targets, path=path, rules=(ig.IG(),), steps=(5,), batch_size=batch_size)[ig.IG(), 5]


def test_noise_depends_on_the_image_and_the_point_but_not_on_the_batch():
    net, x = linear(), images(3, shape=SIZE)
    whole = walked(net, x, batch_size=3)
    torch.testing.assert_close(walked(net, x, batch_size=7), whole)
    torch.testing.assert_close(walked(net, x[2:], batch_size=3, start=2), whole[2:])
    assert not torch.allclose(walked(net, x[2:], batch_size=3, start=1), whole[2:])
    targets = torch.zeros(3, dtype=torch.int64)
    asked = Noisy(net, size=0.1, images=3)
    (_, first), (_, second) = (asked.gradients(x, targets) for _ in range(2))
    assert not torch.allclose(first, second)


def test_noise_that_averages_out_over_a_walk_does_so_with_the_root_of_its_steps():
    net, x = linear(), images(2, shape=SIZE)
    noisy, exact = Noisy(net, size=0.1, images=2), (x - BASELINE) * net.gradients(x, torch.zeros(2, dtype=int))[1]
    options = {"path": ig.Straight(BASELINE), "rules": (ig.IG(),), "steps": (100,)}
    found = ig.attribute(noisy, x, torch.zeros(2, dtype=torch.int64), **options)[ig.IG(), 100]
    assert relative_change(exact.sum(1), found.sum(1)).numpy() == pytest.approx(0.1 / 100**0.5, rel=0.3)


def test_misrounded_constants_are_the_next_float32_numbers():
    net = classifier(small_network(torch.float32))
    for before, after in zip((net.mean, net.std), (misrounded(net).mean, misrounded(net).std), strict=True):
        assert torch.equal(after, torch.nextafter(before, torch.tensor(torch.inf)))


CHOICES = ("output", "precision", "temperature", "device", "dtype", "channels")


def margin(logits, targets):
    return logits[:, 0] - logits[:, 1]


@pytest.mark.parametrize("choice", [{"temperature": 10.0}, {"precision": "float64"}, {"output": margin}])
@pytest.mark.parametrize(
    "change", [recomputed, misrounded, lambda net: Noisy(net, size=0.0, images=2), lambda net: randomised(net, 0)]
)
def test_every_choice_of_a_network_is_kept(change, choice):
    options = {"mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.5), "output": "probability"} | choice
    net = ig.Classifier(small_network(torch.float32), **options)
    other, x = change(net), images(2, shape=SIZE)
    assert [getattr(other, name) for name in CHOICES] == [getattr(net, name) for name in CHOICES]
    for before, after in zip(net.gradients(x, [0, 1]), other.gradients(x, [0, 1]), strict=True):
        torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-6)


def test_a_half_network_is_taken_as_it_is_computed():
    half = ig.Classifier(small_network(torch.float32).half(), mean=(0,) * 3, std=(1,) * 3, output="logit")
    x = images(2, shape=SIZE).float()
    for other in (recomputed(half), misrounded(half)):
        assert other.precision == half.precision == "float32"
        torch.testing.assert_close(other.scores(x, 1), half.scores(x, 1), rtol=1e-4, atol=1e-5)
    exact = recomputed(half, precision="float64")
    torch.testing.assert_close(exact.scores(x, 1).float(), half.scores(x, 1), rtol=1e-4, atol=1e-5)


def test_a_noisy_network_stays_noisy():
    noisy, x = Noisy(linear(), size=0.1, images=2, seed=3, start=4), images(2, shape=SIZE)
    expected = noisy.gradients(x, 0)[1]
    for other in (recomputed(noisy), misrounded(noisy)):
        assert (type(other), other.size, other.seed, other.start) == (Noisy, 0.1, 3, 4)
        other.count = 0
        torch.testing.assert_close(other.gradients(x, 0)[1], expected, rtol=1e-4, atol=1e-6)


def test_a_network_is_recomputed_with_all_else_as_it_was():
    net = classifier(small_network(torch.float32), "logit")
    x, targets = images(2, shape=SIZE).float(), torch.tensor([0, 1])
    assert torch.equal(recomputed(net, device="cpu").scores(x, targets), net.scores(x, targets))
    exact = recomputed(net, precision="float64")
    assert exact.dtype == torch.float64
    assert exact.output == "logit"
    torch.testing.assert_close(exact.scores(x, targets).float(), net.scores(x, targets))

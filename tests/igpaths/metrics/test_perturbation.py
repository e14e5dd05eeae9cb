"""ABPC: agreement with a loop over single ablations, its relation to insertion and deletion, signs and limits."""

import numpy as np
import pytest
import torch

import igpaths as ig
from igpaths.metrics import abpc, area, curves, deletion, insertion, perturbation, pixel_ranks
from igpaths.metrics.ranking import pixel_counts
from problems import Counted, Function, classifier, generator, images, small_network

SHAPE = (3, 10, 12)
PIXELS = 120
B, M = 3, 4
MEAN = (0.4, 0.5, 0.3)


class Total(Function):
    """f is the sum of all values."""

    def f(self, x):
        return x.sum(1)


def network(module=None) -> ig.Classifier:
    return ig.Classifier(module or small_network(), mean=MEAN, std=(0.2, 0.3, 0.25), output="logit")


def total(shape=SHAPE) -> ig.Classifier:
    return classifier(Total(shape=shape))


def maps(count: int = M, shape=SHAPE) -> torch.Tensor:
    return torch.randn(B, count, *shape[1:], dtype=torch.float64, generator=generator(4))


def rising_targets(net, x, score: str) -> torch.Tensor:
    """The class whose score falls most from the image to the mean colour."""
    canvas = net.mean.expand(x.shape)
    logits, below = net.logits(x), net.logits(canvas)
    if score == "probability":
        logits, below = logits.softmax(1), below.softmax(1)
    return (logits - below).argmax(1)


def one_by_one(net, image, target, ranking, score, *, clip) -> float:
    """Tenths of the pixels ablated to the mean colour, from the top and from the bottom, one image at a time."""

    def f(pixels):
        logits = net.logits(torch.from_numpy(pixels)[None])[0].numpy()
        return logits[target] if score == "logit" else np.exp(logits[target]) / np.exp(logits).sum()

    colour = np.array(MEAN).reshape(3, 1)
    order = np.argsort(-ranking.ravel())
    whole, none = f(image), f(np.broadcast_to(colour[:, :, None], image.shape).copy())
    total = 0.0
    for tenth in range(1, 10):
        values = []
        for gone in (order[-12 * tenth :], order[: 12 * tenth]):
            ablated = image.reshape(3, -1).copy()
            ablated[:, gone] = colour
            values.append((f(ablated.reshape(image.shape)) - none) / (whole - none))
        if clip:
            values = [min(max(value, 0), 1) for value in values]
        difference = values[0] - values[1]
        total += max(difference, 0) if clip else difference
    return total / 10


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize("score", ["logit", "probability"])
def test_abpc_is_that_of_one_ablation_at_a_time(score, clip):
    net, x = network(), images(B, shape=SHAPE)
    targets, rankings = rising_targets(net, x, score), maps(3)
    found = abpc(perturbation(net, x, targets, rankings), score=score, clip=clip)
    assert found.shape == (B, 3)
    for b in range(B):
        for m in range(3):
            image, target, ranking = x[b].numpy(), int(targets[b]), rankings[b, m].numpy()
            assert abs(float(found[b, m]) - one_by_one(net, image, target, ranking, score, clip=clip)) < 1e-10


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_the_plain_area_is_insertion_less_deletion(score):
    net, x = network(), images(B, shape=SHAPE)
    targets, shares = rising_targets(net, x, score), tuple(i / 10 for i in range(11))
    inserted = insertion(net, x, targets, maps(), canvas="mean", shares=shares)
    deleted = deletion(net, x, targets, maps(), canvas="mean", shares=shares)
    ends = getattr(inserted, score)[..., -1] - getattr(inserted, score)[..., 0]
    expected = (area(inserted.shares, getattr(inserted, score)) - area(deleted.shares, getattr(deleted, score))) / ends
    found = abpc(perturbation(net, x, targets, maps()), score=score)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_both_curves_go_from_the_image_to_the_canvas():
    net, x = network(), images(B, shape=SHAPE)
    targets = torch.tensor([0, 3, 2])
    curves = perturbation(net, x, targets, maps())
    whole, none = (net.scores(batch, targets).view(B, 1).expand(B, M) for batch in (x, net.mean.expand(x.shape)))
    for side in curves:
        assert side.counts == tuple(range(0, PIXELS + 1, 12))
        assert side.shares.tolist() == [k / PIXELS for k in side.counts]
        torch.testing.assert_close(side.logit[..., 0], whole, rtol=0, atol=1e-12)
        torch.testing.assert_close(side.logit[..., -1], none, rtol=0, atol=1e-12)
        torch.testing.assert_close(
            side.correct[..., 0], (net.predict(x)[0] == targets).double().view(B, 1).expand(B, M)
        )


def test_a_reversed_map_changes_the_sign_of_the_plain_area():
    net, x = network(), images(B, shape=SHAPE)
    targets = rising_targets(net, x, "logit")
    forward, backward = (abpc(perturbation(net, x, targets, sign * maps())) for sign in (1, -1))
    torch.testing.assert_close(backward, -forward, rtol=0, atol=1e-10)


def test_of_a_sum_the_area_is_that_of_its_sorted_terms():
    x, net = images(B, shape=SHAPE), total()
    own, targets = x.sum(1), torch.zeros(B, dtype=torch.int64)
    rankings, shares = torch.stack([own, -own], 1), [i / PIXELS for i in range(PIXELS)]
    curves = perturbation(net, x, targets, rankings, canvas="black", shares=shares)
    terms = own.flatten(1).sort(descending=True).values
    kept = torch.cat([0 * terms[:, :1], terms.cumsum(1)], 1)  # by the number of the best pixels
    torch.testing.assert_close(curves[1].logit[:, 0], kept.flip(1), rtol=0, atol=1e-10)
    torch.testing.assert_close(curves[0].logit[:, 0], kept[:, -1:] - kept, rtol=0, atol=1e-10)
    expected = 2 * torch.trapezoid(kept / kept[:, -1:], dx=1 / PIXELS, dim=1) - 1
    torch.testing.assert_close(abpc(curves), torch.stack([expected, -expected], 1), rtol=0, atol=1e-10)
    assert float(expected.min()) > 0
    torch.testing.assert_close(abpc(curves, clip=True)[:, 0], expected, rtol=0, atol=1e-10)
    assert abpc(curves, clip=True)[:, 1].tolist() == [0] * B


def test_clipped_no_map_is_worse_than_a_useless_one():
    net, x = network(), images(B, shape=SHAPE)
    targets = rising_targets(net, x, "logit")
    curves = perturbation(net, x, targets, maps())
    plain, clipped = abpc(curves), abpc(curves, clip=True)
    assert float(plain.min()) < 0
    assert bool(((clipped >= 0) & (clipped <= 1)).all())


def test_an_image_that_scores_no_more_than_its_canvas_is_nan():
    net, x = network(), images(B, shape=SHAPE)
    x[1] = net.mean  # the canvas itself
    targets = rising_targets(net, x, "logit")
    targets[2] = (net.logits(x) - net.logits(net.mean.expand(x.shape)))[2].argmin()
    curves = perturbation(net, x, targets, maps(), batch_size=1)  # in which equal images score the same
    for clip in (True, False):
        found = abpc(curves, clip=clip)
        assert bool(found[0].isfinite().all())
        assert bool(found[1:].isnan().all())


def test_shares_of_an_image_with_fewer_pixels():
    x = images(B, shape=(3, 2, 3))
    rankings = maps(2, (3, 2, 3))
    curves = perturbation(total((3, 2, 3)), x, torch.zeros(B, dtype=torch.int64), rankings, canvas="black")
    assert curves[0].counts == curves[1].counts == (0, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)
    ranks = pixel_ranks(rankings)
    for i, k in enumerate(curves[0].counts):
        for side, kept in ((curves[0], ranks >= k), (curves[1], ranks < 6 - k)):
            expected = (kept * x.sum(1, keepdim=True)).sum((2, 3))
            torch.testing.assert_close(side.logit[..., i], expected, rtol=0, atol=1e-12)


def test_no_rounding_comes_between_the_pixels_ablated_first_and_last(monkeypatch):
    calls = []
    monkeypatch.setattr(curves, "reveal", lambda *args, **options: calls.append(options))
    perturbation(network(), images(B, shape=SHAPE), [0, 3, 2], maps())
    (most, least), pixels = calls, 5655 * 8709  # of which (1 − k / pixels) · pixels is no whole number in float64
    assert most["shares"] == least["shares"]
    for k in pixel_counts(most["shares"], pixels):
        for rank in (each for each in {k - 1, k, pixels - k - 1, pixels - k} if each in range(pixels)):
            assert most["visible"](rank, k, pixels) == (rank >= k)
            assert least["visible"](rank, k, pixels) == most["visible"](pixels - 1 - rank, k, pixels)


def test_the_batch_size_and_the_other_maps_change_nothing():
    x = images(B, shape=SHAPE)
    targets = rising_targets(network(), x, "logit")
    whole = abpc(perturbation(network(), x, targets, maps()))
    for batch_size in (1, 5, 1000):
        net = network(Counted(small_network()))
        found = abpc(perturbation(net, x, targets, maps(), batch_size=batch_size))
        torch.testing.assert_close(found, whole, rtol=0, atol=1e-10)
        assert net.module.count == 2 * (B * M * 9 + B * 2)
    alone = abpc(perturbation(network(), x[1:2], targets[1:2], maps()[1:2, 2:3]))
    torch.testing.assert_close(alone[0, 0], whole[1, 2], rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maps": maps() * torch.nan}, r"map \(0, 0\) has 120 NaN or infinite values"),
        ({"maps": maps()[0, 0]}, r"maps must be \(3, M, 10, 12\), .* got \(10, 12\)"),
        ({"shares": (0.2, 1.2)}, r"shares must be numbers that increase within \[0, 1\]"),
        ({"canvas": "grey"}, r"is 'grey'; it must be one of black, white, mean, blur"),
        ({"batch_size": 0}, r"batch_size must be 1 or more, a whole number, got 0"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(options, message):
    given = {"net": network(), "images": images(B, shape=SHAPE), "targets": torch.zeros(B).long(), "maps": maps()}
    with pytest.raises(ValueError, match=message):
        perturbation(**(given | options))


def test_an_unknown_score_is_refused():
    curves = perturbation(network(), images(B, shape=SHAPE), 0, maps())
    with pytest.raises(ValueError, match="score is 'loss'; it must be one of probability, logit, correct"):
        abpc(curves, score="loss")

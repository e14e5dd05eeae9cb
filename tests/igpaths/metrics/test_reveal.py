"""Revealed pixels: insertion and deletion against a loop over single images, their identities, counts and errors."""

import re
import weakref
from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch import nn

import igpaths as ig
from igpaths.metrics import Seeds, area, deletion, edges, insertion, perturbation, pixel_ranks, seed_masks
from igpaths.metrics.canvases import lay_on
from problems import Counted, Function, Recorder, classifier, generator, images, small_network

SHAPE = (3, 8, 15)
PIXELS = 120
B, M = 3, 2
TARGETS = torch.tensor([0, 3, 2])
MEAN, STD = (0.4, 0.5, 0.3), (0.2, 0.3, 0.25)
TENTHS = tuple(i / 10 for i in range(11))


def network(module: nn.Module | None = None) -> ig.Classifier:
    return ig.Classifier(module or small_network(), mean=MEAN, std=STD, output="probability")


def ranking_maps(seed: int = 3, shape: tuple[int, ...] = (B, M, *SHAPE[1:])) -> torch.Tensor:
    """Maps without ties."""
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


def canvas_images(name: str, x: torch.Tensor) -> np.ndarray:
    if name == "blur":
        return ndimage.gaussian_filter(x.numpy(), [0, 0, 50, 50], mode="reflect", truncate=8)
    colour = {"black": (0, 0, 0), "white": (1, 1, 1), "mean": MEAN}[name]
    return np.broadcast_to(np.array(colour).reshape(1, 3, 1, 1), x.shape)


def one_by_one(x, canvas, maps, counts, *, delete=False):
    """Every image with its map and its count, as (image, map, count, pixels (3, H, W)), by sorting alone."""
    for b, (image, under) in enumerate(zip(x.numpy(), canvas, strict=True)):
        for m, scores in enumerate(maps[b].numpy()):
            order = np.argsort(-scores.ravel())
            for i, k in enumerate(counts):
                known = np.zeros(scores.size, dtype=bool)
                known[order[:k]] = True
                known = known.reshape(scores.shape) != delete
                yield b, m, i, known * image + ~known * under


def multiset(batches) -> Counter:
    return Counter(np.ascontiguousarray(image).tobytes() for batch in batches for image in batch)


@pytest.mark.parametrize("method", [insertion, deletion])
@pytest.mark.parametrize("canvas", ["black", "white", "mean", "blur", "tensor"])
def test_scores_are_those_of_one_image_at_a_time(method, canvas):
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    other = images(B, seed=7, shape=SHAPE)
    under = other.numpy() if canvas == "tensor" else canvas_images(canvas, x)
    found = method(net, x, TARGETS, maps, canvas=other if canvas == "tensor" else canvas, shares=TENTHS)
    assert found.counts == tuple(range(0, PIXELS + 1, 12))
    assert found.shares.tolist() == [k / PIXELS for k in found.counts]
    assert found.information == {}
    for b, m, i, pixels in one_by_one(x, under, maps, found.counts, delete=method is deletion):
        logits, target = net.logits(torch.from_numpy(pixels)[None])[0].numpy(), int(TARGETS[b])
        assert abs(float(found.logit[b, m, i]) - logits[target]) < 1e-12
        assert abs(float(found.probability[b, m, i]) - np.exp(logits[target]) / np.exp(logits).sum()) < 1e-12
        assert float(found.correct[b, m, i]) == (logits.argmax() == target)


@pytest.mark.parametrize("method", [insertion, deletion])
@pytest.mark.parametrize("canvas", ["black", "mean", "tensor"])
def test_the_network_sees_the_very_same_pixels_and_the_ends_once_an_image(method, canvas):
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network(Recorder(small_network()))
    other = images(B, seed=7, shape=SHAPE)
    under = other.numpy() if canvas == "tensor" else canvas_images(canvas, x)
    counts = method(net, x, TARGETS, maps, canvas=other if canvas == "tensor" else canvas, shares=TENTHS).counts
    mean, std = (np.array(colour).reshape(3, 1, 1) for colour in (MEAN, STD))
    expected = multiset(
        ((pixels - mean) / std)[None]
        for _, m, i, pixels in one_by_one(x, under, maps, counts, delete=method is deletion)
        if m == 0 or 0 < i < 10
    )
    assert expected.total() == B * M * 9 + B * 2
    assert multiset(batch.numpy() for batch in net.module.seen) == expected


@pytest.mark.parametrize("method", [insertion, deletion])
def test_the_batch_size_changes_nothing_and_bounds_what_the_network_sees_at_once(method):
    x, maps = images(B, shape=SHAPE), ranking_maps()
    results = []
    for batch_size in (1, 3, 7, 1000):
        net = network(Recorder(small_network()))
        results.append(method(net, x, TARGETS, maps, shares=TENTHS, batch_size=batch_size))
        sizes = [len(batch) for batch in net.module.seen]
        assert max(sizes) == min(batch_size, B * M * 9)
        assert sum(sizes) == B * M * 9 + B * 2
    for other in results[1:]:
        for name in ("probability", "logit", "correct"):
            expected = getattr(results[0], name)
            torch.testing.assert_close(getattr(other, name), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("maps_each", [1, 4, 20])
def test_no_revealed_image_outlives_its_batch(maps_each):
    """Memory is bounded by the batch, whatever the number of maps."""
    alive: list[weakref.ref] = []
    most = 0

    class Watched:
        def under(self, x):
            on_black = lay_on("black", net, x)

            def show(which, shown):
                nonlocal most
                revealed = on_black(which, shown)
                alive.append(weakref.ref(revealed))
                kept = [r() for r in alive]
                most = max(most, sum(len(r) for r in kept if r is not None))
                return revealed

            return show

    net, x = network(), images(B, shape=SHAPE)
    maps = ranking_maps(shape=(B, maps_each, *SHAPE[1:]))
    found = insertion(net, x, TARGETS, maps, canvas=Watched(), shares=TENTHS, batch_size=4)
    assert most == 4
    assert all(r() is None for r in alive)
    numbers = [value for f in fields(found) if isinstance(value := getattr(found, f.name), torch.Tensor)]
    assert sum(value.numel() for value in numbers) == 11 + 3 * B * maps_each * 11 + B


def test_a_count_costs_an_image_a_map_and_the_ends_one_an_image():
    for m in (1, 5):
        net = classifier(Counted(small_network()))
        x, maps = images(B, shape=SHAPE), ranking_maps(shape=(B, m, *SHAPE[1:]))
        insertion(net, x, TARGETS, maps, shares=(0, 0.3, 0.6, 1))
        assert net.module.count == B * m * 2 + B * 2
        insertion(net, x, TARGETS, maps, shares=(0.3,))
        assert net.module.count == B * m * 3 + B * 3  # the ratio needs the image itself


def test_one_image_after_another_is_as_all_together():
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    maps[1] = 0  # with ties, which the images beside must not change
    together = insertion(net, x, TARGETS, maps, canvas="blur", shares=TENTHS)
    for b in range(B):
        alone = insertion(net, x[b : b + 1], TARGETS[b : b + 1], maps[b : b + 1], canvas="blur", shares=TENTHS)
        torch.testing.assert_close(alone.logit[0], together.logit[b], rtol=0, atol=1e-12)


def test_the_probability_ratio_ends_at_one():
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    found = insertion(net, x, TARGETS, maps, shares=TENTHS)
    whole = net.scores(x, TARGETS).view(B, 1, 1)
    torch.testing.assert_close(found.probability_ratio, found.probability / whole, rtol=0, atol=1e-12)
    assert bool((found.probability_ratio[..., -1] == 1).all())


@pytest.mark.parametrize("method", [insertion, deletion])
@pytest.mark.parametrize("shares", [(0.5,), (0, 0.3), (0.3, 1), TENTHS])
def test_the_ratio_is_to_the_image_itself_wherever_that_is_on_the_curve(method, shares):
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    found = method(net, x, TARGETS, maps, shares=shares)
    whole = net.scores(x, TARGETS)
    assert found.probability.shape == (B, M, len(shares))
    torch.testing.assert_close(found.whole, whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.probability_ratio, found.probability / whole.view(B, 1, 1), rtol=0, atol=1e-12)


def test_the_area_is_the_trapezoid_rule():
    x = torch.tensor([0, 0.1, 0.5, 1], dtype=torch.float64)
    y = torch.rand(2, 5, 4, dtype=torch.float64, generator=generator())
    torch.testing.assert_close(area(x, y), torch.from_numpy(np.trapezoid(y.numpy(), x.numpy(), axis=-1)))
    steps = torch.rand(2, 5, 4, dtype=torch.float64, generator=generator(1)).cumsum(-1)  # to each curve its own x
    expected = torch.from_numpy(np.trapezoid(y.numpy(), steps.numpy(), axis=-1))
    torch.testing.assert_close(area(steps, y), expected)
    assert float(area(x, x)) == 0.5


def test_deletion_is_insertion_with_image_and_canvas_exchanged():
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    other = images(B, seed=7, shape=SHAPE)
    deleted = deletion(net, x, TARGETS, maps, canvas=other)
    inserted = insertion(net, other, TARGETS, maps, canvas=x)
    assert torch.equal(deleted.probability, inserted.probability)
    assert torch.equal(deleted.correct, inserted.correct)


def test_deleting_the_most_important_is_inserting_the_least_important_backwards():
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    deleted = deletion(net, x, TARGETS, maps, shares=TENTHS)
    inserted = insertion(net, x, TARGETS, -maps, shares=TENTHS)
    torch.testing.assert_close(deleted.logit, inserted.logit.flip(-1), rtol=0, atol=1e-12)
    torch.testing.assert_close(
        area(deleted.shares, deleted.probability), area(inserted.shares, inserted.probability), rtol=0, atol=1e-12
    )


class Positive(Function):
    """f is the sum of all values, so that a pixel's own sum is what revealing it adds."""

    def f(self, x):
        return x.sum(1)


def test_the_true_map_is_the_best_and_its_reverse_the_worst():
    x = images(B, shape=SHAPE)
    own = x.sum(1)
    maps = torch.stack([own, *ranking_maps(shape=(6, B, *SHAPE[1:])), -own], 1)
    found = insertion(classifier(Positive(shape=SHAPE)), x, torch.zeros(B, dtype=torch.int64), maps)
    expected = torch.stack([own.flatten(1).sort(descending=True).values[:, :k].sum(1) for k in found.counts], -1)
    torch.testing.assert_close(found.logit[:, 0], expected, rtol=0, atol=1e-10)
    areas = area(found.shares, found.logit)
    assert areas.argmax(1).tolist() == [0] * B
    assert areas.argmin(1).tolist() == [7] * B


@pytest.mark.parametrize("kind", ["zeros", "constant", "one pixel", "two levels"])
def test_of_tied_pixels_exactly_as_many_are_revealed_as_were_asked_for(kind):
    maps = torch.zeros(B, 1, *SHAPE[1:])
    if kind == "constant":
        maps += 0.7
    if kind == "one pixel":
        maps[..., 3, 4] = 1
    if kind == "two levels":
        maps[..., 2:5, :] = -1
    net = ig.Classifier(Recorder(small_network()), mean=(0, 0, 0), std=(1, 1, 1), output="probability")
    white = torch.ones(B, *SHAPE, dtype=torch.float64)
    found = insertion(net, white, TARGETS, maps, shares=TENTHS)
    assert bool(found.probability.isfinite().all())
    revealed = torch.cat(net.module.seen)
    shown = revealed[:, 0].flatten(1)
    assert sorted(shown.sum(1).tolist()) == sorted(float(k) for k in found.counts for _ in range(B))
    assert torch.equal(revealed, revealed[:, :1].expand_as(revealed))
    some = shown[shown.sum(1) > 0].view(-1, *SHAPE[1:])
    if kind == "one pixel":
        assert bool((some[:, 3, 4] == 1).all())
    if kind == "two levels":
        few = some[some.sum((1, 2)) <= PIXELS - 45]
        assert float(few[:, 2:5].max()) == 0


def test_the_seed_orders_equal_pixels_and_nothing_else():
    x, net = images(B, shape=SHAPE), network()
    flat = torch.zeros(B, 1, *SHAPE[1:])
    first, again, other = (insertion(net, x, TARGETS, flat, seed=seed).logit for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    distinct = [insertion(net, x, TARGETS, ranking_maps(), seed=seed).logit for seed in (0, 1)]
    assert torch.equal(*distinct)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8, unique=True), st.integers(1, 9))
def test_any_shares_and_batch_size_reveal_the_ranks_below_the_counts(fortieths, batch_size):
    shares = [i / 40 for i in sorted(fortieths)]
    x, maps = images(2, shape=(3, 5, 8)), ranking_maps(shape=(2, 2, 5, 8))
    net = classifier(Positive(shape=(3, 5, 8)))
    found = insertion(net, x, torch.zeros(2, dtype=torch.int64), maps, shares=shares, batch_size=batch_size)
    assert found.counts == tuple(sorted(fortieths))
    ranks = pixel_ranks(maps)
    expected = torch.stack([((ranks < k) * x.sum(1, keepdim=True)).sum((2, 3)) for k in found.counts], -1)
    torch.testing.assert_close(found.logit, expected, rtol=0, atol=1e-10)


def test_more_shares_than_pixels():
    x, maps = images(2, shape=(3, 4, 3)), ranking_maps(shape=(2, 3, 4, 3))
    net = classifier(Positive(shape=(3, 4, 3)))
    found = insertion(net, x, torch.zeros(2, dtype=torch.int64), maps)
    assert found.counts == (0, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6, 7, 8, 8, 9, 9, 10, 11, 11, 12, 12)
    ranks = pixel_ranks(maps)
    expected = torch.stack([((ranks < k) * x.sum(1, keepdim=True)).sum((2, 3)) for k in found.counts], -1)
    torch.testing.assert_close(found.logit, expected, rtol=0, atol=1e-10)


def test_the_canvas_shows_the_image_where_it_is_known():
    x, other = images(4, shape=SHAPE), images(4, seed=9, shape=SHAPE)
    shown = torch.rand(3, *SHAPE[1:], generator=generator()) < 0.4
    which = torch.tensor([2, 0, 2])
    expected = np.where(shown.numpy()[:, None], x.numpy()[which.numpy()], other.numpy()[which.numpy()])
    assert torch.equal(lay_on(other, network(), x)(which, shown), torch.from_numpy(expected))


def test_a_black_image_on_a_black_canvas_has_a_flat_curve():
    black, net = torch.zeros(B, *SHAPE, dtype=torch.float64), network()
    for method in (insertion, deletion):
        found = method(net, black, TARGETS, ranking_maps(), canvas="black")
        expected = net.scores(black, TARGETS).view(B, 1, 1).expand(B, M, 21)
        torch.testing.assert_close(found.probability, expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(found.probability_ratio, torch.ones_like(expected), rtol=0, atol=1e-12)


def test_an_image_that_the_network_gets_wrong_has_its_curve_too():
    x, net = images(B, shape=SHAPE), network()
    wrong = (net.predict(x)[0] + 1) % 5
    found = insertion(net, x, wrong, ranking_maps())
    assert bool((found.correct[..., -1] == 0).all())
    assert bool(((found.probability > 0) & (found.probability < 1)).all())
    right = insertion(net, x, net.predict(x)[0], ranking_maps())
    assert bool((right.correct[..., -1] == 1).all())


def test_float32_images_and_maps_take_the_networks_precision():
    x, maps, net = images(B, shape=SHAPE).float(), ranking_maps().float(), network()
    found = insertion(net, x, TARGETS, maps, shares=TENTHS)
    exact = insertion(net, x.double(), TARGETS, maps.double(), shares=TENTHS)
    assert found.probability.dtype == found.shares.dtype == torch.float64
    assert torch.equal(found.probability, exact.probability)


@pytest.mark.parametrize("method", [insertion, deletion])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maps": torch.full((B, M, *SHAPE[1:]), torch.nan)}, r"map \(0, 0\) has 120 NaN or infinite values"),
        ({"maps": torch.full((B, M, *SHAPE[1:]), torch.inf)}, r"6 of 6 are not"),
        ({"maps": torch.zeros(*SHAPE[1:])}, r"maps must be \(3, M, 8, 15\), .* got \(8, 15\)"),
        ({"maps": torch.zeros(B, M, 15, 8)}, r"maps must be \(3, M, 8, 15\), .* got \(3, 2, 15, 8\)"),
        ({"maps": torch.zeros(2, M, *SHAPE[1:])}, r"maps must be \(3, M, 8, 15\), .* got \(2, 2, 8, 15\)"),
        ({"maps": torch.zeros(B, 0, *SHAPE[1:])}, r"M maps of each image, .* got \(3, 0, 8, 15\)"),
        ({"shares": ()}, r"shares must be numbers that increase within \[0, 1\], got \(\)"),
        ({"shares": (0.5, 0.2)}, r"shares must be numbers that increase within \[0, 1\], got \(0.5, 0.2\)"),
        ({"shares": (0.5, 1.2)}, r"shares must be numbers that increase within \[0, 1\]"),
        ({"canvas": "grey"}, r"is 'grey'; it must be one of black, white, mean, blur"),
        ({"canvas": torch.zeros(B, 3, 9, 9)}, r"shape \(3, 3, 9, 9\) does not broadcast to .* \(3, 3, 8, 15\)"),
        ({"batch_size": 0}, r"batch_size must be 1 or more, a whole number, got 0"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(method, options, message):
    with pytest.raises(ValueError, match=message):
        method(
            **{"net": network(), "images": images(B, shape=SHAPE), "targets": TARGETS, "maps": ranking_maps()} | options
        )


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (torch.tensor([0]), "one for each of the 2 images or one for all, got shape (1,)"),
        (torch.tensor([0.0, 1.0]), "got torch.float32"),
        (torch.tensor([0, 5]), "from 0 to 4"),
        (torch.tensor([-1, 0]), "from 0 to 4"),
    ],
)
def test_targets_that_do_not_fit_are_refused(targets, message):
    x = images(2)
    with pytest.raises(ValueError, match=re.escape(message)):
        insertion(classifier(small_network()), x, targets, x[:, :1], shares=(0.5,))


@pytest.mark.parametrize("method", [insertion, deletion, perturbation])
def test_seeds_and_canvases_of_ones_own_serve_every_curve(method):
    class Negative:
        def under(self, images):
            return lambda which, shown: torch.where(shown.unsqueeze(1), images[which], 1 - images[which])

    x, net = images(B, shape=SHAPE), network()
    own, tensor = (method(net, x, TARGETS, ranking_maps(), canvas=canvas) for canvas in (Negative(), 1 - x))
    seeds = method(net, x, TARGETS, ranking_maps(), canvas=Seeds(seed_masks(B, SHAPE[1:], share=0.1)))
    for a, b, c in zip(*(r if method is perturbation else [r] for r in (own, tensor, seeds)), strict=True):
        assert torch.equal(a.logit, b.logit)
        assert not torch.allclose(c.logit, b.logit)
        torch.testing.assert_close(c.whole, b.whole)


def test_of_seeds_the_pixels_shown_are_the_images_own():
    x, masks = images(2, shape=SHAPE), seed_masks(2, SHAPE[1:], share=0.1)
    nothing = torch.zeros(2, *SHAPE[1:], dtype=torch.bool)
    look = Seeds(masks).under(x)(torch.tensor([0, 1]), nothing)
    shown = masks.unsqueeze(1).expand_as(x)
    assert torch.equal(look[shown], x[shown])


def test_targets_are_taken_in_every_usual_form():
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    expected = insertion(net, x, TARGETS, maps).logit
    forms = [
        [0, 3, 2],
        (0, 3, 2),
        np.array([0, 3, 2], np.uint16),
        TARGETS.to(torch.uint8),
        list(TARGETS),
    ]
    for targets in forms:
        assert torch.equal(insertion(net, x, targets, maps).logit, expected)
    assert torch.equal(insertion(net, x, 1, maps).logit, insertion(net, x, [1] * B, maps).logit)


def test_one_map_of_each_image_is_a_column_and_arrays_are_maps():
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    expected = insertion(net, x, TARGETS, maps)
    one = insertion(net, x, TARGETS, maps[:, 1]).logit  # in batches of another size, which may round otherwise
    torch.testing.assert_close(one, expected.logit[:, 1:], rtol=0, atol=1e-12)
    assert torch.equal(insertion(net, x, TARGETS, maps.numpy()).logit, expected.logit)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_maps_of_half_precision_rank_as_their_values_in_full(dtype):
    x, maps, net = images(B, shape=SHAPE), ranking_maps().to(dtype), network()
    assert torch.equal(insertion(net, x, TARGETS, maps).logit, insertion(net, x, TARGETS, maps.double()).logit)


def test_neither_a_graph_nor_a_mode_of_the_process_reaches_a_result():
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    expected = insertion(net, x, TARGETS, maps, canvas="blur")
    with torch.inference_mode():
        inferred = insertion(net, x.clone(), TARGETS, maps.clone(), canvas="blur")
    attached = insertion(net, x.clone().requires_grad_(), TARGETS, maps.clone().requires_grad_(), canvas="blur")
    for found in (inferred, attached):
        assert torch.equal(found.logit, expected.logit)
        assert not found.logit.requires_grad
        found.probability_ratio.numpy()


@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_images_of_any_number_of_channels(channels):
    net = ig.Classifier(
        nn.Sequential(nn.Flatten(), nn.Linear(channels * PIXELS, 4)).double(),
        mean=[0.4] * channels,
        std=[0.2] * channels,
        output="logit",
    )
    x = images(B, shape=(channels, *SHAPE[1:]))
    for canvas in ("black", "white", "mean", "blur", 0.3, [0.2] * channels, Seeds(seed_masks(B, SHAPE[1:]))):
        found = insertion(net, x, TARGETS, ranking_maps(), canvas=canvas)
        torch.testing.assert_close(found.logit[:, 0, -1], net.scores(x, TARGETS), rtol=0, atol=1e-12)
    edge = perturbation(net, x, TARGETS, edges(x))
    assert edge[0].logit.shape == (B, 1, 11)


@pytest.mark.parametrize("method", [insertion, deletion, perturbation])
def test_a_network_of_one_output_is_refused_with_the_remedy(method):
    net = classifier(small_network(classes=1))
    with pytest.raises(ValueError, match="one output.* or let it return two logits"):
        method(net, images(B, shape=SHAPE), 0, ranking_maps())


@pytest.mark.parametrize("method", [insertion, deletion, perturbation])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"net": small_network()}, "net is a Sequential; wrap the network: ig.Classifier"),
        ({"images": torch.zeros(0, *SHAPE), "maps": torch.zeros(0, M, *SHAPE[1:])}, r"images .* got \(0, 3, 8, 15\)"),
        ({"images": torch.zeros(B, *SHAPE, dtype=torch.uint8)}, "images must be float tensors"),
        ({"images": np.zeros((B, *SHAPE))}, "images must be float tensors .* got ndarray"),
        ({"targets": [True, False, True]}, "class indices.* got .True, False, True"),
        ({"targets": ["disk", "ring", "star"]}, "class indices"),
        ({"shares": "half"}, "shares must be numbers that increase"),
        ({"shares": None}, "shares must be numbers that increase"),
        ({"maps": [ranking_maps()[0], ranking_maps()[1]]}, "maps must be a tensor or an array, got list"),
        ({"batch_size": True}, "batch_size must be 1 or more, a whole number, got True"),
        ({"canvas": Seeds(torch.zeros(B, 3, 3))}, r"masks of Seeds must be bool \(3, 8, 15\), got \(3, 3, 3\)"),
    ],
)
def test_what_is_no_network_image_target_or_canvas_is_refused(method, options, message):
    arguments = {"net": network(), "images": images(B, shape=SHAPE), "targets": TARGETS, "maps": ranking_maps()}
    with pytest.raises(ValueError, match=message):
        method(**(arguments | options))


def test_shares_may_come_from_a_generator_or_be_one():
    x, maps, net = images(B, shape=SHAPE), ranking_maps(), network()
    for method in (insertion, deletion):
        assert method(net, x, TARGETS, maps, shares=(s for s in (0.2, 0.7))).counts == (24, 84)
        assert method(net, x, TARGETS, maps, shares=0.2).counts == (24,)
    assert perturbation(net, x, TARGETS, maps, shares=(s for s in (0.2, 0.7)))[1].counts == (0, 24, 84, 120)

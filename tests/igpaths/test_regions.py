"""Regions: agreement with PAIR's XRAI, a closed form, what every map keeps, and what is refused."""

import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from saliency.core import xrai as pair
from skimage.morphology import dilation, disk
from skimage.transform import resize

import igpaths as ig
from igpaths import regions
from problems import generator


def photograph(name, *size):
    """A photograph of scikit-image (1, 3, H, W), in [0, 1]."""
    pixels = resize(getattr(skimage.data, name)() / 255, size, anti_aliasing=True)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()


def noise(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


def same(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


# --- PAIR ---


@pytest.mark.parametrize(("name", "size"), [("chelsea", (224, 224)), ("coffee", (176, 130)), ("rocket", (40, 61))])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_it_equals_pairs_bit_by_bit(name, size, kind):
    x, attribution = photograph(name, *size), noise(1, 3, *size)
    if kind == "sparse":  # where regions are equal, and the first of them is taken
        attribution *= torch.rand(1, 1, *size, generator=generator(1)) < 0.01
    image, base = (each[0].permute(1, 2, 0).numpy() for each in (x, attribution))
    theirs = pair.XRAI().GetMask(image, None, base_attribution=base)
    found = ig.xrai(x, attribution.amax(1))
    assert found.dtype == torch.float64
    assert np.array_equal(found[0, 0].numpy(), theirs)


# --- closed forms ---


def halves(radius):
    """The left and the right half of an image of 60 × 80 pixels, as segments."""
    return list(regions._grown(np.arange(80).repeat(60).reshape(80, 60).T // 40, radius))


@pytest.mark.parametrize("radius", [0, 5])
def test_of_two_halves_the_better_takes_what_it_reaches_of_the_other(radius):
    own = noise(60, 80)
    own[:, 40:] += 1
    found = torch.from_numpy(regions._merge(halves(radius), own.numpy(), 50))
    same(found[:, 40 - radius :], own[:, 40 - radius :].mean().expand(60, 40 + radius))
    same(found[:, : 40 - radius], own[:, : 40 - radius].mean().expand(60, 40 - radius))


def test_what_brings_too_few_pixels_is_left_to_the_rest():
    own = noise(60, 80)
    means = torch.cat([half.mean().expand(60, 40) for half in (own[:, :40], own[:, 40:])], dim=1)
    same(torch.from_numpy(regions._merge(halves(0), own.numpy(), 60 * 40)), means)
    same(torch.from_numpy(regions._merge(halves(0), own.numpy(), 60 * 40 + 1)), own.mean().expand(60, 80))


def test_a_segment_grows_by_a_disk():
    labels = np.random.default_rng(0).integers(0, 6, (5, 4)).repeat(7, 0).repeat(9, 1)
    for radius in (0, 1, 2, 5):
        grown = [np.flatnonzero(dilation(labels == n, disk(radius))) for n in np.unique(labels)]
        assert all(map(np.array_equal, grown, regions._grown(labels, radius)))


def test_a_constant_image_is_one_region():
    own = noise(1, 2, 30, 40)
    same(ig.xrai(torch.full((1, 3, 30, 40), 0.3), own), own.mean((2, 3), keepdim=True).expand(own.shape))


# --- invariants ---


@settings(deadline=None, max_examples=8)
@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    channels=st.integers(1, 4),
    seed=st.integers(0, 99),
    dilation=st.integers(0, 6),
    min_pixels=st.integers(1, 80),
)
def test_every_region_has_the_mean_of_its_map(height, width, channels, seed, dilation, min_pixels):
    x = torch.rand(1, channels, height, width, generator=generator(seed))
    own = noise(1, 1, height, width, seed=seed)
    found = ig.xrai(x, own, dilation=dilation, min_pixels=min_pixels)
    assert found.isfinite().all()
    for value in found.unique():
        same(own[found == value].mean(), value)
    same(found.mean(), own.mean())


def test_it_scales_with_its_map():
    x, own = photograph("chelsea", 64, 64), noise(1, 1, 64, 64)
    found = ig.xrai(x, own)
    same(ig.xrai(x, 7 * own) / 7, found)
    same(ig.xrai(x, own + 2), found + 2)
    same(ig.xrai(0.2 + 0.5 * x, own), found)  # the image is spread over one range


def test_it_depends_on_no_other_map_or_image():
    x = torch.cat([photograph(name, 48, 64) for name in ("chelsea", "coffee")])
    own = noise(2, 3, 48, 64)
    found = ig.xrai(x, own)
    assert found.shape == own.shape
    for b in range(2):
        for m in range(3):
            assert torch.equal(ig.xrai(x[b : b + 1], own[b : b + 1, m])[0, 0], found[b, m])
    assert torch.equal(ig.xrai(x.numpy(), own.numpy()), found)


def test_segments_are_fewer_at_larger_scales_and_grow():
    x, own = photograph("coffee", 80, 96), noise(1, 80, 96)
    counts = [len(ig.xrai(x, own, scales=scale, dilation=0).unique()) for scale in (50, 250, 1200)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] > 1
    several = ig.xrai(x, own, scales=(1200, 50), dilation=0)
    assert torch.equal(several, ig.xrai(x, own, scales=[50, 1200], dilation=0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_maps_keep_their_kind(dtype):
    own = (10 * noise(1, 40, 40)).to(dtype)
    found = ig.xrai(photograph("chelsea", 40, 40), own)
    assert found.dtype == (dtype if dtype.is_floating_point else torch.float64)
    torch.testing.assert_close(found.double(), ig.xrai(photograph("chelsea", 40, 40), own.double()), rtol=1e-6, atol=0)


# --- what is refused ---

X, OWN = torch.rand(1, 3, 24, 24, generator=generator()), torch.zeros(1, 1, 24, 24)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ig.xrai(X[0], OWN), "images must have 4 axes or more"),
        (lambda: ig.xrai(X[None], OWN), r"images must be \(B, C, H, W\) and finite, got \(1, 1, 3, 24, 24\)"),
        (lambda: ig.xrai(X * float("nan"), OWN), r"images must be \(B, C, H, W\) and finite"),
        (lambda: ig.xrai("cat.jpg", OWN), "images must be a tensor or an array, got str"),
        (lambda: ig.xrai(X, OWN[..., :5]), r"maps must be \(1, M, 24, 24\).*got \(1, 1, 24, 5\)"),
        (lambda: ig.xrai(X, OWN / 0), "maps must be finite"),
        (lambda: ig.xrai(X, OWN, scales=()), "scales must be one or more positive whole numbers"),
        (lambda: ig.xrai(X, OWN, scales=0.5), "scales must be one or more positive whole numbers, got 0.5"),
        (lambda: ig.xrai(X, OWN, dilation=-1), "dilation must be 0 or more, a whole number, got -1"),
        (lambda: ig.xrai(X, OWN, dilation=float("inf")), "dilation must be 0 or more, a whole number, got inf"),
        (lambda: ig.xrai(X, OWN, dilation=1.5), "dilation must be 0 or more, a whole number, got 1.5"),
        (lambda: ig.xrai(X, OWN, min_pixels=0), "min_pixels must be 1 or more, a whole number, got 0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_attribution_is_no_map():
    net = ig.Classifier(torch.nn.Flatten(), mean=(0,) * 3, std=(1,) * 3, output="logit")
    maps = ig.attribute(net, X, 0, path=ig.Straight(), rules=ig.IG(), steps=1)
    with pytest.raises(ValueError, match="whose colours are no maps"):
        ig.xrai(X, maps[ig.IG()])
    assert ig.xrai(X, maps.ranking("signed")).shape == OWN.shape

"""Stability: max-sensitivity against Captum and closed forms, JPEG, and the figures that compare two maps."""

import io
import math
from functools import partial

import numpy as np
import pytest
import scipy.stats
import skimage.data
import torch
from captum.metrics import sensitivity_max
from PIL import Image

import igpaths as ig
from igpaths.metrics import (
    cosine,
    jpeg,
    max_sensitivity,
    norm_ratio,
    relative_change,
    signed_map,
    spearman,
    squared_error,
    uniform_noise,
)
from igpaths.metrics.stability import NORMALISATIONS
from igpaths.walks import BATCH_SIZE
from problems import BASELINE, Linear, classifier, generator, images, small_network

SIZE = (3, 12, 10)
STD = (0.2, 0.3, 0.5)


def explain_with(net, targets, rules, path=None, steps=4):
    """Images, or several versions of them image by image, to the attributions (B, M, 3, H, W) by `rules`."""

    def explain(x):
        repeated = targets.repeat_interleave(len(x) // len(targets))
        path_of = path or ig.Straight(BASELINE)
        maps = ig.attribute(net, x, repeated, path=path_of, rules=rules, steps=steps, check=False)
        return torch.stack([maps[rule] for rule in rules], dim=1)

    return explain


def normalised(network, std=STD):
    return ig.Classifier(network, mean=(0.4, 0.5, 0.6), std=std, output="logit")


def some_maps(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=generator(seed))


class TestMaxSensitivity:
    @pytest.mark.parametrize("samples", [1, 7])
    def test_agrees_with_captum_on_the_same_perturbations(self, samples):
        net, x = normalised(small_network()), images(3, shape=SIZE)
        targets = (net.logits(x) - net.logits(torch.full_like(x, BASELINE))).argmax(1)  # so that the score rises
        rules = (ig.IG(), ig.Left(ig.IG(), 0.6), ig.Right(ig.IG(), 0.6))
        explain = explain_with(net, targets, rules)
        versions = list(uniform_noise(net, x, samples=samples))
        ours = max_sensitivity(explain, x, versions)
        assert ours.shape == (3, 3)
        assert ours.dtype == torch.float64

        def perturbed(repeated):  # Captum gives every image `samples` times, one image after the other
            stacked = torch.stack(versions, dim=1).flatten(0, 1)
            assert torch.equal(repeated, x.repeat_interleave(samples, dim=0))
            return stacked

        for m in range(len(rules)):

            def one(given, m=m):  # Captum gives the images in a tuple and wants one back, and the versions without
                return (explain(given[0])[:, m],) if isinstance(given, tuple) else explain(given)[:, m]

            theirs = sensitivity_max(one, x, perturb_func=perturbed, n_perturb_samples=samples)
            assert float(theirs.min()) > 0
            torch.testing.assert_close(ours[:, m], theirs, rtol=1e-12, atol=0)

    def test_a_linear_network_by_its_closed_form(self):
        function, x = Linear(), images(3)
        net, w = classifier(function), Linear().w
        explain = explain_with(net, torch.zeros(3, dtype=torch.int64), (ig.IG(), ig.IDGI()))
        versions = list(uniform_noise(net, x, radius=0.1, samples=5))
        moved = torch.stack(versions).sub(x).flatten(2)  # IG is w ⊙ (x − x'), IDGI w² w·(x − x') / w·w
        way = (x - BASELINE).flatten(1)
        of_ig = (moved * w).norm(dim=2).amax(0) / (way * w).norm(dim=1)
        of_idgi = (moved @ w).abs().amax(0) / (way @ w).abs()
        expected = torch.stack([of_ig, of_idgi], dim=1)
        torch.testing.assert_close(max_sensitivity(explain, x, versions), expected, rtol=1e-10, atol=0)

    def test_a_zero_attribution_has_no_sensitivity(self):
        x = images(2)
        tenfold = torch.tensor([0.0, 10.0]).view(2, 1, 1, 1)

        def explain(given):
            return torch.stack([given - x, given * tenfold], dim=1)

        found = max_sensitivity(explain, x, [x * 1.5])
        assert found.isnan().tolist() == [[True, True], [True, False]]
        torch.testing.assert_close(found[1, 1], torch.tensor(0.5, dtype=torch.float64), rtol=1e-12, atol=0)

    def test_it_is_the_largest_and_zero_without_a_version(self):
        x = images(2)
        versions = [x * 1.25, x * 3.0, x * 0.5]
        torch.testing.assert_close(
            max_sensitivity(lambda given: given.unsqueeze(1), x, versions),
            torch.full((2, 1), 2.0, dtype=torch.float64),
            rtol=1e-12,
            atol=0,
        )
        assert max_sensitivity(lambda given: given.unsqueeze(1), x, []).tolist() == [[0], [0]]

    def test_attribute_takes_images_outside_the_unit_range_only_unchecked(self):
        function, x = Linear(), images(2)
        net, zeros = classifier(function), torch.zeros(2, dtype=torch.int64)
        x[:, :, 0], x[:, :, 1] = 0, 1
        (version,) = uniform_noise(net, x, samples=1)
        assert float(version.min()) < 0
        assert float(version.max()) > 1
        options = {"path": ig.Straight(BASELINE), "rules": (ig.IG(),), "steps": (4,)}
        with pytest.raises(ValueError, match=r"lie in \[0, 1\].*got \[-"):
            ig.attribute(net, version, zeros, **options)
        expected = function.ig(version, torch.full_like(version, BASELINE))
        maps = ig.attribute(net, version, zeros, check=False, **options)
        torch.testing.assert_close(maps[ig.IG(), 4], expected, rtol=0, atol=1e-12)


class TestUniformNoise:
    def test_it_fills_the_radius_in_the_networks_own_space(self):
        net, x = normalised(small_network()), images(4, shape=(3, 40, 30))
        versions = list(uniform_noise(net, x, radius=0.05, samples=6))
        assert len(versions) == 6
        noise = (torch.stack(versions) - x) / torch.tensor(STD, dtype=torch.float64).view(3, 1, 1)
        for colour in noise.unbind(2):
            assert 0.0499 < float(colour.abs().max()) <= 0.05 + 1e-12
            # the standard deviation of the mean of n uniform values is radius / √(3n)
            assert float(colour.mean().abs()) < 4 * 0.05 / math.sqrt(3 * colour.numel())
            # and their mean square is radius² / 3, with a relative standard deviation of √(4 / 5n)
            assert float((colour**2).mean()) == pytest.approx(0.05**2 / 3, rel=4 * math.sqrt(0.8 / colour.numel()))

    def test_a_batch_equals_its_images_one_by_one(self):
        net, x = normalised(small_network()), images(3, shape=SIZE)
        together = list(uniform_noise(net, x, samples=2, seed=5, start=7))
        for i in range(3):
            alone = list(uniform_noise(net, x[i : i + 1], samples=2, seed=5, start=7 + i))
            assert all(torch.equal(whole[i : i + 1], one) for whole, one in zip(together, alone, strict=True))

    def test_more_samples_begin_with_the_same(self):
        net, x = normalised(small_network()), images(2, shape=SIZE)
        few, many = (list(uniform_noise(net, x, samples=samples)) for samples in (2, 5))
        assert all(torch.equal(a, b) for a, b in zip(few, many[:2], strict=True))

    def test_another_seed_image_or_sample_is_other_noise(self):
        net, x = normalised(small_network()), images(1, shape=SIZE).expand(2, *SIZE)
        versions = [v for seed in (0, 1) for start in (0, 2) for v in uniform_noise(net, x, seed=seed, start=start)]
        noise = (torch.stack(versions).flatten(0, 1) - x[0]).flatten(1)
        assert len(noise) == 2 * 2 * 10 * 2
        assert len(noise.unique(dim=0)) == len(noise)
        # independent: 3·12·10 = 360 values a row, so that correlations are about 1 / √360 = 0.05
        correlation = torch.corrcoef(noise).fill_diagonal_(0)
        assert float(correlation.abs().max()) < 0.3


class TestJpeg:
    def test_it_is_pillows_own(self, tmp_path):
        photograph = Image.fromarray(skimage.data.astronaut()[:100, :90])
        for quality in (75, 20):
            photograph.save(tmp_path / "photograph.jpg", quality=quality)
            with Image.open(tmp_path / "photograph.jpg") as expected:
                compressed = jpeg(photograph, quality=quality)
                assert np.array_equal(np.asarray(compressed), np.asarray(expected.convert("RGB")))
        assert jpeg(photograph).tobytes() == jpeg(photograph, quality=75).tobytes()

    def test_a_lower_quality_is_further_from_the_photograph(self):
        pixels = skimage.data.astronaut()[:100, :90]
        photograph = Image.fromarray(pixels)
        errors = [
            float(((np.asarray(jpeg(photograph, quality=quality)).astype(float) - pixels) ** 2).mean())
            for quality in (95, 75, 50, 25, 5)
        ]
        assert errors == sorted(set(errors))
        assert errors[0] > 0

    @pytest.mark.parametrize("mode", ["RGB", "L"])
    def test_it_returns_rgb_of_the_same_size(self, mode):
        photograph = Image.fromarray(skimage.data.astronaut()[:40, :30]).convert(mode)
        assert (jpeg(photograph).mode, jpeg(photograph).size) == ("RGB", (30, 40))

    def test_the_photograph_stays_as_it_was(self):
        photograph = Image.fromarray(skimage.data.astronaut()[:40, :30])
        before = photograph.tobytes()
        jpeg(photograph, quality=5)
        assert photograph.tobytes() == before

    def test_what_it_returns_needs_no_open_file(self):
        compressed = jpeg(Image.fromarray(skimage.data.astronaut()[:40, :30]))
        compressed.save(io.BytesIO(), "PNG")
        assert compressed.getpixel((0, 0)) == compressed.copy().getpixel((0, 0))


class TestSquaredError:
    A = torch.tensor([[1.0, 2.0], [3.0, -2.0]])  # sums to 4, magnitudes to 8
    B = torch.tensor([[2.0, 2.0], [0.0, 0.0]])  # sums to 4, magnitudes to 4

    @pytest.mark.parametrize(
        ("normalisation", "expected"),
        [
            ("raw", (1 + 0 + 9 + 4) / 4),
            ("signed sum", (1 + 0 + 9 + 4) / 16 / 4),
            ("L1", (0.375**2 + 0.25**2 + 0.375**2 + 0.25**2) / 4),
        ],
    )
    def test_by_hand(self, normalisation, expected):
        assert squared_error(self.A, self.B, normalisation=normalisation).item() == expected
        assert squared_error(self.B, self.A, normalisation=normalisation).item() == expected

    def test_the_signed_sum_takes_a_map_and_its_negative_for_the_same(self):
        expected = squared_error(self.A, self.B, normalisation="signed sum")
        assert squared_error(-self.A, self.B, normalisation="signed sum") == expected
        assert squared_error(-self.A, self.B, normalisation="L1") > squared_error(self.A, self.B, normalisation="L1")

    def test_a_map_without_a_sum_is_undefined_under_the_signed_sum_alone(self):
        a = torch.stack([self.A, torch.tensor([[1.0, 2.0], [-3.0, 0.0]])])
        b = torch.stack([self.B, self.B])
        finite = {n: squared_error(a, b, normalisation=n).isfinite().tolist() for n in NORMALISATIONS}
        assert finite == {"raw": [True, True], "signed sum": [True, False], "L1": [True, True]}

    def test_a_zero_map_is_undefined_but_raw(self):
        zero = torch.zeros(2, 2)
        for a, b in ((zero, self.B), (self.B, zero), (zero, zero)):
            assert squared_error(a, b, normalisation="raw").isfinite()
            assert squared_error(a, b, normalisation="signed sum").isnan()
            assert squared_error(a, b, normalisation="L1").isnan()

    def test_an_unknown_normalisation_is_refused(self):
        with pytest.raises(ValueError, match="normalisation is 'sum'; it must be one of raw, signed sum, L1"):
            squared_error(self.A, self.B, normalisation="sum")

    def test_scale_moves_the_raw_figure_alone(self):
        a, b = some_maps(2, 3, 6, 5), some_maps(2, 3, 6, 5, seed=1)
        for normalisation, factor in (("raw", 100), ("signed sum", 1), ("L1", 1)):
            once, ten = (squared_error(s * a, s * b, normalisation=normalisation) for s in (1, 10))
            torch.testing.assert_close(ten, factor * once, rtol=1e-12, atol=0)

    def test_maps_that_cancel_have_a_large_error_under_the_signed_sum_alone(self):
        pattern = signed_map(some_maps(3, 6, 5))
        pattern = pattern - pattern.mean()
        a, b = pattern + 1e-4, pattern * 1.01 + 1e-4  # both sum to 30 · 1e-4
        change = float((0.01**2 * pattern**2).mean())
        assert float(squared_error(a, b, normalisation="raw")) == pytest.approx(change, rel=1e-9)
        assert float(squared_error(a, b, normalisation="signed sum")) == pytest.approx(change / 3e-3**2, rel=1e-9)
        assert float(squared_error(a, b, normalisation="L1")) < change

    @pytest.mark.parametrize("normalisation", NORMALISATIONS)
    def test_every_map_has_its_own_figure_whatever_is_measured_with_it(self, normalisation):
        count = BATCH_SIZE + 3
        a, b = some_maps(count, 2, 6, 5).float(), some_maps(count, 2, 6, 5, seed=1).float()
        together = squared_error(a, b, normalisation=normalisation)
        assert together.shape == (count, 2)
        assert together.dtype == torch.float64
        for i in (0, BATCH_SIZE - 1, BATCH_SIZE, count - 1):
            for m in range(2):
                alone = squared_error(a[i, m], b[i, m], normalisation=normalisation)
                torch.testing.assert_close(together[i, m], alone, rtol=1e-13, atol=0)


class TestSpearman:
    @pytest.mark.parametrize("levels", [None, 4, 2])
    def test_equals_scipy(self, levels):
        count = BATCH_SIZE // 2 + 2
        a, b = some_maps(count, 2, 6, 5), some_maps(count, 2, 6, 5, seed=1)
        if levels:  # many ties
            a, b = ((values.sigmoid() * levels).floor() for values in (a, b + a))
        found = spearman(a, b)
        assert found.shape == (count, 2)
        for i in range(count):
            for m in range(2):
                expected = scipy.stats.spearmanr(a[i, m].flatten().numpy(), b[i, m].flatten().numpy()).statistic
                assert float(found[i, m]) == pytest.approx(float(expected), abs=1e-12)

    def test_a_constant_map_has_none(self):
        a = torch.stack([torch.full((6, 5), 0.3, dtype=torch.float64), some_maps(6, 5)])
        assert spearman(a, some_maps(2, 6, 5, seed=1)).isnan().tolist() == [True, False]
        assert spearman(some_maps(2, 6, 5, seed=1), a).isnan().tolist() == [True, False]

    def test_only_the_order_counts(self):
        a, b = some_maps(3, 6, 5), some_maps(3, 6, 5, seed=1)
        before = spearman(a, b)
        for monotone in (torch.exp, lambda v: 3 * v - 7, lambda v: v**3):
            assert torch.equal(spearman(monotone(a), monotone(b)), before)
        torch.testing.assert_close(spearman(-a, b), -before, rtol=0, atol=1e-15)

    def test_the_same_order_has_one_and_the_reverse_minus_one(self):
        a = some_maps(6, 5)
        assert float(spearman(a, a.exp())) == pytest.approx(1, abs=1e-15)
        assert float(spearman(a, -a.exp())) == pytest.approx(-1, abs=1e-15)


@pytest.mark.parametrize("compare", [lambda a, b: squared_error(a, b, normalisation="raw"), spearman])
def test_maps_of_different_shapes_are_not_compared(compare):
    with pytest.raises(ValueError, match="must have one shape"):
        compare(torch.rand(3, 2, 4, 5), torch.rand(1, 2, 4, 5))


def test_a_relative_change_is_that_of_the_whole_map():
    a = some_maps(2, 3, 4, 5)
    assert relative_change(a, a).tolist() == [[0] * 3] * 2
    assert relative_change(a, -0.5 * a).numpy() == pytest.approx(1.5)
    assert relative_change(torch.zeros(1, 2, 2), torch.ones(1, 2, 2)).isnan().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_maps_of_half_precision_are_measured_in_float64(dtype):
    a, b = some_maps(2, 3, 6, 5).to(dtype), some_maps(2, 3, 6, 5, seed=1).to(dtype)
    errors = [partial(squared_error, normalisation=name) for name in NORMALISATIONS]
    for compare in (spearman, relative_change, cosine, partial(norm_ratio, order=1), *errors):
        found = compare(a, b)
        assert found.dtype == torch.float64
        assert torch.equal(found, compare(a.double(), b.double()))


def test_a_graph_does_not_go_through_a_comparison_and_arrays_are_taken():
    a, b = some_maps(2, 3, 6, 5), some_maps(2, 3, 6, 5, seed=1)
    for compare in (spearman, relative_change, cosine, partial(squared_error, normalisation="raw")):
        found = compare(a.clone().requires_grad_(), b)
        assert not found.requires_grad
        assert torch.equal(found, compare(a.numpy(), b.numpy()))


def test_no_cosine_leaves_the_unit_interval():
    a = torch.randn(4096, 7, dtype=torch.float64, generator=generator())
    for other in (a, a * 3, -a, a / 7):
        assert float(cosine(a, other).abs().max()) <= 1
    assert cosine(a, torch.zeros_like(a)).isnan().all()


def test_what_differs_in_shape_is_not_compared_by_broadcasting():
    for compare in (cosine, partial(norm_ratio, order=2)):
        with pytest.raises(ValueError, match="must have one shape"):
            compare(torch.rand(3, 4, 5), torch.rand(1, 4, 5))


def test_one_attribution_of_each_image_is_a_column_of_sensitivity():
    x = images(2)
    one = max_sensitivity(lambda given: given**2, x, [x * 1.25])
    several = max_sensitivity(lambda given: torch.stack([given**2, given], 1), x, (x * f for f in [1.25]))
    assert one.shape == (2, 1)
    assert torch.equal(one, several[:, :1])


@pytest.mark.parametrize("shape", [(2, 5, 4, 5), (2, 4, 5), (1, 2, 3, 4, 5), (2, 2, 3, 5, 4)])
def test_maps_that_are_no_attributions_have_no_sensitivity(shape):
    with pytest.raises(ValueError, match=r"explain must return \(2, 3, 4, 5\) or .* got"):
        max_sensitivity(lambda given: torch.zeros(shape), images(2), [])

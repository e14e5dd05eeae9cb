"""Means of attributions: closed forms, limits, what they do not depend on, peers, and what is refused."""

import weakref
from unittest import mock

import numpy as np
import pytest
import torch
from captum.attr import GradientShap, IntegratedGradients, NoiseTunnel, Saliency
from scipy.stats import kstest

import igpaths as ig
from igpaths import averages
from igpaths.arguments import NotFinite
from problems import CoupledQuadratic, Exponential, Linear, SeparableQuadratic, classifier, images, small_network

TRAPEZOID = ig.IG("both")  # exact on a straight line where the gradient is linear
LARGE = (3, 12, 10)
PATHS = (ig.Straight("mean"), ig.Straight("max-distance"), ig.Blur(3.0), ig.Guided(), ig.Placed(ig.Straight()))


def same(found, expected, tolerance=1e-12):
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance, equal_nan=True)


def all_same(found, expected):
    for name in ("maps", "scores", "alphas", "completeness_gap", "alpha_star"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert ours.keys() == theirs.keys()
        for key, each in ours.items():
            same(each, theirs[key])
    same(found.broken, expected.broken)


# --- SmoothGrad ---


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_without_noise_it_is_the_attribution(path):
    net, x, rules = classifier(small_network()), images(shape=LARGE), (ig.IDGI(), ig.Left(ig.IG(), 0.5))
    expected = ig.attribute(net, x, [0, 3], path=path, rules=rules, steps=(2, 4))
    found = ig.smoothgrad(net, x, [0, 3], path=path, rules=rules, steps=(2, 4), std=0, samples=3)
    all_same(found, expected)
    assert found.evaluations == 3 * expected.evaluations


def test_on_a_line_noise_moves_the_map_by_its_mean():
    network, x = Linear(), images()
    found = ig.smoothgrad(classifier(network), x, 0, path=ig.Straight(0.1), rules=TRAPEZOID, steps=1, samples=5)
    noise = sum(averages._draw("standard_normal", averages.SMOOTHING, x, sample, 0, 0) for sample in range(5)) / 5
    same(found[TRAPEZOID], network.ig(x + 0.15 * noise, torch.full_like(x, 0.1)))
    same(found.completeness_gap[TRAPEZOID, 1], torch.zeros(2, dtype=x.dtype))


def test_the_error_falls_as_the_square_root_of_samples():
    """Of w (x + ε)² the mean is w (x² + σ²) and the variance w² (4 x² σ² + 2 σ⁴)."""
    network, x, std = SeparableQuadratic(), images(8), 0.3
    weights = network.w.view(x.shape[1:])
    expected = network.ig(x, torch.zeros_like(x)) + weights * std**2
    deviation = weights.abs() * (4 * x**2 * std**2 + 2 * std**4).sqrt()
    for samples in (4, 16, 64, 256):
        options = {"path": ig.Straight(), "rules": TRAPEZOID, "steps": 1, "std": std, "samples": samples}
        found = ig.smoothgrad(classifier(network), x, 0, batch_size=64, **options)[TRAPEZOID]
        scaled = (found - expected) / deviation * samples**0.5  # of variance 1, in 480 values
        assert float(scaled.square().mean().sqrt()) == pytest.approx(1, abs=0.12)
        assert abs(float(scaled.mean())) < 0.15


def test_noise_depends_on_the_seed_and_the_images_number_alone():
    net, x = classifier(small_network()), images(4, shape=LARGE)
    options = {"path": ig.Straight(), "rules": TRAPEZOID, "steps": 2, "samples": 3}
    whole = ig.smoothgrad(net, x, 1, seed=5, **options)[TRAPEZOID]
    for size in (1, 3):
        same(ig.smoothgrad(net, x, 1, seed=5, batch_size=size, **options)[TRAPEZOID], whole)
    same(ig.smoothgrad(net, x[2:], 1, seed=5, start=2, **options)[TRAPEZOID], whole[2:])
    same(ig.smoothgrad(net, x.float(), 1, seed=5, **options)[TRAPEZOID], whole, 1e-6)
    for other in (ig.smoothgrad(net, x, 1, seed=6, **options), ig.smoothgrad(net, x, 1, seed=5, start=1, **options)):
        assert float((other[TRAPEZOID] - whole).norm() / whole.norm()) > 0.01
    alike = ig.smoothgrad(net, x[:1].expand(2, -1, -1, -1), 1, **options)[TRAPEZOID]
    assert float((alike[0] - alike[1]).norm() / alike.norm()) > 0.01


@pytest.mark.parametrize("kind", ["gradient", "path"])
def test_it_equals_captum_with_the_same_noise(kind):
    network, x, targets, samples = small_network(), images(shape=LARGE), torch.tensor([0, 3]), 4
    drawn = [averages._draw("standard_normal", averages.SMOOTHING, x, sample, 0, 0) for sample in range(samples)]
    noisy = torch.stack([x + 0.15 * noise for noise in drawn], dim=1).flatten(0, 1)
    peer = NoiseTunnel(Saliency(network) if kind == "gradient" else IntegratedGradients(network))
    more = {"abs": False} if kind == "gradient" else {"n_steps": 8, "method": "riemann_left"}
    with mock.patch.object(NoiseTunnel, "_add_noise_to_input", return_value=noisy.clone()):
        theirs = peer.attribute(x, nt_type="smoothgrad", nt_samples=samples, stdevs=0.15, target=targets, **more)
    rule = ig.Gradient() if kind == "gradient" else ig.IG("start")
    options = {"path": ig.Straight(), "rules": rule, "steps": 8, "samples": samples}
    same(ig.smoothgrad(classifier(network), x, targets, **options)[rule], theirs.detach(), 1e-9)


def test_images_and_baselines_are_in_range_unless_any_is_taken():
    net, x = classifier(small_network()), images(shape=LARGE)
    options = {"rules": TRAPEZOID, "steps": 2, "samples": 1}
    with pytest.raises(ValueError, match=r"images must lie in \[0, 1\] before they get noise"):
        ig.smoothgrad(net, 2 * x, 0, path=ig.Straight(), **options)
    with pytest.raises(ValueError, match=r"the baseline must lie in \[0, 1\]"):
        ig.smoothgrad(net, x, 0, path=ig.Straight(-1.0), **options)
    assert ig.smoothgrad(net, 2 * x, 0, path=ig.Straight(-1.0), check=False, **options)[TRAPEZOID].isfinite().all()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"std": -0.1}, "std must be 0 or more and finite, got -0.1"),
        ({"std": float("nan")}, "std must be 0 or more and finite, got nan"),
        ({"std": "wide"}, "std must be 0 or more and finite, got 'wide'"),
        ({"samples": 0}, "samples must be 1 or more, a whole number, got 0"),
        ({"samples": 1.5}, "samples must be 1 or more, a whole number, got 1.5"),
        ({"path": "straight"}, "path is 'straight'; it must be a path"),
        ({"rules": "ig"}, "rules has 'ig'"),
    ],
)
def test_bad_choices_are_refused(choice, message):
    options = {"path": ig.Straight(), "rules": TRAPEZOID, "steps": 2, **choice}
    with pytest.raises(ValueError, match=message):
        ig.smoothgrad(classifier(small_network()), images(shape=LARGE), 0, **options)


# --- Expected Gradients ---


@pytest.mark.parametrize("problem", [Linear, SeparableQuadratic, CoupledQuadratic])
@pytest.mark.parametrize("shape", [(5, 3, 4, 5), (5, 2, 3, 4, 5)], ids=["for all", "for each"])
def test_it_is_the_mean_of_closed_forms(problem, shape):
    network, x = problem(), images()
    references = torch.rand(shape, dtype=x.dtype, generator=torch.Generator().manual_seed(3))
    found = ig.expected_gradients(classifier(network), x, 0, references=references, steps=1)
    expected = sum(network.ig(x, reference.expand(x.shape)) for reference in references) / 5
    same(found[TRAPEZOID], expected)
    assert found.evaluations == 5 * 2
    for size in (1, 3):  # of which each cuts the references of its images
        again = ig.expected_gradients(classifier(network), x, 0, references=references, steps=1, batch_size=size)
        same(again[TRAPEZOID], expected)


def test_its_gap_is_to_the_mean_score_of_the_references():
    network, x, rules = Exponential(), images(), (ig.IG("start"), TRAPEZOID, ig.IDGI())
    net, references = classifier(network), ig.uniform_references(x, samples=3)
    found = ig.expected_gradients(net, x, 0, references=references, rules=rules, steps=(4, 8))
    change = net.scores(x, 0) - sum(net.scores(reference, 0) for reference in references) / 3
    for key, gap in found.completeness_gap.items():
        same(gap, found[key].sum((1, 2, 3)) - change)
    same(found.completeness_gap[ig.IDGI(), 8], torch.zeros(2, dtype=x.dtype))
    assert float(found.completeness_gap[ig.IG("start"), 8].abs().min()) > 0.01
    assert found.evaluations == 3 * 9


def test_one_reference_is_one_baseline():
    net, x, rules = classifier(small_network()), images(shape=LARGE), (ig.IDGI(), ig.Right(TRAPEZOID, 0.5))
    expected = ig.attribute(net, x, 2, path=ig.Straight("white"), rules=rules, steps=4)
    found = ig.expected_gradients(net, x, 2, references=torch.ones(1, *LARGE), rules=rules, steps=4)
    all_same(found, expected)
    assert repr(found) == repr(expected)


def test_gradient_shap_comes_to_it():
    """Captum draws one point of one line at a time: its error is the tenth with a hundred times the samples."""
    network, x = CoupledQuadratic(), images()
    references = ig.uniform_references(x, samples=6)[:, 0]
    ours = ig.expected_gradients(classifier(network), x, 0, references=references, steps=1)[TRAPEZOID]
    errors = []
    for samples in (200, 20_000):
        np.random.seed(0)  # noqa: NPY002, which Captum draws from
        theirs = GradientShap(network).attribute(x, references, n_samples=samples, stdevs=0.0, target=0)
        errors.append(float((theirs - ours).norm() / ours.norm()))
    assert errors[1] < 0.02
    assert 5 < errors[0] / errors[1] < 20


def test_alpha_star_is_undefined_where_it_is_so_for_any_reference():
    network, x, left = Linear(), images(), ig.Left(TRAPEZOID, 0.5)
    rising, falling = (x - sign * 0.1 * network.w.view(x.shape[1:]).sign() for sign in (1, -1))
    options = {"rules": left, "steps": 4}
    net = classifier(network)
    found = ig.expected_gradients(net, x, 0, references=torch.stack([rising, rising]), **options)
    alone = ig.attribute(net, x, 0, path=ig.Straight(rising), **options)
    same(found.alpha_star[left, 4], alone.alpha_star[left, 4])
    assert found.alpha_star[left, 4].isfinite().all()
    mixed = ig.expected_gradients(net, x, 0, references=torch.stack([rising, falling]), **options)
    assert mixed.alpha_star[left, 4].isnan().all()


def test_the_first_point_that_is_not_finite_is_kept():
    def score(logits, targets):  # NaN for one grey
        return torch.where((logits[:, 0] - 0.6).abs() < 0.01, torch.nan, logits[:, 0])

    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Conv2d(3, 1, 1), torch.nn.Flatten()).double()
    torch.nn.init.constant_(network[1].weight, 1 / 3)
    torch.nn.init.zeros_(network[1].bias)
    net = ig.Classifier(network, mean=(0,) * 3, std=(1,) * 3, output=score)
    x = torch.full((2, 3, 4, 4), 0.8, dtype=torch.float64)
    references = torch.tensor([0.5, 0.0, 0.6]).double().view(3, 1, 1, 1, 1).expand(3, *x.shape).clone()
    references[:, 1] = 0.5
    with pytest.warns(NotFinite, match="image 0 is not finite at α = 0"):
        found = ig.expected_gradients(net, x, None, references=references, steps=4)
    same(found.broken, torch.tensor([0.75, torch.nan]).double())
    assert found.scores[4].isnan().tolist() == [[True, False, False, True, False], [False] * 5]


@pytest.mark.parametrize(
    ("references", "given"),
    [
        (torch.zeros(3, 4, 5), r"got \(3, 4, 5\)"),
        (torch.zeros(0, 3, 4, 5), r"got \(0, 3, 4, 5\)"),
        (torch.zeros(2, 3, 3, 4, 5), r"got \(2, 3, 3, 4, 5\)"),
        (torch.zeros(2, 1, 4, 5), r"got \(2, 1, 4, 5\)"),
        (torch.tensor(0.5), r"got \(\)"),
        ("black", "got str"),
        (np.zeros((2, 3, 4, 5)), "got ndarray"),
    ],
)
def test_bad_references_are_refused(references, given):
    wanted = r"references must be a tensor \(R, 3, 4, 5\) or \(R, 2, 3, 4, 5\) of R baselines, " + given
    with pytest.raises(ValueError, match=wanted):
        ig.expected_gradients(classifier(Linear()), images(), 0, references=references)


def test_references_are_in_range_unless_any_is_taken():
    net, x, references = classifier(Linear()), images(), torch.full((1, 3, 4, 5), -1.0)
    with pytest.raises(ValueError, match=r"the baseline must lie in \[0, 1\]"):
        ig.expected_gradients(net, x, 0, references=references)
    found = ig.expected_gradients(net, x, 0, references=references, check=False)
    same(found[TRAPEZOID], Linear().ig(x, torch.full_like(x, -1.0)))


# --- references ---


def test_gaussian_references_lie_around_the_image_within_the_range():
    x = images(3)
    near = ig.gaussian_references(x, std=0.01, samples=4)
    assert near.shape == (4, *x.shape)
    assert near.dtype == x.dtype
    assert kstest(((near - x) / 0.01).flatten().numpy(), "norm").pvalue > 0.05
    wide = ig.gaussian_references(x, std=5.0, samples=4)
    assert wide.unique().tolist()[:: len(wide.unique()) - 1] == [0, 1]
    assert torch.equal(ig.gaussian_references(x, std=0, samples=1)[0], x)


def test_uniform_references_are_uniform():
    drawn = ig.uniform_references(images(3), samples=4)
    assert drawn.shape == (4, 3, 3, 4, 5)
    assert kstest(drawn.flatten().numpy(), "uniform").pvalue > 0.05


@pytest.mark.parametrize(
    "draw",
    [lambda x, **o: ig.gaussian_references(x, std=0.1, **o) - x, ig.uniform_references],
    ids=["gaussian", "uniform"],
)
def test_references_depend_on_the_seed_the_sample_and_the_images_number_alone(draw):
    x = 0.3 + 0.4 * images(4)
    whole = draw(x, samples=3, seed=2)
    same(draw(x[2:], samples=2, seed=2, start=2), whole[:2, 2:])
    assert len(whole.flatten(2).sum(2).unique()) == 12
    assert float((draw(x, samples=3, seed=3) - whole).abs().max()) > 0.01


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ig.gaussian_references(images(), std=-1, samples=2), "std must be 0 or more and finite, got -1"),
        (lambda: ig.gaussian_references(images()[0], std=1, samples=2), "images must have 4 axes or more"),
        (lambda: ig.gaussian_references(images(), std=1, samples=0), "samples must be 1 or more"),
        (lambda: ig.uniform_references(images(), samples=True), "samples must be 1 or more, a whole number, got True"),
        (lambda: ig.uniform_references("black", samples=2), "images must be a tensor or an array, got str"),
    ],
)
def test_bad_draws_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# --- the mean of any ---


def test_two_are_held_at_a_time():
    seen = []

    def walks():
        for level in (0.1, 0.2, 0.3, 0.4):
            one = ig.attribute(classifier(Linear()), images(), 0, path=ig.Straight(level), rules=TRAPEZOID, steps=1)
            seen.append(weakref.ref(one))
            assert sum(each() is not None for each in seen) <= 2
            yield one
            del one

    same(averages._mean(walks())[TRAPEZOID], Linear().ig(images(), torch.full_like(images(), 0.25)))
    assert len(seen) == 4

"""The paths: baselines, the Gaussian blur against SciPy, steps that add up, and their errors."""

import itertools

import pytest
import torch
from scipy import ndimage

import igpaths as ig
from igpaths.gaussian import blur, blurring
from igpaths.models import load_model
from igpaths.paths import resolve_baseline
from igstudy.tasks import objects
from problems import BASELINE, Constant, Ramp, classifier, images, small_network

SHAPE = (3, 21, 13)


@pytest.mark.parametrize("padding", ["reflect", "zero"])
@pytest.mark.parametrize("sigma", [0.0, 0.01, 0.3, 1.0, 2.625, 7.0, 50.0])
def test_blur_agrees_with_scipy(padding, sigma):
    x = images(shape=SHAPE)
    options = {"reflect": {"mode": "reflect", "truncate": 8}, "zero": {"mode": "constant", "truncate": 4}}[padding]
    expected = ndimage.gaussian_filter(x.numpy(), [0, 0, sigma, sigma], **options)
    torch.testing.assert_close(blur(x, sigma, padding=padding), torch.from_numpy(expected), rtol=0, atol=1e-12)


def test_a_constant_image_stays_constant_under_reflection():
    x = torch.full((1, 3, 9, 30), 0.7, dtype=torch.float64)
    torch.testing.assert_close(blur(x, 12.0), x, rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", [ig.Straight("black"), ig.Blur(4.0), ig.Guided("white")], ids=str)
def test_the_steps_of_a_path_lead_from_the_baseline_to_the_input(path):
    net, x = classifier(small_network()), images(shape=SHAPE)
    segments = list(ig.walk(net, x, torch.tensor([0, 1]), path=path, steps=(4,)))
    assert [s.end.alpha.tolist() for s in segments] == [[0.25] * 2, [0.5] * 2, [0.75] * 2, [1] * 2]
    torch.testing.assert_close(segments[0].start.x, path.start(net, x))
    torch.testing.assert_close(segments[-1].end.x, x, rtol=0, atol=0)
    for at in ("start", "end"):
        total = sum(s.step(at) for s in segments)
        torch.testing.assert_close(total, x - segments[0].start.x, rtol=0, atol=1e-12)


def test_the_blur_path_sharpens_evenly():
    net, x = classifier(small_network()), images(shape=SHAPE)
    for segment in ig.walk(net, x, torch.tensor([0, 1]), path=ig.Blur(8.0), steps=(4,)):
        torch.testing.assert_close(segment.end.x, blur(x, 8 * (1 - float(segment.end.alpha[0]))), rtol=0, atol=1e-12)


def test_the_tangent_tends_to_the_difference():
    net, x = classifier(small_network()), images(shape=SHAPE)
    path = ig.Blur(4.0, increment="tangent")
    middle = list(ig.walk(net, x, torch.tensor([0, 1]), path=path, steps=(256,)))[100]
    expected = middle.end.x - middle.start.x
    assert float((middle.step("end") - expected).norm() / expected.norm()) < 0.02


def test_the_tangent_loses_the_last_step():
    net, x = classifier(small_network()), images(shape=SHAPE)
    path = ig.Blur(4.0, increment="tangent")
    *_, last = ig.walk(net, x, torch.tensor([0, 1]), path=path, steps=(4,))
    assert float(last.step("end").abs().max()) == 0  # dx/dσ at σ = 0
    assert float((last.end.x - last.start.x).abs().max()) > 0.1


# --- points placed where the score moves ---


def walked(path, network=None, steps=(8,), x=None):
    x = images() if x is None else x
    rules = (ig.IG("start"), ig.IG("both"), ig.IDGI())
    return ig.attribute(classifier(network or Ramp()), x, [0] * len(x), path=path, rules=rules, steps=steps)


@pytest.mark.parametrize("path", [ig.Straight(BASELINE), ig.Blur(4.0)], ids=str)
def test_without_a_share_the_points_are_the_path_s_own(path):
    placed, uniform = walked(ig.Placed(path, share=0)), walked(path)
    torch.testing.assert_close(placed.alphas[8], uniform.alphas[8], rtol=0, atol=1e-12)
    for key, expected in uniform.maps.items():
        torch.testing.assert_close(placed[key], expected, rtol=0, atol=1e-10)


def test_a_score_that_does_not_move_leaves_the_points_even():
    placed = walked(ig.Placed(ig.Straight(BASELINE)), Constant())
    torch.testing.assert_close(placed.alphas[8], torch.arange(9).double().expand(2, -1) / 8, rtol=0, atol=1e-12)


def test_every_segment_has_an_equal_part_of_the_root_of_the_slope():
    x, fine = images(1), torch.linspace(0, 1, 100001, dtype=torch.float64)
    placed = walked(ig.Placed(ig.Straight(BASELINE), pilot=2000, share=0.999), x=x)
    along = BASELINE + fine.view(-1, 1) * (x.flatten(1) - BASELINE)
    below = (Ramp().f(along).diff().abs()).sqrt().cumsum(0)
    at = (placed.alphas[8][0, 1:] * 100000).round().long() - 1
    parts = torch.cat([torch.zeros(1), below[at] / below[-1]]).diff()
    torch.testing.assert_close(parts, torch.full_like(parts, 1 / 8), rtol=0, atol=0.002)


@pytest.mark.parametrize(("path", "even"), [(ig.Straight(), 64), (ig.Blur(), 128)], ids=["straight", "blur"])
def test_on_a_trained_network_fewer_points_do(path, even):
    net = load_model("objects/resnet").classifier(output="probability")
    scenes, rules = objects.batch(range(4)), (ig.IG("both"), ig.IDGI())
    # Of 256 points the even ones are a part, which flatters them
    fine = ig.attribute(net, scenes.images, scenes.targets, path=path, rules=rules, steps=(even, 256))
    placed = ig.attribute(net, scenes.images, scenes.targets, path=ig.Placed(path), rules=rules, steps=(32,))
    for rule in rules:
        errors = [(maps[rule, n] - fine[rule, 256]).flatten(1).norm(dim=1) for maps, n in ((placed, 32), (fine, even))]
        assert float(errors[0].mean()) < float(errors[1].mean())


def test_coarse_steps_are_every_second_point_of_the_fine_ones():
    placed = walked(ig.Placed(ig.Straight(BASELINE)), steps=(4, 8))
    torch.testing.assert_close(placed.alphas[4], placed.alphas[8][:, ::2], rtol=0, atol=0)
    assert float((placed.alphas[8].diff(dim=1)).min()) > 0


def test_each_image_has_points_of_its_own():
    x = images(3)
    together = walked(ig.Placed(ig.Blur(4.0)), small_network(), x=x)
    assert len({tuple(row) for row in together.alphas[8].tolist()}) == 3
    for i in range(3):
        alone = walked(ig.Placed(ig.Blur(4.0)), small_network(), x=x[i : i + 1])
        for key, expected in alone.maps.items():
            torch.testing.assert_close(together[key][i : i + 1], expected, rtol=0, atol=1e-10)


def test_guided_chooses_by_the_gradients_of_the_units_that_it_is_told():
    network, x = small_network(), images(shape=SHAPE)
    nets = [ig.Classifier(network, mean=(0, 0, 0), std=std, output="logit") for std in ((1, 1, 1), (0.2, 0.2, 0.2))]
    uneven = ig.Classifier(network, mean=(0, 0, 0), std=(0.05, 0.2, 1), output="logit")
    for net, same in ((nets[0], True), (nets[1], True), (uneven, False)):  # a common factor changes no order
        ends = [
            [segment.end.x for segment in ig.walk(net, x, torch.tensor([0, 1]), path=path, steps=(4,))]
            for path in (ig.Guided(max_distance=1.0), ig.Guided(max_distance=1.0, units="normalised"))
        ]
        assert all(torch.allclose(a, b, rtol=0, atol=1e-9) for a, b in zip(*ends, strict=True)) == same


@pytest.mark.parametrize("padding", ["reflect", "zero"])
def test_many_gaussians_at_once_are_each_alone(padding):
    x = images(2, shape=SHAPE)
    sigmas = torch.tensor([[0.0, 0.05], [1.5, 6.0], [30.0, 0.7]], dtype=torch.float64)
    together = blurring(x, padding=padding)(sigmas)
    for k, i in itertools.product(range(3), range(2)):
        alone = blur(x[i : i + 1], float(sigmas[k, i]), padding=padding)
        torch.testing.assert_close(together[k, i : i + 1], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("baseline", "colour"),
    [
        ("black", (0, 0, 0)),
        ("white", (1, 1, 1)),
        ("mean", (0.485, 0.456, 0.406)),
        (0.25, (0.25, 0.25, 0.25)),
        ((0.1, 0.2, 0.3), (0.1, 0.2, 0.3)),
        (torch.full((3, 21, 13), 0.5), (0.5, 0.5, 0.5)),
    ],
)
def test_baselines(baseline, colour):
    net = ig.Classifier(small_network(), mean=(0.485, 0.456, 0.406), std=(1, 1, 1), output="logit")
    x = images(shape=SHAPE)
    expected = torch.tensor(colour, dtype=x.dtype).view(3, 1, 1).expand(x.shape)
    torch.testing.assert_close(resolve_baseline(baseline, net, x), expected, rtol=0, atol=1e-7)


def test_the_blur_baseline_is_the_blurred_input():
    x = images(shape=SHAPE)
    torch.testing.assert_close(resolve_baseline("blur", classifier(small_network()), x), blur(x, 50.0))


def test_the_max_distance_baseline_is_the_farthest_corner_in_l1():
    net, x = classifier(small_network()), images(shape=SHAPE)
    x[0, 0, 0, :3] = torch.tensor([0.5, 0.0, 1.0])
    found = resolve_baseline("max-distance", net, x)
    assert found[0, 0, 0, :3].tolist() == [0, 1, 0]
    torch.testing.assert_close((x - found).abs(), torch.maximum(x, 1 - x), rtol=0, atol=0)
    for other in ("black", "white", "mean", "blur", torch.rand(x.shape, dtype=x.dtype)):
        nearer = (x - resolve_baseline(other, net, x)).abs()
        assert bool((nearer <= (x - found).abs() + 1e-12).all())
    assert torch.equal(resolve_baseline("max-distance", net, 4 * x - 2).unique(), torch.tensor([0.0, 1.0]).to(x))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ig.Blur(0), "max_sigma must be positive and finite, got 0"),
        (lambda: ig.Blur(increment="secant"), "increment is 'secant'; it must be one of difference, tangent"),
        (lambda: ig.Blur(padding="wrap"), "padding is 'wrap'; it must be one of reflect, zero"),
        (
            lambda: ig.Placed(ig.Guided()),
            r"path must be one whose points are known beforehand.*got Guided\(",
        ),
        (lambda: ig.Guided(units="colours"), "units is 'colours'; it must be one of pixels, normalised"),
        (lambda: ig.Placed(ig.Blur(), pilot=1), "pilot must be 2 or more, a whole number, got 1"),
        (lambda: ig.Placed(ig.Blur(), share=1), r"share must be in \[0, 1\), got 1"),
        (lambda: ig.Guided(fraction=0), r"fraction must be in \(0, 1\], got 0"),
        (lambda: ig.Guided(max_distance=1.5), r"max_distance must be in \[0, 1\], got 1.5"),
    ],
)
def test_bad_paths_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        ("grey", "baseline is 'grey'; it must be one of black, white, mean, blur, max-distance"),
        (torch.zeros(3, 5, 5), r"shape \(3, 5, 5\) does not broadcast to the images' shape \(2, 3, 21, 13\)"),
    ],
)
def test_bad_baselines_are_refused(baseline, message):
    with pytest.raises(ValueError, match=message):
        resolve_baseline(baseline, classifier(small_network()), images(shape=SHAPE))

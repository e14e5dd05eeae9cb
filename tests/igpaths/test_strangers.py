"""What strangers' networks do to a result: graphs that are cut, scores that are not finite, half precision."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

import igpaths as ig
from igpaths import metrics, plots
from igpaths.gaussian import blur
from modified import CLASSES, Wrapped, build, small

PATHS = (ig.Straight(), ig.Guided(), ig.Blur(6.0), ig.Placed(ig.Straight()))
RULES = (ig.IG("both"), ig.IDGI(), ig.Left(ig.IG(), 0.9))


def images(count=2, size=24, seed=1):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


def classify(network, output="probability", **options):
    return ig.Classifier(network, mean=(0.5,) * 3, std=(0.25,) * 3, output=output, **options)


def attribute(net, x=None, targets=1, *, path=PATHS[0], rules=RULES, steps=8, **options):
    return ig.attribute(net, images() if x is None else x, targets, path=path, rules=rules, steps=steps, **options)


def wrapped(**how):
    return classify(build(lambda: Wrapped(**how)))


# --- a gradient that is missing is no zero gradient ---


class Cut(nn.Module):
    """Cuts its graph: before its layers, between them, or after."""

    def __init__(self, how):
        super().__init__()
        self.body, self.how = small(), how

    def forward(self, x):
        match self.how:
            case "no_grad":
                with torch.no_grad():
                    return self.body(x)
            case "inference_mode":
                with torch.inference_mode():
                    return self.body(x)
            case "detached input":
                return self.body(x.detach())
            case "detached output":
                return self.body(x).detach()
            case "numpy":
                return self.body(torch.from_numpy(x.detach().numpy()))
            case "frozen backbone":
                with torch.no_grad():
                    features = self.body[:-1](x)
                return self.body[-1](features)
            case "rounded to 8 bits":
                return self.body((x * 255).round() / 255)
            case "whole numbers":
                return self.body((x * 255).long().float())
            case "own leaf":
                z = self.body(x).detach()
                return z * torch.ones(CLASSES, requires_grad=True)
            case "new tensor":
                return torch.tensor(self.body(x).tolist())
            case "decision":
                bright = (x.amax((1, 2, 3)) > 1).long()
                return functional.one_hot(bright, CLASSES).float()
            case "whole logits":
                return (100 * self.body(x)).long()


CUTS = (
    "no_grad",
    "inference_mode",
    "detached input",
    "detached output",
    "numpy",
    "frozen backbone",
    "rounded to 8 bits",
    "whole numbers",
    "own leaf",
    "new tensor",
    "decision",
    "whole logits",
)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: type(path).__name__)
@pytest.mark.parametrize("how", CUTS)
def test_a_cut_graph_is_an_error_where_the_score_changes(how, path):
    net = classify(build(lambda: Cut(how)))
    with pytest.raises(ValueError, match=r"(?i)no gradient|gradient.* zero") as caught:
        attribute(net, path=path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "rule", [ig.IG(), ig.IDGI(), ig.IDG(), ig.TotalVariation(), ig.Gradient(), ig.SquaredGradients()], ids=str
)
def test_a_cut_graph_is_an_error_for_every_rule(rule):
    with pytest.raises(ValueError, match=r"(?i)no gradient"):
        attribute(classify(build(lambda: Cut("no_grad"))), rules=rule, steps=1)


def test_a_cut_graph_is_an_error_for_who_reads_the_walk_too():
    net = classify(build(lambda: Cut("frozen backbone")))
    with pytest.raises(ValueError, match=r"(?i)no gradient"):
        list(ig.walk(net, images(), 1, path=ig.Straight(), steps=4))


def test_a_score_of_ones_own_that_cuts_the_graph():
    net = classify(build(small), output=lambda logits, targets: logits.detach()[:, 0])
    with pytest.raises(ValueError, match=r"(?i)no gradient"):
        attribute(net)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: type(path).__name__)
def test_a_constant_score_has_zeros(path):
    class Fixed(nn.Module):
        def forward(self, x):
            return torch.tensor([[0.0, 1.0]]).expand(len(x), -1)

    maps = attribute(classify(Fixed()), path=path)
    assert all(float(values.abs().max()) == 0 for values in maps.maps.values())


def test_an_image_that_is_its_baseline_has_zeros_beside_one_that_is_not():
    x = images()
    maps = attribute(classify(build(small)), x, path=ig.Straight(torch.stack([x[0], 0 * x[1]])))
    assert float(maps[RULES[0]][0].abs().max()) == 0
    assert float(maps[RULES[0]][1].abs().max()) > 0


def test_images_and_networks_of_inference_mode():
    expected = attribute(classify(build(small)))
    with torch.inference_mode():
        x, network = images(), build(small)
    for maps in (attribute(classify(network)), attribute(classify(build(small)), x), attribute(classify(network), x)):
        assert all(torch.equal(maps.maps[key], expected.maps[key]) for key in expected.maps)


# --- scores and gradients that are not finite ---

ODD = {
    "contrast": lambda x: x / x.std((1, 2, 3), keepdim=True),
    "logarithm": lambda x: torch.log(x - x.amin((1, 2, 3), keepdim=True)),
}


@pytest.mark.parametrize(
    ("how", "path"), [("logarithm", path) for path in PATHS] + [("contrast", PATHS[0]), ("contrast", PATHS[1])], ids=str
)
def test_what_is_not_finite_is_warned_of_with_image_and_alpha(how, path):
    with pytest.warns(UserWarning, match=r"image.* 0.*α|α.*image.* 0") as caught:
        attribute(wrapped(before=ODD[how]), path=path)
    assert all("\n" not in str(each.message) for each in caught)


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_the_one_image_and_the_one_alpha_that_are_not_finite_are_named(batch_size):
    """The third image is not finite at its brightest point but one."""
    x = images(4) / 2
    x[2] = 0.8

    def burn(z):
        middle = (z.mean((1, 2, 3), keepdim=True) - (0.6 - 0.5) / 0.25).abs() < 1e-3
        return z + torch.where(middle, torch.nan, 0.0)

    net = wrapped(before=burn)
    with pytest.warns(UserWarning, match=r"image 2 .*α = 0\.75") as caught:
        maps = attribute(net, x, steps=4, batch_size=batch_size)
    assert len(caught) == 1
    assert [bool(each.isfinite().all()) for each in maps[RULES[0]]] == [True, True, False, True]


@pytest.mark.parametrize("batch_size", [1, 16])
def test_a_gradient_alone_that_is_not_finite_is_named_too(batch_size):
    """|z − .5|^½ has a score at z = .5, and no gradient."""

    class Score(nn.Module):
        def forward(self, z):
            root = (z - 0.5).abs().sqrt().mean((1, 2, 3))
            return torch.stack([root, 0 * root], 1)

    x = images(3) / 2 + 0.2
    x[1] = 0.625  # at which the normalised pixels are exactly 0.5
    with pytest.warns(UserWarning, match=r"image.* 1.*α = 1|α = 1.*image.* 1"):
        attribute(classify(Score()), x, 0, steps=4, batch_size=batch_size)


def test_a_finite_walk_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        attribute(classify(build(small)))


def test_a_picture_is_drawn_of_what_is_finite():
    network = build(lambda: Wrapped(before=ODD["logarithm"]))
    model = ig.Model("odd", network, (0.5,) * 3, (0.25,) * 3, prepare=lambda photograph: images()[0])
    with pytest.warns(UserWarning, match="image 0"):
        explanation = ig.explain(images()[0], model=model, rules=("ig", "idgi"), steps=4, target=1)
    explanation.picture().canvas.draw()
    assert "not finite" in repr(explanation)


@pytest.mark.filterwarnings("ignore:Matplotlib is currently using agg")
def test_maps_that_are_not_finite_can_be_shown_and_are_refused_by_metrics():
    from matplotlib.figure import Figure

    x, bad = images(), torch.full((3, 24, 24), torch.nan)
    for show in (plots.show_signed, plots.show_absolute):
        show(Figure().subplots(), bad)
        show(Figure().subplots(), torch.where(x[0] > 0.5, bad, x[0]))
    plots.show_over(Figure().subplots(), x[0], bad)
    with pytest.raises(ValueError, match=r"maps must be finite.*map \(1, 0\)"):
        metrics.insertion(classify(build(small)), x, 1, torch.stack([x[:1, 0], bad[:1]]))


# --- half precision ---


def test_small_gradients_of_a_half_network_do_not_vanish():
    def faint():
        network = small()
        with torch.no_grad():
            network[-1].weight.mul_(1e-3)
        return network.half()

    maps, full = attribute(classify(build(faint))), attribute(classify(build(faint).float()))
    for key, values in full.maps.items():
        assert maps.maps[key].dtype == torch.float32
        torch.testing.assert_close(maps.maps[key], values, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_images_and_half_maps(dtype):
    net, x = classify(build(small)), images()
    half = x.to(dtype)
    maps, full = attribute(net, half), attribute(net, half.float())
    assert all(torch.equal(maps.maps[key], full.maps[key]) for key in full.maps)
    assert torch.equal(blur(half, 2.0).float(), blur(half.float(), 2.0))
    large = images(size=165).to(dtype)
    torch.testing.assert_close(
        metrics.ms_ssim(large, large * 0.9).float(), metrics.ms_ssim(large.float(), (large * 0.9).float())
    )
    ranking = x.mean(1, keepdim=True).to(dtype)
    assert torch.equal(
        metrics.insertion(net, x, 1, ranking).probability, metrics.insertion(net, x, 1, ranking.float()).probability
    )
    whole = metrics.spearman(ranking.float(), x[:, :1])
    assert torch.equal(metrics.spearman(ranking, x[:, :1].float()), whole)
    assert bool(metrics.roc_auc(ranking, x[:, 0] > 0.5).isfinite().all())

"""What `attribute` takes and gives beside the sums, which are tested with the walk: scores of one's own, any number of
channels, rules and paths of one's own, and the result's readings."""

import pickle
from dataclasses import dataclass

import pytest
import torch
from torch import nn

import igpaths as ig
from igpaths import metrics
from igpaths.paths import Along
from problems import classifier, images, small_network

SHAPE = (3, 12, 10)
PATHS = (ig.Straight(), ig.Blur(3.0), ig.Guided(), ig.Placed(ig.Straight()))


def network(channels=3, classes=5):
    """A smooth network of any number of channels, in float64."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(channels, 6, 3), nn.Softplus(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, classes)]
    return nn.Sequential(*layers).double()


def margin(logits, targets):
    """How far the target's logit is above the mean of the others."""
    own = logits.gather(1, targets[:, None])[:, 0]
    return own - (logits.sum(1) - own) / (logits.shape[1] - 1)


# --- scores of one's own ---


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_a_margin_telescopes(path):
    net = ig.Classifier(small_network(), mean=(0, 0, 0), std=(1, 1, 1), output=margin)
    x, targets = images(shape=SHAPE), [1, 3]
    maps = ig.attribute(net, x, targets, path=path, rules=ig.IDGI(), steps=8)
    logits = net.logits(torch.stack([*x, *path.start(net, x)]))
    change = margin(logits[:2], torch.tensor(targets)) - margin(logits[2:], torch.tensor(targets))
    torch.testing.assert_close(maps[ig.IDGI()].sum((1, 2, 3)), change, rtol=0, atol=1e-12)


def test_a_margin_is_a_sum_of_logits():
    x, rule = images(shape=SHAPE), ig.IG("both")
    ours = ig.Classifier(small_network(), mean=(0, 0, 0), std=(1, 1, 1), output=margin)
    of = [
        ig.attribute(classifier(small_network()), x, c, path=ig.Straight(), rules=rule, steps=4)[rule] for c in range(5)
    ]
    expected = of[2] - (sum(of) - of[2]) / 4
    found = ig.attribute(ours, x, 2, path=ig.Straight(), rules=rule, steps=4)[rule]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_a_regression_needs_no_targets():
    regression = nn.Sequential(nn.Flatten(), nn.Linear(360, 1)).double()
    net = ig.Classifier(regression, mean=(0, 0, 0), std=(1, 1, 1), output=lambda value, targets: value[:, 0])
    x = images(shape=SHAPE)
    maps = ig.attribute(net, x, None, path=ig.Straight("black"), rules=ig.IG(), steps=1)
    torch.testing.assert_close(maps[ig.IG()], x * regression[1].weight.view(1, *SHAPE), rtol=0, atol=1e-12)


def test_a_map_of_scores_can_be_explained():
    segmentation = nn.Conv2d(3, 2, 3, padding=1).double()
    net = ig.Classifier(segmentation, mean=(0, 0, 0), std=(1, 1, 1), output=lambda z, t: z[:, 1].mean((1, 2)))
    maps = ig.attribute(net, images(shape=SHAPE), None, path=ig.Blur(3.0), rules=ig.IG("both"), steps=4)
    assert float(maps.completeness_gap[ig.IG("both"), 4].abs().max()) < 1e-12  # it is linear


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda z, t: z, r"output must return one score for each of the 4 images, not \(4, 5\)"),
        (lambda z, t: z.argmax(1), r"one score for each of the 4 images, not \(4,\) of torch.int64"),
        (lambda z, t: 1.0, "not float"),
        (lambda z, t: z[:, 0].detach(), "no gradient leads from the score back to the image"),
    ],
)
def test_bad_scores_are_refused(output, message):
    net = ig.Classifier(small_network(), mean=(0, 0, 0), std=(1, 1, 1), output=output)
    with pytest.raises(ValueError, match=message):
        ig.attribute(net, images(shape=SHAPE), [0, 1], path=ig.Straight(), rules=ig.IG(), steps=4)


# --- channels ---


@pytest.mark.parametrize("channels", [1, 2, 4, 7])
@pytest.mark.parametrize("path", PATHS, ids=str)
def test_any_number_of_channels(channels, path):
    net = ig.Classifier(network(channels), mean=(0.4,) * channels, std=(0.2,) * channels, output="logit")
    x = images(shape=(channels, 12, 10))
    maps = ig.attribute(net, x, [0, 1], path=path, rules=(ig.IG("both"), ig.IDGI()), steps=16)
    assert maps[ig.IDGI()].shape == x.shape
    change = maps.scores[16][:, -1] - maps.scores[16][:, 0]
    assert float((maps.completeness_gap[ig.IG("both"), 16] / change).abs().max()) < 0.05
    torch.testing.assert_close(maps[ig.IDGI()].sum((1, 2, 3)), change, rtol=0, atol=1e-12)


def test_a_network_of_copies_of_one_channel_sees_their_sum():
    grey = network(1)
    colour = network(3)
    colour.load_state_dict(grey.state_dict() | {"0.weight": grey[0].weight.detach().repeat(1, 3, 1, 1) / 3})
    x = images(shape=(1, 12, 10))
    found = [
        ig.attribute(
            classifier_of(module, channels), x.repeat(1, channels, 1, 1), 0, path=ig.Blur(2.0), rules=ig.IG(), steps=4
        )
        for module, channels in ((grey, 1), (colour, 3))
    ]
    torch.testing.assert_close(found[0].ranking("signed"), found[1].ranking("signed"), rtol=0, atol=1e-12)


def classifier_of(module, channels):
    return ig.Classifier(module, mean=(0.5,) * channels, std=(1.0,) * channels, output="logit")


# --- rules and paths of one's own ---


@dataclass(frozen=True)
class Magnitude:
    """Σ |g ⊙ Δx|: no credit cancels along the path."""

    def credit(self, segment):
        return (segment.gradient("start") * segment.step("start")).abs()


@dataclass(frozen=True)
class Detour(Along):
    """Straight lines from black to a grey level and on to the image."""

    level: float

    def start(self, net, images):
        return torch.zeros_like(images)

    def draw(self, images, baseline):
        def points(alphas):
            first, second = (2 * alphas).clamp(max=1), (2 * alphas - 1).clamp(min=0)
            first, second = (each.to(images).view(*alphas.shape, 1, 1, 1) for each in (first, second))
            return self.level * first + (images - self.level) * second

        return points


def test_a_rule_of_ones_own_is_a_rule():
    own, x = Magnitude(), images(shape=SHAPE)
    rules = (own, ig.Left(own, 0.5), ig.Right(own, 0.5), ig.IG())
    maps = ig.attribute(classifier(small_network()), x, [0, 1], path=ig.Straight(), rules=rules, steps=(4, 8))
    torch.testing.assert_close(maps[rules[1], 8] + maps[rules[2], 8], maps[own, 8], rtol=0, atol=1e-12)
    assert bool((maps[own, 8] >= maps[ig.IG(), 8].abs() - 1e-15).all())


def test_a_path_of_ones_own_is_a_path():
    net, x, rule = classifier(small_network()), images(shape=SHAPE), ig.IG("both")
    maps = ig.attribute(net, x, [0, 1], path=Detour(0.5), rules=(rule, ig.IDGI()), steps=(8, 128))
    assert maps.evaluations == 129
    change = net.scores(x, [0, 1]) - net.scores(torch.zeros_like(x), [0, 1])
    gap = maps.completeness_gap[rule, 128]
    assert float((gap / change).abs().max()) < 1e-3
    placed = ig.attribute(net, x, [0, 1], path=ig.Placed(Detour(0.5)), rules=ig.IDGI(), steps=8)
    torch.testing.assert_close(placed[ig.IDGI()].sum((1, 2, 3)), change, rtol=0, atol=1e-12)


@pytest.mark.parametrize("credit", [None, torch.zeros(3), 1.0])
def test_a_rule_that_returns_something_else_is_named(credit):
    @dataclass(frozen=True)
    class Odd:
        def credit(self, segment):
            return credit

    with pytest.raises(ValueError, match=r"Odd\(\).credit must return a tensor \(2, 3, 12, 10\), not "):
        ig.attribute(classifier(small_network()), images(shape=SHAPE), 0, path=ig.Straight(), rules=Odd(), steps=2)


# --- readings of the result ---


@pytest.fixture(scope="module")
def maps():
    rules = (ig.IDGI(), ig.IG(), ig.IG())  # named twice, there once
    return ig.attribute(
        classifier(small_network()), images(shape=SHAPE), [0, 1], path=ig.Straight(), rules=rules, steps=(2, 4)
    )


def test_ranking_stacks_the_maps_in_the_order_of_the_rules(maps):
    signed, absolute = (maps.ranking(kind, steps=4) for kind in ("signed", "absolute"))
    assert signed.shape == absolute.shape == (2, 2, 12, 10)
    assert torch.equal(signed[:, 1], maps[ig.IG(), 4].sum(1))
    assert torch.equal(absolute[:, 0], maps[ig.IDGI(), 4].abs().sum(1))


def test_ranking_smooths_after_the_sign_is_dropped(maps):
    plain = maps.ranking("absolute", steps=4)
    assert torch.equal(maps.ranking("absolute", steps=4, smooth=2), metrics.smooth(plain, 2))
    assert torch.equal(maps.ranking("absolute", steps=4, smooth="20%"), metrics.smooth(plain, 2))


@pytest.mark.parametrize(
    ("read", "error", "message"),
    [
        (lambda maps: maps.ranking("abs", steps=4), ValueError, "kind is 'abs'; it must be one of absolute, signed"),
        (lambda maps: maps.ranking("signed"), ValueError, "steps is None; there are maps of 2, 4 steps"),
        (lambda maps: maps.ranking("signed", steps=4, smooth=-1), ValueError, "width of smoothing .* got -1"),
        (lambda maps: maps.ranking("signed", steps=8), ValueError, "steps is 8; there are maps of 2, 4 steps"),
        (lambda maps: maps[ig.IG()], KeyError, r"no map for IG\(at='start'\); there are: \(IDGI"),
        (lambda maps: maps[ig.IG("end"), 4], KeyError, "no map for"),
        (lambda maps: maps.maps[ig.IG()], KeyError, r"no map for IG\(at='start'\); there are: \(IDGI"),
        (lambda maps: maps.completeness_gap[ig.IG()], KeyError, r"no completeness gap for IG.*; there are: \(IDGI"),
        (lambda maps: maps.completeness_gap[ig.IG(), 8], KeyError, r"no completeness gap for .*, 8\); there are: "),
        (lambda maps: maps.alpha_star[ig.IG()], KeyError, "no alpha star for IG.*; there are: none"),
        (lambda maps: maps.scores[8], KeyError, "no score for 8; there are: 2; 4"),
        (lambda maps: maps.cpu().alphas[8], KeyError, "no alpha for 8; there are: 2; 4"),
    ],
)
def test_a_reading_that_is_not_there_is_named(maps, read, error, message):
    with pytest.raises(error, match=message):
        read(maps)


@pytest.mark.parametrize("pickled", [False, True])
def test_where_there_is_one_step_count_the_rule_is_enough(pickled):
    x, net, left = images(shape=SHAPE), classifier(small_network()), ig.Left(ig.IG(), psi=0.5)
    maps = ig.attribute(net, x, [0, 1], path=ig.Straight(), rules=(ig.IG(), left), steps=4)
    maps = pickle.loads(pickle.dumps(maps)) if pickled else maps
    for each in (maps, maps.maps, maps.completeness_gap):
        assert torch.equal(each[ig.IG()], each[ig.IG(), 4])
        with pytest.raises(KeyError, match=r"no (map|completeness gap) for IDGI.*; there are: \(IG.*, 4\); \(Left"):
            each[ig.IDGI()]
    assert maps.alpha_star[left] is maps.alpha_star[left, 4]
    with pytest.raises(KeyError, match=r"no alpha star for IG.*; there are: \(Left"):
        maps.alpha_star[ig.IG()]


def test_an_attribution_is_no_ranking_map(maps):
    x, net = images(shape=SHAPE), classifier(small_network())
    for attribution in (maps[ig.IG(), 4], maps.cpu()[ig.IG(), 4]):
        with pytest.raises(ValueError, match="whose colours are no maps; give attributions.ranking"):
            metrics.insertion(net, x, [0, 1], attribution)
    assert metrics.insertion(net, x, [0, 1], maps.ranking("signed", steps=4)).probability.shape[1] == 2


def test_the_representation_fits_a_cell(maps):
    assert repr(maps) == (
        "Attributions of 2 images (3, 12, 10): IDGI(at='start'), IG(at='start') at 2, 4 steps; 5 evaluations an image"
    )
    assert len(repr(classifier(small_network()))) < 120
    x, net = images(shape=SHAPE), classifier(small_network())
    one = ig.attribute(net, x[:1], 0, path=ig.Straight(), rules=ig.IDGI(), steps=1)
    assert repr(one) == "Attributions of 1 image (3, 12, 10): IDGI(at='start') at 1 step; 2 evaluations an image"


def test_cpu_keeps_everything(maps):
    same = maps.cpu()
    assert same.evaluations == maps.evaluations
    assert all(torch.equal(same[key], each) for key, each in maps.maps.items())


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_progress_counts_every_gradient(path):
    counts = []
    x = images(3, shape=SHAPE)
    maps = ig.attribute(
        classifier(small_network()), x, 0, path=path, rules=ig.IG(), steps=(2, 4), batch_size=2, progress=counts.append
    )
    assert sum(counts) == 3 * maps.evaluations == 3 * path.evaluations((2, 4))
    assert max(counts) <= 2


def test_progress_shows_a_bar_in_a_terminal_only(capsys):
    ig.attribute(
        classifier(small_network()), images(shape=SHAPE), 0, path=ig.Straight(), rules=ig.IG(), steps=2, progress=True
    )
    assert capsys.readouterr() == ("", "")


def test_images_of_another_range_are_taken_on_demand():
    x = images(shape=SHAPE) * 4 - 2
    net = classifier(small_network())
    with pytest.raises(ValueError, match=r"images must lie in \[0, 1\].*check=False takes any range"):
        ig.attribute(net, x, 0, path=ig.Straight(-1.0), rules=ig.IG(), steps=2)
    maps = ig.attribute(net, x, 0, path=ig.Straight(-1.0), rules=ig.IG("both"), steps=64, check=False)
    assert float(maps.completeness_gap[ig.IG("both"), 64].abs().max()) < 1e-3

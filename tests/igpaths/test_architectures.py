"""Networks as strangers bring them: right maps of each, and the caller's own network as it was.

Right is what a plain loop of autograd computes of the same weights in float64, with contiguous images.
"""

import threading
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import igpaths as ig
from architectures import ARCHITECTURES, Constant
from modified import CLASSES, Casting, Wrapped, build, small

# Of torch.compile, hidden where warnings are no errors
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
STEPS = 8
TARGETS = torch.tensor([1, 3])
TRAPEZOID, LEFT = ig.IG("both"), ig.Left(ig.IDGI(), 0.9)
STRAIGHT = ig.Straight(0.6)  # where no clamp or ReLU on the image lies, as it does at black


def images(channels=3, size=32, count=2):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, channels, size, size, generator=generator)


def classify(network, channels=3, output="logit", **options):
    return ig.Classifier(network, mean=(0.5,) * channels, std=(0.25,) * channels, output=output, **options)


def attribute(net, x, *, path=STRAIGHT, targets=TARGETS, **options):
    rules = (TRAPEZOID, ig.IDGI(), LEFT)
    return ig.attribute(net, x, targets, path=path, rules=rules, steps=(STEPS,), **options)


def logits_of(output):
    if isinstance(output, SimpleNamespace):
        return output.logits
    return output["logits"] if isinstance(output, dict) else output[0] if isinstance(output, tuple) else output


def integrated(network, x, *, grey=STRAIGHT.baseline, steps=STEPS):
    """IG from a grey level, of the target's logit, by a loop of autograd: the trapezoid, and the scores at its ends."""
    x, total, scores = x.double(), 0, []
    for step in range(steps + 1):
        point = (grey + step / steps * (x - grey)).requires_grad_()
        score = logits_of(network(((point - 0.5) / 0.25).clone())).gather(1, TARGETS.view(-1, 1)).squeeze(1)
        (gradient,) = torch.autograd.grad(score.sum(), point, allow_unused=True, materialize_grads=True)
        total = total + gradient / steps / (2 if step in (0, steps) else 1)
        scores.append(score.detach())
    return total * (x - grey), scores[0], scores[-1]


def state(network):
    """All of a network that explaining it could change."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    facts = {
        name: (id(value), value.dtype, value.device, value.stride(), value.requires_grad, value.grad)
        for name, value in tensors.items()
    }
    modes = {name: getattr(module, "training", None) for name, module in network.named_modules()}
    bits = {name: value.detach().clone() for name, value in network.state_dict().items()}
    return facts, modes, bits


def assert_unchanged(network, before):
    facts, modes, bits = state(network)
    assert (facts, modes) == before[:2]
    assert bits.keys() == before[2].keys()
    assert all(torch.equal(value, before[2][name]) for name, value in bits.items())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_attribute(name):
    kind = ARCHITECTURES[name]
    x, network = images(kind.channels, kind.size), build(kind.make)
    expected, first, last = integrated(build(kind.plain or kind.make).double().eval(), x)
    before = state(network)
    maps = attribute(classify(network, kind.channels), x)
    assert_unchanged(network, before)
    assert all(bool(values.isfinite().all()) for values in maps.maps.values())
    assert maps[TRAPEZOID, STEPS].dtype == torch.float32
    assert float((maps[TRAPEZOID, STEPS] - expected).norm()) <= kind.rounding * float(expected.norm())
    torch.testing.assert_close(
        maps.scores[STEPS][:, [0, -1]].double(), torch.stack([first, last], 1), rtol=1e-5, atol=1e-4
    )
    gaps = expected.sum((1, 2, 3)) - (last - first)
    off = (maps.completeness_gap[TRAPEZOID, STEPS] - gaps).abs()
    assert bool((off <= kind.rounding * expected.abs().sum((1, 2, 3)) + 1e-6).all())
    rounding = 1e-5 + 4 * torch.finfo(torch.float32).eps * maps.scores[STEPS].abs().amax(1)  # logits reach hundreds
    assert bool((maps.completeness_gap[ig.IDGI(), STEPS].abs() <= rounding).all())


@pytest.mark.parametrize("name", [name for name, kind in ARCHITECTURES.items() if kind.plain is None])
def test_attribute_in_float64(name):
    kind = ARCHITECTURES[name]
    x = images(kind.channels, kind.size)
    expected, *_ = integrated(build(kind.make).double().eval(), x)
    maps = attribute(classify(build(kind.make), kind.channels, precision="float64"), x)
    assert maps[TRAPEZOID, STEPS].dtype == torch.float64
    assert float((maps[TRAPEZOID, STEPS] - expected).norm()) <= 1e-6 * float(expected.norm())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_explain(name):
    kind = ARCHITECTURES[name]
    network, image = build(kind.make), images(kind.channels, kind.size)[0]
    colour = (0.5,) * kind.channels, (0.25,) * kind.channels
    model = ig.Model(name=name, network=network, mean=colour[0], std=colour[1], prepare=lambda photograph: image)
    before = state(network)
    explanation = ig.explain(image, model=model, output="logit", rules=("ig", "idgi"), steps=STEPS, target=1)
    assert_unchanged(network, before)
    plain = build(kind.plain or kind.make).double().eval()
    expected, first, last = integrated(plain, images(kind.channels, kind.size), grey=0.0)
    found = explanation["straight", "ig"]
    assert found.shape == explanation["straight", "idgi"].shape == image.shape
    assert float((found - expected[0]).norm()) <= kind.rounding * float(expected[0].norm())
    torch.testing.assert_close(
        explanation.scores[0, [0, -1]].double(),
        torch.stack([first[0], last[0]]),
        rtol=1e-5,
        atol=1e-4,
    )


@pytest.mark.parametrize("path", [ig.Blur(6.0), ig.Guided(), ig.Placed(ig.Straight())], ids=str)
@pytest.mark.parametrize("name", ["LeNet with view", "one channel", "four channels", "in place: layer", "bfloat16"])
def test_every_path(name, path):
    kind = ARCHITECTURES[name]
    maps = attribute(classify(build(kind.make), kind.channels), images(kind.channels, kind.size), path=path)
    full = classify(build(kind.plain or kind.make), kind.channels, precision="float64")
    expected = attribute(full, images(kind.channels, kind.size), path=path)
    assert maps[TRAPEZOID, STEPS].dtype == torch.float32
    # Guided chooses pixels by their gradients, and Placed its points by changes of the score: rounding moves both
    share = {ig.Guided: 0.5, ig.Placed: 0.1}.get(type(path), kind.rounding)
    for rule in (TRAPEZOID, ig.IDGI()):
        assert float((maps[rule, STEPS] - expected[rule, STEPS]).norm()) <= share * float(expected[rule, STEPS].norm())


# --- one output ---


def test_one_logit_has_no_probability():
    net_or_error = pytest.raises(ValueError, match=r"one (logit|output).*(sigmoid|logit)")
    with net_or_error:
        net = classify(build(lambda: small(classes=1)), output="probability")
        attribute(net, images(), targets=0)


def test_one_logit_explained_as_a_logit():
    network = build(lambda: small(classes=1))
    maps = attribute(classify(network), images(), targets=0)
    score = network((images() - 0.5) / 0.25)[:, 0].detach()
    torch.testing.assert_close(maps.scores[STEPS][:, -1], score, rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match=r"from 0 to 0"):
        attribute(classify(network), images(), targets=1)


def test_one_logit_with_a_score_of_ones_own():
    network = build(lambda: small(classes=1))
    net = classify(network, output=lambda logits, targets: logits[:, 0].sigmoid())
    maps = attribute(net, images(), targets=0)
    score = network((images() - 0.5) / 0.25)[:, 0].sigmoid().detach()
    torch.testing.assert_close(maps.scores[STEPS][:, -1], score, rtol=0, atol=1e-5)
    assert float(maps[TRAPEZOID, STEPS].abs().sum()) > 0
    assert bool((maps.completeness_gap[ig.IDGI(), STEPS].abs() < 1e-5).all())


def test_one_logit_in_a_picture():
    network, image = build(lambda: small(classes=1)), images()[0]
    model = ig.Model("one", network, (0.5,) * 3, (0.25,) * 3, prepare=lambda photograph: image)
    explanation = ig.explain(image, model=model, output="logit", steps=4)
    assert explanation.target_index == 0
    explanation.picture().canvas.draw()
    with pytest.raises(ValueError, match=r"one (logit|output).*logit"):
        ig.explain(image, model=model, output="probability", steps=4)


# --- outputs that are not a tensor ---


@pytest.mark.parametrize(
    "after",
    [
        lambda z: (z, z + 1),
        lambda z: {"out": z, "aux": z},
        lambda z: SimpleNamespace(hidden=z),
        lambda z: z.tolist(),
        lambda z: z[None],
        lambda z: z[:, 0],
        lambda z: z[:1],
        lambda z: {"logits": None},
    ],
    ids=[
        "two tensors",
        "two in a dict",
        "no logits",
        "list",
        "three axes",
        "one axis",
        "one row",
        "none in a dict",
    ],
)
def test_what_is_not_obviously_logits_is_refused_with_the_remedy(after):
    with pytest.raises(ValueError, match=r"network.*(logits|\(images, classes\))"):
        attribute(classify(build(lambda: Wrapped(after=after))), images())


@pytest.mark.parametrize(
    "after",
    [
        lambda z: (z, None),
        lambda z: [z],
        lambda z: {"logits": z, "features": z[..., None]},
        lambda z: {"only": z},
        lambda z: SimpleNamespace(logits=z, past=[z, z]),
    ],
    ids=["with None", "list of one", "dict with others", "dict of one", "object with others"],
)
def test_the_one_obvious_tensor_of_logits_is_taken(after):
    expected = attribute(classify(build(small)), images())
    maps = attribute(classify(build(lambda: Wrapped(after=after))), images())
    torch.testing.assert_close(maps[TRAPEZOID, STEPS], expected[TRAPEZOID, STEPS], rtol=0, atol=0)


# --- networks that cannot be copied, or cannot have gradients ---


class Locked(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.lock = small(), threading.Lock()

    def forward(self, x):
        return self.body(x)


class Generating(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.rows = small(), (row for row in range(3))

    def forward(self, x):
        return self.body(x)


@pytest.mark.parametrize("make", [Locked, Generating], ids=["lock", "generator"])
def test_a_network_that_cannot_be_copied_says_what_to_do(make):
    with pytest.raises((TypeError, ValueError), match=r"(?i)cannot be copied.*(lock|generator).*deepcopy") as caught:
        classify(build(make))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("thing", [lambda x: x.mean((2, 3)), torch.relu, small, "resnet", None, type("N", (), {})()])
def test_what_is_no_module_is_refused_with_the_remedy(thing):
    with pytest.raises((TypeError, ValueError), match=r"torch\.nn\.Module"):
        classify(thing)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
def test_a_quantised_network_says_that_no_gradient_comes_through():
    network = torch.ao.quantization.quantize_dynamic(build(small), {nn.Linear}, dtype=torch.qint8)
    with pytest.raises((RuntimeError, ValueError), match=r"(?i)no gradient"):
        attribute(classify(network), images())


def test_an_exported_program_of_any_number_of_images():
    shapes = ({0: torch.export.Dim.DYNAMIC},)
    exported = torch.export.export(build(small).eval(), (images(),), dynamic_shapes=shapes).module()
    maps = attribute(classify(exported), images())
    expected = attribute(classify(build(small)), images())
    torch.testing.assert_close(maps[TRAPEZOID, STEPS], expected[TRAPEZOID, STEPS], rtol=0, atol=1e-6)


def test_an_exported_program_of_two_images_takes_batches_of_two():
    exported = torch.export.export(build(small).eval(), (images(),)).module()
    maps = attribute(classify(exported), images(), batch_size=2)
    expected = attribute(classify(build(small)), images())
    torch.testing.assert_close(maps[TRAPEZOID, STEPS], expected[TRAPEZOID, STEPS], rtol=0, atol=1e-6)


def test_the_weights_of_a_lazy_network_that_are_not_there_yet():
    layers = [nn.LazyConv2d(4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(CLASSES)]
    with pytest.raises((RuntimeError, ValueError), match=r"(?i)(uninitialized|lazy|run .*once|forward)"):
        classify(nn.Sequential(*layers))


def test_a_half_network_that_casts_its_images_to_half_says_what_to_do():
    with pytest.raises((RuntimeError, ValueError), match=r"(?i)cast|precision"):
        attribute(classify(build(lambda: Casting(torch.float16))), images())


def test_a_constant_network_has_zero_maps_and_no_warning():
    maps = attribute(classify(build(Constant)), images())
    assert all(float(values.abs().max()) == 0 for values in maps.maps.values())
    assert all(float(values.abs().max()) == 0 for values in maps.completeness_gap.values())

"""What the recorded numbers of ``tests/igpaths/data/reference.npz`` are of: networks, images, paths, rules, metrics.

All weights and pixels are drawn by NumPy, so that they are the same under every version of torch, and everything is
computed in float64. Each function here runs on the library as it is, and ran on commit 4eeb9ed when the numbers were
recorded: see ``tests/igpaths/data/record.py``.
"""

import math
import pathlib
from functools import cache

import numpy as np
import torch
from PIL import features
from torch import Tensor, nn

import igpaths as ig
from igpaths import metrics
from igpaths.gaussian import blur

FILE = pathlib.Path(__file__).parent / "igpaths" / "data" / "reference.npz"
SIZE = (12, 9)
TARGETS = (2, 1)
STEPS, STUDY_A_STEPS = (1, 2, 8), (2, 4, 8)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NETWORKS = ("smooth", "kinked")
OUTPUTS = ("probability", "logit")


def draw(*shape: int, seed: int) -> Tensor:
    """Independent uniform numbers in [0, 1), float64."""
    return torch.from_numpy(np.random.default_rng((20, seed)).random(shape))


def photographs(count: int = 2, size: tuple[int, int] = SIZE, seed: int = 0) -> Tensor:
    """Waves and a little noise in every colour, (count, 3, H, W) in [0, 1]."""
    rows, columns = (torch.arange(n, dtype=torch.float64) for n in size)
    frequency, phase = (draw(count, 3, 2, seed=seed + each) for each in (1, 2))
    waves = (rows.view(-1, 1) * (0.2 + frequency[..., 0, None, None]) + 6 * phase[..., 0, None, None]).sin() + (
        columns * (0.2 + frequency[..., 1, None, None]) + 6 * phase[..., 1, None, None]
    ).cos()
    return (0.5 + 0.2 * waves + 0.1 * (draw(count, 3, *size, seed=seed + 3) - 0.5)).clamp(0, 1)


def network(name: str, classes: int = 4) -> nn.Module:
    """Two convolutions and a linear layer, 434 weights in float64; "smooth" or "kinked" (ReLU)."""
    bend = nn.Softplus if name == "smooth" else nn.ReLU
    layers = [nn.Conv2d(3, 4, 3, padding=1), bend(), nn.Conv2d(4, 6, 3, stride=2), bend()]
    module = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, classes)).double()
    rng = np.random.default_rng((20, 100))
    with torch.no_grad():
        for weights in module.parameters():
            scale = 2 / math.sqrt(weights[0].numel())
            weights.copy_(torch.from_numpy(rng.normal(0, scale, tuple(weights.shape))))
    return module


def classifier(name: str, output: str, **options: float) -> ig.Classifier:
    return ig.Classifier(network(name), mean=MEAN, std=STD, output=output, **options)


PATHS = {
    **{f"straight, {word}": ig.Straight(word) for word in ("black", "white", "mean", "blur")},
    "straight, grey": ig.Straight(0.3),
    "straight, colour": ig.Straight((0.1, 0.5, 0.9)),
    "straight, one tensor": ig.Straight(draw(3, *SIZE, seed=4)),
    "straight, a tensor each": ig.Straight(draw(2, 3, *SIZE, seed=5)),
    "blur": ig.Blur(6.0),
    "blur, tangent": ig.Blur(6.0, increment="tangent"),
    "blur, zero": ig.Blur(6.0, padding="zero"),
    "blur, tangent and zero": ig.Blur(6.0, increment="tangent", padding="zero"),
    "guided": ig.Guided(),
    "guided, free": ig.Guided("mean", fraction=0.5, max_distance=1.0),
    "guided, normalised": ig.Guided("black", fraction=0.5, max_distance=1.0, units="normalised"),
    "placed, straight": ig.Placed(ig.Straight()),
    "placed, blur": ig.Placed(ig.Blur(6.0), pilot=6, share=0.5),
}
WHOLES = {
    "IG start": ig.IG("start"),
    "IG end": ig.IG("end"),
    "IG both": ig.IG("both"),
    "IDGI start": ig.IDGI("start"),
    "IDGI end": ig.IDGI("end"),
}
SPLITS = {
    f"{part.__name__} {name}, {crossing}": part(WHOLES[name], psi, crossing)
    for part in (ig.Left, ig.Right)
    for name, psi, crossing in (
        ("IG both", 0.9, "left"),
        ("IG end", 0.5, "right"),
        ("IDGI start", 0.6, "left"),
        ("IDGI end", 0.9, "right"),
    )
}
RULES = {**WHOLES, "gradient": ig.Gradient(), "squared gradients": ig.SquaredGradients(), **SPLITS}
WHOLE_MAPS = ("IG both", "IDGI start")  # recorded value by value where the network is kinked, at the finest steps


@cache
def axes() -> Tensor:
    """Four directions (3 · H · W, 4) on which maps are laid: their sum, and three that are random."""
    return torch.cat([torch.ones(3 * SIZE[0] * SIZE[1], 1), 2 * draw(3 * SIZE[0] * SIZE[1], 3, seed=6) - 1], dim=1)


def sketch(attribution: Tensor) -> Tensor:
    """Five numbers (B, 5) for a map (B, 3, H, W): Σ|A|, and its sums with the weights of `axes`."""
    flat = attribution.flatten(1)
    return torch.cat([flat.abs().sum(1, keepdim=True), flat @ axes()], dim=1)


def walks(path: object, rules: dict[str, object], steps: tuple[int, ...]) -> dict[str, Tensor]:
    """All that `attribute` finds along a path: each value's first axis is the networks times the outputs."""
    found = [
        _walk(classifier(name, output), path, rules, steps, whole=(name, output) == ("kinked", "probability"))
        for name in NETWORKS
        for output in OUTPUTS
    ]
    return {key: torch.stack([values[key] for values in found if key in values]) for key in found[2]}


def _walk(
    net: ig.Classifier, path: object, rules: dict[str, object], steps: tuple[int, ...], *, whole: bool
) -> dict[str, Tensor]:
    maps = ig.attribute(net, photographs(), TARGETS, path=path, rules=tuple(rules.values()), steps=steps, batch_size=5)
    keys = {name: [(rule, n) for n in steps] for name, rule in rules.items()}
    values = {
        "sketches": torch.stack([sketch(maps[key]) for row in keys.values() for key in row]),
        "gaps": torch.stack([maps.completeness_gap[key] for row in keys.values() for key in row]),
        "stars": torch.stack([maps.alpha_star[key] for name in SPLITS for key in keys[name]]),
        "scores": torch.cat([maps.scores[n] for n in steps], dim=1),
        "alphas": torch.cat([maps.alphas[n] for n in steps], dim=1),
        "evaluations": torch.tensor(maps.evaluations),
    }
    if whole:
        values["maps"] = torch.stack([maps[keys[name][-1]] for name in WHOLE_MAPS])
    return values


def network_values() -> dict[str, Tensor]:
    """What a Classifier says of the images."""
    x, targets, values = photographs(), torch.tensor(TARGETS), {}
    for name in NETWORKS:
        for output in OUTPUTS:
            net = classifier(name, output, temperature=3.0)
            values[f"{name} {output} scores"], values[f"{name} {output} gradients"] = net.gradients(x, targets)
        values[f"{name} logits"] = net.logits(x)
        values[f"{name} classes"], values[f"{name} probabilities"] = net.predict(x)
    return values


def blur_values() -> dict[str, Tensor]:
    """Images under narrow and wide Gaussians."""
    return {
        f"{padding} {sigma}": blur(photographs(), sigma, padding=padding)
        for padding in ("reflect", "zero")
        for sigma in (0.05, 0.7, 3.0, 50.0)
    }


@cache
def ranking() -> Tensor:
    """Two ranking maps of each image (2, 2, H, W), the second with ties."""
    smooth = (photographs(seed=10) - 0.5).sum(1)
    return torch.stack([smooth, (4 * smooth).round() / 4], dim=1)


def metric_values() -> dict[str, Tensor]:
    """Every metric of the library on the images, in float64."""
    net, x, targets, maps = classifier("kinked", "probability"), photographs(), torch.tensor(TARGETS), ranking()
    values = {}
    for name, responses in {
        "insertion": metrics.insertion(net, x, targets, maps, canvas="black", seed=3),
        "insertion, blurred": metrics.insertion(net, x, targets, maps, canvas="blur", shares=(0.1, 0.5), batch_size=3),
        "deletion": metrics.deletion(net, x, targets, maps, canvas="mean"),
        "information": metrics.information(net, x, targets, maps, canvas=blur(x, 3.0), estimators=("entropy",)),
    }.items():
        for field in ("shares", "probability", "logit", "correct"):
            values[f"{name}, {field}"] = getattr(responses, field)
        values[f"{name}, area"] = metrics.area(responses.shares, responses.probability)
    values["information, entropy"] = responses.information["entropy"]
    for score in ("probability", "correct"):
        for plain in (True, False):
            options = {"renormalise": plain, "monotone": plain, "points": 20}
            curves = metrics.information_curves(responses, estimator="entropy", score=score, **options)
            values[f"curves, {score}, {plain}, x"], values[f"curves, {score}, {plain}, y"] = curves
        for reason, images in metrics.unusable(responses, estimator="entropy", score=score).items():
            values[f"{score}: {reason}"] = images
    curves = metrics.perturbation(net, x, targets, maps, canvas="white")
    for side, responses in zip(("most", "least"), curves, strict=True):
        values[f"perturbation, {side}"] = responses.logit
    for score in OUTPUTS:
        for clip in (True, False):
            values[f"abpc, {score}, {clip}"] = metrics.abpc(curves, score=score, clip=clip)
    return values


def map_values() -> dict[str, Tensor]:
    """Every metric of the library that asks no network, in float64."""
    x, maps = photographs(), ranking()
    a, b = photographs(seed=20) - 0.5, photographs(seed=30) - 0.4
    masks = photographs(seed=40)[:, 0] > 0.5
    values = {
        "signed map": metrics.signed_map(a),
        "absolute map": metrics.absolute_map(a),
        "ranks": metrics.pixel_ranks(maps, seed=5),
        "ties": metrics.tied_share(maps),
        "energy inside": metrics.energy_inside(maps, masks),
        "pointing game": metrics.pointing_game(maps, masks),
        "ROC AUC": metrics.roc_auc(maps, masks),
        "best F1": metrics.best_f1(maps, masks),
        "MAE": metrics.mae(maps, masks),
        "class sensitivity": metrics.class_sensitivity(maps, maps.flip(0), torch.stack([masks, ~masks], dim=1)),
        "norm ratio, 1": metrics.norm_ratio(a, b, order=1),
        "norm ratio, 2": metrics.norm_ratio(a, b, order=2),
        "cosine": metrics.cosine(a, b),
        "relative change": metrics.relative_change(maps, maps.flip(1)),
        "Spearman": metrics.spearman(maps, maps.flip(1)),
        "random maps": metrics.random_maps(2, SIZE, seed=7, start=1),
        "edges": metrics.edges(x),
        "seed masks": metrics.seed_masks(2, SIZE, share=0.1, seed=7, start=1),
    }
    for normalisation in ("raw", "signed sum", "L1"):
        values[f"squared error, {normalisation}"] = metrics.squared_error(
            maps, maps.flip(1), normalisation=normalisation
        )
    net = classifier("smooth", "logit")
    noisy = list(metrics.uniform_noise(net, x, radius=0.1, samples=2, seed=3, start=4))
    values["noise"] = torch.stack(noisy)
    values["max sensitivity"] = metrics.max_sensitivity(lambda z: torch.stack([z**2, z.sin()], 1), x, noisy)
    large, other = (photographs(2, (170, 161), seed=seed) for seed in (50, 60))
    values["MS-SSIM"] = metrics.ms_ssim(large, 0.9 * large + 0.1 * other)
    return values


def codec() -> str:
    """The version of the library by which Pillow writes PNG: another one makes other files."""
    return f"Pillow's zlib {features.version('zlib')}, {features.version('zlib_ng')}"


def png_values() -> dict[str, Tensor]:
    """The information curve of PNG's bytes: it is the codec's."""
    net, x, targets = classifier("kinked", "probability"), photographs(), torch.tensor(TARGETS)
    responses = metrics.information(net, x, targets, ranking(), canvas=blur(x, 3.0), estimators=("png",))
    grid, curves = metrics.information_curves(responses, estimator="png", score="probability", points=20)
    return {"bytes": responses.information["png"], "curve, x": grid, "curve, y": curves}


def seeds_values(seeds: metrics.Seeds) -> dict[str, Tensor]:
    """The information curve on a canvas of interpolated seeds."""
    net, x, targets = classifier("kinked", "probability"), photographs(), torch.tensor(TARGETS)
    responses = metrics.information(net, x, targets, ranking(), canvas=seeds, estimators=("entropy",))
    return {"probability": responses.probability, "entropy": responses.information["entropy"]}


VALUES = {"network": network_values, "blur": blur_values, "metric": metric_values, "map": map_values, "png": png_values}


@cache
def _file() -> dict[str, np.ndarray]:
    with np.load(FILE) as arrays:
        return dict(arrays)


def recorded(kind: str) -> dict[str, np.ndarray]:
    """What commit 4eeb9ed gave, by the same names as the functions here give it."""
    return {name.removeprefix(f"{kind}/"): value for name, value in _file().items() if name.startswith(f"{kind}/")}


def recorded_codec() -> str:
    return str(_file()["codec"])


def compare(found: dict[str, Tensor], expected: dict[str, np.ndarray], *, tolerance: float = 1e-12) -> None:
    """AssertionError where a value is off by more than `tolerance` times the largest of its map, or of its array."""
    assert found.keys() == expected.keys()
    for name, value in found.items():
        values, wanted = value.numpy(), expected[name]
        assert values.shape == wanted.shape, name
        assert values.dtype == wanted.dtype, name
        assert np.array_equal(np.isnan(values), np.isnan(wanted)), name
        axes = {"sketches": -1, "maps": (-3, -2, -1)}.get(name)
        scale = np.nan_to_num(np.abs(wanted.astype(float))).max(axis=axes, keepdims=True)
        off = np.nan_to_num(np.abs(values.astype(float) - wanted)) - tolerance * scale
        worst = np.unravel_index(off.argmax(), off.shape)
        assert off[worst] <= 0, f"{name} at {worst}: {values[worst]} where it was {wanted[worst]}"

"""What a study measures: from one sample's maps to rows of values.

A measure reads the maps of one source for some images and returns rows, `store.COLUMNS` each: one value of one image,
one method, one step count, one sign of the ranking map, in one variant, under one protocol. A row says why its image is
not counted, if it is not; what describes a walk is measured of every image. `MEASURES` lists them all; the engine keeps
each apart from the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics import (
    Seeds,
    abpc,
    absolute_map,
    area,
    best_f1,
    blur_photograph,
    class_sensitivity,
    cosine,
    edges,
    energy_inside,
    information,
    information_curves,
    insertion,
    jpeg,
    mae,
    max_sensitivity,
    norm_ratio,
    perturbation,
    pointing_game,
    projections,
    random_maps,
    roc_auc,
    seed_masks,
    signed_map,
    spearman,
    squared_error,
    uniform_noise,
    unusable,
)
from igpaths.metrics.ranking import measured
from igpaths.paths import Blur
from igpaths.rules import IDGI, IG, Left, Right, Whole
from igpaths.study.protocols import Protocol, Split
from igpaths.study.sources import Source
from igpaths.study.store import COLUMNS
from igpaths.tasks import Alter, objects
from igpaths.walk import Attributions, fold, walk

SIGNS = {"signed": signed_map, "absolute": absolute_map}
COMPARISONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine": partial(measured, cosine),
    "spearman": spearman,
}
LOCALIZATION = {
    "energy inside": energy_inside,
    "pointing game": pointing_game,
    "ROC AUC": roc_auc,
    "best F1": best_f1,
    "MAE": mae,
}
GAIN = 5  # logits, of the protocol "gain over 5"
SENSITIVE_PSI = 0.9  # of Study B's Table 5
Key = tuple[str, int, str]  # method, steps, sign


@dataclass(frozen=True, eq=False)
class Sample:
    """Some images of one network, explained along one source.

    Attributes
    ----------
    source, walked : where the maps come from, and the walk; None for the controls.
    net, label : the network, and its short name for tables.
    images, targets, predictions : (B, 3, H, W), (B,), (B,).
    names, photographs : of the images, and of the photographs behind them.
    masks : (B, H, W), bool; None where the task does not know them.
    altered : makes the images again, (B, 3, H, W), their photographs altered at full size.
    start : the number of the first image, which fixes its random streams.
    kept : of how many of these images maps are kept.
    seed, batch_size : as in the parameters.
    """

    source: Source
    walked: Attributions | None
    net: Classifier
    label: str
    images: Tensor
    targets: Tensor
    predictions: Tensor
    names: tuple[str, ...]
    photographs: tuple[str, ...]
    masks: Tensor | None
    altered: Callable[[Alter], Tensor]
    start: int
    kept: int
    seed: int
    batch_size: int


# --- rows ---


def rows(
    sample: Sample,
    protocol: str,
    metric: str,
    variant: str,
    keys: Sequence[Key],
    values: Tensor,
    *,
    curves: Tensor | None = None,
    maps: Sequence[bytes] | None = None,
    reasons: Mapping[str, Tensor] | None = None,
) -> pd.DataFrame:
    """A row for each image and key of `values` (B, M), left out for the first of the `reasons` that holds.

    `curves` (B, M, K) are stored beside the values. A value that is not finite and not left out is "undefined".
    """
    count = len(keys)
    left_out = np.full(len(values), "", dtype=object)
    for reason, held in reversed(dict(reasons or {}).items()):
        left_out[held.cpu().numpy()] = reason
    left_out = left_out.repeat(count)
    flat = values.double().cpu().numpy().ravel()
    left_out[~np.isfinite(flat) & (left_out == "")] = "undefined"
    method, steps, sign = zip(*keys, strict=True)
    kept = None if curves is None else list(curves.float().cpu().flatten(0, 1).numpy())
    columns: dict[str, Any] = {
        "protocol": protocol,
        "network": sample.label,
        "image": np.repeat(np.array(sample.names, dtype=object)[: len(values)], count),
        "photograph": np.repeat(np.array(sample.photographs, dtype=object)[: len(values)], count),
        "path": sample.source.name,
        "method": list(method) * len(values),
        "steps": list(steps) * len(values),
        "sign": list(sign) * len(values),
        "metric": metric,
        "variant": variant,
        "value": flat,
        "curve": kept,
        "map": maps,
        "left_out": left_out,
    }
    return pd.DataFrame(columns, columns=list(COLUMNS))


def misclassified(sample: Sample, protocol: Protocol) -> dict[str, Tensor]:
    """The reason that every measure of a protocol has to leave an image out."""
    return {"misclassified": sample.predictions != sample.targets} if protocol.images == "correct" else {}


def attributions(sample: Sample, *, steps: Sequence[int] | None = None) -> dict[tuple[str, int], Tensor]:
    """The attributions (B, 3, H, W) that rank pixels, by method and step count; the gradient has the finest alone."""
    if sample.walked is None:
        return {}
    finest = max(sample.source.steps)
    wanted = [n for n in sample.source.steps if steps is None or n in steps]
    return {
        (name, n): sample.walked[rule, n]
        for name, rule in sample.source.ranked.items()
        for n in ([finest] if name == "gradient" else wanted)
    }


def ranking_maps(
    sample: Sample, *, signs: Sequence[str] = tuple(SIGNS), steps: Sequence[int] | None = None
) -> dict[Key, Tensor]:
    """The ranking maps (B, H, W) of a sample; what has no negative values is there once, its sign "none"."""
    if sample.walked is None:
        x = sample.images.to(sample.net.device)
        random = random_maps(len(x), x.shape[2:], seed=sample.seed, start=sample.start).to(x)
        return {("edges", 0, "none"): edges(x), ("random", 0, "none"): random}
    maps: dict[Key, Tensor] = {}
    for (name, n), attribution in attributions(sample, steps=steps).items():
        if name == "Σ g²":
            maps[name, n, "none"] = absolute_map(attribution)
        else:
            maps |= {(name, n, sign): SIGNS[sign](attribution) for sign in signs}
    return maps


def _stack(sample: Sample, protocol: Protocol, *, steps: Sequence[int] | None = None) -> tuple[list[Key], Tensor]:
    """The ranking maps of a protocol, (B, M, H, W), with their keys."""
    maps = ranking_maps(sample, signs=protocol.ranking or tuple(SIGNS), steps=steps)
    return list(maps), torch.stack(list(maps.values()), dim=1).to(getattr(torch, protocol.stored))


def _finest(sample: Sample) -> tuple[int, ...]:
    return (max(sample.source.steps),) if sample.source.steps else ()


# --- the walk itself ---


def completeness(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Each sum's completeness gap and the change of score, and the score along the walk."""
    assert sample.walked is not None
    rules = {name: rule for name, rule in sample.source.rules.items() if name not in ("gradient", "Σ g²")}
    keys = [(name, n, "signed") for name in rules for n in sample.source.steps]
    gaps = torch.stack([sample.walked.completeness_gap[rules[name], n] for name, n, _ in keys], dim=1)
    put = partial(rows, sample, protocol.name)
    frames = [put("completeness gap", "", keys, gaps)]
    for n in sample.source.steps:
        score = sample.walked.scores[n].double().cpu()
        key = [(next(iter(sample.source.rules)), n, "")]
        frames.append(put("score change", "", key, score[:, -1:] - score[:, :1], curves=score[:, None]))
    return frames


def last_segment(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """The share of the score's change, and of a right sum's Σ|A|, that the last segment of the walk holds."""
    assert sample.source.path is not None
    rule, whole, frames = IG("end"), dict.fromkeys(sample.source.steps, torch.zeros(())), []
    segments = walk(
        sample.net,
        sample.images,
        sample.targets,
        path=sample.source.path,
        steps=sample.source.steps,
        batch_size=sample.batch_size,
    )
    for segment in segments:
        n, credit = segment.steps, rule.credit(segment)
        whole[n] = whole[n].to(credit) + credit
        if segment.last:
            sizes = [part.abs().flatten(1).sum(1) for part in (credit, whole[n])]
            change = segment.input_score - segment.baseline_score
            shares = {"score": (segment.score_change / change).abs(), "map": sizes[0] / sizes[1]}
            key = [(f"{next(iter(sample.source.rules))}, right sum", n, "signed")]
            for of, share in shares.items():
                frames.append(rows(sample, protocol.name, "last segment", of, key, share[:, None]))
    return frames


def projection(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """IDGI's step along a walk: its median length |c|, and the Σ residual over the Σ |ΔF| of its segments."""
    assert sample.source.path is not None
    found = projections(
        sample.net,
        sample.images,
        sample.targets,
        path=sample.source.path,
        steps=sample.source.steps,
        batch_size=sample.batch_size,
    )
    frames = []
    for n, each in found.items():
        values = {"length": each.length.median(1).values, "miss": each.residual.sum(1) / each.change.sum(1)}
        for variant, value in values.items():
            method = [(f"{next(iter(sample.source.rules))} + IDGI", n, "")]
            frames.append(rows(sample, protocol.name, "projection", variant, method, value[:, None]))
    return frames


def kept_maps(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """The attributions at the finest step count of the first images, in half precision, for figures.

    A row's `value` is its map's largest magnitude, of which `map` holds the parts; `variant` is its shape.
    """
    if not sample.kept:
        return []
    found = attributions(sample, steps=_finest(sample))
    stack = torch.stack(list(found.values()), dim=1)[: sample.kept].cpu()
    scale = stack.flatten(2).abs().amax(2)
    parts = (stack / scale.clamp(min=torch.finfo(scale.dtype).tiny).view(*scale.shape, 1, 1, 1)).half().flatten(0, 1)
    keys = [(name, n, "signed") for name, n in found]
    variant = "x".join(map(str, stack.shape[2:]))
    maps = [part.numpy().tobytes() for part in parts]
    return [rows(sample, protocol.name, "map", variant, keys, scale, maps=maps)]


# --- pixels revealed ---


def revealed(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Insertion on every canvas of the protocol; a curve is read a second time at every fourth of its counts."""
    assert protocol.insertion
    keys, stack = _stack(sample, protocol)
    put = partial(rows, sample, protocol.name, reasons=misclassified(sample, protocol))
    frames = []
    for canvas in protocol.insertion.canvases:
        r = insertion(
            sample.net,
            sample.images,
            sample.targets,
            stack,
            canvas=canvas,
            shares=protocol.insertion.shares,
            seed=sample.seed,
            batch_size=sample.batch_size,
        )
        for stride in (1, 4):
            at, variant = r.shares[::stride], f"{canvas}, {len(r.shares[::stride])} counts"
            kept = r.probability if stride == 1 else None
            frames.append(put("insertion", variant, keys, area(at, r.probability[..., ::stride]), curves=kept))
            frames.append(put("insertion ratio", variant, keys, area(at, r.probability_ratio[..., ::stride])))
    return frames


def curves(sample: Sample, protocol: Protocol, *, estimators: Sequence[str] = ()) -> list[pd.DataFrame]:
    """SIC and AIC under those of the protocol's estimators of information that are named, or under all."""
    how = protocol.information
    assert how
    chosen = [(name, form) for name, form in how.estimators if name in estimators or not estimators]
    keys, stack = _stack(sample, protocol)
    seeds = seed_masks(len(sample.images), sample.images.shape[2:], seed=sample.seed, start=sample.start)
    r = information(
        sample.net,
        sample.images,
        sample.targets,
        stack,
        canvas=Seeds(sample.images, seeds) if how.canvas == "seeds" else sample.altered(blur_photograph),
        shares=how.shares,
        estimators=tuple(dict.fromkeys(name for name, _ in chosen)),
        seed=sample.seed,
        batch_size=sample.batch_size,
    )
    frames = []
    for estimator, form in chosen:
        reasons = {score: unusable(r, estimator=estimator, score=score) for score in ("probability", "correct")}
        together = reasons["probability"] | {f"{reason}, AIC": held for reason, held in reasons["correct"].items()}
        unsure = {f"p < {how.confidence}": r.probability[:, 0, -1] < how.confidence} if how.confidence else {}
        for metric, score in (("SIC", "probability"), ("AIC", "correct")):
            x, y = information_curves(
                r,
                estimator=estimator,
                score=score,
                renormalise=form == "normalised",
                monotone=how.monotone,
                points=how.points,
            )
            out = misclassified(sample, protocol) | unsure
            out |= together if how.dropped == "together" else reasons[score]
            variant = estimator if form == "normalised" else f"{estimator}, raw"
            frames.append(rows(sample, protocol.name, metric, variant, keys, area(x, y), reasons=out))
    return frames


def ablated(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """ABPC at the finest step count, with each score, clipped as in Study B or plain."""
    how = protocol.ablation
    assert how
    keys, stack = _stack(sample, protocol, steps=_finest(sample))
    found = perturbation(
        sample.net,
        sample.images,
        sample.targets,
        stack,
        canvas=how.canvas,
        shares=how.shares,
        seed=sample.seed,
        batch_size=sample.batch_size,
    )
    put = partial(rows, sample, protocol.name, "ABPC", reasons=misclassified(sample, protocol))
    return [
        put(f"{score}, {'clipped' if clip else 'plain'}", keys, abpc(found, score=score, clip=clip))
        for score in how.scores
        for clip in how.clip
    ]


# --- maps compared ---


def compressed(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How far the signed maps of an image lie from those of its compressed photograph, at the finest step count.

    Rows of "JPEG raw" and its like hold an image's mean squared error; `quality.stability_figure` pools them.
    """
    how = protocol.compression
    assert how
    other = _explained_again(sample, sample.altered(_jpeg(how.quality)))
    pairs = [ranking_maps(each, signs=("signed",), steps=_finest(sample)) for each in (sample, other)]
    keys = list(pairs[0])
    before, after = (torch.stack(list(maps.values()), dim=1) for maps in pairs)
    put = partial(rows, sample, protocol.name, reasons=misclassified(sample, protocol))
    frames = [
        put(f"JPEG {normalisation}", "", keys, squared_error(before, after, normalisation=normalisation))
        for normalisation in how.normalisations
    ]
    for comparison in how.comparisons:
        frames.append(put(f"JPEG {comparison}", "", keys, COMPARISONS[comparison](before, after)))
    return frames


@cache
def _jpeg(quality: int) -> Alter:
    """One function for each quality, so that what it makes can be kept under its name."""
    return partial(jpeg, quality=quality)


def _explained_again(sample: Sample, images: Tensor) -> Sample:
    """The sample with other images, walked at the finest step count alone."""
    if sample.source.path is None:
        return replace(sample, images=images)
    walked = fold(
        sample.net,
        images,
        sample.targets,
        path=sample.source.path,
        rules=tuple(sample.source.ranked.values()),
        steps=_finest(sample),
        batch_size=sample.batch_size,
    )
    return replace(sample, images=images, walked=walked)


def sensitivity(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Max-sensitivity of the attributions at the finest step count; on a path of Split IG, of its parts."""
    how, path = protocol.noise, sample.source.path
    assert how
    assert path is not None
    steps = _finest(sample)
    named = sample.source.ranked or _split_parts(sample.source, protocol)

    def explain(images: Tensor) -> Tensor:
        walked = fold(
            sample.net,
            images,
            sample.targets,
            path=path,
            rules=tuple(named.values()),
            steps=steps,
            batch_size=sample.batch_size,
        )
        return torch.stack([walked[rule, steps[0]] for rule in named.values()], dim=1)

    noise = uniform_noise(
        sample.net, sample.images, radius=how.radius, samples=how.samples, seed=sample.seed, start=sample.start
    )
    values = max_sensitivity(explain, sample.images, noise)
    keys = [(name, steps[0], "signed") for name in named]
    its = _its(sample.source, protocol)
    reasons = _uncounted(sample, its[0]) if its else misclassified(sample, protocol)
    return [rows(sample, protocol.name, "max-sensitivity", "", keys, values, reasons=reasons)]


# --- Split IG ---


def _its(source: Source, protocol: Protocol) -> list[Split]:
    """The splits of a protocol that lie on this source."""
    return [s for s in protocol.split if f"split-{s.baseline}-{s.steps}" == source.name]


def _split_parts(source: Source, protocol: Protocol) -> dict[str, Any]:
    (how,) = _its(source, protocol)
    whole, psi = IG(how.at), SENSITIVE_PSI
    return {"Left": Left(whole, psi, how.crossing), "Right": Right(whole, psi, how.crossing), "Full": whole}


def split(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Norm ratios, α* and cosines of Left, Right and the whole, for each rule and ψ (Study B, Tables 1–3)."""
    assert sample.walked is not None
    frames = []
    for how in _its(sample.source, protocol):
        for name, whole in (("IG", IG(how.at)), ("IDGI", IDGI())):
            found = {psi: _split_values(sample, how, whole, psi) for psi in how.psi}
            # An image whose part is empty at one ψ is left out at every ψ: a row of a table is about the same images.
            empty = torch.stack([~torch.stack(list(v.values())).isfinite().all(0) for v in found.values()]).any(0)
            reasons = _uncounted(sample, how) | {"a part is empty": empty}
            for psi, values in found.items():
                for quantity, value in values.items():
                    key = [(name, how.steps, "signed")]
                    frames.append(
                        rows(sample, how.name, quantity, f"ψ = {psi:g}", key, value[:, None], reasons=reasons)
                    )
    return frames


def _split_values(sample: Sample, how: Split, whole: Whole, psi: float) -> dict[str, Tensor]:
    assert sample.walked is not None
    left, right = Left(whole, psi, how.crossing), Right(whole, psi, how.crossing)
    first, last, full = (sample.walked[rule, how.steps] for rule in (left, right, whole))
    values = {
        "L2 ratio": norm_ratio(last, first, order=2),
        "L1 ratio": norm_ratio(last, first, order=1),
        "alpha*": sample.walked.alpha_star[left, how.steps],
        "cosine left right": cosine(first, last),
        "cosine left full": cosine(first, full),
        "cosine right full": cosine(last, full),
    }
    return {name: value.double().cpu() for name, value in values.items()}


def _uncounted(sample: Sample, how: Split) -> dict[str, Tensor]:
    assert sample.walked is not None
    scores = sample.walked.scores[how.steps].cpu()
    gain = scores[:, -1] - scores[:, 0]
    if how.images == "gain over 5":
        return {"gain of 5 or less": gain <= GAIN}
    return {"misclassified": sample.predictions != sample.targets, "F(x) ≤ F(x')": gain <= 0}


# --- true masks ---


def localization(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Whether the maps fall on the object."""
    assert sample.masks is not None
    keys, stack = _stack(sample, protocol)
    put = partial(rows, sample, protocol.name, reasons=misclassified(sample, protocol))
    return [put(name, "", keys, metric(stack, sample.masks)) for name, metric in LOCALIZATION.items()]


def classes(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """On scenes of two objects, how much of either class's map falls on its own object, at the finest step count."""
    pairs = [objects.pair(sample.start + i, seed=sample.seed) for i in range(len(sample.images))]
    images, masks = (torch.stack([getattr(pair, name) for pair in pairs]) for name in ("image", "masks"))
    maps = []
    for target in (0, 1):
        aimed = replace(sample, targets=torch.tensor([pair.targets[target] for pair in pairs]))
        keys, stack = _stack(_explained_again(aimed, images), protocol, steps=_finest(sample))
        maps.append(stack)
    values = class_sensitivity(maps[0], maps[1], masks)
    sample = replace(sample, photographs=tuple(pair.photograph for pair in pairs))
    return [rows(sample, protocol.name, "class sensitivity", "", keys, values)]


# --- the list ---


@dataclass(frozen=True)
class Measure:
    """One measure of a study.

    Attributes
    ----------
    name : in the parameters, unless it is always made.
    rows : the function of a sample and a protocol.
    version : the number that its author raises where the same code comes to mean something else.
    of : whether a protocol measures it on a source.
    reads : the protocol's choices that it depends on, beside those in `ALWAYS`.
    task : "objects" where it needs true masks; "" where any task will do.
    """

    name: str
    rows: Callable[[Sample, Protocol], list[pd.DataFrame]]
    version: int
    of: Callable[[Source, Protocol], bool]
    reads: tuple[str, ...] = ()
    task: str = ""


def _walks(source: Source) -> bool:
    return bool(source.ranked)


def _ranks(source: Source) -> bool:
    return bool(source.ranked) or source.name == "controls"


def _ours(protocol: Protocol) -> bool:
    return protocol.name == "igpaths"


FAST = ("png", "ms-ssim", "entropy")
ALWAYS = ("name", "images", "ranking", "stored")  # of a protocol, for every measure
MEASURES = {
    measure.name: measure
    for measure in (
        Measure("completeness", completeness, 1, lambda s, p: _walks(s) and _ours(p)),
        Measure("last-segment", last_segment, 1, lambda s, p: isinstance(s.path, Blur) and _ours(p)),
        Measure("projection", projection, 1, lambda s, p: s.name == "straight" and _ours(p)),
        Measure("insertion", revealed, 1, lambda s, p: _ranks(s) and bool(p.insertion), ("insertion",)),
        Measure(
            "information",
            partial(curves, estimators=FAST),
            1,
            lambda s, p: _ranks(s) and not _names(p).isdisjoint(FAST),
            ("information",),
        ),
        Measure(
            "webp",
            partial(curves, estimators=("webp",)),
            1,
            lambda s, p: _ranks(s) and "webp" in _names(p),
            ("information",),
        ),
        Measure("perturbation", ablated, 1, lambda s, p: _ranks(s) and bool(p.ablation) and _ours(p), ("ablation",)),
        Measure("compression", compressed, 1, lambda s, p: _ranks(s) and bool(p.compression), ("compression",)),
        Measure(
            "sensitivity",
            sensitivity,
            1,
            lambda s, p: bool(p.noise) and (_walks(s) if _ours(p) else bool(_its(s, p))),
            ("noise", "split"),
        ),
        Measure("split", split, 1, lambda s, p: bool(_its(s, p)), ("split",)),
        Measure("localization", localization, 1, lambda s, p: _ranks(s) and _ours(p), (), "objects"),
        Measure("classes", classes, 1, lambda s, p: _ranks(s) and _ours(p), (), "objects"),
    )
}
MAPS = Measure("maps", kept_maps, 1, lambda s, p: _walks(s) and _ours(p))


def _names(protocol: Protocol) -> set[str]:
    return {name for name, _ in protocol.information.estimators} if protocol.information else set()

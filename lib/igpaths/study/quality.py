"""The quality of maps measured: per-image rows of every method, control, sign and metric, and what they rank.

A row is one number: of one image, one method, one sign of the ranking map, one metric in one variant, under one
protocol. It says why its image is not counted, if it is not. Rows are averaged only where they are compared.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics import (
    Responses,
    Seeds,
    absolute_map,
    area,
    cosine,
    edges,
    information,
    information_curves,
    insertion,
    random_maps,
    seed_masks,
    signed_map,
    spearman,
    squared_error,
    unusable,
)
from igpaths.metrics.ranking import measured
from igpaths.paths import Blur, Guided, Path, Straight
from igpaths.rules import IDGI, IG, Gradient, SquaredGradients, Whole
from igpaths.study.protocols import IGPATHS, Information, Protocol
from igpaths.study.statistics import Estimate, bootstrap, kendall
from igpaths.study.subjects import Subject
from igpaths.walk import BATCH_SIZE, attribute

METHODS: dict[str, tuple[Path, Whole]] = {
    "IG": (Straight("black"), IG("both")),
    "IG + IDGI": (Straight("black"), IDGI()),
    "Blur IG": (Blur(), IG("both")),
    "Blur IG + IDGI": (Blur(), IDGI()),
    "Guided IG": (Guided("black"), IG("both")),
    "Guided IG + IDGI": (Guided("black"), IDGI()),
    "gradient": (Straight("black"), Gradient()),
    "Σ g²": (Straight("black"), SquaredGradients()),
}
UNSIGNED = ("Σ g²", "edges", "random")
CONTROLS = ("gradient", "Σ g²", "edges", "random")
COMPARISONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine": partial(measured, cosine),
    "spearman": spearman,
}
SIGNS = {"signed": signed_map, "absolute": absolute_map}
AVERAGES = {"SIC": "median"}  # over images, in every protocol; all other metrics take the mean
COLUMNS = (
    *("protocol", "network", "image", "photograph", "method", "sign"),
    *("metric", "variant", "value", "left_out"),
)
Rows = list[tuple[object, ...]]


def attributions(
    net: Classifier, images: Tensor, targets: Tensor, *, steps: int, batch_size: int = BATCH_SIZE
) -> dict[str, Tensor]:
    """The attribution (B, 3, H, W) of every one of `METHODS`, from one walk for each path."""
    found: dict[str, Tensor] = {}
    for path in dict.fromkeys(path for path, _ in METHODS.values()):
        rules = {name: rule for name, (its, rule) in METHODS.items() if its == path}
        maps = attribute(
            net, images, targets, path=path, rules=tuple(rules.values()), steps=(steps,), batch_size=batch_size
        )
        found |= {name: maps[rule, steps] for name, rule in rules.items()}
    return {name: found[name] for name in METHODS}


def ranking_maps(
    images: Tensor, found: Mapping[str, Tensor], *, seed: int = 0, start: int = 0
) -> dict[tuple[str, str], Tensor]:
    """The ranking maps (B, H, W) by method and sign; what has no negative values is there once, its sign "none"."""
    maps = {(name, sign): rank(a) for name, a in found.items() for sign, rank in SIGNS.items() if name not in UNSIGNED}
    maps["Σ g²", "none"] = absolute_map(found["Σ g²"])
    maps["edges", "none"] = edges(images)
    maps["random", "none"] = random_maps(len(images), images.shape[2:], seed=seed, start=start).to(images)
    return maps


def revealed_rows(
    subject: Subject,
    blurred: Tensor,
    *,
    protocol: Protocol = IGPATHS,
    steps: int,
    without: Sequence[str] = (),
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> pd.DataFrame:
    """Insertion, SIC and AIC of every method and control, for each image, in every variant of a protocol.

    Parameters
    ----------
    subject : the network and its images.
    blurred : the images' blurred photographs (B, 3, H, W), where they are the protocol's canvas of SIC and AIC.
    protocol : how maps are ranked, what is revealed on what, and what is counted; its walks are not used.
    steps : N of every walk.
    without : estimators of information to leave out, such as "webp", which is slow.

    Returns
    -------
    DataFrame with the columns `COLUMNS`. A curve is read a second time at every fourth of its counts.
    """
    rows: Rows = []
    for chunk in torch.arange(len(subject.images)).split(batch_size):
        x, targets = subject.images[chunk], subject.targets[chunk]
        found = attributions(subject.net, x, targets, steps=steps, batch_size=batch_size)
        maps = ranking_maps(x.to(subject.net.device), found, seed=seed, start=int(chunk[0]))
        maps = {key: each for key, each in maps.items() if key[1] in (*(protocol.ranking or SIGNS), "none")}
        stack = torch.stack(list(maps.values()), dim=1).to(getattr(torch, protocol.stored))
        put = partial(_rows, protocol, subject, chunk, maps)
        if protocol.insertion:
            for canvas in protocol.insertion.canvases:
                shares = protocol.insertion.shares
                r = insertion(
                    subject.net, x, targets, stack, canvas=canvas, shares=shares, seed=seed, batch_size=batch_size
                )
                for stride in (1, 4):
                    at, variant = r.shares[::stride], f"{canvas}, {len(r.shares[::stride])} counts"
                    rows += put("insertion", variant, area(at, r.probability[..., ::stride]))
                    rows += put("insertion ratio", variant, area(at, r.probability_ratio[..., ::stride]))
        if curves := protocol.information:
            estimators = [(name, form) for name, form in curves.estimators if name not in without]
            seeds = seed_masks(len(x), x.shape[2:], seed=seed, start=int(chunk[0]))
            r = information(
                subject.net,
                x,
                targets,
                stack,
                canvas=Seeds(x, seeds) if curves.canvas == "seeds" else blurred[chunk],
                shares=curves.shares,
                estimators=tuple(dict.fromkeys(name for name, _ in estimators)),
                seed=seed,
                batch_size=batch_size,
            )
            for name, form in estimators:
                rows += _curve_rows(put, r, curves, name, form)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def compressed_rows(
    subject: Subject,
    compressed: Tensor,
    *,
    protocol: Protocol = IGPATHS,
    steps: int,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> pd.DataFrame:
    """How far the signed map of each image lies from that of its `compressed` photograph (B, 3, H, W).

    Rows of "JPEG raw" and its like hold an image's mean squared error; `stability_figure` pools them.
    """
    how = protocol.compression
    rows: Rows = []
    for chunk in torch.arange(len(subject.images)).split(batch_size):
        pairs = []
        for images in (subject.images[chunk], compressed[chunk]):
            found = attributions(subject.net, images, subject.targets[chunk], steps=steps, batch_size=batch_size)
            maps = ranking_maps(images.to(subject.net.device), found, seed=seed, start=int(chunk[0]))
            pairs.append({key: each for key, each in maps.items() if key[1] != "absolute"})
        before, after = (torch.stack(list(maps.values()), dim=1) for maps in pairs)
        put = partial(_rows, protocol, subject, chunk, pairs[0])
        for normalisation in how.normalisations if how else ():
            rows += put(f"JPEG {normalisation}", "", squared_error(before, after, normalisation=normalisation))
        for comparison in how.comparisons if how else ():
            rows += put(f"JPEG {comparison}", "", COMPARISONS[comparison](before, after))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _curve_rows(put: Callable[..., Rows], r: Responses, curves: Information, estimator: str, form: str) -> Rows:
    """SIC and AIC under one estimator of information."""
    reasons = {score: unusable(r, estimator=estimator, score=score) for score in ("probability", "correct")}
    together = reasons["probability"] | {f"{reason}, AIC": held for reason, held in reasons["correct"].items()}
    unsure = {f"p < {curves.confidence}": r.probability[:, 0, -1] < curves.confidence} if curves.confidence else {}
    rows: Rows = []
    for metric, score in (("SIC", "probability"), ("AIC", "correct")):
        x, y = information_curves(
            r,
            estimator=estimator,
            score=score,
            renormalise=form == "normalised",
            monotone=curves.monotone,
            points=curves.points,
        )
        out = unsure | (together if curves.dropped == "together" else reasons[score])
        rows += put(metric, estimator if form == "normalised" else f"{estimator}, raw", area(x, y), out)
    return rows


def _rows(
    protocol: Protocol,
    subject: Subject,
    chunk: Tensor,
    maps: Mapping[tuple[str, str], Tensor],
    metric: str,
    variant: str,
    values: Tensor,
    reasons: Mapping[str, Tensor] | None = None,
) -> Rows:
    """A row for each image and map of `values` (B, M), images left out for the first reason that holds."""
    wrong = subject.predictions[chunk] != subject.targets[chunk]
    holds = ({"misclassified": wrong} if protocol.images == "correct" else {}) | dict(reasons or {})
    rows: Rows = []
    for i, image in enumerate(chunk.tolist()):
        reason = next((name for name, held in holds.items() if held[i]), "")
        for (method, sign), value in zip(maps, values[i].tolist(), strict=True):
            undefined = "undefined" if math.isnan(value) else ""
            where = (protocol.name, subject.label, image, subject.photographs[image], method, sign, metric, variant)
            rows.append((*where, value, reason or undefined))
    return rows


def by_image(rows: pd.DataFrame, metric: str, variant: str, sign: str) -> pd.DataFrame:
    """One metric under one sign, an image a row and a method a column: the images that count for every method."""
    chosen = rows[(rows["metric"] == metric) & (rows["variant"] == variant) & rows["sign"].isin([sign, "none"])]
    counted = chosen[~chosen["image"].isin(chosen.loc[chosen["left_out"] != "", "image"])]
    table = counted.pivot(index=["photograph", "image"], columns="method", values="value")
    return table[list(dict.fromkeys(chosen["method"]))]


def averages(rows: pd.DataFrame, metric: str, variant: str, sign: str) -> dict[str, Estimate]:
    """The average over images of one metric under one sign, by method: the median of SIC, else the mean."""
    table = by_image(rows, metric, variant, sign)
    photographs = [str(photograph) for photograph, _ in table.index]
    columns = {str(method): table[method].to_numpy() for method in table.columns}
    return {
        method: bootstrap(values, statistic=AVERAGES.get(metric, "mean"), clusters=photographs)
        for method, values in columns.items()
    }


def stability_figure(rows: pd.DataFrame, normalisation: str) -> pd.Series:
    """−log₁₀ of the mean squared error over pixels and counted images, by method: Study A's Table 5, higher is better.

    Infinite for a map that compression does not move at all.
    """
    with np.errstate(divide="ignore"):
        return -np.log10(by_image(rows, f"JPEG {normalisation}", "", "signed").mean())


def agreement(rows: pd.DataFrame, one: tuple[str, str, str], other: tuple[str, str, str]) -> Estimate:
    """Kendall's τ between the methods' order under two choices, each (metric, variant, sign), on the same images."""
    a, b = by_image(rows, *one), by_image(rows, *other)
    common = a.index.intersection(b.index)
    photographs = [str(photograph) for photograph, _ in common]
    ways = AVERAGES.get(one[0], "mean"), AVERAGES.get(other[0], "mean")
    return kendall(a.loc[common].to_numpy(), b.loc[common, a.columns].to_numpy(), statistics=ways, clusters=photographs)

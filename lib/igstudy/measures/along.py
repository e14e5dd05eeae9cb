"""What describes the walk itself, and the maps that are kept of it."""

from functools import partial

import pandas as pd
import torch
from torch import Tensor

from igpaths.rules import IG
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import FAMILY, projections
from igstudy.measures.sample import Sample, attributions, finest, rows, segments, uncounted
from igstudy.measures.sources import is_complete, labelled

LATE = 0.9  # where the last tenth of a path begins
PSI = 0.9  # of the score's change lies before α*


def completeness(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Each sum's completeness gap and the change of score, and the score along the walk."""
    assert sample.walked is not None
    rules = {name: rule for name, rule in sample.source.rules.items() if is_complete(rule)}
    keys = [(name, n, "signed") for name in rules for n in sample.source.steps]
    gaps = torch.stack([sample.walked.completeness_gap[rules[name], n] for name, n, _ in keys], dim=1)
    put = partial(rows, sample, protocol)
    frames = [put("completeness gap", "", keys, gaps)]
    for n in sample.source.steps:
        score = sample.walked.scores[n].double().cpu()
        key = [(next(iter(sample.source.rules)), n, "")]
        frames.append(put("score change", "", key, score[:, -1:] - score[:, :1], curves=score[:, None]))
    return frames


def late(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """What comes late: the last segment's share of the score's change and of a right sum's Σ|A|; and the last tenth's
    share of the path's length, Σ‖x_{j+1} − x_j‖, at the finest step count.
    """
    label = next(iter(sample.source.rules))
    rule, whole, frames = IG("end"), dict.fromkeys(sample.source.steps, torch.zeros(())), []
    moved, after = list[Tensor](), list[Tensor]()  # by segment
    for segment in segments(sample, sample.source.steps):
        n, credit = segment.steps, rule.credit(segment)
        whole[n] = whole[n].to(credit) + credit
        if segment.last:
            sizes = [part.abs().flatten(1).sum(1) for part in (credit, whole[n])]
            change = segment.walk.scores[1] - segment.walk.scores[0]
            shares = {"score": (segment.score_change / change).abs(), "map": sizes[0] / sizes[1]}
            key = [(f"{label}, right sum", n, "signed")]
            for of, share in shares.items():
                frames.append(rows(sample, protocol, "last segment", of, key, share[:, None]))
        if [n] == list(finest(sample)):
            start, end = segment.start.alpha, segment.end.alpha
            moved.append((segment.end.x - segment.start.x).flatten(1).norm(dim=1))
            after.append(((end - LATE) / (end - start)).clamp(0, 1))
    lengths = torch.stack(moved).cpu()
    share = (lengths * torch.stack(after)).sum(0) / lengths.sum(0)
    return [
        *frames,
        rows(sample, protocol, "late movement", "", [(label, max(sample.source.steps), "")], share[:, None]),
    ]


def projection(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """IDGI's step along a walk: its median length |c|, and the Σ residual over the Σ |ΔF| of its segments."""
    path, steps = sample.source.path, sample.source.steps
    assert path is not None
    by_steps = projections(*sample.question, path=path, steps=steps, batch_size=sample.batch_size)
    frames = []
    for n, each in by_steps.items():
        values = {"length": each.length.median(1).values, "miss": each.residual.sum(1) / each.change.sum(1)}
        for variant, value in values.items():
            method = [(f"{next(iter(sample.source.rules))} + IDGI", n, "")]
            frames.append(rows(sample, protocol, "projection", variant, method, value[:, None]))
    return frames


def weigh(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How nearly IDG and IDGI are Split IG: what lies before α*, with the segment that crosses, of their weights and of
    their credits, beside IG and Σ g², at the finest step count.

    "weight before α*" is the share of Σ_j |w_j| Δα_j, of `quantities.weighting`: α* itself for IG, 1 for its Left. That
    of IDGI goes to the few segments whose g · g is least, on whichever side they lie. "credit before α*" is the share
    of Σ_j Σ_i |A_ji|, over segments and pixels; of IDGI's it is the share of Σ_j |ΔF_j|, which is IDG's weight.
    """
    (n,), path = finest(sample), sample.source.name
    members = {labelled(path, name): member for name, member in FAMILY.items()}
    masses, credits, scores = list[Tensor](), list[Tensor](), list[Tensor]()  # by segment
    for segment in segments(sample, (n,)):
        masses.append(torch.stack([member.mass(segment) for member in members.values()]))
        sizes = (member.credit(segment).double().abs().flatten(1).sum(1) for member in members.values())
        credits.append(torch.stack(list(sizes)))
        scores.append(segment.start.score)
    first, last = segment.walk.scores
    passed = torch.stack(scores) > first + PSI * (last - first)
    before = 1 - passed.double().cummax(0).values.unsqueeze(1)  # (N, 1, B), where no point so far is behind α*
    keys, reasons = [(name, n, "") for name in members], uncounted(sample, protocol) | {"F(x) ≤ F(x')": last <= first}
    found = {"weight": torch.stack(masses), "credit": torch.stack(credits)}  # (N, M, B)
    shares = {f"{of} before α*": (parts * before).sum(0) / parts.sum(0) for of, parts in found.items()}
    put = partial(rows, sample, protocol, variant=f"ψ = {PSI:g}", keys=keys, reasons=reasons)
    return [put(metric, values=share.T) for metric, share in shares.items()]


def kept_maps(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """The attributions at the finest step count of the first images, in half precision, for figures.

    A row's `value` is its map's largest magnitude, of which `map` holds the parts; `variant` is its shape.
    """
    if not sample.kept:
        return []
    signed = attributions(sample, protocol, steps=finest(sample))
    stack = torch.stack(list(signed.values()), dim=1)[: sample.kept].cpu()
    scale = stack.flatten(2).abs().amax(2)
    parts = (stack / scale.clamp(min=torch.finfo(scale.dtype).tiny).view(*scale.shape, 1, 1, 1)).half().flatten(0, 1)
    keys = [(name, n, "signed") for name, n in signed]
    variant = "x".join(map(str, stack.shape[2:]))
    maps = [part.numpy().tobytes() for part in parts]
    return [rows(sample, protocol, "map", variant, keys, scale, maps=maps)]

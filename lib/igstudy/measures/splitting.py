"""Split IG: how much its parts weigh, where they point, and what the softmax does to them."""

from dataclasses import replace
from functools import partial

import pandas as pd
import torch
from torch import Tensor

from igpaths.metrics import cosine, norm_ratio, spearman
from igpaths.rules import IDGI, IG, Left, Right, Rule, SquaredGradients
from igstudy.measures.protocols import Protocol, Split
from igstudy.measures.quantities import recomputed
from igstudy.measures.sample import Sample, rows, segments, split_of, uncounted

SURE, UNSURE = 0.9, 0.5  # probabilities, of Study B's last remark


def split(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Norm ratios, α* and cosines of Left, Right and the whole, for each rule and ψ (Study B, Tables 1–3); the sum of
    Left over the score's change; and the root mean square of the gradient's norm behind α* over that before it.

    Where the score is the probability, the norm ratio stands a second time for the images of which the network is
    sure, and of which it is not.
    """
    how, frames = split_of(sample.source, protocol), []
    assert how
    wholes: dict[str, Rule] = {"IG": IG(how.at), "IDGI": IDGI()}
    for name, whole in wholes.items():
        by_psi = {psi: _split_values(sample, how, whole, psi) for psi in how.psi}
        # An image whose part is empty at one ψ is left out at every ψ: a row of a table is about the same images.
        empty = torch.stack([~torch.stack(list(v.values())).isfinite().all(0) for v in by_psi.values()]).any(0)
        reasons, key = uncounted(sample, protocol) | {"a part is empty": empty}, [(name, how.steps, "signed")]
        for psi, values in by_psi.items():
            variant = f"ψ = {psi:g}" + ("" if how.output == "logit" else f", {how.output}")
            for quantity, value in values.items():
                frames.append(rows(sample, protocol, quantity, variant, key, value[:, None], reasons=reasons))
            for group, out in _by_confidence(sample, how).items():
                ratio, out = values["L2 ratio"][:, None], reasons | out
                frames.append(rows(sample, protocol, "L2 ratio", f"{variant}, {group}", key, ratio, reasons=out))
    return frames


def _split_values(sample: Sample, how: Split, whole: Rule, psi: float) -> dict[str, Tensor]:
    walked = sample.walked
    assert walked is not None
    left, right = Left(whole, psi, how.crossing), Right(whole, psi, how.crossing)
    first, last, full = (walked[rule, how.steps] for rule in (left, right, whole))
    star, scores = walked.alpha_star[left, how.steps], walked.scores[how.steps]
    squares = [walked[part(SquaredGradients(), psi, how.crossing), how.steps].sum((1, 2, 3)) for part in (Left, Right)]
    values = {
        "L2 ratio": norm_ratio(last, first, order=2),
        "L1 ratio": norm_ratio(last, first, order=1),
        "alpha*": star,
        "cosine left right": cosine(first, last),
        "cosine left full": cosine(first, full),
        "cosine right full": cosine(last, full),
        "sum of Left": first.sum((1, 2, 3)) / (scores[:, -1] - scores[:, 0]),
        "gradient norm ratio": (squares[1] / (1 - star) / (squares[0] / star)).sqrt(),
    }
    together = torch.stack([value.double() for value in values.values()]).cpu()  # a GPU is waited for once
    return dict(zip(values, together, strict=True))


def _by_confidence(sample: Sample, how: Split) -> dict[str, dict[str, Tensor]]:
    """The images that the network is sure of, or unsure, as reasons to leave the others out."""
    if how.output != "probability":
        return {}
    assert sample.walked is not None
    p = sample.walked.scores[how.steps][:, -1].cpu()
    return {f"p ≥ {SURE:g}": {f"p < {SURE:g}": p < SURE}, f"p < {UNSURE:g}": {f"p ≥ {UNSURE:g}": p >= UNSURE}}


def slopes(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Whether the gradient is large where the score rises (Study B, Fig. 1b): along the path, Spearman's ρ between the
    gradient's norm at a segment's `at`, the mean of its ends for "both", and the score's increase over the segment.

    It walks again, since a sum over the path does not keep its norms. A linear network's norms are constant, and ρ is
    undefined.
    """
    how = split_of(sample.source, protocol)
    assert how
    ends = ("start", "end") if how.at == "both" else (how.at,)
    norms, rises = list[Tensor](), list[Tensor]()  # by segment
    for segment in segments(sample, (how.steps,)):
        norms.append(sum(segment.gradient(end).double().flatten(1).norm(dim=1) for end in ends) / len(ends))
        rises.append(segment.score_change.double())
    follows = spearman(*(torch.stack(each, dim=1).unsqueeze(1) for each in (norms, rises)))  # maps of one line
    key, reasons = [("IG", how.steps, "signed")], uncounted(sample, protocol)
    return [rows(sample, protocol, "gradient follows slope", "", key, follows[:, None], reasons=reasons)]


def softmax_terms(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """What Study B leaves out of the gradient of a probability (§3.3), the terms of the other logits, as a part of IG.

    With p_t (1 − p_t) ∇F_t in the place of ∇p_t = Σ_i p_t (δ_it − p_i) ∇F_i: the L2 norm of the difference over that of
    IG of the probability, and the cosine between the two maps.
    """
    how, walked = split_of(sample.source, protocol), sample.walked
    assert how
    assert walked is not None
    rule, part = IG(how.at), torch.zeros_like(walked[IG(how.at), how.steps])
    logit = recomputed(sample.net, output="logit")
    for j, segment in enumerate(segments(replace(sample, net=logit), (how.steps,))):
        p = walked.scores[how.steps][:, j : j + 2].T.view(2, -1, 1, 1, 1)
        start, end = (
            replace(point, gradient=point.gradient * factor)
            for point, factor in zip((segment.start, segment.end), p * (1 - p), strict=True)
        )
        part += rule.credit(replace(segment, start=start, end=end))
    whole = walked[rule, how.steps]
    values = {"size": norm_ratio(whole - part, whole, order=2), "cosine": cosine(whole, part)}
    key, put = [("IG", how.steps, "signed")], partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    return [put("dropped terms", of, key, each[:, None]) for of, each in values.items()]

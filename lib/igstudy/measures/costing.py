"""What a map costs: how many gradients until the map, and what it is worth, hardly change any more."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import torch
from torch import Tensor

from igpaths.metrics import absolute_map, area, insertion, relative_change
from igpaths.paths import Along, Placed
from igpaths.rules import IG
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import GaussLegendre
from igstudy.measures.sample import Sample, rows, uncounted
from igstudy.measures.sources import attribute_any, is_unsigned

COUNTS = tuple(2**k for k in range(2, 10))  # steps, from 4 to 512: of one walk where the points are known beforehand
OF_ITS_OWN = COUNTS[:6]  # from 4 to 128, where each is a walk of its own
CHANGE, WORTH = 0.05, 0.95
GRADIENTS, REFERENCE = (8, 16, 32, 64), 1024


def cost(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How far each method's attribution with n steps lies from the one with the most, and how its insertion differs.

    n goes from 4 to 512 on a path whose points are known beforehand, from one walk of 513 gradients, and from 4 to 128
    on a guided path, from 248. A row's variant names the most. "map change" is ‖A_n − A_most‖₂ / ‖A_most‖₂, "insertion"
    is of the map by magnitude, on the protocol's first canvas: with K counts, K − 2 forward passes for each method
    and n beside two for each method. "steps to 5 %" is the least n from which on every change is .05 or less, "steps to
    95 %" the least from which on every insertion is .95 of that with the most or better; both are the most at most,
    and stand beside it as `steps`. The gradient at the image, which has no steps, is left out.
    """
    path, how = sample.source.path, protocol.insertion
    assert path is not None
    assert how
    counts, canvas = COUNTS if isinstance(path, Along) else OF_ITS_OWN, how.canvases[0]
    rules = {name: rule for name, rule in sample.source.ranked.items() if name != "gradient"}
    question, size = sample.question, sample.batch_size
    walked = attribute_any(*question, path=path, rules=rules.values(), steps=counts, batch_size=size)
    to = f"to {counts[-1]}"
    shown, frames = f"{canvas}, {len(how.shares)} counts, {to}", []
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    for name, rule in rules.items():
        maps = _finite(torch.stack([walked[rule, n] for n in counts], dim=1))
        changes = relative_change(maps[:, -1:].expand_as(maps).flatten(2, 3), maps.flatten(2, 3)).cpu()
        r = insertion(*question, absolute_map(maps), canvas=canvas, shares=how.shares, **sample.drawing)
        worth = area(r.shares, r.probability)
        signed, absolute = ("none", "none") if is_unsigned(rule) else ("signed", "absolute")
        of_map, of_worth = ([(name, n, sign) for n in counts] for sign in (signed, absolute))
        to_map, to_worth = (settled(counts, held) for held in (changes <= CHANGE, worth >= WORTH * worth[:, -1:]))
        frames += [
            put("map change", to, of_map, changes),
            put("insertion", shown, of_worth, worth),
            put("steps to 5 %", to, of_map[-1:], to_map[:, None]),
            put("steps to 95 %", shown, of_worth[-1:], to_worth[:, None]),
        ]
    return frames


def settled(counts: Sequence[int], holds: Tensor) -> Tensor:
    """The least of K increasing counts from which on `holds` (…, K) is true: (…), float64; NaN if not at the last."""
    since = holds.int().flip(-1).cumprod(-1).sum(-1)  # of how many, the last among them
    return torch.tensor([*counts, torch.nan], dtype=torch.float64)[len(counts) - since]


def integrate(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """IG on the straight path by four sums of n gradients each, for n of 8, 16, 32 and 64, which is a row's `steps`.

    Counted are the gradients that the sum needs: n − 1 segments of the trapezoid, with even and with placed points,
    whose pilot takes 16 forward passes more; n of the left sum, without the gradient at x; and n nodes of
    Gauss–Legendre, without those at x' and x. "map change" is that to the even trapezoid of 1,024 segments, which has
    rows of its own; "relative gap" is |Σ A − ΔF| / |ΔF|; "insertion" is of the map by magnitude on the protocol's first
    canvas. It takes 1,025 + Σ (3n + 2) gradients of an image.
    """
    placed, how = sample.source.path, protocol.insertion
    assert isinstance(placed, Placed)
    assert how
    even, left, both = placed.path, IG("start"), IG("both")
    explain = partial(attribute_any, *sample.question, batch_size=sample.batch_size)
    fine = explain(path=even, rules=(left, both), steps=(*GRADIENTS, REFERENCE))
    found: dict[tuple[str, int], Tensor] = {}
    for n in GRADIENTS:
        found["IG, trapezoid", n] = explain(path=even, rules=both, steps=n - 1)[both]
        found["IG, placed", n] = explain(path=placed, rules=both, steps=n - 1)[both]
        found["IG, left sum", n] = fine[left, n]
        found["IG, Gauss–Legendre", n] = explain(path=GaussLegendre(even), rules=IG("end"), steps=n)[IG("end")]
    reference = found["IG, trapezoid", REFERENCE + 1] = fine[both, REFERENCE]
    maps, reference = _finite(torch.stack(list(found.values()), dim=1)), _finite(reference)
    changes = relative_change(reference[:, None].expand_as(maps).flatten(2, 3), maps.flatten(2, 3))
    score = fine.scores[REFERENCE][:, [0, -1]].double().diff(dim=1)
    gaps = (maps.sum((2, 3, 4), dtype=torch.float64) / score - 1).abs()
    canvas, equal = how.canvases[0], "equal gradients"
    r = insertion(*sample.question, absolute_map(maps), canvas=canvas, shares=how.shares, **sample.drawing)
    signed, absolute = ([(*key, sign) for key in found] for sign in ("signed", "absolute"))
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    return [
        put("map change", f"{equal}, to {REFERENCE}", signed, changes),
        put("relative gap", equal, signed, gaps),
        put("insertion", f"{canvas}, {len(how.shares)} counts, {equal}", absolute, area(r.shares, r.probability)),
    ]


def _finite(maps: Tensor) -> Tensor:
    """Zeros for what is not finite: such an image is left out, and must not stop the others."""
    return maps.nan_to_num(0, 0, 0)

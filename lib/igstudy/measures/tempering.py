"""Insertion as the network is made more and less sure: T of softmax(z / T) where a map is made, and where it is judged.

A temperature moves the metric's floor, p of the canvas, along with the maps. So the two uses of T are taken apart, and
the curve is also read between its ends, the canvas and the image.
"""

from dataclasses import replace
from functools import partial

import pandas as pd
from torch import Tensor

from igpaths.metrics import area, insertion
from igpaths.metrics.reveal import Responses
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import recomputed
from igstudy.measures.sample import Sample, explained_again, finest, rows, stacked, uncounted

TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 4.0)  # at which a network both explains and is asked
APART = (TEMPERATURES[0], 1.0, TEMPERATURES[-1])  # of which each explains what every other is asked about
LEAST = 0.05  # of p(x), which must lie between p(canvas) and p(x) for a curve to be read between them


def temper(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Insertion on black at the finest step count, explained at one temperature and evaluated at another; and beside
    the controls how sure the network then is of the target.

    The pairs are the diagonal of `TEMPERATURES` and all pairs of `APART`. Controls, which no temperature explains, are
    on the diagonal alone.
    """
    assert protocol.insertion
    nets = {
        t: sample.net if t == sample.net.temperature else recomputed(sample.net, temperature=t) for t in TEMPERATURES
    }
    frames = []
    for explained, net in nets.items():
        own = replace(sample, net=net)
        if net is not sample.net:
            own = explained_again(own, protocol, sample.images)
        keys, stack = stacked(own, protocol, steps=finest(own))
        apart = APART if own.walked is not None and explained in APART else (explained,)
        for evaluated in apart:
            asked = nets[evaluated], *own.question[1:]
            r = insertion(*asked, stack, shares=protocol.insertion.shares, **own.drawing)
            out = uncounted(own, protocol)
            put = partial(rows, own, protocol, variant=f"black, {len(r.shares)} counts, {at(explained, evaluated)}")
            frames.append(put("insertion", keys=keys, values=area(r.shares, r.probability), reasons=out))
            frames.append(put("insertion ratio", keys=keys, values=area(r.shares, r.probability_ratio), reasons=out))
            values, flat = normalised(r)
            flat_too = out | {f"p(x) − p(canvas) < {LEAST:g} p(x)": flat}
            frames.append(put("insertion normalised", keys=keys, values=values, reasons=flat_too))
        if own.walked is None:
            p = r.probability[:, 0, -1:]
            frames.append(rows(own, protocol, "confidence", f"T = {explained:g}", [("", 0, "")], p, reasons=out))
    return frames


def at(explained: float, evaluated: float) -> str:
    """The end of a variant, for the temperatures at which maps are made and judged; they have one name where alike."""
    if explained == evaluated:
        return f"T = {explained:g}"
    return f"explained at T = {explained:g}, evaluated at T = {evaluated:g}"


def normalised(r: Responses) -> tuple[Tensor, Tensor]:
    """The area (B, M) under (p − p(canvas)) / (p(x) − p(canvas)), and which images (B,) lie too near their canvas.

    The shares must begin with 0. A curve goes from 0 to 1 at every temperature, which moves it between: invariant is
    only a curve that stays at its ends, and as T grows with the logits' differences small beside it, p is linear in the
    logits and the area tends to that of their margin. `LEAST` is a part of p(x) because p(x) itself is small at a high
    T: of a thousand classes at T = 4 it is often below .05.
    """
    canvas = r.probability[:, :1, :1]
    room = r.whole.view(-1, 1, 1) - canvas
    return area(r.shares, (r.probability - canvas) / room), ~(room[:, 0, 0] >= LEAST * r.whole)

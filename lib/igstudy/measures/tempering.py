"""Confidence, on its own: the same network, more and less sure of the same classes."""

import copy
from dataclasses import replace
from functools import partial

import pandas as pd

from igpaths.metrics import area, insertion
from igstudy.measures.protocols import Protocol
from igstudy.measures.sample import Sample, explained_again, finest, rows, stacked, uncounted

TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 4.0)


def tempered(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Insertion on black when the probability that is explained, and asked after, is softmax(z / T), at the finest step
    count; and beside the controls how sure the network then is of the target.
    """
    assert protocol.insertion
    frames = []
    for temperature in TEMPERATURES:
        own = _at(sample, protocol, temperature)
        keys, stack = stacked(own, protocol, steps=finest(own))
        put = partial(rows, own, protocol, reasons=uncounted(own, protocol))
        r = insertion(
            own.net,
            own.images,
            own.targets,
            stack,
            shares=protocol.insertion.shares,
            seed=own.seed,
            batch_size=own.batch_size,
        )
        for metric, curve in (("insertion", r.probability), ("insertion ratio", r.probability_ratio)):
            variant = f"black, {len(r.shares)} counts, T = {temperature:g}"
            frames.append(put(metric, variant, keys, area(r.shares, curve)))
        if own.walked is None:
            frames.append(put("confidence", f"T = {temperature:g}", [("", 0, "")], r.probability[:, 0, -1:]))
    return frames


def _at(sample: Sample, protocol: Protocol, temperature: float) -> Sample:
    """The sample as a network of this temperature is explained."""
    if temperature == sample.net.temperature:
        return sample
    net = copy.copy(sample.net)
    net.temperature = temperature
    return explained_again(replace(sample, net=net), protocol, sample.images)

"""Smoothing as a choice of its own: measures that read every map by magnitude, and every control, under Gaussians.

One reads signed maps, to tell what smoothing does without the magnitude.

A map that is not smoothed is measured by the measure itself, so σ = 0 is not among the widths.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from igstudy.measures.describing import classes, localization
from igstudy.measures.protocols import Protocol
from igstudy.measures.revealing import curves, delete, reveal, revealed
from igstudy.measures.sample import Sample, ranking_maps, stack

SIGMAS = (1, 2, 3, 4, 8)  # pixels
TO_BLURRED = (*SIGMAS, 16)  # to where a map is a blob: of insertion and deletion
OF_SIGNED = (2, 3, 4)  # pixels
Rows = Callable[[Sample, Protocol], list[pd.DataFrame]]


def smooth_insertion(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Insertion of smoothed maps on the protocol's first canvas."""
    return _at_each(reveal, sample, protocol, TO_BLURRED)


def signed_insertion(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Insertion of maps that have a sign and rank with it, smoothed: the signs of neighbouring pixels may cancel."""
    assert protocol.insertion
    canvases = {name: name for name in protocol.insertion.canvases[:1]}
    maps = {key: map for key, map in ranking_maps(sample, protocol, signs=("signed",)).items() if key[2] == "signed"}
    smoothed = [replace(sample, sigma=sigma) for sigma in OF_SIGNED]
    frames = [revealed(each, protocol, *stack(each, protocol, maps), canvases=canvases) for each in smoothed]
    return [frame for own in frames for frame in own]


def insertion_at_3px(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """The rows of `smooth_insertion` for σ = 3 px alone, which claims ask for."""
    return _at_each(reveal, sample, protocol, (3,))


def smooth_deletion(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Deletion by smoothed maps."""
    return _at_each(delete, sample, protocol, TO_BLURRED)


def smooth_information(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """SIC and AIC by PNG bytes of smoothed maps."""

    def by_png(each: Sample, protocol: Protocol) -> list[pd.DataFrame]:
        return curves(each, protocol, estimators=("png",))

    return _at_each(by_png, sample, protocol)


def smooth_localization(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Whether smoothed maps fall on the object."""
    return _at_each(localization, sample, protocol)


def smooth_classes(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Class sensitivity of smoothed maps."""
    return _at_each(classes, sample, protocol)


def _at_each(measure: Rows, sample: Sample, protocol: Protocol, sigmas: Sequence[float] = SIGMAS) -> list[pd.DataFrame]:
    return [frame for sigma in sigmas for frame in measure(replace(sample, sigma=sigma), protocol)]

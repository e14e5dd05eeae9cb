"""Where two guided paths part that an error separates, and how far a gradient moves when its point does: sentences."""

from collections.abc import Mapping, Sequence

from igpaths.texts import amount
from igstudy.evidence.amounts import span
from igstudy.evidence.statistics import slope

Curve = tuple[Sequence[float], Sequence[float]]
APART = 0.9  # sets of pixels that overlap by less have parted
RANGE = (0.9e-6, 1.1e-2)  # of distances in which the order is fitted
NEXT = 1e-2  # a distance that two guided paths may have


def in_words(overlaps: Mapping[str, Curve]) -> str:
    """On how many networks the two paths of the median image part, and whether the threshold alone explains it.

    Overlaps are those of the sets of pixels that move at a step, by network.
    """
    lowest = {network: min(y) for network, (_, y) in overlaps.items()}
    firsts = [
        next(t for t, y in zip(*curve, strict=True) if y < APART)
        for network, curve in overlaps.items()
        if lowest[network] < APART
    ]
    when = f", first at step {span(firsts, '.0f')}" if firsts else ""
    words = (
        f"On {len(firsts) or 'none'} of {amount(len(overlaps), 'network')} the two paths of the median image come to "
        f"move sets of pixels that overlap by less than {APART}{when}. "
        f"The lowest overlap is {min(lowest.values()):.2f}."
    )
    start = min(y[0] for _, y in overlaps.values())
    if not firsts:
        return words
    alone = "does not explain it" if start >= APART else "may already explain it"
    after = "after the first step, whose gradients only rounding separates, the lowest overlap is"
    return f"{words}\n\nThe threshold alone {alone}: {after} {start:.4f}."


def orders(jumps: Mapping[str, Curve]) -> dict[str, float]:
    """The power with which each network's gradient changes as its point moves, between the distances of `RANGE`."""
    points = {
        network: [(x, y) for x, y in zip(*curve, strict=True) if RANGE[0] < x < RANGE[1]]
        for network, curve in jumps.items()
    }
    return {network: -slope(*zip(*own, strict=True)) for network, own in points.items()}


def smooth(jumps: Mapping[str, Curve]) -> list[str]:
    """The networks whose power is nearer to one, as of a smooth network, than to one half."""
    return [network for network, power in orders(jumps).items() if abs(power - 1) < abs(power - 0.5)]


def of_smooth(jumps: Mapping[str, Curve], moved: Mapping[str, float]) -> str:
    """Whether an error moves Guided IG's maps less where gradients move smoothly than where they jump: two sentences.

    `moved` is by which share of its length the error moves a network's map.
    """
    both = [network for network in orders(jumps) if network in moved]
    calm = {network: moved[network] for network in smooth(jumps) if network in moved}
    wild = [moved[network] for network in both if network not in calm]
    if not calm or not wild:
        return "Both kinds of network would have to be measured, and they are not."
    met = [network for network, share in calm.items() if share >= min(wild)]
    of_calm, of_wild = (amount(len(each), "network") for each in (calm, wild))
    return (
        f"Misrounded constants move the map by {span(calm.values(), '.2g')} of its length on {of_calm} with smoothly "
        f"moving gradients ({', '.join(calm)}) and by {span(wild, '.2g')} on {of_wild} with jumping ones. The "
        f"condition is met on {', '.join(met) or 'none'}."
    )


def of_gradients(jumps: Mapping[str, Curve]) -> str:
    """Whether gradients jump as a network's that is linear in pieces, or move as a smooth one's: two sentences."""
    powers = orders(jumps)
    near = len(powers) - len(smooth(jumps))
    moved = [y for curve in jumps.values() for x, y in zip(*curve, strict=True) if abs(x / NEXT - 1) < 0.1]
    return (
        "Between distances of $10^{-6}$ and $10^{-2}$ the change of the gradient grows with the power "
        f"{span(powers.values())} of the distance. On {near} of {amount(len(powers), 'network')} that is nearer to one "
        "half, as {eq}`eq-shattering` says, than to one, as for a smooth network. At a hundredth of the image's "
        "length, less than the default `max_distance` allows between two guided paths, the gradient has moved by "
        f"{span(moved)} of its own length."
    )

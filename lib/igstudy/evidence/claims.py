"""The claims of both papers, and the verdict that a study's rows give on each.

`claims.yaml` says what is claimed and what decides it; its head explains every field. `claims` reads and checks it.
`verdict` takes one number of each image, averages it over the images of a network, with an interval, for every
comparison that the claim makes, and counts where the intervals lie.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from igpaths.metrics.stability import NORMALISATIONS
from igstudy.engine.schema import refusal
from igstudy.evidence.statistics import Estimate, bootstrap, slope
from igstudy.evidence.tables.quality import AVERAGES, CONTROLS
from igstudy.evidence.tables.split import QUANTITIES
from igstudy.measures.comparing import COMPARISONS
from igstudy.measures.describing import LOCALIZATION
from igstudy.measures.protocols import PROTOCOLS, SPLIT
from igstudy.measures.sources import LABELS, SUMS

FILE = Path(__file__).with_name("claims.yaml")
HOLDS, FAILS, UNDECIDED, NOT_MEASURED = "holds", "does not hold", "undecided", "not measured"
THEIRS_ALONE = "holds only under the paper's protocol"
LEAST = 10  # images; with fewer an interval decides nothing

KINDS = {"level": ("a",), "difference": ("a", "b"), "ratio": ("a", "b"), "exponent": ("a",)}
AGREE = {"all": 1.0, "most": 2 / 3, "half": 1 / 2, "some": 1 / 10}  # of the comparisons on all networks
CHAPTERS = (
    "01-path-methods", "02-idgi", "03-idgi-vs-its-baselines", "04-step-size", "05-numerical-stability", "06-split-ig",
    "07-split-ig-quality", "08-softmax-or-logit",
)  # fmt: skip

# What a study's rows can be asked for.
METHODS = {
    *(name for label in LABELS.values() for name in (label, f"{label} + IDGI", *(f"{label}, {sum}" for sum in SUMS))),
    *(*CONTROLS, "IDGI", "Left", "Right", "Full", "Left + IDGI", "Full + IDGI", "Window"),
}
METRICS = {
    *("completeness gap", "score change", "last segment", "late movement", "projection"),
    *("insertion", "insertion ratio", "SIC", "AIC", "ABPC", "max-sensitivity"),
    *(
        "class sensitivity",
        "share on the likelier object",
        "likeness to edges",
        "patchiness",
        "roughness",
        "uncancelled",
    ),
    *("gradient norm ratio", "sum of Left", "dropped terms"),
    *(f"JPEG {name}" for name in (*NORMALISATIONS, *COMPARISONS)),
    *(f"{what} {name}" for what in ("noise", "rounding", "device") for name in ("change", "cosine")),
    *(*QUANTITIES, *LOCALIZATION),
}
NAMES = {"protocol": {*PROTOCOLS, *(split.name for split in SPLIT)}, "method": METHODS, "metric": METRICS}

# What the file may say: in an entry, on a side, of a quantity.
TEXTS = ("id", "paper", "place", "claim", "quote", "chapter", "why", "agree")
SELECTORS = ("method", "metric", "variant", "sign", "steps")
BOUNDS = ("above", "below", "within")
COMPUTED = ("kind", "statistic", "a", "b", *BOUNDS, *SELECTORS)
ENTRY = (*TEXTS, *COMPUTED, "each", "networks", "ours", "theirs", "also", "needs")


@dataclass(frozen=True)
class Quantity:
    """Rows of the store, one for each image; two `steps` are for the change from one to the other."""

    method: str
    metric: str
    variant: str
    sign: str
    steps: tuple[int | str, ...]


Comparison = tuple[Quantity, ...]  # one, or the two that are compared


@dataclass(frozen=True)
class Side:
    """How a claim is decided under ours, or under the paper's protocol.

    Attributes
    ----------
    protocols : of which the first counts that has rows.
    kind : one of `KINDS`.
    statistic : "mean", "median", or "" for the metric's own.
    low, high : between which an average must lie.
    comparisons : the quantities of each.
    """

    protocols: tuple[str, ...]
    kind: str
    statistic: str
    low: float
    high: float
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class Claim:
    """One claim; the fields are those of `claims.yaml`, where `networks` is empty for all that were measured.

    Examples
    --------
    >>> from igstudy.evidence.claims import claims
    >>> claim = claims()[0]
    >>> claim.id, claim.paper, claim.ours.kind
    ('a1', 'A', 'difference')
    """

    id: str
    paper: str
    place: str
    claim: str
    quote: str
    chapter: str
    why: str
    agree: str
    networks: tuple[str, ...]
    needs: str
    ours: Side
    theirs: Side | None = None
    also: Side | None = None

    @property
    def sides(self) -> tuple[Side, ...]:
        return tuple(side for side in (self.ours, self.theirs, self.also) if side)


@dataclass(frozen=True)
class Cell:
    """One comparison on one network: its estimate, and whether it "agrees", "disagrees" or is "open"."""

    network: str
    comparison: Comparison
    estimate: Estimate
    outcome: str


@dataclass(frozen=True)
class Finding:
    """What the rows of one protocol say; no cells where they do not hold every comparison."""

    protocol: str
    verdict: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim in a word or two, and what each of its sides finds; None for a side that it lacks.

    Examples
    --------
    >>> from igstudy.evidence.claims import claims, verdicts
    >>> from igstudy.evidence.results import published
    >>> found = verdicts(published(metrics=("no such metric",)), claims()[:2])
    >>> [each.verdict for each in found]
    ['not measured', 'not measured']
    """

    claim: Claim
    verdict: str
    ours: Finding
    theirs: Finding | None
    also: Finding | None


# --- reading ---


def claims(file: Path = FILE) -> tuple[Claim, ...]:
    """All claims, in the file's order.

    Raises
    ------
    ValueError
        For a key, kind, bound, chapter, protocol, metric or method that there is not, a text that is missing, or an id
        that is there twice. A claim that says what it `needs` may name metrics and methods that are still to come.

    Examples
    --------
    >>> from igstudy.evidence.claims import claims
    >>> sorted({claim.paper for claim in claims()})
    ['A', 'B']
    """
    whole = yaml.safe_load(file.read_text(encoding="utf-8"))
    _check(file.name, whole, ("defaults", "lists", "claims"))
    found = tuple(_claim(entry, whole["defaults"]) for entry in whole["claims"])
    ids = [claim.id for claim in found]
    for name in ids:
        if ids.count(name) > 1:
            raise refusal("id", name, "each id once")
    return found


def _claim(entry: Mapping[str, Any], defaults: Mapping[str, Any]) -> Claim:
    where = f"claim {entry.get('id', '?')}"
    _check(where, entry, ENTRY)
    for key in TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise refusal(f"{where}: {key}", entry.get(key), "a text")
    for key, allowed in (("paper", tuple(defaults)), ("chapter", CHAPTERS), ("agree", tuple(AGREE))):
        _choose(f"{where}: {key}", entry[key], allowed)
    general, needs = defaults[entry["paper"]], entry.get("needs", "")
    sides = {}
    for name, default in (("ours", {}), ("theirs", {}), ("also", None)):
        its = entry.get(name, default)
        if its is None and name == "ours":
            raise refusal(f"{where}: ours", its, "what differs on our side, or nothing")
        if its is not None:
            _check(f"{where}: {name}", its, ("protocol", *COMPUTED))
            settings = _merged(general, entry, general["theirs" if name == "theirs" else "ours"], its)
            sides[name] = _side(f"{where}: {name}", settings, still_to_come=bool(needs))
    return Claim(
        **{key: entry[key] for key in TEXTS},
        networks=tuple(entry.get("networks", ())),
        needs=needs,
        ours=sides["ours"],
        theirs=sides.get("theirs"),
        also=sides.get("also"),
    )


def _side(where: str, settings: Mapping[str, Any], *, still_to_come: bool) -> Side:
    """A side from all that is said about it."""
    _choose(f"{where}: kind", settings.get("kind"), tuple(KINDS))
    _choose(f"{where}: statistic", settings.get("statistic", ""), ("", "mean", "median"))
    for change in chain(*settings.get("each", ())):
        _check(f"{where}: each", change, ("a", "b", *SELECTORS))
    bounds = [key for key in BOUNDS if key in settings]
    if len(bounds) != 1:
        raise refusal(f"{where}: bounds", bounds, f"one of {', '.join(BOUNDS)}")
    bound = settings[bounds[0]]
    low, high = {"above": (bound, math.inf), "below": (-math.inf, bound), "within": bound}[bounds[0]]
    protocols = settings["protocol"]
    side = Side(
        protocols=(protocols,) if isinstance(protocols, str) else tuple(protocols),
        kind=settings["kind"],
        statistic=settings.get("statistic", ""),
        low=float(low),
        high=float(high),
        comparisons=tuple(
            tuple(_quantity(where, _merged(settings, *changes), letter) for letter in KINDS[settings["kind"]])
            for changes in product(*settings.get("each", ()))
        ),
    )
    named = {"protocol": set(side.protocols)}
    if not still_to_come:
        for key in ("method", "metric"):
            named[key] = {getattr(quantity, key) for comparison in side.comparisons for quantity in comparison}
    for key, names in named.items():
        for name in sorted(names):
            _choose(f"{where}: {key}", name, tuple(sorted(NAMES[key])))
    return side


def _quantity(where: str, settings: Mapping[str, Any], letter: str) -> Quantity:
    own = settings.get(letter, {})
    _check(f"{where}: {letter}", own, SELECTORS)
    chosen = {key: value for key, value in {**settings, **own}.items() if key in SELECTORS}
    for key in SELECTORS:
        if key not in chosen:
            raise refusal(f"{where}: {letter}: {key}", None, "one, in the entry, in each or here")
    steps = chosen.pop("steps")
    return Quantity(**chosen, steps=tuple(steps) if isinstance(steps, list) else (steps,))


def _merged(*settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings on top of each other, the later ones above; what is said of a quantity is merged within it."""
    found: dict[str, Any] = {}
    for each in settings:
        found |= {key: {**found.get(key, {}), **value} if key in ("a", "b") else value for key, value in each.items()}
    return found


def _check(where: str, given: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for key in given:
        if key not in allowed:
            raise refusal(f"{where}: unknown key", key, ", ".join(allowed), allowed)


def _choose(where: str, given: object, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise refusal(where, given, ", ".join(allowed), allowed)


# --- deciding ---


def metrics(asked: Iterable[Claim]) -> set[str]:
    """The metrics whose rows decide these claims."""
    sides = [side for claim in asked for side in claim.sides]
    return {quantity.metric for side in sides for comparison in side.comparisons for quantity in comparison}


def verdict(claim: Claim, rows: pd.DataFrame) -> Verdict:
    """The verdict of rows on one claim: see `verdicts`.

    Examples
    --------
    >>> from igstudy.evidence.claims import claims, verdict
    >>> from igstudy.evidence.results import published
    >>> nothing = published(metrics=("no such metric",))
    >>> verdict(claims()[0], nothing).verdict
    'not measured'
    """
    return next(verdicts(rows, (claim,)))


def verdicts(rows: pd.DataFrame, asked: Iterable[Claim] | None = None) -> Iterator[Verdict]:
    """The verdicts of rows, of a study or published, on the claims that are asked, or on all.

    A comparison counts on every network that has rows for it; where one has rows on no network, nothing is decided.

    Raises
    ------
    ValueError
        Where a quantity has two rows for one image.

    Examples
    --------
    >>> from igstudy.evidence.claims import claims, verdicts
    >>> from igstudy.engine.runs import measured
    >>> own = [claim for claim in claims() if claim.chapter == "02-idgi"]
    >>> {found.verdict for found in verdicts(measured(study), own)} <= {"undecided", "not measured"}  # of two images
    True
    """
    asked = claims() if asked is None else tuple(asked)
    counted = rows[rows["metric"].isin(metrics(asked)) & (rows["left_out"] == "")]
    networks = [str(network) for network in counted["network"].unique()]
    parts = dict(iter(counted.groupby(["protocol", "network", "metric"], sort=False)))

    @cache  # claims overlap
    def estimate(side: tuple[str, str], protocol: str, network: str, comparison: Comparison) -> Estimate | None:
        own = [parts.get((protocol, network, quantity.metric)) for quantity in comparison]
        tables = [_by_steps(part, quantity) for part, quantity in zip(own, comparison, strict=True) if part is not None]
        if len(tables) < len(comparison):
            return None
        values = _of_images(side[0], tables, comparison)
        return _estimate(*side, comparison[0].metric, values) if len(values) else None

    for claim in asked:
        about = [network for network in networks if not claim.networks or network in claim.networks]
        ours, theirs, also = (
            _finding(side, AGREE[claim.agree], about, estimate) if side else None
            for side in (claim.ours, claim.theirs, claim.also)
        )
        assert ours
        alone = ours.verdict == FAILS and theirs and theirs.verdict == HOLDS
        yield Verdict(claim, THEIRS_ALONE if alone else ours.verdict, ours, theirs, also)


def _finding(side: Side, share: float, networks: list[str], estimate: Callable[..., Estimate | None]) -> Finding:
    for protocol in side.protocols:
        cells = []
        for network, comparison in product(networks, side.comparisons):
            found = estimate((side.kind, side.statistic), protocol, network, comparison)
            if found:
                cells.append(Cell(network, comparison, found, _outcome(side, found)))
        if {cell.comparison for cell in cells} == set(side.comparisons):
            return Finding(protocol, _counted([cell.outcome for cell in cells], share), tuple(cells))
    return Finding(side.protocols[0], NOT_MEASURED, ())


def _counted(outcomes: list[str], share: float) -> str:
    """Whether so large a share agrees, or no longer can."""
    needed = max(1, math.ceil(share * len(outcomes) - 1e-9))  # 2/3 of 3 is 2
    if outcomes.count("agrees") >= needed:
        return HOLDS
    return FAILS if len(outcomes) - outcomes.count("disagrees") < needed else UNDECIDED


def _by_steps(rows: pd.DataFrame, quantity: Quantity) -> pd.DataFrame:
    """A quantity's values: an image a row, a step count a column, the coarsest first."""
    chosen = rows["sign"].isin([quantity.sign, "none"])  # what has no negative values is there once
    for key in ("method", "metric", "variant"):
        chosen &= rows[key] == getattr(quantity, key)
    return rows[chosen].pivot(index=["photograph", "image"], columns="steps", values="value")


def _of_images(kind: str, tables: list[pd.DataFrame], comparison: Comparison) -> pd.Series:
    """One number of each image that has all it takes; the decimal logarithm of a ratio."""
    if kind == "exponent":
        steps = list(tables[0].columns)
        orders = [slope(steps, errors) if len(steps) > 1 else math.nan for errors in tables[0].abs().to_numpy()]
        return pd.Series(orders, index=tables[0].index, dtype=float).dropna()
    columns = [_at(table, quantity.steps) for table, quantity in zip(tables, comparison, strict=True)]
    found = pd.concat(columns, axis=1, join="inner", keys=range(len(columns)))
    if kind == "level":
        return found[0].dropna()
    if kind == "difference":
        return (found[0] - found[1]).dropna()
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = pd.Series(np.log10(found[0] / found[1]), index=found.index)
    return logarithms[np.isfinite(logarithms)]


def _at(table: pd.DataFrame, steps: tuple[int | str, ...]) -> pd.Series:
    """The values at a step count, or their change from one to another; none where it was not measured."""
    counts = list(table.columns)
    named = {"finest": counts[-1], "coarsest": counts[0]} if counts else {}
    asked = [named.get(str(count), count) for count in steps]
    if len(set(asked)) < len(steps) or not set(asked) <= set(counts):
        return pd.Series(dtype=float, index=table.index[:0])
    return table[asked[-1]] - (table[asked[0]] if len(asked) > 1 else 0)


def _estimate(kind: str, statistic: str, metric: str, values: pd.Series) -> Estimate:
    statistic = statistic or AVERAGES.get(metric, "mean")
    photographs = tuple(str(photograph) for photograph, _ in values.index)
    found = bootstrap(values, statistic=statistic, clusters=photographs)
    if kind != "ratio":
        return found
    return Estimate(10**found.value, 10**found.low, 10**found.high, found.n)


def _outcome(side: Side, estimate: Estimate) -> str:
    if estimate.n < LEAST:
        return "open"
    if side.low < estimate.low and estimate.high < side.high:
        return "agrees"
    return "disagrees" if estimate.high <= side.low or estimate.low >= side.high else "open"

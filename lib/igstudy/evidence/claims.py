"""The claims of both papers, as ``claims.yaml`` holds them: what is claimed, and what decides it.

The head of the file explains every field. An entry says what its sides share, and under `ours`, `theirs` and `also`
what is a side's own. `igstudy.evidence.deciding` gives the verdicts.
"""

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, fields
from itertools import chain, product
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field

from igpaths.metrics.stability import NORMALISATIONS
from igstudy.engine.schema import allowed, check_keys, one_of, refusal, schema, within
from igstudy.evidence.papers import QUANTITIES
from igstudy.evidence.tables.quality import CONTROLS
from igstudy.measures.comparing import COMPARISONS
from igstudy.measures.describing import LOCALIZATION
from igstudy.measures.protocols import PROTOCOLS, SPLIT
from igstudy.measures.sources import LABELS, SUMS

FILE = Path(__file__).with_name("claims.yaml")
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
    *("class sensitivity", "share on the likelier object", "likeness to edges", "patchiness", "roughness"),
    *("uncancelled", "gradient norm ratio", "sum of Left", "dropped terms"),
    *(f"JPEG {name}" for name in (*NORMALISATIONS, *COMPARISONS)),
    *(f"{what} {name}" for what in ("noise", "rounding", "device") for name in ("change", "cosine")),
    *(*QUANTITIES, *LOCALIZATION),
}
NAMES = {"protocol": {*PROTOCOLS, *(split.name for split in SPLIT)}, "method": METHODS, "metric": METRICS}
SELECTORS = ("method", "metric", "variant", "sign", "steps")
BOUNDS = ("above", "below", "within")
TERMS = ("protocol", "kind", "statistic", "a", "b", "each", *BOUNDS, *SELECTORS)  # of a side
Text = Annotated[str, Field(min_length=1), allowed("a text")]


@schema
class Quantity:
    """Rows of the store, one for each image; two `steps` are for the change from one to the other."""

    method: str
    metric: str
    variant: str
    sign: str
    steps: Annotated[tuple[int | str, ...], BeforeValidator(lambda n: n if isinstance(n, list | tuple) else (n,))]


Comparison = tuple[Quantity, ...]  # one, or the two that are compared


@schema
class Side:
    """How a claim is decided under ours, or under the paper's protocol."""

    protocols: tuple[str, ...]  # of which the first counts that has rows
    kind: Annotated[str, one_of(tuple(KINDS))]
    statistic: Annotated[str, one_of(("", "mean", "median"))]  # "" for the metric's own
    low: float  # between which an average must lie
    high: float
    comparisons: tuple[Comparison, ...]  # the quantities of each


@schema
class Claim:
    """One claim; the fields are those of `claims.yaml`, where `networks` is empty for all that were measured."""

    _: KW_ONLY
    id: Text
    paper: Text
    place: Text
    claim: Text
    quote: Text
    chapter: Annotated[str, one_of(CHAPTERS)]
    why: Text
    agree: Annotated[str, one_of(tuple(AGREE))]
    networks: tuple[str, ...] = ()
    needs: str = ""
    ours: Side
    theirs: Side | None = None
    also: Side | None = None

    @property
    def sides(self) -> tuple[Side, ...]:
        return tuple(side for side in (self.ours, self.theirs, self.also) if side)


def claims(file: Path = FILE) -> tuple[Claim, ...]:
    """All claims, in the file's order.

    ParameterError for a key, kind, bound, chapter, protocol, metric or method that there is not, a missing text and
    an id that is there twice. A claim that says what it `needs` may name metrics and methods that are to come.
    """
    whole = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = tuple(_claim(entry, whole["defaults"]) for entry in whole["claims"])
    ids = [claim.id for claim in found]
    for name in ids:
        if ids.count(name) > 1:
            raise refusal("id", name, "each id once")
    return found


def _claim(entry: Mapping[str, Any], defaults: Mapping[str, Any]) -> Claim:
    with within(f"claim {entry.get('id', '?')}"):
        names = [each.name for each in fields(Claim)]
        check_keys(entry, (*names, *TERMS))
        if entry.get("paper") not in defaults:
            raise refusal("paper", entry.get("paper"), ", ".join(defaults))
        general, sides = defaults[entry["paper"]], dict[str, Any]()
        for name, default in (("ours", {}), ("theirs", {}), ("also", None)):
            own = entry.get(name, default)
            if own is None and name == "ours":
                raise refusal("ours", None, "what differs on our side, or nothing")
            if own is not None:
                with within(name):
                    check_keys(own, TERMS)
                    terms = _merged(general, entry, general["theirs" if name == "theirs" else "ours"], own)
                    sides[name] = _side(terms, needs=entry.get("needs", ""))
        return Claim(**{name: entry[name] for name in names if name in entry} | {"theirs": None} | sides)


def _side(terms: Mapping[str, Any], *, needs: str) -> Side:
    """A side from all that is said about it."""
    each, kind = terms.get("each", ()), terms.get("kind")
    with within("each"):
        for change in chain(*each):
            check_keys(change, (*SELECTORS, "a", "b"))
    bounds = [key for key in BOUNDS if key in terms]
    if len(bounds) != 1:
        raise refusal("bounds", bounds, f"one of {', '.join(BOUNDS)}")
    bound = terms[bounds[0]]
    low, high = {"above": (bound, math.inf), "below": (-math.inf, bound), "within": bound}[bounds[0]]
    letters = KINDS.get(str(kind), ())
    comparisons = [tuple(_quantity(_merged(terms, *c), letter) for letter in letters) for c in product(*each)]
    protocols = terms["protocol"]
    values: dict[str, Any] = {"kind": kind, "low": low, "high": high, "comparisons": comparisons}
    values |= {"protocols": [protocols] if isinstance(protocols, str) else protocols}
    side = Side(**values, statistic=terms.get("statistic", ""))
    quantities = () if needs else tuple(chain(*side.comparisons))
    names = {"protocol": side.protocols} | {key: [getattr(q, key) for q in quantities] for key in ("method", "metric")}
    for key, found in names.items():
        for name in found:
            if name not in NAMES[key]:
                raise refusal(key, name, ", ".join(sorted(NAMES[key])), sorted(NAMES[key]))
    return side


def _quantity(terms: Mapping[str, Any], letter: str) -> Quantity:
    with within(letter):
        return Quantity(**{key: terms[key] for key in SELECTORS if key in terms} | terms.get(letter, {}))


def _merged(*terms: Mapping[str, Any]) -> dict[str, Any]:
    """The terms on top of each other, the later ones above; what is said of a quantity is merged within it."""
    found: dict[str, Any] = {}
    for each in terms:
        found |= {key: {**found.get(key, {}), **value} if key in ("a", "b") else value for key, value in each.items()}
    return found

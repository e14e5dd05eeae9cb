"""The claims of both papers, as ``claims.yaml`` holds them: what is claimed, and what decides it.

The head of the file explains every field. An entry says what its sides share, and under `ours`, `theirs` and `also`
what is a side's own. `igstudy.evidence.deciding` gives the verdicts.
"""

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, field, fields
from itertools import chain, product
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field

from igpaths.metrics.stability import NORMALISATIONS
from igstudy.engine.schema import allowed, one_of, refusal, schema, within
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
SELECTORS = ("method", "metric", "variant", "sign", "steps")
BOUNDS = ("above", "below", "within")
Text = Annotated[str, Field(min_length=1), allowed("a text")]
Own = Annotated[dict[str, Any], allowed("what is this side's own, or nothing")]


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
    kind: Annotated[str, one_of(tuple(KINDS))]
    statistic: Annotated[str, one_of(("", "mean", "median"))]
    low: float
    high: float
    comparisons: tuple[Comparison, ...]


@schema
class About:
    """What a claim says beside its sides; `networks` is empty for all that were measured."""

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


@schema
class Claim(About):
    """One claim; the fields are those of `claims.yaml`."""

    ours: Side
    theirs: Side | None = None
    also: Side | None = None

    @property
    def sides(self) -> tuple[Side, ...]:
        return tuple(side for side in (self.ours, self.theirs, self.also) if side)


# --- the file ---


@schema
class Change:
    """What an item of `each` may change: what is selected, for both quantities of a comparison or for one."""

    _: KW_ONLY
    method: Any = None
    metric: Any = None
    variant: Any = None
    sign: Any = None
    steps: Any = None
    a: Any = None
    b: Any = None


@schema
class Terms(Change):
    """What a side may say of its own."""

    protocol: Any = None
    kind: Any = None
    statistic: Any = None
    above: Any = None
    below: Any = None
    within: Any = None


@schema
class Entry(Terms, About):
    """An entry of the file."""

    each: Any = None
    ours: Own = field(default_factory=dict)
    theirs: Own | None = field(default_factory=dict)
    also: Own | None = None


def claims(file: Path = FILE) -> tuple[Claim, ...]:
    """All claims, in the file's order.

    Raises
    ------
    ParameterError
        For a key, kind, bound, chapter, protocol, metric or method that there is not, a text that is missing, or an id
        that is there twice. A claim that says what it `needs` may name metrics and methods that are still to come.
    """
    whole = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = tuple(_claim(entry, whole["defaults"]) for entry in whole["claims"])
    ids = [claim.id for claim in found]
    for name in ids:
        if ids.count(name) > 1:
            raise refusal("id", name, "each id once")
    return found


def _claim(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Claim:
    with within(f"claim {values.get('id', '?')}"):
        entry = Entry(**values)
        texts: dict[str, Any] = {each.name: getattr(entry, each.name) for each in fields(About)}
        sides: dict[str, Any] = {}
        if entry.paper not in defaults:
            raise refusal("paper", entry.paper, ", ".join(defaults))
        general = defaults[entry.paper]
        for name in ("ours", "theirs", "also"):
            own = getattr(entry, name)
            if own is not None:
                with within(name):
                    Terms(**own)  # refuses what there is not
                    terms = _merged(general, values, general["theirs" if name == "theirs" else "ours"], own)
                    sides[name] = _side(terms, needs=entry.needs)
        return Claim(**texts, **sides)


def _side(terms: Mapping[str, Any], *, needs: str) -> Side:
    """A side from all that is said about it."""
    each, kind = terms.get("each", ()), terms.get("kind")
    with within("each"):
        for change in chain(*each):
            Change(**change)
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

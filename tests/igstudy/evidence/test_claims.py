"""The claims: that the file can be read, that it names what there is, and that what it names is stored."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pandas as pd
import pytest
import yaml

from claiming import STEPS
from igstudy.engine import units
from igstudy.engine.parameters import Parameters
from igstudy.engine.runs import measured
from igstudy.evidence.cells import Cells
from igstudy.evidence.claims import AGREE, CHAPTERS, FILE, NAMES, SOURCES, Quantity, claims, digest
from igstudy.evidence.kinds import OTHER, kind_of
from igstudy.measures.protocols import PROTOCOLS
from studies import photographs, study

CLAIMS = claims()


# --- the file ---


def test_ids_are_unique_and_say_the_paper():
    ids = [claim.id for claim in CLAIMS]
    assert len(ids) == len(set(ids))
    assert all(claim.id == f"{claim.paper.lower()}{int(claim.id[1:])}" for claim in CLAIMS)
    assert {claim.paper for claim in CLAIMS} == {*SOURCES}


def test_all_that_a_claim_names_is_in_the_library():
    for claim in CLAIMS:
        assert claim.chapter in CHAPTERS
        assert claim.agree in AGREE
        assert all(kind_of(name) != OTHER for name in claim.networks)
        for quantity in claim.quantities:
            assert quantity.protocol in NAMES["protocol"]
            assert claim.needs or {quantity.metric} <= NAMES["metric"]
            assert claim.needs or {quantity.method} <= NAMES["method"]


def test_a_change_keeps_the_comparisons_and_says_what_it_is():
    for claim in CLAIMS:
        for side in claim.changed:
            assert side.by
            assert len(side.comparisons) == len(claim.original.comparisons)
            assert side != replace(claim.original, by=side.by)
        assert claim.original.by == ""


def test_no_comparison_is_there_twice_or_of_a_quantity_with_itself():
    for side in chain.from_iterable(claim.sides for claim in CLAIMS):
        assert len(set(side.comparisons)) == len(side.comparisons)
        assert all(len(set(comparison)) == len(comparison) for comparison in side.comparisons)


def test_the_digest_does_not_depend_on_line_ends_and_changes_with_any_letter(tmp_path):
    text, file = FILE.read_bytes().replace(b"\r\n", b"\n"), tmp_path / "claims.yaml"
    file.write_bytes(text.replace(b"\n", b"\r\n"))
    assert digest(file) == digest()
    for place in (0, len(text) // 2, len(text) - 1):
        file.write_bytes(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])
        assert digest(file) != digest()


GOOD = {
    "id": "a1", "paper": "A", "place": "§1", "claim": "c", "quote": "q", "chapter": "02-idgi", "why": "w",
    "agree": "all", "kind": "level", "method": "IG", "metric": "AIC", "variant": "png", "above": 0,
}  # fmt: skip
DEFAULTS = {"A": {"steps": "finest", "protocol": "study-a", "sign": "signed"}}


def read(folder, *entries):
    """The claims of a file with these entries, each changed from one that is right."""
    file = folder / "claims.yaml"
    whole = {"defaults": DEFAULTS, "claims": [GOOD | entry for entry in entries]}
    for entry in whole["claims"]:
        entry.pop(entry.pop("without", None), None)
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return claims(file)


def test_an_entry_is_read(tmp_path):
    (claim,) = read(tmp_path, {"each": [[{"steps": [8, 32]}, {"a": {"sign": "none"}}]]})
    assert claim.original.comparisons == (
        (Quantity("study-a", "IG", "AIC", "png", "signed", (8, 32)),),
        (Quantity("study-a", "IG", "AIC", "png", "none", ("finest",)),),
    )
    side = claim.original
    assert (side.by, side.kind, side.statistic, side.low, side.high) == ("", "level", "", 0, np.inf)
    assert (claim.changed, claim.networks, claim.needs) == ((), (), "")


def test_each_multiplies_and_a_change_is_merged_into_the_quantities(tmp_path):
    entry = {"kind": "difference", "a": {"method": "IG + IDGI"}, "each": [[{"metric": "SIC"}, {"metric": "AIC"}]]}
    entry |= {"changes": [{"by": "larger", "a": {"sign": "absolute"}, "below": 1}, {"by": "same", "statistic": "mean"}]}
    (claim,) = read(tmp_path, entry | {"each": [*entry["each"], [{"steps": 8}, {"steps": 32}]]})
    pairs = [(a.method, b.method, a.metric, b.steps) for a, b in claim.original.comparisons]
    assert pairs == [("IG + IDGI", "IG", metric, (n,)) for metric in ("SIC", "AIC") for n in (8, 32)]
    larger, same = claim.changed
    assert [(a.method, a.sign, b.sign) for a, b in larger.comparisons] == [("IG + IDGI", "absolute", "signed")] * 4
    assert (larger.low, larger.high, same.low, same.high) == (-np.inf, 1, 0, np.inf)
    assert (same.statistic, same.comparisons) == ("mean", claim.original.comparisons)


@pytest.mark.parametrize(
    ("kind", "bound", "null"),
    [
        ("difference", {"above": 0}, 0.0),
        ("difference", {"below": 0}, 0.0),
        ("contrast", {"above": 0}, 0.0),
        ("ratio", {"below": 1}, 1.0),
        ("ratio of ratios", {"above": 1}, 1.0),
        ("difference", {"below": 0.1}, None),
        ("difference", {"within": [0, 1]}, None),
        ("ratio", {"above": 0}, None),
        ("level", {"above": 0}, None),
        ("exponent", {"above": 0}, None),
    ],
)
def test_no_effect_is_where_the_only_bound_is(tmp_path, kind, bound, null):
    each = {letter: {"steps": n} for letter, n in zip("abcd", (1, 2, 3, 4), strict=True)}
    (claim,) = read(tmp_path, {"kind": kind, "without": "below" if "above" in bound else "above", **each, **bound})
    assert claim.original.null == null


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"margins": 0}, "claim a1: unknown key: given 'margins'"),
        ({"kind": "differ"}, "claim a1: kind: given 'differ'; allowed: level, .*; nearest: difference"),
        ({"metric": "insertoin"}, "claim a1: metric: given 'insertoin'; .*nearest: insertion"),
        ({"method": "Guided IGG"}, "claim a1: method: given 'Guided IGG'; .*nearest: Guided IG$"),
        ({"protocol": "igpath"}, "claim a1: protocol: given 'igpath'; .*nearest: igpaths"),
        ({"protocol": "igpath", "needs": "it"}, "claim a1: protocol: given 'igpath'"),
        ({"below": 1}, r"claim a1: bounds: given \['above', 'below'\]"),
        ({"each": [[{"above": 1}]]}, "claim a1: each: unknown key: given 'above'"),
        ({"a": {"colour": 1}}, "claim a1: a: "),
        ({"statistic": "mode"}, "claim a1: statistic: given 'mode'"),
        ({"changes": [{"sign": "absolute"}]}, "claim a1: changes: by: given None; allowed: a text"),
        ({"changes": [{"by": "it", "margin": 1}]}, "claim a1: changes: unknown key: given 'margin'"),
        ({"changes": [{"by": "it", "metric": "insertoin"}]}, "claim a1: changes: metric: given 'insertoin'"),
        ({"changes": [{"by": "it", "above": 0, "below": 1}]}, r"claim a1: changes: bounds: given \['above', 'below'\]"),
        ({"chapter": "02"}, "claim a1: chapter: given '02'"),
        ({"agree": "many"}, "claim a1: agree: given 'many'"),
        ({"paper": "D"}, "claim a1: paper: given 'D'; allowed: A"),
        ({"why": ""}, "claim a1: why: given ''; allowed: a text"),
        ({"without": "above"}, r"claim a1: bounds: given \[\]"),
        ({"without": "claim"}, "claim a1: claim: given None"),
    ],
)
def test_what_there_is_not_is_refused(tmp_path, entry, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, entry)


def test_what_is_missing_or_twice_is_refused(tmp_path):
    with pytest.raises(ValueError, match="id: given 'a1'; allowed: each id once"):
        read(tmp_path, {}, {})
    with pytest.raises(ValueError, match="claim a1: b: variant: given None"):
        read(tmp_path, {"kind": "difference", "without": "variant", "a": {"variant": "png"}})


def test_a_claim_that_needs_a_metric_may_name_it(tmp_path):
    (claim,) = read(tmp_path, {"metric": "beauty", "needs": "a measure of beauty"})
    assert claim.needs
    with pytest.raises(ValueError, match="claim a1: metric: given 'beauty'"):
        read(tmp_path, {"metric": "beauty"})


# --- what studies store ---


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Rows of small studies with all that claims can ask for; the paths' step counts are renamed."""
    folder = photographs(tmp_path_factory.mktemp("photos"), 2)
    every = {"images": 2, "steps": (2, 4, 8), "protocols": ("igpaths", "study-a", "study-b")}
    rules = ("ig", "idgi", "idg", "variation", "left", "squared-credits", "gradients", "gradient-variation")
    small = ("completeness", "late", "projection", "insertion", "compression", "split", "perturbation", "texture")
    ours = {"images": 2, "steps": (8,), "paths": ("straight", "blur"), "rules": rules}
    metrics = ("insertion", "deletion", "canvases", "smooth-insertion", "temperature", "metric-sanity", "peers")
    pair = Parameters(
        models=("objects/mobilenet",),
        images=1,
        steps=(2,),
        metrics=("classes", "localization"),
        rules=rules,
        protocols=("igpaths",),
        threads=1,
        results=str(folder / "results"),
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, protocol in PROTOCOLS.items():  # as little as can be asked: the values are not looked at
            few = {"information": {"shares": (0.5,)}, "noise": {"samples": 1}}
            few = {each: replace(getattr(protocol, each), **few[each]) for each in few if getattr(protocol, each)}
            patch.setitem(units.PROTOCOLS, name, replace(protocol, **few))
        frames = [
            measured(study(folder, **(every | {"models": ("module:studies.large",), "metrics": ("information",)}))),
            measured(study(folder, **(every | {"metrics": (*small, "sensitivity", "slopes")}))),
            measured(study(folder, **(ours | {"metrics": metrics}))),
            measured(pair),
        ]
    rows = pd.concat(frames).assign(left_out="", value=1.0, network="any")
    rows = rows.assign(steps=rows["steps"].replace(dict(zip((2, 4, 8), (STEPS["coarsest"], 32, 128), strict=True))))
    rows = pd.concat([rows, rows[rows["steps"] == 128].assign(steps=64)])  # what claims ask of fewer, too
    return Cells(rows[~rows.duplicated(["protocol", "metric", "method", "variant", "sign", "steps", "image"])])


def measured_of(claim, cells):
    """Which comparisons of a claim have rows."""
    pairs = [(side, comparison) for side in claim.sides for comparison in side.comparisons]
    return [cells.estimate(side.kind, side.statistic, "any", comparison) is not None for side, comparison in pairs]


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if not claim.needs], ids=lambda claim: claim.id)
def test_what_a_claim_names_is_stored(claim, stored):
    assert all(measured_of(claim, stored))


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim.needs], ids=lambda claim: claim.id)
def test_what_a_claim_needs_is_not_stored(claim, stored):
    assert not any(measured_of(claim, stored))

"""The claims: that the file can be read, that what it names is stored, and that rows decide each kind."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from igstudy.engine import store, units
from igstudy.engine.parameters import Parameters
from igstudy.engine.runs import measured
from igstudy.evidence.claims import AGREE, CHAPTERS, NAMES, Claim, Quantity, Side, claims
from igstudy.evidence.deciding import FAILS, HOLDS, LEAST, NOT_MEASURED, THEIRS_ALONE, UNDECIDED, verdict
from igstudy.evidence.papers import FAMILIES, METHODS, METRICS, table
from igstudy.measures.protocols import PROTOCOLS
from studies import photographs, study

CLAIMS = claims()
IMAGES = 12
STEPS = (8, 32, 128)


# --- the file ---


def test_ids_are_unique_and_in_order():
    for paper in ("A", "B"):
        ids = [claim.id for claim in CLAIMS if claim.paper == paper]
        assert ids == [f"{paper.lower()}{number}" for number in range(1, len(ids) + 1)]


def test_all_that_a_claim_names_is_in_the_library():
    for claim in CLAIMS:
        assert claim.chapter in CHAPTERS
        assert claim.agree in AGREE
        for side in (claim.ours, claim.theirs):
            assert side is None or set(side.protocols) <= NAMES["protocol"]
            for quantity in [q for comparison in side.comparisons for q in comparison] if side else []:
                if not claim.needs:
                    assert quantity.metric in NAMES["metric"]
                    assert quantity.method in NAMES["method"]


def test_ours_carries_every_verdict_and_theirs_is_the_papers_own():
    assert all(claim.ours.protocols in (("igpaths",), ("igpaths, grey",)) for claim in CLAIMS)
    assert {claim.theirs.protocols[0] for claim in CLAIMS if claim.theirs} == {"study-a", "study-b"}
    assert all(claim.also.protocols == claim.ours.protocols for claim in CLAIMS if claim.also)


GOOD = {
    "id": "a1", "paper": "A", "place": "§1", "claim": "c", "quote": "q", "chapter": "02-idgi", "why": "w",
    "agree": "all", "kind": "level", "method": "IG", "metric": "AIC", "variant": "png", "above": 0,
}  # fmt: skip
DEFAULTS = {"A": {"steps": "finest", "ours": {"protocol": "igpaths", "sign": "absolute"}, "theirs": {"protocol": "b"}}}


def read(folder, *entries):
    """The claims of a file with these entries, each changed from one that is right."""
    file = folder / "claims.yaml"
    whole = {"defaults": DEFAULTS, "claims": [GOOD | {"theirs": None} | entry for entry in entries]}
    for entry in whole["claims"]:
        entry.pop(entry.pop("without", None), None)
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return claims(file)


def test_an_entry_is_read(tmp_path):
    (claim,) = read(tmp_path, {"each": [[{"steps": [8, 32]}, {"a": {"sign": "signed"}}]]})
    assert claim.ours.comparisons == (
        (Quantity("IG", "AIC", "png", "absolute", (8, 32)),),
        (Quantity("IG", "AIC", "png", "signed", ("finest",)),),
    )
    assert (claim.ours.low, claim.ours.high, claim.ours.protocols, claim.theirs) == (0, np.inf, ("igpaths",), None)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"margins": 0}, "claim a1: unknown key: given 'margins'"),
        ({"kind": "differ"}, "claim a1: ours: kind: given 'differ'; allowed: level, .*; nearest: difference"),
        ({"metric": "insertoin"}, "claim a1: ours: metric: given 'insertoin'; .*nearest: insertion"),
        ({"method": "IG + IDIG"}, "claim a1: ours: method: given 'IG \\+ IDIG'; .*nearest: IG \\+ IDGI"),
        ({"ours": {"protocol": "igpath"}}, "claim a1: ours: protocol: given 'igpath'; .*nearest: igpaths"),
        ({"ours": {"protocols": "pair"}}, "claim a1: ours: unknown key: given 'protocols'"),
        ({"ours": None}, "claim a1: ours: given None"),
        ({"below": 1}, r"claim a1: ours: bounds: given \['above', 'below'\]"),
        ({"each": [[{"above": 1}]]}, "claim a1: ours: each: unknown key: given 'above'"),
        ({"a": {"colour": 1}}, "claim a1: ours: a: unknown key: given 'colour'"),
        ({"statistic": "mode"}, "claim a1: ours: statistic: given 'mode'"),
        ({"chapter": "02"}, "claim a1: chapter: given '02'"),
        ({"agree": "many"}, "claim a1: agree: given 'many'"),
        ({"paper": "C"}, "claim a1: paper: given 'C'; allowed: A"),
        ({"why": ""}, "claim a1: why: given ''; allowed: a text"),
    ],
)
def test_what_there_is_not_is_refused(tmp_path, entry, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, entry)


def test_what_is_missing_or_twice_is_refused(tmp_path):
    with pytest.raises(ValueError, match="id: given 'a1'; allowed: each id once"):
        read(tmp_path, {}, {})
    with pytest.raises(ValueError, match="claim a1: ours: b: variant: given None"):
        read(tmp_path, {"kind": "difference", "without": "variant", "a": {"variant": "png"}})


def test_a_claim_that_needs_a_metric_may_name_it(tmp_path):
    (claim,) = read(tmp_path, {"metric": "beauty", "needs": "a measure of beauty"})
    assert claim.needs
    with pytest.raises(ValueError, match="claim a1: ours: metric: given 'beauty'"):
        read(tmp_path, {"metric": "beauty"})


# --- verdicts of planted rows ---


def planted(values, *, network="vgg", protocol="igpaths", sign="absolute", method="IG", steps=128, metric="insertion"):
    """Rows of one quantity, a value an image."""
    count = len(values)
    names = [f"{i:03d}" for i in range(count)]
    same = {"protocol": protocol, "network": network, "path": "straight", "method": method, "steps": steps}
    same |= {"sign": sign, "metric": metric, "variant": "", "curve": None, "map": None, "left_out": ""}
    frame = pd.DataFrame({"image": names, "photograph": names, "value": np.asarray(values, dtype=float)})
    return frame.assign(**same)[list(store.COLUMNS)]


def side(kind, low, high, *, protocols=("igpaths",), sign="absolute", steps=("finest",), metric="insertion"):
    a, b = (Quantity(method, metric, "", sign, steps) for method in ("IG", "Blur IG"))
    return Side(protocols, kind, "", low, high, ((a, b) if kind in ("difference", "ratio") else (a,),))


def a_claim(kind, low, high=np.inf, *, agree="all", networks=(), **options):
    theirs = side(kind, low, high, **(options | {"protocols": ("study-a",), "sign": "signed"}))
    texts = dict.fromkeys(("id", "paper", "place", "claim", "quote", "why"), "a text") | {"chapter": "02-idgi"}
    return Claim(
        **texts, agree=agree, networks=networks, needs="", ours=side(kind, low, high, **options), theirs=theirs
    )


def of_kind(kind, z, **where):
    """Rows in which every image's difference, logarithm of the ratio, exponent or level is its z."""
    base = np.random.default_rng(0).uniform(1, 2, len(z))
    if kind == "exponent":
        return pd.concat([planted(-base * float(n) ** -z, steps=n, **where) for n in STEPS])
    a, b = {"level": (z, base), "difference": (base + z, base), "ratio": (base * 10**z, base)}[kind]
    return pd.concat([planted(a, **where), planted(b, method="Blur IG", **where)])


NOISE = np.random.default_rng(1).normal(0, 0.1, IMAGES)
NOISE = NOISE - NOISE.mean()
ABOVE, BELOW, ASTRIDE = NOISE + 1, NOISE - 1, NOISE
OURS, THEIRS = {"protocol": "igpaths", "sign": "absolute"}, {"protocol": "study-a", "sign": "signed"}


@pytest.mark.parametrize(("kind", "margin"), [("level", 0), ("difference", 0), ("ratio", 1), ("exponent", 0)])
@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (ABOVE, BELOW, HOLDS),
        (BELOW, BELOW, FAILS),
        (BELOW, ASTRIDE, FAILS),
        (BELOW, None, FAILS),
        (ASTRIDE, ABOVE, UNDECIDED),
        (BELOW, ABOVE, THEIRS_ALONE),
        (None, ABOVE, NOT_MEASURED),
    ],
)
def test_planted_rows_decide_every_kind(kind, margin, ours, theirs, expected):
    sides = [of_kind(kind, z, **where) for z, where in ((ours, OURS), (theirs, THEIRS)) if z is not None]
    found = verdict(a_claim(kind, margin), pd.concat(sides))
    assert found.verdict == expected
    assert (found.ours.protocol, found.theirs.protocol) == ("igpaths", "study-a")
    if ours is not None:
        (cell,) = found.ours.cells
        value = 10 ** ours.mean() if kind == "ratio" else ours.mean()
        assert cell.estimate.value == pytest.approx(value)
        assert cell.estimate.low < value < cell.estimate.high
        assert (cell.network, cell.estimate.n) == ("vgg", IMAGES)


@pytest.mark.parametrize(("margin", "expected"), [(0.5, HOLDS), (0.01, UNDECIDED)])
def test_two_methods_are_the_same_within_a_margin(margin, expected):
    claim = a_claim("difference", -margin, margin)
    assert verdict(claim, of_kind("difference", ASTRIDE)).verdict == expected
    assert verdict(claim, of_kind("difference", ABOVE)).verdict == FAILS


def test_what_is_the_same_is_not_above():
    assert verdict(a_claim("difference", 0), of_kind("difference", np.zeros(IMAGES))).verdict == FAILS


@pytest.mark.parametrize(
    ("networks", "agree", "expected"),
    [
        ((ABOVE, ABOVE, ABOVE), "all", HOLDS),
        ((ABOVE, ABOVE, ASTRIDE), "all", UNDECIDED),
        ((ABOVE, ABOVE, BELOW), "all", FAILS),
        ((ABOVE, ABOVE, BELOW), "most", HOLDS),
        ((ABOVE, ASTRIDE, BELOW), "most", UNDECIDED),
        ((ABOVE, BELOW, BELOW), "most", FAILS),
        ((ABOVE, BELOW, BELOW, ABOVE), "half", HOLDS),
        ((BELOW, BELOW, ABOVE), "some", HOLDS),
        ((BELOW, ASTRIDE, BELOW), "some", UNDECIDED),
        ((BELOW, BELOW, BELOW), "some", FAILS),
    ],
)
def test_networks_are_counted(networks, agree, expected):
    rows = pd.concat([of_kind("level", z, network=f"n{i}") for i, z in enumerate(networks)])
    assert verdict(a_claim("level", 0, agree=agree), rows).verdict == expected


def test_a_claim_about_some_networks_does_not_ask_the_others():
    rows = pd.concat([of_kind("level", ABOVE, network="vgg"), of_kind("level", BELOW, network="resnet")])
    assert verdict(a_claim("level", 0, networks=("vgg",)), rows).verdict == HOLDS
    assert verdict(a_claim("level", 0, networks=("inception",)), rows).verdict == NOT_MEASURED


def test_few_images_decide_nothing():
    assert verdict(a_claim("level", 0), of_kind("level", ABOVE[: LEAST - 1])).verdict == UNDECIDED
    assert verdict(a_claim("level", 0), of_kind("level", ABOVE[:LEAST])).verdict == HOLDS


def test_an_image_counts_where_both_methods_have_it():
    rows = of_kind("difference", ABOVE)
    rows.loc[(rows["image"] == "003") & (rows["method"] == "IG"), "left_out"] = "undefined"
    (cell,) = verdict(a_claim("difference", 0), rows[(rows["image"] != "005") | (rows["method"] == "IG")]).ours.cells
    assert cell.estimate.n == IMAGES - 2


def test_an_image_whose_ratio_is_not_finite_is_not_counted():
    rows = of_kind("ratio", ABOVE)
    rows.loc[(rows["image"] == "000") & (rows["method"] == "Blur IG"), "value"] = 0
    (cell,) = verdict(a_claim("ratio", 1), rows).ours.cells
    assert cell.estimate.n == IMAGES - 1


def test_images_of_one_photograph_are_resampled_together():
    rows = of_kind("level", NOISE)
    (alone,), (together,) = (
        verdict(a_claim("level", 0), rows.assign(photograph=photograph)).ours.cells
        for photograph in (rows["photograph"], np.where(rows["value"] > 0, "above", "below"))
    )
    assert together.estimate.high - together.estimate.low > 1.5 * (alone.estimate.high - alone.estimate.low)


def test_steps_are_named_numbered_or_compared():
    rows = pd.concat([planted(NOISE + level, steps=n) for n, level in zip(STEPS, (1, 2, 4), strict=True)])
    expected = {("finest",): 4, ("coarsest",): 1, (32,): 2, ("coarsest", "finest"): 3, (8, 32): 1}
    for steps, value in expected.items():
        (cell,) = verdict(a_claim("level", 0, steps=steps), rows).ours.cells
        assert cell.estimate.value == pytest.approx(value)
    one = rows[rows["steps"] == 8]
    for steps in (("coarsest", "finest"), (8, 32)):
        assert verdict(a_claim("level", 0, steps=steps), one).verdict == NOT_MEASURED
    assert verdict(a_claim("exponent", 0), one).verdict == NOT_MEASURED


def test_sic_is_averaged_by_the_median_unless_a_claim_says_otherwise():
    skewed = np.r_[np.full(IMAGES - 1, 1.0), 100.0]
    claim = a_claim("level", 0, metric="SIC")
    by_mean = replace(claim, ours=replace(claim.ours, statistic="mean"))
    for asked, expected in ((claim, 1), (by_mean, skewed.mean())):
        (cell,) = verdict(asked, planted(skewed, metric="SIC")).ours.cells
        assert cell.estimate.value == pytest.approx(expected)


def test_a_map_without_negative_values_counts_under_either_sign():
    assert verdict(a_claim("level", 0), planted(ABOVE, sign="none")).verdict == HOLDS


def test_a_protocol_without_rows_is_stood_in_for_by_the_next():
    claim = a_claim("level", 0)
    claim = replace(claim, theirs=replace(claim.theirs, protocols=("study-a", "igpaths")))
    rows = pd.concat([planted(BELOW), planted(ABOVE, sign="signed")])
    found = verdict(claim, rows)
    assert (found.verdict, found.theirs.protocol) == (THEIRS_ALONE, "igpaths")
    found = verdict(claim, pd.concat([rows, planted(BELOW, sign="signed", protocol="study-a")]))
    assert (found.verdict, found.theirs.protocol) == (FAILS, "study-a")


def test_a_comparison_that_is_nowhere_measured_leaves_a_claim_open():
    claim = a_claim("level", 0)
    other = replace(claim.ours.comparisons[0][0], method="Guided IG")
    claim = replace(claim, ours=replace(claim.ours, comparisons=(*claim.ours.comparisons, (other,))))
    assert verdict(claim, planted(ABOVE)).verdict == NOT_MEASURED
    assert verdict(claim, pd.concat([planted(ABOVE), planted(ABOVE, method="Guided IG")])).verdict == HOLDS


def test_two_rows_of_one_image_are_refused():
    with pytest.raises(ValueError, match="two values of one image"):
        verdict(a_claim("level", 0), pd.concat([planted(ABOVE), planted(BELOW)]))


# --- the papers' own tables ---

STUDY_B = {
    "L2 norm ratio RightIG/LeftIG": ("L2 ratio", "ψ"),
    "L1 norm ratio RightIG/LeftIG": ("L1 ratio", "ψ"),
    "alpha*": ("alpha*", "ψ"),
    "cosine LeftIG RightIG": ("cosine left right", "ψ"),
    "cosine LeftIG FullIG": ("cosine left full", "ψ"),
    "cosine RightIG FullIG": ("cosine right full", "ψ"),
}


def published():
    """The papers' tables as rows, every image of a network the published average."""
    a = pd.concat([table("study-a", number) for number in (1, 2, 3, *range(5, 18))])
    a["metric"], a["variant"] = zip(*a["metric"].map(METRICS), strict=True)
    a["method"] = a["method"].map(METHODS)
    a["value"] = a["value"].where(a["metric"] != "JPEG signed sum", 10.0 ** -a["value"])
    b = pd.concat([table("study-b", number) for number in range(1, 6)]).assign(steps=200)
    kind, part = b["quantity"].str.extract(r"^(ABPC|sensitivity) (Left|Right|Full)IG$").T.to_numpy()
    b["method"] = pd.Series(part, index=b.index).fillna("IG")
    quality = {"ABPC": ("ABPC", "logit, clipped"), "sensitivity": ("max-sensitivity", "")}
    named = [quality.get(k) or STUDY_B[q] for k, q in zip(kind, b["quantity"], strict=True)]
    b["metric"], b["variant"] = zip(*named, strict=True)
    b["variant"] = b["variant"].where(b["variant"] != "ψ", "ψ = " + b["psi"].astype(str))
    both = pd.concat([a.assign(protocol="study-a"), b.assign(protocol="study-b")])
    both = both.assign(network=both["model"].map(lambda name: FAMILIES[name][0]), sign="signed", left_out="")
    images = pd.DataFrame({"image": [f"{i}" for i in range(LEAST)], "photograph": [f"{i}" for i in range(LEAST)]})
    return both.merge(images, how="cross")


def test_every_claim_holds_on_the_papers_own_tables():
    rows = published()
    found = {claim.id: verdict(claim, rows).theirs for claim in CLAIMS if claim.theirs}
    assert {name: finding.verdict for name, finding in found.items() if finding.verdict != HOLDS} == {}
    assert len(found) == sum(claim.theirs is not None for claim in CLAIMS)


# --- what studies store ---


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Rows of three small studies with all that claims can ask for; the paths' step counts are renamed."""
    folder = photographs(tmp_path_factory.mktemp("photos"), 2)
    choices = {"images": 2, "steps": (2, 4, 8), "protocols": ("igpaths", "study-a", "study-b")}
    choices |= {"metrics": ("information",)}
    small = ("completeness", "late", "projection", "insertion", "compression", "split", "perturbation", "texture")
    small += ("sensitivity",)
    pair = Parameters(
        models=("objects/mobilenet",),
        images=1,
        steps=(2,),
        metrics=("classes", "localization"),
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
            measured(study(folder, **(choices | {"models": ("module:studies.large",)}))),
            measured(study(folder, **(choices | {"metrics": small}))),
            measured(pair),
        ]
    rows = pd.concat(frames).assign(left_out="", value=1.0)
    return rows.assign(steps=rows["steps"].replace(dict(zip((2, 4, 8), STEPS, strict=True))))


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if not claim.needs], ids=lambda claim: claim.id)
def test_what_a_claim_names_is_stored(claim, stored):
    network = claim.networks[0] if claim.networks else "any"
    found = verdict(claim, stored.assign(network=network))
    assert found.ours.verdict != NOT_MEASURED
    assert found.theirs is None or found.theirs.verdict != NOT_MEASURED


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim.needs], ids=lambda claim: claim.id)
def test_what_a_claim_needs_is_not_stored(claim, stored):
    network = claim.networks[0] if claim.networks else "any"
    found = verdict(claim, stored.assign(network=network))
    missing = [name for name in ("ours", "theirs") if name in claim.needs.rpartition("(")[2]]
    assert missing
    for name in ("ours", "theirs"):
        finding = getattr(found, name)
        assert finding is None or (finding.verdict == NOT_MEASURED) == (name in missing)

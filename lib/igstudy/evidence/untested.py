"""Which claims are not tested on ImageNet networks, by what their tests need; and what no study has had at all."""

from collections.abc import Sequence

from igstudy.evidence.amounts import enumerated
from igstudy.evidence.claims import Claim
from igstudy.evidence.deciding import NOT_TESTED, Verdict
from igstudy.evidence.kinds import IMAGENET, kind_of
from igstudy.evidence.papers import FAMILIES
from igstudy.evidence.results import studies
from igstudy.measures.describing import LOCALIZATION

WEIGHTS, MASKS, GPU, STUDY = (
    "the papers' own weights", "masks of the photographs' objects", "a GPU beside a CPU", "a study not yet published",
)  # fmt: skip
NEEDS = (WEIGHTS, MASKS, GPU, STUDY)
NOT_RUN = {ours[0] for ours in FAMILIES.values()} - {"mobilenet_v2"}  # whose weights the papers ran, and no study here
MASKED = (*LOCALIZATION, "class sensitivity", "share on the likelier object")  # metrics
MOST = 2_500  # images of each network in Study B


def need(claim: Claim) -> str:
    """What a test of the claim on ImageNet networks needs, one of `NEEDS`."""
    named = {name for name in claim.networks if kind_of(name) == IMAGENET}
    metrics = {quantity.metric for quantity in claim.quantities}
    if claim.networks and named <= NOT_RUN:
        return WEIGHTS
    if metrics & {*MASKED}:
        return MASKS
    return GPU if any(metric.startswith("device ") for metric in metrics) else STUDY


def by_need(found: Sequence[Verdict]) -> dict[str, list[str]]:
    """The claims that are not tested on ImageNet networks, by what they need."""
    missing = [each.claim for each in found if each.original[IMAGENET].word == NOT_TESTED]
    groups = {what: [claim.id for claim in missing if need(claim) == what] for what in NEEDS}
    return {what: ids for what, ids in groups.items() if ids}


def sentence(found: Sequence[Verdict]) -> str:
    """How many claims are not tested and what they need, and what no study has had: two sentences."""
    groups = by_need(found)
    if not groups:
        return f"Every claim is tested on ImageNet networks. {beyond()}".strip()
    count = sum(map(len, groups.values()))
    parts = [f"{len(ids)} need{'s' if len(ids) == 1 else ''} {what}" for what, ids in groups.items()]
    tested = f"On ImageNet networks {count} of {len(found)} claims are not tested: {enumerated(parts)}."
    return f"{tested} {beyond()}".strip()


def in_list(found: Sequence[Verdict]) -> str:
    """The same as a list in Markdown, with a link to each claim."""
    lines = [f"- They need {what}: {', '.join(map(_link, ids))}." for what, ids in by_need(found).items()]
    if not lines:
        return sentence(found)
    return "\n".join(["These claims are not tested on ImageNet networks:", "", *lines, "", beyond()]).strip()


def _link(name: str) -> str:
    return f'<a href="claims.html#claim-{name}">{name}</a>'


def beyond() -> str:
    """In a sentence, what no published study has had: as many images as Study B's, and GPUs of several models."""
    most, gpus = 0, set[str]()
    for facts in studies().values():
        most = max(most, facts["parameters"]["images"])
        if facts["parameters"].get("device", "cpu") != "cpu":
            gpus |= {facts["device"]} if isinstance(facts["device"], str) else {*facts["device"]}
    parts = [f"has Study B's {MOST:,} images of a network"] if most < MOST else []
    if len(gpus) < 2:
        parts.append(f"ran on any GPU but the {min(gpus)}" if gpus else "ran on a GPU")
    return f"No study here {' or '.join(parts)}." if parts else ""

"""Whether smoothing a signed map does what ranking it by magnitude does: a few sentences."""

import pandas as pd

from igstudy.evidence.amounts import enumerated
from igstudy.evidence.tables.choosing import QUESTIONS, answer, where

INSERTION = next(question for question in QUESTIONS if question.metric == "insertion")
IG, SIGNED = "IG", "IG, signed"
UNMEASURED = "What smoothing does to a signed map of IG was not measured."


def instead_of_magnitude(rows: pd.DataFrame, kind: str) -> str:
    """What smoothing adds to the insertion score of a signed IG map, beside what the magnitude adds to it.

    Maps by magnitude are not smoothed here. The images are those that count for all of these maps.
    """
    own = rows[(rows["method"] == IG) & (rows["path"] == "straight")]
    signed = own[own["sign"] == "signed"].assign(sign="absolute", method=SIGNED)
    found = answer(pd.concat([own[own["sign"] == "absolute"], signed]), INSERTION, kind, sigmas=(0, 2, 3, 4), least=0)
    sigmas = [sigma for method, sigma in found.maps if method == SIGNED and sigma] if found else []
    if not found or not sigmas or (IG, 0.0) not in found.maps or len(found.means) < 2:
        return UNMEASURED
    plain, magnitude = (SIGNED, 0.0), (IG, 0.0)
    gains = {sigma: found.difference((SIGNED, sigma), plain).value for sigma in sorted(sigmas)}
    best = max(gains, key=lambda sigma: gains[sigma])
    gap, added = found.difference((SIGNED, best), magnitude), found.difference(magnitude, plain)
    share = 100 * gains[best] / added.value if added.value else 0.0
    less = f"The noise of single pixels costs IG {share:.0f} % of what the sign costs it."
    words, so = (
        (
            "does less than the magnitude",
            less if gains[best] > 0 else "The sign costs IG its score, not the noise of single pixels.",
        )
        if gap.high < 0
        else ("does more than the magnitude", "The noise of single pixels costs IG at least as much as the sign does.")
        if gap.low > 0
        else ("cannot be told from the magnitude", "Whether the sign or the noise of single pixels costs it is open.")
    )
    if added.low <= 0:
        so = "That the sign costs IG anything is not sure here."
    widths = enumerated([f"{sigma:g}" for sigma in gains])
    changes = enumerated([f"{each:+.3f}" for each in gains.values()])
    return (
        f"On {where(found)}, ranking by magnitude adds {added.value:+.3f} to the insertion score of a signed IG map, "
        f"and smoothing that map by {widths} px changes it by {changes}. At best, smoothing {words} (a difference of "
        f"{gap:+.2f}). {so}"
    )

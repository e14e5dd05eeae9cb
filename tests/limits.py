"""How much a page of the book may ask of its reader, and the pages that still ask for more.

Two tests read these numbers: one of the chapters' text, in `make test`, and one of the built pages, in `make browse`.
"""

LIMITS = {
    "screens": 12,  # of 1280 × 800, as the page opens, with all folded that folds
    "first image": 2,  # how many screens down it begins
    "code lines": 25,  # that are visible, without blank ones
    "long lines": 0,  # of these, with more than 88 characters, which a page of 1280 cuts
    "imports": 0,  # visible ones of igstudy, the study's own code
    "outside": 0,  # words, pictures, tables and formulas that reach out of their box where nothing scrolls
    "overprinted": 0,  # formulas that their number is printed over
}
WIDTH = 88
OF_CHAPTERS = ("screens", "first image")  # limits of the numbered pages alone
ABOUT_CODE = ("02-idgi", "coming-from", "own-rule")  # pages whose subject is code, of which any amount is visible
# Each entry shrinks: it is deleted when the page keeps to the limit, and a test says when. Screens have a tenth to
# spare, for figures of other parameters are of another height.
OVER: dict[str, dict[str, float]] = {}


def faults(title: str, measured: dict[str, float]) -> list[str]:
    """In which measures a page is over its limit, and which of its entries it needs no longer."""
    found = []
    for name, value in measured.items():
        limit, entry = LIMITS[name], OVER.get(title, {}).get(name)
        allowed = limit if entry is None else entry
        if value > allowed:
            found.append(f"{title}: {name} {value:g}, at most {allowed:g}")
        elif entry is not None and value <= limit:
            found.append(f"{title}: {name} {value:g} keeps to the limit, {limit:g}; delete its entry in limits.OVER")
    return found

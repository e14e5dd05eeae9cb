"""Protocols: the named, frozen sets of choices that a number was made with.

"study-a" and "study-b" do what the authors' code does and stand beside the papers' numbers; "igpaths" is ours. No
result is shown without the name of its protocol.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class SplitProtocol:
    """How Split IG is measured (Study B, Tables 1–3).

    Attributes
    ----------
    name, baseline : of the protocol, and of the straight path.
    at : where a segment's gradient is taken, as in `igpaths.IG`.
    steps : N.
    psi : the shares ψ.
    crossing : which part has the segment that crosses ψ, as in `igpaths.Left`.
    images : "gain over 5": F(x) − F(x') > 5 in logits, whether classified rightly or not; "correct": classified
        rightly, and F(x) > F(x').
    """

    name: str
    baseline: str
    at: str
    steps: int
    psi: tuple[float, ...]
    crossing: str
    images: str


SPLIT = (
    SplitProtocol("study-b", "mean", "end", 200, (0.9, 0.95, 0.99), "right", "gain over 5"),
    SplitProtocol("igpaths, grey", "mean", "both", 200, (0.9, 0.95, 0.99), "left", "correct"),
    SplitProtocol("igpaths, black", "black", "both", 200, (0.9, 0.95, 0.99), "left", "correct"),
)

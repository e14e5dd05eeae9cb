"""Split IG measured: per-image norm ratios, α* and cosines of Left, Right and the whole (Study B, Tables 1–3)."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from igpaths.metrics import cosine, norm_ratio
from igpaths.paths import Straight
from igpaths.rules import IDGI, IG, Left, Right, Whole
from igpaths.study.papers import FAMILIES
from igpaths.study.protocols import Split
from igpaths.study.statistics import bootstrap
from igpaths.study.subjects import Subject
from igpaths.walk import BATCH_SIZE, Attributions, attribute

QUANTITIES = ("L2 ratio", "L1 ratio", "alpha*", "cosine left right", "cosine left full", "cosine right full")
GAIN = 5  # logits, of the protocol "gain over 5"
PUBLISHED_IMAGES = "2500"  # Study B, §3: "averaged over 2500 samples"


def split_rows(subject: Subject, protocols: Sequence[Split], *, batch_size: int = BATCH_SIZE) -> pd.DataFrame:
    """Every quantity for each image, protocol, rule (IG and IDGI) and ψ.

    Protocols that walk the same path share the walk.

    Returns
    -------
    DataFrame with the columns network, image, photograph, protocol, rule, psi, one for each of `QUANTITIES`, and
    `left_out`: why the image is not counted under this protocol, or "" where it is.
    """
    frames = []
    for baseline, steps in dict.fromkeys((p.baseline, p.steps) for p in protocols):
        sharing = [p for p in protocols if (p.baseline, p.steps) == (baseline, steps)]
        wholes: dict[Split, tuple[Whole, ...]] = {p: (IG(p.at), IDGI()) for p in sharing}
        parts = [
            part(whole, psi, p.crossing)
            for p in sharing
            for whole in wholes[p]
            for psi in p.psi
            for part in (Left, Right)
        ]
        rules = dict.fromkeys([*parts, *(whole for each in wholes.values() for whole in each)])
        for chunk in torch.arange(len(subject.images)).split(batch_size):
            maps = attribute(
                subject.net,
                subject.images[chunk],
                subject.targets[chunk],
                path=Straight(baseline),
                rules=tuple(rules),
                steps=(steps,),
                batch_size=batch_size,
            )
            frames += [
                _measured(maps, subject, chunk, protocol, whole, psi)
                for protocol in sharing
                for whole in wholes[protocol]
                for psi in protocol.psi
            ]
    rows = pd.concat(frames, ignore_index=True)
    # An image whose part is empty at one ψ is left out at every ψ, so that a row of a table is about the same images.
    rows["left_out"] = rows.groupby(["protocol", "rule", "image"])["left_out"].transform("max")
    return rows


def _measured(
    maps: Attributions, subject: Subject, chunk: Tensor, protocol: Split, whole: Whole, psi: float
) -> pd.DataFrame:
    n = protocol.steps
    left, right = Left(whole, psi, protocol.crossing), Right(whole, psi, protocol.crossing)
    first, last, full = maps[left, n], maps[right, n], maps[whole, n]
    gain = maps.scores[n][:, -1] - maps.scores[n][:, 0]
    correct = subject.predictions[chunk] == subject.targets[chunk]
    values = (
        norm_ratio(last, first, order=2),
        norm_ratio(last, first, order=1),
        maps.alpha_star[left, n],
        cosine(first, last),
        cosine(first, full),
        cosine(last, full),
    )
    measured = torch.stack([value.double().cpu() for value in values], dim=1)
    empty = ~torch.isfinite(measured).all(dim=1)
    reasons = (
        {"gain of 5 or less": gain <= GAIN}
        if protocol.images == "gain over 5"
        else {"misclassified": ~correct, "F(x) ≤ F(x')": gain <= 0}
    ) | {"a part is empty": empty}
    left_out = [""] * len(chunk)
    for reason, holds in reasons.items():
        left_out = [kept or (reason if held else "") for kept, held in zip(left_out, holds.tolist(), strict=True)]
    return pd.DataFrame(measured.numpy(), columns=list(QUANTITIES)).assign(
        network=subject.label,
        image=chunk.numpy(),
        photograph=[subject.photographs[i] for i in chunk.tolist()],
        protocol=protocol.name,
        rule="IDGI" if isinstance(whole, IDGI) else "IG",
        psi=psi,
        left_out=left_out,
    )


def split_table(rows: pd.DataFrame, quantity: str, *, published: pd.DataFrame | None = None) -> pd.DataFrame:
    """One quantity of `split_rows` by network, protocol and ψ, with intervals, and the paper's values above ours.

    Parameters
    ----------
    rows : of one rule.
    quantity : one of `QUANTITIES`.
    published : the paper's rows of this quantity (model, psi, value), or none.

    Returns
    -------
    DataFrame indexed by network and source, with the number of images n and a column of text for each ψ.
    """
    lines = []
    for network, ours in rows.groupby("network", sort=False):
        if published is not None:
            for model, values in published.groupby("model"):
                if network in FAMILIES[str(model)]:
                    cells = {f"ψ = {row.psi:g}": f"{row.value:g}" for row in values.itertuples()}
                    lines.append({"network": str(network), "source": f"paper, {model}", "n": PUBLISHED_IMAGES} | cells)
        for protocol, measured in ours[ours["left_out"] == ""].groupby("protocol", sort=False):
            for statistic in ("mean",) if protocol == "study-b" else ("mean", "median"):
                line = {"network": str(network), "source": f"{protocol}, {statistic}"}
                for psi, part in measured.groupby("psi"):
                    estimate = bootstrap(part[quantity], statistic=statistic, clusters=list(part["photograph"]))
                    line |= {"n": str(estimate.n), f"ψ = {psi:g}": str(estimate)}
                lines.append(line)
    return pd.DataFrame(lines).set_index(["network", "source"]).fillna("–")


def left_out(rows: pd.DataFrame) -> pd.DataFrame:
    """How many images each protocol counts, and how many it leaves out for which reason; by network."""
    once = rows[(rows["rule"] == "IG") & (rows["psi"] == rows["psi"].min())]  # the reasons are the same at every ψ
    counted = once.assign(left_out=once["left_out"].replace("", "counted"))
    return (
        counted.groupby(["network", "protocol", "left_out"], sort=False)
        .size()
        .unstack(fill_value=0)
        .rename_axis(columns="")
    )

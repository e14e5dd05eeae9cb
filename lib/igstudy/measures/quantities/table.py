"""The table of metrics: what each is called, which direction is better, and where its values can lie.

Captions, axes and the protocol page take their words from here.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes
    ----------
    name : its key in results.
    label : for axes and column heads.
    symbol : in formulas, as LaTeX.
    better : "higher", "lower", or "neither" for a quantity that describes and does not judge.
    low, high : the ends of its range; infinite where it has none.
    of : what it is measured on: "ranking map", "attribution", "two maps" or "two parts".
    source : where it comes from.

    Examples
    --------
    >>> quantities.METRICS["insertion"].arrow, quantities.METRICS["MAE"].arrow
    ('insertion ↑', 'MAE ↓')
    >>> [name for name, metric in quantities.METRICS.items() if metric.of == "two parts"]
    ['norm ratio', 'cosine']
    """

    name: str
    label: str
    symbol: str
    better: str
    low: float
    high: float
    of: str
    source: str

    @property
    def arrow(self) -> str:
        """The label with ↑ where higher is better and ↓ where lower is."""
        return self.label + {"higher": " ↑", "lower": " ↓", "neither": ""}[self.better]


A, B = "Study A, Table ", "Study B, Table "
METRICS = {
    metric.name: metric
    for metric in (
        Metric("insertion", "insertion", r"\mathrm{Ins}", "higher", 0, 1, "ranking map", A + "1"),
        Metric("insertion ratio", "insertion, ratio", r"\mathrm{Ins}/F", "higher", 0, math.inf, "ranking map", A + "1"),
        Metric("deletion", "deletion", r"\mathrm{Del}", "lower", 0, 1, "ranking map", "Petsiuk et al. 2018"),
        Metric("SIC", "SIC, PNG bytes", r"\mathrm{SIC}", "higher", 0, 1, "ranking map", A + "2"),
        Metric("AIC", "AIC, PNG bytes", r"\mathrm{AIC}", "higher", 0, 1, "ranking map", A + "2"),
        Metric("SIC ms-ssim", "SIC, MS-SSIM", r"\mathrm{SIC}_s", "higher", 0, 1, "ranking map", A + "3"),
        Metric("AIC ms-ssim", "AIC, MS-SSIM", r"\mathrm{AIC}_s", "higher", 0, 1, "ranking map", A + "3"),
        Metric("SIC webp", "SIC, WebP bytes", r"\mathrm{SIC}_w", "higher", 0, 1, "ranking map", "PAIR saliency 0.2.1"),
        Metric("AIC webp", "AIC, WebP bytes", r"\mathrm{AIC}_w", "higher", 0, 1, "ranking map", "PAIR saliency 0.2.1"),
        Metric("SIC entropy", "SIC, entropy", r"\mathrm{SIC}_h", "higher", 0, 1, "ranking map", "ours"),
        Metric("AIC entropy", "AIC, entropy", r"\mathrm{AIC}_h", "higher", 0, 1, "ranking map", "ours"),
        Metric("ABPC", "ABPC", r"\mathrm{ABPC}", "higher", -math.inf, math.inf, "ranking map", B + "4"),
        Metric("max-sensitivity", "max-sensitivity", r"\mathrm{Sens}", "lower", 0, math.inf, "attribution", B + "5"),
        Metric("JPEG raw", "−log₁₀ MSE, raw", r"E", "higher", -math.inf, math.inf, "two maps", "ours"),
        Metric(
            "JPEG signed sum", "−log₁₀ MSE, signed sum", r"E_\Sigma", "higher", -math.inf, math.inf, "two maps", A + "5"
        ),
        Metric("JPEG L1", "−log₁₀ MSE, L1", r"E_1", "higher", -math.inf, math.inf, "two maps", "ours"),
        Metric("JPEG cosine", "cosine under JPEG", r"\cos", "higher", -1, 1, "two maps", "ours"),
        Metric("JPEG spearman", "Spearman's ρ under JPEG", r"\rho", "higher", -1, 1, "two maps", "ours"),
        *(
            metric
            for key, under in (("noise", "noise"), ("rounding", "rounding"), ("device", "another device"))
            for metric in (
                Metric(
                    f"{key} change",
                    f"relative change under {under}",
                    r"\lVert\Delta A\rVert/\lVert A\rVert",
                    "lower",
                    0,
                    math.inf,
                    "two maps",
                    "ours",
                ),
                Metric(f"{key} cosine", f"cosine under {under}", r"\cos", "higher", -1, 1, "two maps", "ours"),
            )
        ),
        Metric("uncancelled", "|Σ A| / Σ |A|", r"|\Sigma A|/\Sigma|A|", "neither", 0, 1, "ranking map", "ours"),
        Metric(
            "norm ratio",
            "‖Right‖ / ‖Left‖",
            r"\lVert R\rVert/\lVert L\rVert",
            "neither",
            0,
            math.inf,
            "two parts",
            B + "1",
        ),
        Metric("alpha*", "α*", r"\alpha^*", "neither", 0, 1, "attribution", B + "2"),
        Metric("cosine", "cosine", r"\cos", "neither", -1, 1, "two parts", B + "3"),
        Metric(
            "energy inside", "energy inside", r"E_\mathrm{in}", "higher", 0, 1, "ranking map", "Selvaraju et al. 2017"
        ),
        Metric("pointing game", "pointing game", r"P", "higher", 0, 1, "ranking map", "Zhang et al. 2018"),
        Metric("ROC AUC", "ROC AUC", r"\mathrm{AUC}", "higher", 0, 1, "ranking map", "Xu et al. 2020"),
        Metric("best F1", "best F₁", r"F_1", "higher", 0, 1, "ranking map", "Xu et al. 2020"),
        Metric("MAE", "MAE", r"\mathrm{MAE}", "lower", 0, 1, "ranking map", "Xu et al. 2020"),
        Metric(
            "share on the likelier object",
            "share on the likelier",
            r"S_1",
            "neither",
            0,
            1,
            "ranking map",
            "ours",
        ),
        Metric("likeness to edges", "likeness to edges", r"\rho_\nabla", "neither", -1, 1, "ranking map", "ours"),
        Metric("patchiness", "patchiness", r"\rho_4", "neither", -1, 1, "ranking map", "ours"),
        Metric("roughness", "roughness", r"R", "neither", 0, 1, "ranking map", "ours"),
        Metric("class sensitivity", "class sensitivity", r"S_\mathrm{own}", "higher", 0, 1, "ranking map", "ours"),
    )
}

"""Networks, each with an estimate of its own: their mean, a new network, and what is left of an
effect.

Everything is in closed form, so no random number decides a claim.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import stdtrit
from scipy.stats import binomtest, t

from igstudy.evidence.inference import Inference, student
from igstudy.evidence.statistics import Estimate, finite


@dataclass(frozen=True)
class SignTest:
    """The numbers of networks `above` and `below` a margin, ties left out, and the exact two-sided `p` of even odds."""

    above: int
    below: int
    p: float


@dataclass(frozen=True)
class Across(Inference):
    """A random-effects mean of `n` networks: `tau` is the standard deviation of their true values.

    `prediction` is the 95 % interval of a new network's true value (None of one network), `values` (n,) are the
    networks' own.
    """

    tau: float
    prediction: tuple[float, float] | None
    values: tuple[float, ...]

    def sign_test(self, margin: float = 0.0) -> SignTest:
        """How many networks lie above and below `margin`."""
        above, below = (sum(sign * value > sign * margin for value in self.values) for sign in (1, -1))
        return SignTest(above, below, float(binomtest(above, above + below).pvalue) if above + below else 1.0)


def across(estimates: Sequence[Inference], *, correlation: float = 0.0) -> Across:
    """The random-effects mean over networks, of each network's estimate and its standard error.

    τ² is Paule and Mandel's, which weighs networks as the mean itself does (DerSimonian and Laird's covers alike); the
    interval is that of Hartung, Knapp, Sidik and Jonkman with N − 1 degrees of freedom, never narrower than where the
    networks' own errors are all there is. One network keeps its own interval. Networks whose error is infinite are left
    out where another's is not.

    Parameters
    ----------
    estimates : one or more.
    correlation : in [0, 1), that of the errors of two networks: the mean correlation of their values of the same
        photographs. Such errors do not average out: where it is 0.6, the interval for 0 covers 85 %. Their share of
        the variance has the networks' own degrees of freedom, by Satterthwaite. Where few networks differ much, this
        alone takes their spread for surer than it is (of two, it covers 89 %). So the interval is never narrower than
        that of the spread with N − 1 degrees of freedom.

    Raises
    ------
    ValueError
        For no estimates or another correlation.

    References
    ----------
    Paule and Mandel (1982), "Consensus values and weighting factors"; Hartung and Knapp (2001), "A refined method for
    the meta-analysis of controlled clinical trials with binary outcome", with q ≥ 1 as in Röver, Knapp and Friede
    (2015); the prediction by Higgins, Thompson and Spiegelhalter (2009), t with N − 2 degrees of freedom.
    """
    if not estimates or not 0 <= correlation < 1:
        raise ValueError(f"across needs estimates and a correlation in [0, 1), got {len(estimates)} and {correlation}")
    known = [each for each in estimates if math.isfinite(each.error)] or estimates
    y = np.array([each.value for each in known])
    own, n = known[0], len(known)
    if n == 1:
        return Across(own.value, own.low, own.high, 1, own.error, own.df, math.nan, None, (own.value,))
    if math.isinf(own.error):
        return Across(float(y.mean()), -math.inf, math.inf, n, math.inf, 0, math.nan, None, tuple(y.tolist()))
    # An error of 0 would make its weight infinite.
    errors = np.maximum([each.error for each in known], max(1e-9 * float(abs(y).max()), 1e-60))
    tau2 = _paule_mandel(y, (1 - correlation) * errors**2)
    weights = 1 / ((1 - correlation) * errors**2 + tau2)
    shares = weights / weights.sum()
    mean = float(shares @ y)
    spread = float(weights @ (y - mean) ** 2) / (n - 1)
    apart, seen = (each / float(weights.sum()) for each in (max(1.0, spread), spread))
    common = correlation * float(shares @ errors) ** 2
    own_df = min(each.df for each in known)
    df = (apart + common) ** 2 / (apart**2 / (n - 1) + common**2 / own_df)
    either = student(mean, math.sqrt(apart + common), df, n), student(mean, math.sqrt(seen), n - 1, n)
    found = max(either, key=lambda each: each.high - each.low)
    reach = float(stdtrit(n - 2, 0.975)) * math.hypot(math.sqrt(tau2), found.error) if n > 2 else math.inf
    prediction = (mean - reach, mean + reach)
    return Across(mean, found.low, found.high, n, found.error, found.df, math.sqrt(tau2), prediction, tuple(y.tolist()))


def share(changed: ArrayLike, original: ArrayLike, *, common: tuple[float, float] = (0.0, 0.0)) -> Estimate:
    """What is left of an effect: the mean of N networks' `changed` effects over that of their `original` ones.

    The 95 % interval is Fieller's, with Student's t and N − 1 degrees of freedom; it goes from −inf to inf where the
    mean original effect is not surely apart from 0, as for one network. `common` are the variances of the two means
    that come from the photographs that networks share, which the spread between networks does not show. They count as
    independent, which makes the interval too wide rather than too narrow where the two means err alike. ValueError for
    effects (N,) that are not finite, or not of the same networks. Source: Fieller (1954), "Some problems in interval
    estimation".
    """
    y, x = finite(changed), finite(original)
    if len(x) != len(y):
        raise ValueError(f"changed and original must be effects on the same networks, got {len(y)} and {len(x)}")
    n, mean_y, mean_x = len(x), float(y.mean()), float(x.mean())
    value = mean_y / mean_x if mean_x else math.nan
    if n == 1:
        return Estimate(value, -math.inf, math.inf, 1)
    spread = (np.cov(y, x) / n + np.diag(common)) * float(stdtrit(n - 1, 0.975)) ** 2
    a, b, c = mean_x**2 - spread[1, 1], mean_x * mean_y - spread[0, 1], mean_y**2 - spread[0, 0]
    if a <= 0:
        return Estimate(value, -math.inf, math.inf, n)
    root = math.sqrt(max(0.0, b**2 - a * c))  # below 0 by rounding alone
    return Estimate(value, float((b - root) / a), float((b + root) / a), n)


def rope(estimate: Estimate, published: float, share: float = 0.2) -> bool:
    """Whether an effect is practically nothing: its whole interval lies within ±`share` of |`published`|."""
    most = share * abs(published)
    return -most <= estimate.low and estimate.high <= most


def over_networks(values: ArrayLike) -> Estimate:
    """The mean of N networks' averages with its 95 % interval by Student's t: the network is the unit, and n is N.

    One network has no interval. ValueError as for `clustered`.
    """
    x = finite(values)
    reach = float(t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else 0.0
    return Estimate(float(x.mean()), float(x.mean()) - reach, float(x.mean()) + reach, len(x))


def p_value(differences: ArrayLike) -> float:
    """Student's two-sided p of N networks' differences having the mean 0; 1 for a single network.

    ValueError as for `clustered`.
    """
    x = finite(differences)
    if len(x) == 1 or not x.any():
        return 1.0
    error = x.std(ddof=1) / np.sqrt(len(x))
    return float(2 * t.sf(abs(x.mean()) / error, len(x) - 1)) if error > 0 else 0.0


def holm(p: Sequence[float]) -> list[float]:
    """The p values of one family of comparisons with Holm's step-down correction (1979), in their order."""
    order, largest, adjusted = np.argsort(p), 0.0, [1.0] * len(p)
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[place]))
        adjusted[place] = largest
    return adjusted


def _paule_mandel(y: np.ndarray, variances: np.ndarray) -> float:
    """τ² at which the weighted squares of the residuals add up to N − 1; 0 where they are fewer without it."""

    def excess(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        return float(weights @ (y - weights @ y / weights.sum()) ** 2) - (len(y) - 1)

    most = 2 * float(y.var(ddof=1))  # where the excess is below 0
    return float(brentq(excess, 0, most, xtol=1e-12 * most)) if excess(0) > 0 else 0.0

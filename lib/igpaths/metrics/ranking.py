"""From an attribution of colour values to a map of pixels.

The two reductions rank pixels differently wherever an attribution changes sign, so every table that ranks pixels
says which one it used.
"""

from torch import Tensor


def signed_map(attribution: Tensor) -> Tensor:
    """Σ_c A_c: an attribution (…, 3, H, W) to a signed map (…, H, W); positive raises the score."""
    return attribution.sum(dim=-3)


def absolute_map(attribution: Tensor) -> Tensor:
    """Σ_c |A_c|: an attribution (…, 3, H, W) to a map (…, H, W) of 0 or more."""
    return attribution.abs().sum(dim=-3)

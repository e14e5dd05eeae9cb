"""How much of an attribution comes from the saturated part of the path (Miglani et al. 2020, Tables 1 and 3).

α* (Table 2) is found by the walk itself: see ``Attributions.alpha_star``.
"""

import torch
from torch import Tensor


def norm_ratio(right: Tensor, left: Tensor, *, order: float) -> Tensor:
    """‖Right‖ / ‖Left‖ of each image: above 1 the saturated part outweighs the other. Neither direction is better.

    Parameters
    ----------
    right, left : signed attributions (B, …) of `Right` and `Left`.
    order : of the norm over all colour values: 1 or 2.

    Returns
    -------
    Tensor (B,)
        0 or more, in float64; infinite where Left is zero (it has no segment), NaN where both are zero.

    Examples
    --------
    >>> right, left = torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0]])
    >>> metrics.norm_ratio(right, left, order=1), metrics.norm_ratio(right, left, order=2)
    (tensor([7.], dtype=torch.float64), tensor([5.], dtype=torch.float64))
    """
    numerator, denominator = (
        torch.linalg.vector_norm(part.flatten(1), ord=order, dim=1, dtype=torch.float64) for part in (right, left)
    )
    return numerator / denominator


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of the angle between two attributions (B, …) of each image: (B,), in [−1, 1], in float64.

    NaN where one of them is zero.

    Examples
    --------
    >>> metrics.cosine(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([0.6000], dtype=torch.float64)
    """
    a, b = (part.flatten(1).double() for part in (a, b))
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))

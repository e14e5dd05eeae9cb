"""How much of an attribution comes from the saturated part of the path (Miglani et al. 2020, Tables 1 and 3).

α* (Table 2) is found by the walk itself: see ``Attributions.alpha_star``.
"""

from torch import Tensor

from igpaths.metrics.ranking import as_same


def norm_ratio(right: Tensor, left: Tensor, *, order: float) -> Tensor:
    """‖Right‖ / ‖Left‖ of each image, (B,), in float64: above 1 the saturated part outweighs the other.

    `right` and `left` are signed attributions (B, …) of `Right` and `Left`, `order` is that of the norm over all their
    values, 1 or 2. Neither direction is better. Infinite where Left is zero (it has no segment), NaN where both are.

    Examples
    --------
    >>> right, left = torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0]])
    >>> metrics.norm_ratio(right, left, order=1), metrics.norm_ratio(right, left, order=2)
    (tensor([7.], dtype=torch.float64), tensor([5.], dtype=torch.float64))
    """
    right, left = (each.flatten(1).double() for each in as_same(right, left))
    return right.norm(p=order, dim=1) / left.norm(p=order, dim=1)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of the angle between two attributions (B, …): (B,), in [−1, 1], in float64; NaN where one is zero.

    Examples
    --------
    >>> metrics.cosine(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([0.6000], dtype=torch.float64)
    """
    a, b = (each.flatten(1).double() for each in as_same(a, b))
    return ((a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))).clamp(-1, 1)  # which rounding passes

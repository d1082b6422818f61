"""Goodness: how strongly a layer says "this is real", from its activities.

A goodness maps activities `y [R, U]` to one number per row, `g [R]`. Each is one function here. The decorator
`with_slope` adds the closed form of by · ∂g/∂y, for a factor per row; a goodness without one still learns, its slope
then comes from differentiating the function alone.

References:
    Hinton 2022, §2 and note 4 (why squares), §9 and note 21 (sum of unsquared activities).
"""

import torch
from torch import Tensor

from forward_forward.slopes import squared_length, with_slope


@with_slope(lambda y, by: y * (2 * by))
def sum_of_squares(y: Tensor) -> Tensor:
    """Σⱼ yⱼ², the paper's goodness (§2, eq. (1)).

    Example:
        >>> sum_of_squares(torch.tensor([[3.0, 4.0]]))
        tensor([25.])
    """
    return squared_length(y)


@with_slope(lambda y, by: y * (2 / y.shape[-1] * by))
def mean_of_squares(y: Tensor) -> Tensor:
    """Σⱼ yⱼ² / U: the same constraint on a scale that does not grow with the layer's width."""
    return squared_length(y) / y.shape[-1]


@with_slope(lambda y, by: y * (-2 * by))
def negative_sum_of_squares(y: Tensor) -> Tensor:
    """−Σⱼ yⱼ²: real data is to make the layer quiet, as in predictive coding (§2, §3.5)."""
    return -squared_length(y)


@with_slope(lambda y, by: y * (-2 / y.shape[-1] * by))
def negative_mean_of_squares(y: Tensor) -> Tensor:
    """−Σⱼ yⱼ² / U."""
    return -squared_length(y) / y.shape[-1]


@with_slope(lambda y, by: torch.ones_like(y) * by)
def sum_of_activities(y: Tensor) -> Tensor:
    """Σⱼ yⱼ (§9); the matching normalisation is `normalization.sum_to_units` (note 21)."""
    return y.sum(-1)


@with_slope(lambda y, by: (-torch.ones_like(y)) * by)
def negative_sum_of_activities(y: Tensor) -> Tensor:
    """−Σⱼ yⱼ: what "has worked well" more recently (§9 and note 21), with the same normalisation."""
    return -y.sum(-1)


@with_slope(lambda y, by: y * _sides(y) * (2 / y.shape[-1] * by))
def mean_of_opposed_squares(y: Tensor) -> Tensor:
    """(Σ of the first half of yⱼ² − Σ of the second) / U: features that real data has, constraints it keeps (§9).

    The first half are feature detectors, active where they find what real data has; the others detect violations of
    constraints and are quiet on real data. Of an odd number of units the first half has one more.

    Example:
        >>> mean_of_opposed_squares(torch.tensor([[3.0, 1.0]]))
        tensor([4.])
    """
    return (y.square() * _sides(y)).mean(-1)


def _sides(y: Tensor) -> Tensor:
    """Return 1 for each unit of the first half, −1 for the others, `[U]`."""
    sides = y.new_ones(y.shape[-1])
    sides[(len(sides) + 1) // 2 :] = -1
    return sides

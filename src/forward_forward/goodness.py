"""Goodness: how strongly a layer says "this is real", from its activities.

A goodness maps activities `y [R, U]` to one number per row, `g [R]`. Each is one function here. The decorator
`slope` adds the closed form of ∂g/∂y that the fast step multiplies by; a goodness without one still learns,
its slope then comes from differentiating the function alone.

References:
    Hinton 2022, §2 and note 4 (why squares), §9 and note 21 (sum of unsquared activities).
"""

from collections.abc import Callable

import torch
from torch import Tensor

Goodness = Callable[[Tensor], Tensor]


def _with_slope(slope: Goodness) -> Callable[[Goodness], Goodness]:
    def decorate(function: Goodness) -> Goodness:
        function.slope = slope  # type: ignore[attr-defined]
        return function

    return decorate


def slope_of(goodness: Goodness, y: Tensor) -> Tensor:
    """Return ∂g/∂y `[R, U]` of a goodness at activities `y [R, U]`.

    Example:
        >>> slope_of(sum_of_squares, torch.tensor([[1.0, 3.0]]))
        tensor([[2., 6.]])
    """
    closed_form = getattr(goodness, "slope", None)
    if closed_form is not None:
        return closed_form(y)
    with torch.enable_grad():
        leaf = y.detach().requires_grad_()
        return torch.autograd.grad(goodness(leaf).sum(), leaf)[0]


@_with_slope(lambda y: 2 * y)
def sum_of_squares(y: Tensor) -> Tensor:
    """Σⱼ yⱼ², the paper's goodness (§2, eq. (1)).

    Example:
        >>> sum_of_squares(torch.tensor([[1.0, 3.0]]))
        tensor([10.])
    """
    return y.square().sum(-1)


@_with_slope(lambda y: y * (2 / y.shape[-1]))
def mean_of_squares(y: Tensor) -> Tensor:
    """Σⱼ yⱼ² / U: the same constraint on a scale that does not grow with the layer's width."""
    return y.square().mean(-1)


@_with_slope(lambda y: -2 * y)
def negative_sum_of_squares(y: Tensor) -> Tensor:
    """−Σⱼ yⱼ²: real data is to make the layer quiet, as in predictive coding (§2, §3.5)."""
    return -y.square().sum(-1)


@_with_slope(lambda y: y * (-2 / y.shape[-1]))
def negative_mean_of_squares(y: Tensor) -> Tensor:
    """−Σⱼ yⱼ² / U."""
    return -y.square().mean(-1)


@_with_slope(torch.ones_like)
def sum_of_activities(y: Tensor) -> Tensor:
    """Σⱼ yⱼ (§9); the matching normalisation is `normalization.sum_to_units` (note 21)."""
    return y.sum(-1)

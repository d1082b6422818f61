"""Slopes: the derivative of a goodness by the activities, stated in closed form or found by differentiating."""

from collections.abc import Callable

import torch
from torch import Tensor

Goodness = Callable[[Tensor], Tensor]
"""Activities `[R, U]` → goodness `[R]`."""


def with_slope(slope: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Goodness], Goodness]:
    """State by · ∂g/∂y of the goodness that follows: `slope(y [R, U], by [R, 1]) -> [R, U]`."""

    def decorate(function: Goodness) -> Goodness:
        function.slope = slope  # type: ignore[attr-defined]
        return function

    return decorate


def slope_of(goodness: Goodness, y: Tensor, by: Tensor | None = None) -> Tensor:
    """Return by · ∂g/∂y `[R, U]` of a goodness at activities `y [R, U]`.

    Arguments:
        goodness: any function of activities to one number per row.
        y: where.
        by: a factor per row, `[R, 1]`; None is 1.

    Example:
        >>> slope_of(lambda y: y.square().sum(-1), torch.tensor([[1.0, 3.0]]))
        tensor([[2., 6.]])
    """
    by = torch.ones_like(y[..., :1]) if by is None else by
    closed_form = getattr(goodness, "slope", None)
    if closed_form is not None:
        return closed_form(y, by)
    with torch.enable_grad():
        leaf = y.detach().requires_grad_()
        return torch.autograd.grad(goodness(leaf).sum(), leaf)[0] * by


def squared_length(y: Tensor) -> Tensor:
    """Return Σⱼ yⱼ² of each row in one pass over memory, where `y.square().sum(-1)` takes three."""
    return torch.linalg.vector_norm(y, dim=-1).square()

"""Slopes: the derivative of a goodness by the activities, stated in closed form or found by differentiating."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from forward_forward.errors import UsageError, check_callable

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


def unit_goodness(goodness: Goodness, units: int) -> tuple[float, float]:
    """Return a goodness of so many units where every activity is 1, and its scale: the size of that number.

    Where units that are to be active stand against others that are to be quiet, it may be 0. Its scale is then half
    the sum of the sizes of its slopes, which is the same for a sum of squares.

    Raises:
        UsageError: when it is no function, or has no scale.
    """
    check_callable("goodness", goodness)
    ones = torch.ones(1, units, dtype=torch.float64)
    at_one = float(goodness(ones))
    scale = abs(at_one) or float(slope_of(goodness, ones).abs().sum()) / 2
    if not 0 < scale < math.inf:
        raise UsageError(f"this goodness is {at_one} where every activity is 1; it needs a scale")
    return at_one, scale


def vanishes_at_zero(goodness: Goodness, units: int) -> bool:
    """Return whether ∂g/∂y is 0 wherever y is 0, so that the ReLU's own gate changes nothing."""
    y = torch.ones(2, units, dtype=torch.float64).cumsum(1).mul_(2 / units)
    y[0, ::2] = y[1, 1::2] = 0
    return bool((slope_of(goodness, y)[y == 0] == 0).all())


def gated(dz: Tensor, rectified: Tensor) -> Tensor:
    """Return dz where a rectified unit is on, else 0: ReLU′ in one pass over memory."""
    where_on: Tensor = torch.ops.aten.threshold_backward(dz, rectified, 0)
    return where_on

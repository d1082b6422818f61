"""A fully connected layer."""

import math
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.precision import accumulate, accumulate_product, product, product_back


class Dense(LocalLayer):
    """z = h W + b, with W `[I, U]` drawn from N(0, 1/I) and b zero.

    References:
        Hinton 2022, §3.3; initial scale as in the author's program.

    Arguments:
        in_features: I.
        units: U.
        bias: whether there is a b.
        generator: draws the weights.
        device, dtype: as torch spells them.
        parts: goodness, loss, peer, matmul_dtype of a `LocalLayer`.

    Raises:
        UsageError: when a size is no whole number above 0.

    Example:
        >>> layer = Dense(4, 3, generator=torch.Generator().manual_seed(0))
        >>> layer(torch.ones(2, 4)).shape
        torch.Size([2, 3])
    """

    linear_in_rows = True

    def __init__(
        self,
        in_features: int,
        units: int,
        *,
        bias: bool = True,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **parts: Any,
    ) -> None:
        if any(not isinstance(size, Integral) or size <= 0 for size in (in_features, units)):
            raise UsageError(
                f"a layer of {in_features!r} inputs and {units!r} units: give whole numbers above 0"
            )
        super().__init__(units, **parts)
        self.in_features = in_features
        self.weight = nn.Parameter(torch.empty(in_features, units, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(units, device=device, dtype=dtype)) if bias else None
        self.to(device=device, dtype=dtype)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the weights again."""
        draw_(self.weight, self.in_features, generator)
        clear_(self.bias)

    def parts(self) -> dict[str, Any]:
        own = {"in_features": self.in_features, "units": self.units, "bias": self.bias is not None}
        return {**own, **super().parts()}

    def preactivation(self, h: Tensor) -> Tensor:  # type: ignore[override]
        return product(h, self.weight, self.matmul_dtype, self.cast, self.bias)

    def read_back(self, dz: Tensor, h: Tensor) -> Tensor:
        return product_back(dz, self.weight, self.matmul_dtype, self.cast)

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        (h,) = inputs
        accumulate_product(self.weight.grad, h, dz, decay, self.matmul_dtype)  # type: ignore[arg-type]
        accumulate_bias(self.bias, dz, decay)


@torch.no_grad()
def draw_(weight: Tensor, fan_in: int, generator: torch.Generator | None) -> None:
    """Fill a weight from N(0, 1/fan_in); drawn on the generator's device, so a seed means the same anywhere."""
    device = generator.device if generator is not None else weight.device
    draw = torch.randn(weight.shape, generator=generator, device=device)
    weight.copy_(draw / math.sqrt(fan_in))


@torch.no_grad()
def clear_(bias: nn.Parameter | None) -> None:
    """Set a bias, if there is one, to zero."""
    if bias is not None:
        bias.zero_()


def accumulate_bias(bias: nn.Parameter | None, dz: Tensor, decay: float) -> None:
    """grad ← decay · grad + Σ dz over all but the last dimension, for a bias that may not be there."""
    if bias is not None:
        accumulate(bias.grad, dz.flatten(0, -2).sum(0, dtype=bias.dtype), decay)  # type: ignore[arg-type]

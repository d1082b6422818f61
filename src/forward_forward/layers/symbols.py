"""The first layer of a net that reads text: a window of symbols, each at its own place."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.errors import DataError, UsageError
from forward_forward.layers.dense import accumulate_bias, clear_, draw_
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.precision import accumulate_product, product


class Symbols(LocalLayer):
    """z = Σₜ W[t, sₜ] + b for windows s `[R, ≥ T]` of symbols, of which the last T are read.

    The same as a dense layer on T one-of-N codes end to end, whose length is √T whatever they say; they are scaled to
    root mean square 1, so that the normalised input is √N where a symbol stands and 0 elsewhere.

    References:
        Hinton 2022, §4.1: ten characters of an alphabet of 30.

    Arguments:
        window: T.
        symbols: N, how many there are.
        units: U.
        generator: draws the weights, from N(0, 1/(T·N)).
        parts: goodness, loss, peer, matmul_dtype of a `LocalLayer`.

    Raises:
        UsageError: when a size is not above 0.

    Example:
        >>> layer = Symbols(3, 5, 4, generator=torch.Generator().manual_seed(0))
        >>> layer(torch.tensor([[0, 1, 4], [2, 2, 2]])).shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        window: int,
        symbols: int,
        units: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **parts: Any,
    ) -> None:
        if min(window, symbols, units) <= 0:
            raise UsageError(
                f"a window of {window} of {symbols} symbols, {units} units: all must be above 0"
            )
        super().__init__(units, **parts)
        self.window, self.symbols = window, symbols
        self.weight = nn.Parameter(torch.empty(window * symbols, units, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(units, device=device, dtype=dtype))
        self.to(device=device, dtype=dtype)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the weights again."""
        draw_(self.weight, self.window * self.symbols, generator)
        clear_(self.bias)

    def parts(self) -> dict[str, Any]:
        own = {"window": self.window, "symbols": self.symbols, "units": self.units}
        return {**own, **super().parts()}

    def preactivation(self, symbols: Tensor) -> Tensor:  # type: ignore[override]
        return product(self._codes(symbols), self.weight, self.matmul_dtype, self.cast, self.bias)

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        (symbols,) = inputs
        codes = self._codes(symbols)
        accumulate_product(self.weight.grad, codes, dz, decay, self.matmul_dtype)  # type: ignore[arg-type]
        accumulate_bias(self.bias, dz, decay)

    def _codes(self, symbols: Tensor) -> Tensor:
        """Return the one-of-N codes of a window, end to end, `[R, T·N]`, root mean square 1."""
        if symbols.is_floating_point() or symbols.shape[-1] < self.window:
            raise DataError(
                f"windows of {tuple(symbols.shape)} {symbols.dtype}; this net reads {self.window} symbols by index"
            )
        windows = symbols[:, -self.window :]
        if windows.device.type == "cpu" and windows.numel():  # a GPU would have to wait for it
            low, high = map(int, windows.aminmax())
            if low < 0 or high >= self.symbols:
                raise DataError(
                    f"windows of symbols from {low} to {high}; this net knows those from 0 to {self.symbols - 1}"
                )
        return codes_of(windows, self.symbols, self.weight)


def codes_of(windows: Tensor, symbols: int, like: Tensor) -> Tensor:
    """Return the one-of-N codes of windows `[R, T]` end to end, `[R, T·N]`, root mean square 1, in `like`'s dtype."""
    count, window = windows.shape
    places = torch.arange(window, device=windows.device) * symbols
    codes = like.new_zeros(count, window * symbols)
    return codes.scatter_(1, windows + places, math.sqrt(symbols))

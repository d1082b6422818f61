"""A layer with fast weights: a memory of outer products that fades, by which a window attends to its recent past."""

from typing import Any

import torch
from torch import Tensor

from forward_forward.errors import DataError, UsageError
from forward_forward.layers.symbols import Symbols
from forward_forward.precision import product


class FastWeights(Symbols):
    r"""z = s_T + η Σ_{τ<T} λ^{T−1−τ} u_τ (û_τ · û_T), where s_τ = Σₜ W[t, symbol] + b of the last symbols at τ.

    At each place τ of a stretch of text the slow weights read `window` symbols and give s_τ, and so u_τ = ReLU(s_τ).
    The memory A = η Σ λ^{T−1−τ} u_τ û_τᵀ is read with what stands at the end: what resembles it is recalled, the nearer
    the more. û is u at length 1. The weights are those of `Symbols` and no more; the layer's own objective changes them
    by all the places where they were used, and nothing else in the stretch learns.

    References:
        Ba et al. 2016, "Using Fast Weights to Attend to the Recent Past"; Hinton 2022, §9. There hidden units are
        recurrent, what is stored has itself been through the memory and is not brought to length 1, and the inner loop
        has layer normalisation and may take several steps. Here is one step, without recurrence.

    Arguments:
        window: symbols that the slow weights read.
        symbols: how many there are.
        units: U.
        stretch: symbols of text in all, more than the window.
        fading: λ, what is left of the memory after a symbol, in (0, 1].
        strength: η, > 0.
        rest: generator, device, dtype and parts of a `Symbols`.

    Raises:
        UsageError: a stretch that is no longer than the window, or a fading or strength that cannot be.

    Example:
        >>> layer = FastWeights(2, 5, 4, stretch=6, generator=torch.Generator().manual_seed(0))
        >>> layer(torch.tensor([[0, 1, 4, 2, 0, 1]])).shape
        torch.Size([1, 4])
    """

    def __init__(
        self,
        window: int,
        symbols: int,
        units: int,
        *,
        stretch: int,
        fading: float = 0.95,
        strength: float = 0.5,
        **rest: Any,
    ) -> None:
        if stretch <= window or not 0 < fading <= 1 or not 0 < strength < float("inf"):
            raise UsageError(
                f"a memory of strength {strength} that fades to {fading} a symbol, over {stretch} symbols of which the "
                f"last {window} are read: the stretch must be the longer, fading in (0, 1], strength above 0"
            )
        super().__init__(window, symbols, units, **rest)
        self.stretch, self.fading, self.strength = stretch, fading, strength

    def parts(self) -> dict[str, Any]:
        own = {"stretch": self.stretch, "fading": self.fading, "strength": self.strength}
        return {**super().parts(), **own}

    def preactivation(self, symbols: Tensor) -> Tensor:  # type: ignore[override]
        if symbols.shape[-1] < self.stretch:
            raise DataError(
                f"windows of {symbols.shape[-1]} symbols; this layer attends to {self.stretch}"
            )
        slow = self._slow(symbols[:, -self.stretch :])
        u = slow.relu()
        direction = u / u.norm(dim=2, keepdim=True).clamp(min=1e-6)
        past, now = direction[:, :-1], direction[:, -1:]
        alike = (past @ now.transpose(1, 2)).squeeze(2)
        age = torch.arange(alike.shape[1] - 1, -1, -1, device=u.device)
        weight = self.strength * alike * self.fading**age
        return slow[:, -1] + (weight.unsqueeze(1) @ u[:, :-1]).squeeze(1)

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        super(Symbols, self).accumulate(inputs, dz, decay)

    def _slow(self, symbols: Tensor) -> Tensor:
        """Return s at every place of a stretch, `[R, places, U]`."""
        places = symbols.unfold(1, self.window, 1)
        codes = self._codes(places.flatten(0, 1))
        slow = product(codes, self.weight, self.matmul_dtype, self.cast, self.bias)
        return slow.view(*places.shape[:2], -1)

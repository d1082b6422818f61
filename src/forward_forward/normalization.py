"""Normalisation: take the goodness out of an activity vector before the next layer sees it.

A `Normalization` multiplies each row of activities by one positive factor, so that only the relative activities
go on. `PeerNormalization` is another thing: it keeps the units of a layer about equally active as they learn.

References:
    Hinton 2022, §2.1 and note 5 (length, mean not subtracted), note 9 (peers), note 21 (sum of activities).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError, check_number

TINY = 1e-10


@dataclass(frozen=True)
class Normalization:
    """Divide each row by its p-norm, h = y / ‖y‖ₚ, or by its mean-power, (Σ|y|ᵖ / U)^(1/p).

    A row of zeros stays zero.

    Arguments:
        power: p; 0 leaves rows as they are.
        per_unit: whether the sum of powers is divided by the number of units first.

    Example:
        >>> length(torch.tensor([[3.0, 4.0]])).square().mean()
        tensor(1.)
    """

    power: int
    per_unit: bool

    def __post_init__(self) -> None:
        if self.power not in (0, 1, 2):
            raise UsageError(f"power {self.power} of a normalisation must be 0, 1 or 2")

    def __call__(self, y: Tensor) -> Tensor:
        """Return `h [R, U]` of activities `y [R, U]`."""
        return y if self.power == 0 else y * self.factor(self.total(y), y.shape[-1])

    def total(self, y: Tensor) -> Tensor:
        """Return Σ|y|ᵖ of each row, `[R, 1]`; totals of parts of a row add up."""
        return torch.linalg.vector_norm(y, self.power, dim=-1, keepdim=True) ** self.power

    def factor(self, total: Tensor, units: int) -> Tensor:
        """Return the factor of rows with this total of powers, `[R, 1]`."""
        if self.power == 0:
            return torch.ones_like(total)
        mean = (total / units if self.per_unit else total) + TINY
        return mean.rsqrt() if self.power == 2 else mean.reciprocal()


length = Normalization(power=2, per_unit=True)
"""Root mean square 1, so length √U: the author's program."""

unit_length = Normalization(power=2, per_unit=False)
"""Length 1 (§6, and the widely copied ports)."""

sum_to_units = Normalization(power=1, per_unit=True)
"""Mean activity 1: goes with `goodness.sum_of_activities` (note 21)."""

unnormalized = Normalization(power=0, per_unit=False)
"""Nothing is taken out: the second layer can then read the first one's answer off the length (§2.1)."""


class PeerNormalization(nn.Module):
    """Pull every unit's mean activity towards the mean over its peers, dead units included.

    m ← 0.9 m + 0.1 · (batch mean of y on the positive pass), and each positive row's gradient on the
    preactivation z of unit j is lowered by λ (mean over units of m − mⱼ). The pull is not gated by the ReLU, so
    units that are always off are revived.

    References:
        Hinton 2022, note 9, and the author's program. There λ = 0.03 stands beside a gradient without the
        2 of ∂y²/∂y; beside the true gradient of a sum of squares, as here, that is λ = 0.06.

    Arguments:
        units: U.
        strength: λ ≥ 0.
        momentum: how much of the old mean stays, in [0, 1).
    """

    mean_activity: Tensor

    def __init__(self, units: int, strength: float, momentum: float = 0.9) -> None:
        super().__init__()
        check_number("peer strength and momentum", strength, momentum)
        if not 0 <= strength < math.inf or not 0 <= momentum < 1:
            raise UsageError(f"peer strength {strength} must be ≥ 0, momentum {momentum} in [0, 1)")
        self.strength = float(strength)
        self.momentum = momentum
        self.register_buffer("mean_activity", torch.full((units,), 0.5))

    @torch.no_grad()
    def pull(self, y_pos: Tensor, weights: Tensor | None = None) -> Tensor:
        """Take in the positive activities `[B, U]` and return −∂/∂z of every positive row, `[U]`.

        Arguments:
            weights: of the rows `[B]`, mean 1; None is 1 for each.
        """
        mean = y_pos.mean(0) if weights is None else weights @ y_pos / len(y_pos)
        self.mean_activity.lerp_(mean.to(self.mean_activity), 1 - self.momentum)
        return self.strength * (self.mean_activity.mean() - self.mean_activity)

    def extra_repr(self) -> str:
        return f"strength={self.strength}"


def standardised(images: Tensor, mean: float, std: float) -> Tensor:
    """Return (images − mean) / std; by 0 and 1 they stay as they are, the same tensor.

    Example:
        >>> standardised(torch.tensor([0.25, 0.75]), 0.5, 0.25)
        tensor([-1.,  1.])
    """
    return images if (mean, std) == (0.0, 1.0) else (images - mean) / std


def checked_pixels(mean: float, std: float) -> tuple[float, float]:
    """Return the mean and the deviation that images are to be standardised by.

    Raises:
        UsageError: when no images have such.
    """
    check_number("mean and deviation of pixels", mean, std)
    if not (math.isfinite(mean) and 0 < std < math.inf):
        raise UsageError(
            f"pixels of mean {mean} and deviation {std}: it must be above 0, both finite"
        )
    return float(mean), float(std)


def described_pixels(pixels: tuple[float, float]) -> dict[str, float]:
    """Return them as plain JSON; nothing where images stay as they are, as nets were described before they could."""
    return (
        {} if pixels == (0.0, 1.0) else dict(zip(("pixel_mean", "pixel_std"), pixels, strict=True))
    )

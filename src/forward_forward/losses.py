"""Losses: what a layer minimises, from the goodness of positives and of negatives.

A loss maps `(g_pos [B], g_neg [B])` to one number per sample, `[B]`, and states its slopes
(∂L/∂g_pos, ∂L/∂g_neg) in closed form. Each is one frozen dataclass here.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch.nn.functional as F
from torch import Tensor

from forward_forward.errors import UsageError

FARTHEST = 1e4
"""A threshold so many times the goodness of activities that are all 1 is beyond reach."""


@dataclass(frozen=True)
class Loss(ABC):
    """The contract of a loss."""

    separable: ClassVar[bool] = False
    """Whether each pass is judged on its own, so that the loss is a term of g⁺ and a term of g⁻. Only then can the two
    passes be learned apart. A pass that is left out counts as judged rightly beyond doubt: g⁺ = ∞, or g⁻ = −∞."""

    @abstractmethod
    def __call__(self, g_pos: Tensor, g_neg: Tensor) -> Tensor:
        """Return the loss of each sample, `[B]`."""

    @abstractmethod
    def slopes(self, g_pos: Tensor, g_neg: Tensor) -> tuple[Tensor, Tensor]:
        """Return (∂L/∂g_pos, ∂L/∂g_neg), each `[B]`."""

    def for_layer(self, unit_goodness: float) -> Self:
        """Return the loss for a layer whose goodness is `unit_goodness` when every activity is 1."""
        return self


@dataclass(frozen=True)
class ThresholdLogistic(Loss):
    """Each pass on its own side of a threshold: softplus(θ − g⁺) + softplus(g⁻ − θ), eq. (1).

    p(positive) = σ((g − θ) / temperature); the loss is the negative log likelihood of "positive" on real data
    and of "negative" on negative data.

    References:
        Hinton 2022, eq. (1). The author's program subtracts the number of units, which is the goodness of a
        layer whose activities are all 1: that is the default here.

    Arguments:
        threshold: θ, in units of goodness; None takes the goodness of activities that are all 1.
        temperature: > 0; the author's is 1 on a sum of squares.

    Raises:
        UsageError: when no activity can bring the goodness to θ.
    """

    threshold: float | None = None
    temperature: float = 1.0
    separable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise UsageError(f"temperature {self.temperature} must be above 0")

    def for_layer(self, unit_goodness: float) -> Self:
        if self.threshold is None:
            return replace(self, threshold=unit_goodness)
        if unit_goodness and not 0 < self.threshold / unit_goodness < FARTHEST:
            raise UsageError(
                f"no unit can reach threshold {self.threshold}; "
                f"choose one near {unit_goodness:g}, the goodness of activities that are all 1"
            )
        return self

    def _logits(self, g: Tensor) -> Tensor:
        if self.threshold is None:
            raise UsageError(
                "a ThresholdLogistic without a threshold must be given to a layer first"
            )
        return (g - self.threshold) / self.temperature

    def __call__(self, g_pos: Tensor, g_neg: Tensor) -> Tensor:
        return F.softplus(-self._logits(g_pos)) + F.softplus(self._logits(g_neg))

    def slopes(self, g_pos: Tensor, g_neg: Tensor) -> tuple[Tensor, Tensor]:
        scale = 1 / self.temperature
        return -scale * self._logits(g_pos).neg().sigmoid(), scale * self._logits(g_neg).sigmoid()


@dataclass(frozen=True)
class SymBa(Loss):
    """Only the gap between the two passes counts: softplus(−α(g⁺ − g⁻)).

    References:
        Lee and Song 2023, "SymBa: Symmetric Backpropagation-Free Contrastive Learning with Forward-Forward
        Algorithm for Optimizing Convergence"; α = 4 on a mean of squares.

    Arguments:
        alpha: steepness, per unit of goodness, > 0.
    """

    alpha: float = 4.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < math.inf:
            raise UsageError(f"alpha {self.alpha} must be above 0")

    def __call__(self, g_pos: Tensor, g_neg: Tensor) -> Tensor:
        return F.softplus(self.alpha * (g_neg - g_pos))

    def slopes(self, g_pos: Tensor, g_neg: Tensor) -> tuple[Tensor, Tensor]:
        slope = self.alpha * (self.alpha * (g_neg - g_pos)).sigmoid()
        return -slope, slope


@dataclass(frozen=True)
class SiLU(SymBa):
    """The gap through a SiLU, u·σ(u) with u = −α(g⁺ − g⁻): pairs that are far apart stop teaching.

    Unlike SymBa's, its slope turns slightly negative for gaps beyond 1.28/α, which keeps goodness from
    growing without bound.

    Arguments:
        alpha: steepness, per unit of goodness, > 0; 6 suits a mean of squares.
    """

    alpha: float = 6.0

    def __call__(self, g_pos: Tensor, g_neg: Tensor) -> Tensor:
        return F.silu(self.alpha * (g_neg - g_pos))

    def slopes(self, g_pos: Tensor, g_neg: Tensor) -> tuple[Tensor, Tensor]:
        u = self.alpha * (g_neg - g_pos)
        s = u.sigmoid()
        slope = self.alpha * s * (1 + u * (1 - s))
        return -slope, slope

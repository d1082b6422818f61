"""A goodness as numbers: Σⱼ weightⱼ · yⱼ^power. Whoever has no torch can then compute it, and its slope."""

from dataclasses import dataclass

import torch
from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.slopes import Goodness

POWERS = (1, 2, 3)


@dataclass(frozen=True, eq=False)
class PowerSum:
    """g(y) = Σⱼ weightⱼ · yⱼ^power, so that ∂g/∂yⱼ = power · weightⱼ · yⱼ^(power − 1).

    Arguments:
        power: 1, 2 or 3.
        weights: `[U]` float64.
    """

    power: int
    weights: Tensor

    def __call__(self, y: Tensor) -> Tensor:
        """Return the goodness of activities `[R, U]`, `[R]`."""
        return (y**self.power * self.weights.to(y)).sum(-1)

    @property
    def scale(self) -> float | None:
        """The weight of every unit, None where they differ."""
        alike = bool((self.weights == self.weights[0]).all())
        return float(self.weights[0]) if alike else None


def power_sum(goodness: Goodness, units: int) -> PowerSum:
    """Return a goodness of so many units as a `PowerSum`, found by asking it.

    One unit at a time is active at 1 and at 2, which gives its weight and the power; activities of all units at
    once then say whether that was all.

    Raises:
        UsageError: it is no such sum.

    Example:
        >>> from forward_forward.goodness import mean_of_squares
        >>> found = power_sum(mean_of_squares, 4)
        >>> found.power, found.scale
        (2, 0.25)
    """
    alone = torch.eye(units, dtype=torch.float64)
    weights, doubled = goodness(alone), goodness(2 * alone)
    together = torch.linspace(0, 2, 3 * units, dtype=torch.float64).view(units, 3).t().contiguous()
    for power in POWERS:
        found = PowerSum(power, weights)
        if torch.allclose(doubled, 2**power * weights) and torch.allclose(
            found(together), goodness(together)
        ):
            return found
    name = getattr(goodness, "__name__", repr(goodness))
    raise UsageError(
        f"the goodness {name} is no sum over units of a power of each, and cannot be exported"
    )


def forms(network: FeedForward) -> list[PowerSum]:
    """Return the goodness of every layer as numbers; layers alike share them."""
    known: dict[tuple[Goodness, int], PowerSum] = {}
    for layer in network.layers:
        key = (layer.goodness, layer.units)
        if key not in known:
            known[key] = power_sum(*key)
    return [known[layer.goodness, layer.units] for layer in network.layers]

"""How a wanted change reaches a tile: rules whose optimiser turns it into pulses."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.hardware.crossbar import TileWeight
from forward_forward.hardware.pairs import SteppedCrossbar
from forward_forward.hardware.steps import even, first_step
from forward_forward.training.optimizers import Rule

Kept = dict[str, Tensor]


@dataclass(frozen=True)
class PulsedRule(Rule):
    """v ← smoothing · v + (1 − smoothing) · gradient; W ← W − rate (v + weight_decay W), in a tile by whole pulses.

    A pair is to get p = −rate (v + weight_decay W) / (weight_range · step) pulses, `step` being that of average devices
    at W = 0; a subclass says how many it gets. Biases, other digital parameters, and weights in a tile of ideal devices
    take just what is wanted.

    The gradient of a batch, and v, are numbers in a digital memory as large as the tile.

    References:
        Digital sums, analog weights: Nandakumar et al. 2020.

    Arguments:
        rate, weight_decay: of a `Rule`.
        smoothing: share of v that stays, in [0, 1); 0.9 is `SmoothedGradient`.

    Raises:
        UsageError: when a number is out of its range.
    """

    smoothing: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.smoothing < 1:
            raise UsageError(f"smoothing {self.smoothing} must be in [0, 1)")

    @property
    def decay(self) -> float:  # type: ignore[override]
        """Share of the old gradient that stays when a new one is accumulated."""
        return self.smoothing

    @property
    def share(self) -> float:
        return 1 - self.smoothing

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return PulseOptimizer(self._group(parameters), self)

    @abstractmethod
    def counts(
        self, weight: TileWeight, rate: float, kept: Kept, rows: slice, draw: torch.Generator
    ) -> Tensor:
        """Return how many pulses the pairs of some rows get.

        Arguments:
            weight: with its gradient.
            rate: the learning rate now.
            kept: what the rule keeps of this weight from update to update; empty at first.
            rows: of the tile.
            draw: for what is drawn.
        """

    def wanted(self, total: Tensor, weight: TileWeight, rate: float, rows: slice) -> Tensor:
        """Return `total` + p, in place."""
        tile = weight.tile
        assert weight.grad is not None
        pulses = -rate / (tile.weight_range * first_step(tile.hardware))
        total.add_(weight.grad[rows], alpha=pulses)
        if self.weight_decay:
            total.add_(weight[rows], alpha=pulses * self.weight_decay)
        return total


@dataclass(frozen=True)
class DrawnPulses(PulsedRule):
    """p rounded to a whole number by lot: the right number on average, so that no wish is too small to count."""

    def counts(
        self, weight: TileWeight, rate: float, kept: Kept, rows: slice, draw: torch.Generator
    ) -> Tensor:
        lot = even(weight[rows].shape, draw, torch.int16, weight.dtype).mul_(2**-16)
        return self.wanted(lot, weight, rate, rows).round_()


@dataclass(frozen=True)
class KeptPulses(PulsedRule):
    """The whole part of p and of what was kept of earlier ones; the rest is kept. Nothing is lost, nothing drawn.

    Opposite wishes cancel before they are pulsed, so there are fewer pulses; it takes a second digital memory as large
    as the tile.

    References:
        Nandakumar et al. 2020.
    """

    def counts(
        self, weight: TileWeight, rate: float, kept: Kept, rows: slice, draw: torch.Generator
    ) -> Tensor:
        if "wanted" not in kept:
            kept["wanted"] = torch.zeros_like(weight, requires_grad=False)
        wanted = self.wanted(kept["wanted"][rows], weight, rate, rows)
        whole = wanted.trunc()
        wanted.sub_(whole)
        return whole


class PulseOptimizer(torch.optim.Optimizer):
    """Steps weights that lie in tiles by pulses, everything else by torch's fused gradient descent.

    Arguments:
        groups: as torch takes them.
        rule: says how many pulses.
    """

    def __init__(self, groups: Any, rule: PulsedRule) -> None:
        super().__init__(groups, {"lr": rule.rate})
        self.rule = rule
        digital = [p for group in self.param_groups for p in group["params"] if not in_steps(p)]
        self.digital = (
            torch.optim.SGD(digital, lr=rule.rate, weight_decay=rule.weight_decay, fused=True)
            if digital
            else None
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Give every tile its pulses, and step the rest."""
        (group,) = self.param_groups
        for weight in filter(in_steps, group["params"]):
            if weight.grad is not None:
                counts = partial(self.rule.counts, weight, group["lr"], self.state[weight])
                weight.tile.pulse(weight, counts)
        if self.digital is not None:
            self.digital.param_groups[0]["lr"] = group["lr"]
            self.digital.step()
            torch.autograd.graph.increment_version(self.digital.param_groups[0]["params"])


def in_steps(parameter: nn.Parameter) -> bool:
    """Return whether a parameter lies in a tile that pulses move."""
    return isinstance(parameter, TileWeight) and isinstance(parameter.tile, SteppedCrossbar)

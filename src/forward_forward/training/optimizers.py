"""Update rules: how a gradient becomes a step. torch's fused optimisers do the work.

A rule is a frozen dataclass that builds a torch optimiser. It also says how gradients are to be accumulated:
`grad ← decay · grad + share / B · Σ gradient`. A smoothed gradient lets `grad` be its own velocity, so the update is
one more pass over memory and not three.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from forward_forward.errors import UsageError, check_number


@dataclass(frozen=True)
class Rule(ABC):
    """The contract of an update rule.

    Arguments:
        rate: learning rate at a schedule's 1, > 0.
        weight_decay: shrinks weights by rate · weight_decay a step, apart from the gradient.
    """

    rate: float
    weight_decay: float = 0.0

    decay: ClassVar[float] = 0.0
    """Share of the old gradient that stays when a new one is accumulated."""

    def __post_init__(self) -> None:
        check_number("rate and weight decay", self.rate, self.weight_decay)
        if not 0 < self.rate < math.inf or not 0 <= self.weight_decay < math.inf:
            raise UsageError(
                f"rate {self.rate} must be above 0, weight decay {self.weight_decay} not below"
            )

    @property
    def share(self) -> float:
        """Share of the new gradient that is taken in."""
        return 1.0

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Return a torch optimiser over `parameters`; its groups carry their full rate as `rate`."""

    def _group(self, parameters: Iterable[nn.Parameter]) -> list[dict[str, object]]:
        return [{"params": list(parameters), "rate": self.rate}]


@dataclass(frozen=True)
class SmoothedGradient(Rule):
    """v ← 0.9 v + 0.1 gradient; W ← W − rate (v + weight_decay W), as in the author's program.

    The same as momentum 0.9 with a tenth of the rate, but that the decay joins after the smoothing.
    """

    decay: ClassVar[float] = 0.9

    @property
    def share(self) -> float:
        return 1 - self.decay

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return _plain(self, self._group(parameters))


@dataclass(frozen=True)
class PlainGradient(Rule):
    """W ← W − rate (gradient + weight_decay W): gradient descent, nothing remembered."""

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return _plain(self, self._group(parameters))


@dataclass(frozen=True)
class Adam(Rule):
    """Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019)."""

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return _counted(
            torch.optim.AdamW(
                self._group(parameters), lr=self.rate, weight_decay=self.weight_decay, fused=True
            )
        )


def _plain(rule: Rule, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
    return _counted(
        torch.optim.SGD(groups, lr=rule.rate, weight_decay=rule.weight_decay, fused=True)
    )


def _counted(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """Count each step as an in-place change: torch's fused optimisers forget to, and `CastCache` goes by it."""

    def count(optimizer: torch.optim.Optimizer, *_: object) -> None:
        for group in optimizer.param_groups:
            torch.autograd.graph.increment_version(group["params"])

    optimizer.register_step_post_hook(count)
    return optimizer


def set_rate(optimizer: torch.optim.Optimizer, gain: float) -> None:
    """Set every group's learning rate to `gain` times its full rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["rate"] * gain

"""Slow weights: a second set follows the weights that learn, as their running average, and answers in their place.

What learns from single samples in large steps is right about the last one and a little wrong about all others. The
average has no such favourites. It costs one more copy of the weights, and does not ask how long the stream will be.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.spec import describe
from forward_forward.training.evaluation import Scores
from forward_forward.training.learner import Learner


@dataclass(frozen=True)
class Average:
    """A running average that forgets its beginnings: the k-th term has weight (η + 1) / (k + η) beside all before.

    With η = 0 it is the plain mean; else about the last 1 / (η + 1) of the stream counts.

    References:
        Polyak and Juditsky 1992 (the mean); Shamir and Zhang 2013, §4 (the weights used here).

    Arguments:
        every: steps between terms.
        eta: η ≥ 0.

    Example:
        >>> [Average(every=2, eta=0).weight(steps) for steps in (1, 2, 3, 4, 5)]
        [1.0, 0.0, 0.5, 0.0, 0.3333333333333333]
    """

    every: int = 20
    eta: float = 5.0

    def __post_init__(self) -> None:
        if self.every < 1 or not 0 <= self.eta < math.inf:
            raise UsageError(
                f"an average of every {self.every} steps, η {self.eta}: one step or more, and η not below 0"
            )

    def weight(self, steps: int) -> float:
        """Return the weight of the term after so many steps, the first after one; 0 where there is none."""
        before, between = divmod(steps - 1, self.every)
        return 0.0 if between else (self.eta + 1) / (before + 1 + self.eta)


class SlowWeights:
    """The average of a network that learns, kept in another of the same shape.

    Arguments:
        slow: becomes the average.
        fast: learns.
        average: how one follows the other.
    """

    def __init__(self, slow: nn.Module, fast: nn.Module, average: Average) -> None:
        self.slow, self.fast, self.average, self.steps = slow, fast, average, 0

    @torch.no_grad()
    def follow(self) -> None:
        """Count a step of the network that learns, and take it into the average if it is time."""
        self.steps += 1
        weight = self.average.weight(self.steps)
        if weight:
            for slow, fast in zip(self.slow.parameters(), self.fast.parameters(), strict=True):
                slow.lerp_(fast, weight)

    @property
    def memory(self) -> dict[str, Tensor]:
        """What a checkpoint keeps beside the slow weights: the steps, and the fast weights with their velocities."""
        found = {"steps": torch.tensor(self.steps)}
        for name, parameter in self.fast.named_parameters():
            found[f"fast.{name}"] = parameter.detach()
            if parameter.grad is not None:
                found[f"velocity.{name}"] = parameter.grad
        return found

    @torch.no_grad()
    def restore(self, memory: Mapping[str, Tensor]) -> None:
        """Put back what `memory` returned."""
        self.steps = int(memory["steps"])
        for name, parameter in self.fast.named_parameters():
            parameter.copy_(memory[f"fast.{name}"])
            velocity = memory.get(f"velocity.{name}")
            parameter.grad = None if velocity is None else velocity.to(parameter)


class Averaged:
    """Another learner, read by the running average of its weights.

    Arguments:
        learner: learns as ever; it remembers nothing but weights, velocities and its optimisers' state.
        average: how the weights that are read follow.
    """

    def __init__(self, learner: Learner, average: Average | None = None) -> None:
        self.learner = learner
        self.network: Any = copy.deepcopy(learner.network)
        self.slow = SlowWeights(self.network, learner.network, average or Average())
        self.matmul_dtype = learner.matmul_dtype
        self.optimizers, self.stages = learner.optimizers, learner.stages

    @property
    def memory(self) -> dict[str, Tensor]:
        """The fast weights, and how far they are."""
        return self.slow.memory

    @memory.setter
    def memory(self, memory: dict[str, Tensor]) -> None:
        self.slow.restore(memory)

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.learner.begin(split, stage, seed)

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        seen = self.learner.step(rows, generator, gain)
        self.slow.follow()
        return seen

    def scores(self, images: Tensor) -> Scores:
        fast, self.learner.network = self.learner.network, self.network
        try:
            return self.learner.scores(images)
        finally:
            self.learner.network = fast

    def describe(self) -> dict[str, Any]:
        return {**self.learner.describe(), "average": describe(self.slow.average)}

"""How good a learner is after so many samples: looks on the way through a stream."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.training.evaluation import Scores, evaluate
from forward_forward.training.learner import Learner


class Looked:
    """Another learner, whose error on a split is measured after certain numbers of samples.

    A look changes nothing: the learner gives the same bits with and without. Only errors come out, nothing stops or
    chooses by them; where the split is a test split, see that nobody else does.

    Arguments:
        learner: learns as ever.
        split: what to judge on.
        classes: C.
        at: after how many samples, rising.

    Raises:
        UsageError: where these do not rise.
    """

    def __init__(self, learner: Learner, split: Split, classes: int, at: Sequence[int]) -> None:
        if list(at) != sorted(set(at)) or (at and at[0] < 1):
            raise UsageError(f"looks after {list(at)} samples: give rising numbers, from 1 on")
        self.learner, self.looked_at, self.classes, self.at = learner, split, classes, tuple(at)
        self.network, self.matmul_dtype = learner.network, learner.matmul_dtype
        self.optimizers, self.stages = learner.optimizers, learner.stages
        self.samples = 0
        self.errors = [math.nan] * len(self.at)

    @property
    def memory(self) -> dict[str, Tensor]:
        """The learner's own, and what was seen so far."""
        seen = {"samples": torch.tensor(self.samples), "errors": torch.tensor(self.errors).double()}
        return {**self.learner.memory, **{f"looks.{name}": value for name, value in seen.items()}}

    @memory.setter
    def memory(self, memory: dict[str, Tensor]) -> None:
        memory = dict(memory)
        self.samples = int(memory.pop("looks.samples"))
        self.errors = memory.pop("looks.errors").tolist()
        self.learner.memory = memory

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.learner.begin(split, stage, seed)

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        seen = self.learner.step(rows, generator, gain)
        before, self.samples = self.samples, self.samples + len(rows)
        for index, count in enumerate(self.at):
            if before < count <= self.samples:
                metrics = evaluate(self.learner.scores, self.looked_at, self.classes).metrics
                self.errors[index] = next(iter(metrics.values()))  # the main readout's
        return seen

    def scores(self, images: Tensor) -> Scores:
        return self.learner.scores(images)

    def describe(self) -> dict[str, Any]:
        return {**self.learner.describe(), "looks": list(self.at)}

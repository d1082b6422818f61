"""Several learners in one run: a teacher, and then all its students."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.training.evaluation import Scores
from forward_forward.training.learner import Learner


@dataclass(frozen=True)
class Turn:
    """Who learns in a stage of a `Lineage`, and from which images.

    Arguments:
        learner: of one stage, without a memory.
        first, last: it learns from the images first … last − 1 of the training split.
    """

    learner: Learner
    first: int
    last: int


class Lineage:
    """Learners one after the other, one a stage, so that a later one may ask an earlier one.

    One run, one checkpoint and one record hold them all, and a teacher of several students learns once. Each takes as
    many steps as the plan gives to the whole training split: one with fewer images sees them more often.

    Arguments:
        turns: by name, the first learns first.

    Raises:
        UsageError: where there is no turn, or one without images, or a learner of several stages or with a memory; at
            the beginning of a turn, where the split has fewer images than it takes.
    """

    def __init__(self, turns: Mapping[str, Turn]) -> None:
        for name, turn in turns.items():
            if not 0 <= turn.first < turn.last:
                raise UsageError(
                    f"{name} is to learn from images {turn.first} to {turn.last}: no image; give 0 ≤ first < last"
                )
            if turn.learner.stages != 1 or turn.learner.memory:
                raise UsageError(
                    f"{name} is to learn in one stage, and without a memory; a Simultaneous learner does"
                )
        if not turns:
            raise UsageError("a lineage needs at least one learner; give a Turn by name")
        self.turns = dict(turns)
        self.stages = len(self.turns)
        networks = {name: turn.learner.network for name, turn in self.turns.items()}
        self.network: Any = nn.ModuleDict(networks)
        self.optimizers = [o for turn in self.turns.values() for o in turn.learner.optimizers]
        self.matmul_dtype = next(iter(self.turns.values())).learner.matmul_dtype
        self.memory: dict[str, Tensor] = {}

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.turn = list(self.turns.values())[stage]
        if self.turn.last > len(split):
            raise UsageError(
                f"a turn takes images up to {self.turn.last} of {len(split)}; give more images, or a lower last"
            )
        rows = slice(self.turn.first, self.turn.last)
        self.own = Split(split.images[rows], split.labels[rows])
        self.turn.learner.begin(self.own, 0, seed)

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        return self.turn.learner.step(rows % len(self.own), generator, gain)

    def scores(self, images: Tensor) -> Scores:
        """Return every learner's readouts, each under `<learner>_<readout>`."""
        return Scores(
            {
                f"{name}_{readout}": value
                for name, turn in self.turns.items()
                for readout, value in turn.learner.scores(images).readouts.items()
            }
        )

    def describe(self) -> dict[str, Any]:
        return {
            "method": "one after the other",
            "turns": {
                name: {"images": [turn.first, turn.last], **turn.learner.describe()}
                for name, turn in self.turns.items()
            },
        }

"""How long to learn, and where a run stands."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from numbers import Integral
from typing import Any

from forward_forward.errors import UsageError
from forward_forward.spec import describe
from forward_forward.training.schedules import Schedule, constant_then_linear

Curve = list[dict[str, Any]]


@dataclass(frozen=True)
class Plan:
    """How long and in what portions to learn.

    Arguments:
        epochs: for each stage of the learner; after each the run is logged and saved.
        passes: over the training split in an epoch; more than one where an epoch is a step or two.
        batch_size: images a step; more than the split has means all of it.
        seed: of batch order and negatives.
        schedule: share of the full rate at each fraction of a stage.
        look_every: epochs between looks at the held-out split, 0 for none; never for a test split.
        look_back: at every look, judge on the training split too.
    """

    epochs: int
    batch_size: int = 100
    seed: int = 0
    schedule: Schedule = constant_then_linear
    look_every: int = 0
    passes: int = 1
    look_back: bool = False

    def __post_init__(self) -> None:
        counts = (self.epochs, self.batch_size, self.passes, self.look_every)
        whole = all(isinstance(count, Integral) for count in counts)
        if not whole or min(counts[:3]) <= 0 or self.look_every < 0:
            raise UsageError(
                f"{self.epochs} epochs of batches of {self.batch_size}, a look every "
                f"{self.look_every}: epochs and batch must be above 0, looks not below, all of them whole"
            )

    def steps(self, examples: int) -> int:
        """Return the steps of an epoch over so many training examples: whole batches alone, or one of all there are.

        Example:
            >>> Plan(epochs=1, batch_size=50).steps(120), Plan(epochs=1, batch_size=50).steps(7)
            (2, 1)
        """
        return self.passes * (examples // min(self.batch_size, examples))

    def describe(self) -> dict[str, Any]:
        """Return the plan as plain JSON."""
        return {**asdict(self), "schedule": describe(self.schedule)}


@dataclass
class Progress:
    """Where a run stands; what a checkpoint keeps beside the tensors.

    Arguments:
        epoch: epochs finished, over all stages.
        step: steps finished in the epoch under way.
        curve: one entry per finished epoch.
        seconds: time spent learning, evaluation and saving apart.
        totals: of the statistics of the epoch under way their sums and how many there were, `[2][layers][4]`.
    """

    epoch: int = 0
    step: int = 0
    curve: Curve = field(default_factory=list)
    seconds: float = 0.0
    totals: list[list[list[float]]] | None = None

    def means(self) -> list[list[float | None]]:
        """Return the means of the statistics of the epoch under way, `[layers][4]`; None where there were none."""
        sums, counts = self.totals or ([], [])
        return [
            [value / count if count else None for value, count in zip(*row, strict=True)]
            for row in zip(sums, counts, strict=True)
        ]

    def fits(self, steps: int, epochs: int) -> bool:
        """Return whether a run of so many steps an epoch and so many epochs can stand here."""
        if type(self.epoch) is not int or type(self.step) is not int:
            return False
        within = 0 <= self.epoch <= epochs and 0 <= self.step <= steps
        timed = isinstance(self.seconds, int | float) and 0 <= self.seconds < math.inf
        return within and timed and _is_curve(self.curve, self.epoch) and _is_tally(self.totals)


def _is_curve(curve: Any, epochs: int) -> bool:
    """Return whether there is one entry for each epoch, with its layers."""
    return (
        isinstance(curve, list)
        and len(curve) == epochs
        and all(isinstance(entry, dict) and {"epoch", "layers"} <= entry.keys() for entry in curve)
    )


def _is_tally(totals: Any) -> bool:
    """Return whether these are sums and counts, `[2][layers][4]`, or nothing."""
    if totals is None:
        return True
    try:
        sums, counts = totals
        return len(sums) == len(counts) > 0 and all(
            len(row) == 4 and all(isinstance(value, float) for value in row)
            for row in (*sums, *counts)
        )
    except (TypeError, ValueError):
        return False


Watch = Callable[[Progress, int, int], None]
"""Called with (progress, steps an epoch, epochs in all) now and then."""

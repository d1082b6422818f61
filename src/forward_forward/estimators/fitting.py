"""What both estimators share: their net, its steps, and how many cores they take."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from forward_forward.data import Split, batches
from forward_forward.errors import DivergenceError
from forward_forward.randomness import generator
from forward_forward.training.schedules import Schedule, constant
from forward_forward.training.simultaneous import Simultaneous

SMALL = 200
"""Up to so many samples are one batch, in float64: a weight of 2 then is a sample twice, to the last digits."""


@dataclass(frozen=True)
class Sample:
    """Encoded rows `[N, D]`, class indices `[N]` and weights `[N]` of mean 1, None where all weigh the same."""

    inputs: Tensor
    labels: Tensor
    weights: Tensor | None

    @classmethod
    def of(cls, inputs: Any, labels: Any, weights: Any, dtype: torch.dtype) -> "Sample":
        """Return arrays as tensors, inputs and weights in `dtype`."""
        if weights is not None:
            weights = torch.from_numpy(weights / weights.mean()).to(dtype)
        labels = torch.from_numpy(np.asarray(labels, dtype=np.int64))
        return cls(torch.from_numpy(inputs).to(dtype), labels, weights)

    def __len__(self) -> int:
        """Return N."""
        return len(self.inputs)

    def weights_of(self, rows: Tensor) -> Tensor | None:
        """Return the weights of a batch, brought to a mean of 1, if there are any."""
        if self.weights is None:
            return None
        weights = self.weights[rows]
        total = weights.sum()
        return weights * (len(rows) / total) if total > 0 else weights


def epoch(
    learner: Simultaneous,
    sample: Sample,
    batch_size: int,
    seed: int,
    number: int,
    begun: float = 0.0,
    share: float = 0.0,
    schedule: Schedule = constant,
) -> float:
    """Learn from every batch of an epoch once; return the mean loss over layers and batches.

    Arguments:
        seed, number: of the run and of the epoch; they alone say what is drawn.
        begun: the fraction of training that lies behind.
        share: the fraction of training that an epoch is.
        schedule: share of the full rate at a fraction of training.

    Raises:
        DivergenceError: the loss is not finite.
    """
    learner.begin(Split(sample.inputs, sample.labels), 0, seed)
    draw = generator(seed, "steps", number)
    steps = max(1, len(sample) // batch_size)
    losses = []
    for step, rows in enumerate(batches(len(sample), batch_size, seed, number)):
        gain = schedule(begun + share * step / steps)
        losses.append(learner.step(rows, draw, gain, sample.weights_of(rows))[:, 0].mean())
    loss = float(torch.stack(losses).mean())
    if not np.isfinite(loss):
        raise DivergenceError(
            f"the loss is not finite in epoch {number + 1}; lower the learning rate"
        )
    return loss


@contextmanager
def one_thread() -> Iterator[None]:
    """Give torch one thread: small matrices gain nothing by more, and fits beside one another lose much."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

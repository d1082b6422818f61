"""What both estimators share: batches, how fast they learn, and how many cores they take."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from forward_forward.errors import DivergenceError
from forward_forward.randomness import generator

SMALL = 200
"""Up to so many samples are one batch, in float64: a weight of 2 then is a sample twice, to the last digits."""
BATCH = 100
"""Samples in a batch where there are more."""
ROWS = 2000
"""Rows that are asked about at a time."""


def fitting_rate(inputs: int) -> float:
    """Return Adam's rate for a net of so many inputs: 0.08 / √D.

    Inputs are normalised to a mean square of 1, and Adam moves every weight by the rate; the more weights a unit has,
    the further its activity moves.
    """
    return 0.08 / math.sqrt(inputs)


def fitting_dtype(samples: int) -> torch.dtype:
    """Return float64 for few samples, where it costs nothing, else float32."""
    return torch.float64 if samples <= SMALL else torch.float32


def batches_of(
    samples: int, batch_size: int | None, seed: int, epoch: int
) -> tuple[torch.Tensor, ...]:
    """Return the rows of each batch of an epoch, every row once, batches of nearly equal size.

    Arguments:
        batch_size: at most so many; None takes all of up to 200, else 100.
    """
    most = batch_size or (SMALL if samples <= SMALL else BATCH)
    order = torch.randperm(samples, generator=generator(seed, "batches", epoch))
    return order.tensor_split(math.ceil(samples / most))


def finite(loss: torch.Tensor, epoch: int) -> float:
    """Return the loss of an epoch as a number.

    Raises:
        DivergenceError: it is not finite.
    """
    if not bool(loss.isfinite()):
        raise DivergenceError(f"the loss is not finite in epoch {epoch}; lower learning_rate")
    return float(loss)


@contextmanager
def one_thread() -> Iterator[None]:
    """Give torch one thread: small matrices gain nothing by more, and fits beside one another lose much."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

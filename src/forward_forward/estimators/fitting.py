"""What both estimators share: batches, portions, the end of an epoch, how fast they learn, on how many cores."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from forward_forward.encoding import Floats
from forward_forward.errors import DivergenceError, UsageError
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


def batches_of(samples: int, batch_size: int | None, seed: int, epoch: int) -> tuple[Tensor, ...]:
    """Return the rows of each batch of an epoch, every row once, batches of nearly equal size.

    Arguments:
        batch_size: at most so many; None takes all of up to 200, else 100.

    Raises:
        UsageError: batches of so many samples there are not.
    """
    if batch_size is not None and batch_size < 1:
        raise UsageError(f"batch_size={batch_size}; give 1 sample or more, or None")
    most = batch_size or (SMALL if samples <= SMALL else BATCH)
    order = torch.randperm(samples, generator=generator(seed, "batches", epoch))
    return order.tensor_split(math.ceil(samples / most))


def portions(rows: Floats) -> list[Floats]:
    """Return the rows `[N, F]` in parts of 2000, so that asking about many takes no more memory than about these."""
    return np.array_split(rows, range(ROWS, len(rows), ROWS))


def tensor_for(network: nn.Module, values: Floats) -> Tensor:
    """Return values as a tensor of the network's dtype, where the network is."""
    return torch.from_numpy(values).to(next(network.parameters()))


def end_epoch(estimator: Any, losses: Sequence[Tensor]) -> None:
    """Count an epoch in `n_iter_`, keep its mean loss in `loss_curve_`, and print it where `verbose`.

    Arguments:
        losses: of the epoch's steps, each without a dimension.

    Raises:
        DivergenceError: their mean is not finite.
    """
    estimator.n_iter_ += 1
    loss = float(torch.stack(list(losses)).mean())
    if not math.isfinite(loss):
        raise DivergenceError(
            f"the loss is not finite in epoch {estimator.n_iter_}; lower learning_rate"
        )
    estimator.loss_curve_.append(loss)
    if estimator.verbose:
        print(f"epoch {estimator.n_iter_}: loss {loss:.4f}")


@contextmanager
def one_thread() -> Iterator[None]:
    """Give torch one thread: small matrices gain nothing by more, and fits beside one another lose much."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

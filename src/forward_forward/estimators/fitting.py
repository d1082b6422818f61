"""What both estimators share: batches, portions, the end of an epoch, how fast they learn, on how many cores."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from forward_forward.encoding import Floats
from forward_forward.errors import DivergenceError
from forward_forward.randomness import generator

SMALL = 200
"""Up to so many samples are one batch, in float64: a weight of 2 then is a sample twice, to the last digits."""
BATCH = 100
"""Samples in a batch where there are more."""
ROWS = 2000
"""Rows that are asked about at a time."""


def check_settings(estimator: Any) -> None:
    """Raise a `ValueError` for settings that are of the wrong kind or out of range; it names the first."""
    given = estimator.get_params(deep=False)
    sizes, rate = given["hidden_layer_sizes"], given["learning_rate"]
    if not _sizes(sizes):
        raise ValueError(
            f"hidden_layer_sizes={sizes!r}; give the units of each layer, 1 or more, as in (100, 100)"
        )
    if rate is not None and not (is_a(Real, rate) and 0 < rate < math.inf):
        raise ValueError(f"learning_rate={rate!r}; give a number above 0, or None")
    for name in ("max_iter", "batch_size", "n_iter_no_change"):
        count = given.get(name, 1)
        if not (is_a(Integral, count) and count >= 1) and (name, count) != ("batch_size", None):
            raise ValueError(f"{name}={count!r}; give a whole number, 1 or more")
    for name in ("goodness", "loss", "negatives", "encoding"):
        if given.get(name) is not None and not callable(given[name]):
            raise ValueError(f"{name}={given[name]!r}; give the function itself, not its name")


def _sizes(sizes: Any) -> bool:
    try:
        listed = list(sizes)
    except TypeError:
        return False
    return bool(listed) and all(is_a(Integral, units) and units >= 1 for units in listed)


def is_a(kind: type, value: Any) -> bool:
    """Return whether a value is a number of this kind; True and False are none.

    Example:
        >>> is_a(Integral, 3), is_a(Real, 0.5), is_a(Integral, True), is_a(Real, "1")
        (True, True, False, False)
    """
    return isinstance(value, kind) and not isinstance(value, bool)


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
    """
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

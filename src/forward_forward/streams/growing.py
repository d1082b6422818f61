"""A net that meets a new class: all that it has learned is carried over into one that knows a class more."""

import torch
from torch import Tensor

from forward_forward.training.checkpoints import learner_tensors, restore_learner
from forward_forward.training.learner import Learner


def grow(old: Learner, new: Learner) -> None:
    """Give `new` all that `old` has: weights, averages, velocities, an optimiser's state.

    What the new class adds keeps the weights that `new` was drawn with, and begins without velocity.

    Arguments:
        old, new: of the same make and widths; `new` knows as many classes or more.
    """
    fresh = learner_tensors(new)
    restore_learner(
        new, {k: _padded(v, _room(k, v, new, fresh)) for k, v in learner_tensors(old).items()}
    )


def _room(key: str, value: Tensor, learner: Learner, fresh: dict[str, Tensor]) -> Tensor:
    """Return what a tensor of the old learner is to be laid into."""
    if key in fresh or not value.ndim:
        return fresh.get(key, value)
    if key.startswith("optimizer."):
        _, i, j, _ = key.split(".", 3)
        groups = learner.optimizers[int(i)].param_groups
        parameter = [p for group in groups for p in group["params"]][int(j)]
    else:  # the velocity of a parameter
        name = key.removeprefix("grad.").removeprefix("memory.velocity.")
        parameter = dict(learner.network.named_parameters())[name]
    return torch.zeros_like(parameter, dtype=value.dtype)


def _padded(value: Tensor, room: Tensor) -> Tensor:
    """Return `room` with `value` in its first corner."""
    if value.shape == room.shape:
        return value
    laid = room.detach().clone()
    laid[tuple(slice(0, size) for size in value.shape)] = value
    return laid

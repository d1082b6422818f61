"""The contract between a way of learning and the loop that drives it."""

from typing import Any, Protocol

import torch
from torch import Tensor

from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.training.evaluation import Scores

STATISTICS = ("loss", "accuracy", "goodness_pos", "goodness_neg")
"""Columns of what a step returns; NaN where a learner has no such thing."""


class Learner(Protocol):
    """Something that learns from batches of a training split."""

    network: Any
    """An `nn.Module`; its state is what a model file keeps."""

    matmul_dtype: torch.dtype | None
    """Dtype of matmuls; None is the parameters' own."""

    optimizers: list[torch.optim.Optimizer]
    memory: dict[str, Tensor]
    """What else it remembers from step to step, and a checkpoint with it."""

    stages: int
    """How often the loop runs all epochs: once, or once a layer."""

    def begin(self, split: Split, stage: int, seed: int) -> None:
        """Make ready for a stage; called again, with the same result, when a run is resumed."""
        ...

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        """Learn from the images with these indices; return `[layers, 4]` statistics on the device.

        Arguments:
            rows: `[B]` indices into the training split.
            generator: on the device; the only source of chance.
            gain: share of the full learning rate.
        """
        ...

    def scores(self, images: Tensor) -> Scores:
        """Return every readout's scores of images `[B, D]`."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what defines this learner as plain JSON: a run resumes only with the same."""
        ...


def check_net(learner: Learner, network: Any, method: str) -> None:
    """Raise a `UsageError` for a net without a method that this way of learning calls."""
    if not hasattr(network, method):
        raise UsageError(
            f"{type(learner).__name__} asks a net for `{method}`, and a {type(network).__name__} has none; a "
            "FeedForward learns by Simultaneous or Greedy, a Recurrent by Iterated"
        )

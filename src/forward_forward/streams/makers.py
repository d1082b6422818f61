"""Nets that learn from streams: in small batches by gradients, or from single samples by exact steps."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import torch

from forward_forward.beyond.online import Online, online_network
from forward_forward.beyond.slow import Average, Averaged
from forward_forward.errors import CheckpointError, UsageError
from forward_forward.goodness import mean_of_squares
from forward_forward.labels import concatenate
from forward_forward.losses import SiLU
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import Adam
from forward_forward.training.simultaneous import Simultaneous


class Maker(Protocol):
    """Builds a learner for a stream; a frozen dataclass of plain values, so that a file can name it."""

    def __call__(self, features: int, classes: int, draw: torch.Generator) -> Learner:
        """Return a learner that reads `features` inputs in [0, 1] and tells `classes` apart.

        Arguments:
            draw: of the weights.
        """
        ...


@dataclass(frozen=True)
class FadingAverage(Average):
    """A running average whose newest term never weighs less than `least`: it goes on following, however long.

    Arguments:
        least: in (0, 1]; about the last `every` / `least` steps count.

    Example:
        >>> [FadingAverage(every=1, eta=0, least=0.25).weight(steps) for steps in (1, 2, 4, 1000)]
        [1.0, 0.5, 0.25, 0.25]
    """

    least: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.least <= 1:
            raise UsageError(f"the newest term weighs at least {self.least}; give one in (0, 1]")

    def weight(self, steps: int) -> float:
        weight = super().weight(steps)
        return max(weight, self.least) if weight else 0.0


@dataclass(frozen=True)
class Batches:
    """Every layer learns from small batches, at a rate that does not fall: a stream may change at any time.

    Arguments:
        widths: units of each layer.
        rate: of Adam.
        least: of the `FadingAverage` of weights that answers; 1 answers with the weights that learn.
    """

    widths: tuple[int, ...] = (100, 100)
    rate: float = 0.01
    least: float = 1.0

    def __call__(self, features: int, classes: int, draw: torch.Generator) -> Learner:
        network = FeedForward.dense(
            features,
            classes,
            list(self.widths),
            generator=draw,
            goodness=mean_of_squares,
            loss=SiLU(alpha=6.0),
            place=concatenate,
            read_from=0,
        )
        learner = Simultaneous(network, hard_by_softmax, Adam(self.rate), Adam(self.rate))
        if self.least == 1:
            return learner
        return Averaged(learner, FadingAverage(every=1, least=self.least))


@dataclass(frozen=True)
class Singles:
    """Every layer learns from one sample at a time, by the exact steps of `Online`; a fading average answers.

    Arguments:
        widths: units of each layer.
        strength: of the label beside the inputs, as a share of their length.
        least: of the `FadingAverage`: the last 20 / `least` samples answer.
    """

    widths: tuple[int, ...] = (100, 100)
    strength: float = 0.25
    least: float = 0.1

    def __call__(self, features: int, classes: int, draw: torch.Generator) -> Learner:
        network = online_network(
            features,
            classes,
            self.widths,
            generator=draw,
            strength=self.strength * math.sqrt(features),
            pixel_mean=0.5,
            pixel_std=0.5,
            place=concatenate,
        )
        return Online(network, average=FadingAverage(every=20, least=self.least))


MAKERS: dict[str, Any] = {kind.__name__: kind for kind in (Batches, Singles)}


def describe_maker(make: Any) -> dict[str, Any]:
    """Return what `find_maker` builds the same maker from, as plain JSON.

    Raises:
        UsageError: it is none of ours, and so has no name that a file could keep.
    """
    if type(make) not in MAKERS.values():
        raise UsageError(
            f"{make!r} has no name in a file; models of {', '.join(MAKERS)} can be saved"
        )
    return {"maker": type(make).__name__, **asdict(make)}


def find_maker(described: Mapping[str, Any]) -> Maker:
    """Return the maker that `describe_maker` described.

    Raises:
        CheckpointError: this describes none.
    """
    try:
        fields = dict(described)
        kind = MAKERS[fields.pop("maker")]
        return kind(**{**fields, "widths": tuple(map(int, fields["widths"]))})
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"this describes no way to learn a stream: {error!r}") from None

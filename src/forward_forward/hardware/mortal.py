"""Mortal computation (§8): weights die with the piece of hardware they were learned on; what they do need not.

A copy of the weights is worth nothing on another piece. Its answers are: a student on the other piece learns, by
Forward-Forward, to give the same probabilities to all labels, wrong ones included.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, is_dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.hardware.piece_layers import OnPiece
from forward_forward.hardware.pieces import Piece
from forward_forward.negatives import Negatives
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.readout import accumulated_goodness
from forward_forward.spec import describe
from forward_forward.training.optimizers import Rule
from forward_forward.training.simultaneous import Simultaneous, table

Teacher = Callable[[Tensor], Tensor]
"""Images `[B, D]` → the probability of each label, `[B, C]`."""

CHUNK = 1000
"""Images that are asked about at a time."""


def copied(network: FeedForward, piece: Piece) -> FeedForward:
    """Return a net with the same parameters on another piece: the immortal way, which fails unless it is the same one.

    Raises:
        UsageError: when a layer sits on no piece.
    """
    twin = deepcopy(network)
    for layer in twin.layers:
        if not isinstance(layer, OnPiece):
            raise UsageError(
                f"a {type(layer).__name__} sits on no piece of hardware; build the net by network_on"
            )
        layer.sit_on(piece)
    return twin


@torch.no_grad()
def goodness_of(network: FeedForward, images: Tensor) -> Tensor:
    """Return the goodness of images `[B, D]` with every label, summed over the layers that readouts use, `[B, C]`."""
    return torch.cat([accumulated_goodness(network, some) for some in images.split(CHUNK)])


@dataclass(frozen=True, eq=False)
class Answers:
    """A teacher: softmax(goodness / temperature) over the labels.

    References:
        Hinton, Vinyals and Dean 2014, "Distilling the Knowledge in a Neural Network": the temperature.

    Arguments:
        network: has learned.
        temperature: in units of goodness, > 0: the higher, the more is said of wrong labels.

    Raises:
        UsageError: for a temperature that is not above 0.
    """

    network: FeedForward
    temperature: float

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise UsageError(f"temperature {self.temperature} must be above 0, and finite")

    def __call__(self, images: Tensor) -> Tensor:
        """Return the probability of each label, `[B, C]`."""
        return (goodness_of(self.network, images) / self.temperature).softmax(1)


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A teacher whose temperature is `softening` times the one that fits held-out images, found when it is asked.

    Arguments:
        network: has learned by the time it is asked.
        held_out: images that it does not learn from, and their labels.
        softening: more than 1 says more of wrong labels than is true of them, > 0.

    Raises:
        UsageError: when asked, for a softening that is not above 0, or where no held-out answer is wrong.
    """

    network: FeedForward
    held_out: Split
    softening: float = 1.0

    def __call__(self, images: Tensor) -> Tensor:
        """Return the probability of each label, `[B, C]`."""
        goodness = goodness_of(self.network, self.held_out.images)
        fitting = calibrated_temperature(goodness, self.held_out.labels)
        return Answers(self.network, self.softening * fitting)(images)


@dataclass(frozen=True, eq=False)
class MostLikely:
    """A teacher that names another one's most likely label alone, and is sure of it."""

    teacher: Teacher

    def __call__(self, images: Tensor) -> Tensor:
        """Return 1 for one label and 0 for the others, `[B, C]`."""
        said = self.teacher(images)
        return F.one_hot(said.argmax(1), said.shape[1]).to(said)


def calibrated_temperature(goodness: Tensor, labels: Tensor) -> float:
    """Return the T at which softmax(goodness / T) gives the labels the highest likelihood.

    The likelihood has one maximum over 1/T, where the mean goodness under the softmax is that of the labels; it is
    found by halving. Of a net no better than chance T is so high that all labels are about as likely.

    References:
        Guo et al. 2017, "On Calibration of Modern Neural Networks": one temperature, fitted on held-out data.

    Arguments:
        goodness: `[N, C]`, of images that the net has not learned from.
        labels: `[N]`, the true ones.

    Raises:
        UsageError: where no answer is wrong, so that no temperature is too low; for shapes that do not belong together.

    Example:
        >>> calibrated_temperature(torch.tensor([[3.0, 0.0]] * 4), torch.tensor([0, 0, 0, 1]))  # 3 / log 3
        2.73...
    """
    if goodness.ndim != 2 or labels.shape != goodness.shape[:1]:
        raise UsageError(
            f"goodness {list(goodness.shape)} and labels {list(labels.shape)}: give [N, C] and [N]"
        )
    if labels.dtype != torch.int64 or not bool(
        ((labels >= 0) & (labels < goodness.shape[1])).all()
    ):
        raise UsageError(f"labels: give whole numbers (int64) from 0 to {goodness.shape[1] - 1}")
    goodness, at = goodness.double(), labels.unsqueeze(1)
    true = goodness.gather(1, at)
    if bool((goodness <= true).all()):
        raise UsageError(
            f"the teacher is right about all {len(labels)} images, or undecided, which leaves its temperature open; "
            "calibrate on more images, which it has not learned from"
        )
    spread = float(goodness.std(1).mean())
    low, high = -10.0, 10.0  # log of spread / T
    for _ in range(60):
        middle = (low + high) / 2
        weights = (goodness / spread * torch.tensor(middle).double().exp()).softmax(1)
        too_sure = bool((weights * (goodness - true)).sum() > 0)
        low, high = (low, middle) if too_sure else (middle, high)
    return spread / float(torch.tensor(low).double().exp())


def drawn(probabilities: Tensor, generator: torch.Generator) -> Tensor:
    """Draw a label `[B]` for each row of probabilities `[B, C]`."""
    return torch.multinomial(probabilities, 1, generator=generator).squeeze(1)


class Distillation(Simultaneous):
    """Learns what a teacher says of unlabelled images: each time with a label drawn from its probabilities.

    Positive is an image with a label of the teacher's, negative the same image with another one, which `negatives`
    draws: from the student's own softmax, say. Labels of the training split are never looked at. A label to which the
    teacher gives a tenth is a positive a tenth of the time: wrong answers teach too, as far as it believes in them. The
    softmax learns from the drawn labels, and so towards the teacher's probabilities; what goodness learns is said in
    docs/mortal.md.

    References:
        Hinton 2022, §8.

    Arguments:
        network: the student, learns in place.
        teacher: is asked once about every image, when learning begins.
        negatives, rule, head_rule: as of `Simultaneous`.

    Raises:
        UsageError: when the network reads no labels; at the beginning, when what the teacher says are no probabilities.
    """

    def __init__(
        self,
        network: FeedForward,
        teacher: Teacher,
        negatives: Negatives,
        rule: Rule,
        head_rule: Rule,
    ) -> None:
        if not network.labelled:
            raise UsageError("a teacher's labels are for a net that reads labels; build one so")
        super().__init__(network, negatives, rule, head_rule)
        self.teacher = teacher

    def begin(self, split: Split, stage: int, seed: int) -> None:
        super().begin(split, stage, seed)
        self.said = _probabilities(self.teacher(split.images), len(split), self.network.classes)

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        labels = drawn(self.said[rows], generator)
        block = self._block(rows, labels, generator, gain)
        statistics, _ = self._teach_layers(block, gain, weights=self._weights_of(rows))
        return table(statistics)

    def describe(self) -> dict[str, Any]:
        return {**self._described("distillation"), "teacher": _described_teacher(self.teacher)}


def _described_teacher(teacher: Teacher) -> Any:
    """Return a teacher as plain JSON: its kind and its numbers; its net is another learner's."""
    if not is_dataclass(teacher):
        return describe(teacher)
    numbers = {k: v for k, v in vars(teacher).items() if isinstance(v, int | float)}
    return {"part": type(teacher).__name__, **numbers}


def _probabilities(said: Tensor, images: int, classes: int) -> Tensor:
    """Return what a teacher said of so many images, if it can be that."""
    if not isinstance(said, Tensor) or not said.is_floating_point():
        kind = said.dtype if isinstance(said, Tensor) else type(said).__name__
        raise UsageError(
            f"the teacher said a {kind}; give probabilities, a tensor [N, C] of floats"
        )
    if said.shape != (images, classes):
        raise UsageError(
            f"the teacher said {list(said.shape)} of {images} images and {classes} classes; "
            "give [N, C] probabilities"
        )
    sums = said.sum(1)
    if not bool((said >= 0).all()) or not torch.allclose(sums, torch.ones_like(sums), atol=1e-4):
        raise UsageError("what the teacher said are no probabilities: each row is to sum to 1")
    return said

"""Images with labels, whose positive and negative passes are far apart, as if the negative ones were asleep (§9)."""

from typing import Any

import torch
from torch import Tensor

from forward_forward.augment import Augmentation
from forward_forward.errors import UsageError
from forward_forward.labels import one_of_n
from forward_forward.negatives import Negatives
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.in_turn import InTurn
from forward_forward.training.optimizers import Rule


class Apart(InTurn):
    """Learns the positives of so many batches, and then the negatives of those same batches, in the same order.

    Awake, each image stands beside its true label, and the softmax learns to name it. Asleep, the same images come
    back beside wrong labels. These are drawn when they are learned: the softmax that names hard ones has by then heard
    of the whole phase. Which images are to come back, a checkpoint keeps. With a phase of 0 it is `Simultaneous`, to
    the bit. A phase that a run ends in the middle of gets no negatives: choose phases that divide its batches.

    References:
        Hinton 2022, §9, as in `InTurn`; §5.1, note 15, why passes that are far apart suit Forward-Forward better than
        Boltzmann machines.

    Arguments:
        network: reads labels, learns in place.
        negatives: draws the wrong labels; how it pairs an image with its true label is not asked.
        rule: updates the layers.
        head_rule: updates the softmax.
        phase: batches of which the positives are learned before their negatives are; 0 has both in every update.
        deprived: (first, last) batch between which negatives are neither learned nor made up for.
        augment: changes images before anything else sees them, anew in each pass; None leaves them as they are.

    Raises:
        UsageError: when the network reads no label, when a loss compares positives with negatives and they are apart,
            or for a phase or batches that cannot be.

    Example:
        >>> from forward_forward.negatives import random_wrong_label
        >>> from forward_forward.training.optimizers import SmoothedGradient
        >>> draw = torch.Generator().manual_seed(0)
        >>> network = FeedForward.dense(64, 10, [30, 30], generator=draw)
        >>> rule = SmoothedGradient(0.005)
        >>> Apart(network, random_wrong_label, rule, rule, phase=100).describe()["phase"]
        100
    """

    def __init__(
        self,
        network: FeedForward,
        negatives: Negatives,
        rule: Rule,
        head_rule: Rule,
        *,
        phase: int = 1,
        deprived: tuple[int, int] = (0, 0),
        augment: Augmentation | None = None,
    ) -> None:
        super().__init__(
            network, negatives, rule, head_rule, phase=phase, deprived=deprived, augment=augment
        )
        if not network.labelled:
            raise UsageError(
                "the negatives of images that come back are wrong labels, and this net reads none; build it with "
                "labelled=True"
            )

    def _positives(self, rows: Tensor, generator: torch.Generator, gain: float) -> tuple[Any, ...]:
        labels = self.split.labels[rows]
        images = self.network.project(self._images(rows, generator))
        self._asked(images, labels, gain)
        self._remember(rows)
        like = next(self.network.parameters())
        return images, one_of_n(labels, self.network.classes, like).unsqueeze(0)

    def _negatives(self, count: int, generator: torch.Generator) -> tuple[Any, ...]:
        """Return the next images that come back, and the wrong labels they come with."""
        network, rows = self.network, self.memory["rows"][:count]
        self.memory["rows"] = self.memory["rows"][count:]
        images = network.project(self._images(rows, generator))
        logits = network.one_pass(images)[1] if network.asks_first else None
        _, wrong = self.negatives(
            images, self.split.labels[rows], network=network, generator=generator, logits=logits
        )
        return wrong

    def _remember(self, rows: Tensor) -> None:
        """Keep the images of the last phase, which are to come back."""
        waiting = torch.cat([self.memory.get("rows", rows[:0]), rows])
        self.memory["rows"] = waiting[max(0, len(waiting) - self.phase * len(rows)) :]

    def describe(self) -> dict[str, Any]:
        return self._described("apart")

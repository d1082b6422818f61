"""Two passes in turn: positives for some batches, then negatives for as many updates, however far apart (§9)."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from forward_forward.augment import Augmentation
from forward_forward.errors import UsageError
from forward_forward.negatives import Negatives
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.optimizers import Rule
from forward_forward.training.simultaneous import Simultaneous, table


class InTurn(Simultaneous, ABC):
    """Awake, a net raises the goodness of positives; asleep, it lowers that of negatives.

    It sleeps after every so many batches, for as many updates, so an epoch has as many of either. A subclass says
    what it learns from awake and what it learns from asleep. How far it is, a checkpoint keeps.

    References:
        Hinton 2022, §9: "Can the positive and negative passes be very widely separated in time as they would be if the
        negative passes were done during sleep?", "If the negative phase is eliminated for a while, do the effects mimic
        the devastating effects of severe sleep deprivation?"

    Arguments:
        network: learns in place.
        negatives: what it learns from asleep, or in the same update where the two are not apart.
        rule: updates the layers.
        head_rule: updates the softmax.
        phase: batches that it is awake for before it sleeps for as many updates; 0 has both passes in every update.
        deprived: (first, last) batch between which it does not sleep, and does nothing in its stead.
        augment: of a `Simultaneous`.

    Raises:
        UsageError: when a loss compares positives with negatives and they are apart, or for a phase or batches that
            cannot be.
    """

    def __init__(
        self,
        network: FeedForward,
        negatives: Negatives,
        rule: Rule,
        head_rule: Rule,
        *,
        phase: int,
        deprived: tuple[int, int] = (0, 0),
        augment: Augmentation | None = None,
    ) -> None:
        super().__init__(network, negatives, rule, head_rule, augment)
        self.phase, self.deprived = phase, deprived
        if phase < 0 or not 0 <= deprived[0] <= deprived[1]:
            raise UsageError(
                f"sleep after {phase} batches, no sleep from batch {deprived[0]} to {deprived[1]}: a phase is not "
                "below 0, and the last batch comes after the first"
            )
        apart = phase > 0 or deprived[0] < deprived[1]
        if apart and not all(layer.loss.separable for layer in network.layers):
            raise UsageError(
                "asleep there are no positives to compare negatives with; take a separable loss: ThresholdLogistic"
            )
        self.memory = {"batches": torch.zeros((), dtype=torch.int64)}

    @abstractmethod
    def _positives(self, rows: Tensor, generator: torch.Generator, gain: float) -> tuple[Any, ...]:
        """Return the first layer's inputs for a batch as it is, once the softmax has learned from it."""

    @abstractmethod
    def _negatives(self, count: int, generator: torch.Generator) -> tuple[Any, ...]:
        """Return the first layer's inputs for the next `count` negatives."""

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        now = int(self.memory["batches"])
        self.memory["batches"] = torch.tensor(now + 1)
        sleepless = self.deprived[0] <= now < self.deprived[1]
        if self.phase == 0 and not sleepless:
            return super().step(rows, generator, gain)
        awake = self._learn(self._positives(rows, generator, gain), gain, positives=len(rows))
        if sleepless or self.phase == 0 or (now + 1) % self.phase:
            return awake
        asleep = [
            self._learn(self._negatives(len(rows), generator), gain, positives=0)
            for _ in range(self.phase)
        ]
        return _joined(awake, torch.stack(asleep).mean(0))

    def _learn(self, inputs: tuple[Any, ...], gain: float, positives: int) -> Tensor:
        return table(self._teach_layers(inputs, gain, positives)[0])

    def _described(self, method: str) -> dict[str, Any]:
        return {
            **super()._described(method),
            "phase": self.phase,
            "deprived": list(self.deprived),
        }


def _joined(awake: Tensor, asleep: Tensor) -> Tensor:
    """Return the statistics `[L, 4]` of a batch and the sleep that followed: losses add up, the rest is of either."""
    joined = torch.where(awake.isnan(), asleep, awake)
    joined[:, 0] = awake[:, 0] + asleep[:, 0]
    return joined

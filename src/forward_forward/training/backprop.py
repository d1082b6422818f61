"""Backpropagation as a learner like the others."""

from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from forward_forward.augment import Augmentation, described_augment
from forward_forward.baselines.backprop import Perceptron
from forward_forward.baselines.local import LocalPerceptron
from forward_forward.data import Split
from forward_forward.precision import accumulate
from forward_forward.spec import describe
from forward_forward.training.evaluation import Scores
from forward_forward.training.optimizers import Rule, set_rate


class Backpropagation:
    """A learner like the others, but by the chain rule through the whole network.

    Arguments:
        network: learns in place.
        rule: updates all of it.
        matmul_dtype: bfloat16 runs the passes under autocast; None or the weights' own does not.
        augment: changes images before the network sees them; None leaves them as they are.
    """

    stages = 1

    def __init__(
        self,
        network: Perceptron | LocalPerceptron,
        rule: Rule,
        matmul_dtype: torch.dtype | None = None,
        augment: Augmentation | None = None,
    ) -> None:
        self.network = network
        self.memory: dict[str, Tensor] = {}
        self.rule = rule
        self.matmul_dtype = matmul_dtype
        self.augment = augment
        self.optimizers = [rule.build(network.parameters())]

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.split = split

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        images, labels = self.split.images[rows], self.split.labels[rows]
        if self.augment is not None:
            images = self.augment(images, generator)
        with torch.enable_grad(), self._autocast():
            logits = self.network(images, generator)
            loss = _cross_entropy(logits, labels)
        (optimizer,) = self.optimizers
        self._take_in(torch.autograd.grad(loss, list(self.network.parameters())))
        set_rate(optimizer, gain)
        optimizer.step()
        if not self.rule.decay:
            optimizer.zero_grad()
        right = (logits.argmax(-1) == labels).to(loss)
        nothing = torch.full_like(loss, float("nan"))
        return torch.stack([loss.detach(), right.mean(), nothing, nothing]).unsqueeze(0)

    def _take_in(self, gradients: tuple[Tensor, ...]) -> None:
        """Put gradients where the rule's optimiser looks for them; a smoothed one stays there as its velocity."""
        for parameter, gradient in zip(self.network.parameters(), gradients, strict=True):
            if parameter.grad is None and self.rule.decay:
                parameter.grad = torch.zeros_like(parameter)
            if parameter.grad is None:
                parameter.grad = gradient
            else:
                accumulate(parameter.grad, gradient * self.rule.share, self.rule.decay)

    @torch.no_grad()
    def scores(self, images: Tensor) -> Scores:
        self.network.eval()
        with self._autocast():
            readouts = self.network.readouts(images)
        self.network.train()
        return Scores(readouts, predictions=getattr(self.network, "predictions", False))

    def _autocast(self) -> Any:
        like = next(self.network.parameters())
        low = self.matmul_dtype not in (None, like.dtype)
        return torch.autocast(like.device.type, self.matmul_dtype) if low else nullcontext()

    def describe(self) -> dict[str, Any]:
        return {
            "method": "backpropagation",
            **self.network.describe(),
            "rule": describe(self.rule),
            **described_augment(self.augment),
        }


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross entropy of logits `[B, C]`, or, of several layers' `[L, B, C]`, the sum of theirs."""
    if logits.ndim == 2:
        return F.cross_entropy(logits, labels)
    everywhere = labels.expand(len(logits), -1).flatten()
    return F.cross_entropy(logits.flatten(0, 1), everywhere) * len(logits)

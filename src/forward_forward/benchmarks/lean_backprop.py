"""Backpropagation in as little memory as it can do with: the rival of the memory benchmark."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint_sequential

from forward_forward.baselines.backprop import Perceptron
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.optimizers import SmoothedGradient, set_rate


class LeanBackprop(Backpropagation):
    """Adds each layer's gradient to the velocity as soon as it is there, so that no set of gradients is held.

    Arguments:
        network: learns in place.
        rule: updates all of it.
        segments: activation checkpointing: only what lies between so many segments is kept, the rest is computed
            again; 0 keeps all.
        portions: gradient accumulation: a batch goes through in so many portions.
    """

    def __init__(
        self, network: Perceptron, rule: SmoothedGradient, *, segments: int = 0, portions: int = 1
    ) -> None:
        super().__init__(network, rule)
        *hidden, last = network.linears
        blocks = [nn.Sequential(linear, nn.ReLU(inplace=True)) for linear in hidden]
        self.stack = nn.Sequential(*blocks, last)
        self.segments, self.portions = segments, portions
        for parameter in network.parameters():
            parameter.grad = torch.zeros_like(parameter)

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        for parameter in self.network.parameters():
            assert parameter.grad is not None
            parameter.grad.mul_(self.rule.decay)
        loss = sum(
            (self._take_in_portion(part, len(rows)) for part in rows.chunk(self.portions)),
            start=torch.zeros((), device=rows.device),
        )
        (optimizer,) = self.optimizers
        set_rate(optimizer, gain)
        optimizer.step()
        return torch.stack([loss, *[torch.full_like(loss, float("nan"))] * 3]).unsqueeze(0)

    def _take_in_portion(self, rows: Tensor, batch: int) -> Tensor:
        images, labels = self.split.images[rows], self.split.labels[rows]
        with torch.enable_grad():
            if self.segments:
                logits = checkpoint_sequential(
                    self.stack, self.segments, images, use_reentrant=False
                )
            else:
                logits = self.stack(images)
            loss = F.cross_entropy(logits, labels, reduction="sum") / batch
            (loss * self.rule.share).backward()
        return loss.detach()

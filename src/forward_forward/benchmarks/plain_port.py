"""The Forward-Forward step of the widely copied ports: autograd in every layer, fp32, two passes, Adam.

A rival to be measured against, nothing else uses it.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PlainPort(nn.Module):
    """Linear layers with an optimiser each; inputs divided by their length; threshold 2 on a mean of squares."""

    def __init__(self, widths: Sequence[int], generator: torch.Generator, adam: bool) -> None:
        super().__init__()
        device = generator.device
        self.linears = nn.ModuleList(
            nn.Linear(i, o, device=device) for i, o in zip(widths, widths[1:], strict=False)
        )
        make = torch.optim.Adam if adam else torch.optim.SGD
        self.optimizers = [make(linear.parameters(), lr=1e-3) for linear in self.linears]

    def step(self, pos: Tensor, neg: Tensor) -> None:
        """Teach every layer from positive and negative inputs `[B, D]`, labels already in them."""
        for linear, optimizer in zip(self.linears, self.optimizers, strict=True):
            y_pos, y_neg = (
                linear(x / (x.norm(dim=1, keepdim=True) + 1e-8)).relu() for x in (pos, neg)
            )
            g_pos, g_neg = y_pos.square().mean(1), y_neg.square().mean(1)
            loss = F.softplus(torch.cat([2 - g_pos, g_neg - 2])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            pos, neg = y_pos.detach(), y_neg.detach()

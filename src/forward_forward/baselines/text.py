"""Rivals that read text: the same net by backpropagation, and with a cross entropy of its own in every layer."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.baselines.backprop import Perceptron, draw_linear_, dropped
from forward_forward.layers.symbols import codes_of


class TextPerceptron(Perceptron):
    """A `Perceptron` that reads windows of symbols, each symbol as a one-of-N code, end to end.

    Arguments:
        window: symbols read, T.
        symbols: how many there are, N.
        widths: units of each hidden layer.
        rest: what a `Perceptron` takes.
    """

    predictions = True
    """Its answers are what comes next; their perplexity is told."""

    def __init__(self, window: int, symbols: int, widths: Sequence[int], **rest: Any) -> None:
        super().__init__(window * symbols, symbols, widths, **rest)
        self.window, self.symbols = window, symbols

    def forward(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return logits `[B, N]` of windows `[B, ≥ T]`, of which the last T symbols are read."""
        return super().forward(self.codes(windows), generator)

    def config(self) -> dict[str, Any]:
        """Return what the same network is built from, as plain JSON."""
        return {"window": self.window, "symbols": self.symbols, **self.describe()}

    def codes(self, windows: Tensor) -> Tensor:
        """Return the one-of-N codes of windows, `[B, T·N]`, root mean square 1 as those of `Symbols`."""
        return codes_of(windows[:, -self.window :], self.symbols, next(self.parameters()))


class LocalCrossEntropy(TextPerceptron):
    """Each hidden layer has a softmax of its own, and learns by its cross entropy alone; none hears from another.

    Beside Forward-Forward a rival that is local too, but needs labels, and a way back through each layer's own softmax.
    """

    def __init__(self, window: int, symbols: int, widths: Sequence[int], **rest: Any) -> None:
        super().__init__(window, symbols, widths, **rest)
        del self.linears[-1]
        like = next(self.parameters())
        heads = [
            nn.utils.skip_init(nn.Linear, width, symbols, device=like.device, dtype=like.dtype)
            for width in widths
        ]
        for head in heads:
            draw_linear_(head, gain=1, generator=rest["generator"])
        self.heads = nn.ModuleList(heads)

    def forward(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return the logits of every layer, `[L, B, N]`."""
        h, logits = self.codes(windows), []
        for linear, head in zip(self.linears, self.heads, strict=True):
            y = linear(h.detach()).relu()
            if self.dropout and self.training:
                y = dropped(y, self.dropout, generator)
            logits.append(head(y))
            h = y
        return torch.stack(logits)

    def readouts(self, images: Tensor) -> dict[str, Tensor]:
        """Return the mean of all layers' log probabilities, and the last layer's."""
        each = self(images).float().log_softmax(-1)
        return {"softmax": each.mean(0), "last_softmax": each[-1]}

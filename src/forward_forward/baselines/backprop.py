"""The matched rival: the same widths and activation with a linear head, trained by backpropagation."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError


class Perceptron(nn.Module):
    """Rectified hidden layers and a linear output, weights from N(0, 2/fan_in) (He et al. 2015).

    Arguments:
        in_features: pixels of an image, D.
        classes: C.
        widths: units of each hidden layer.
        generator: draws the weights.
        dropout: share of hidden units left out in training.
    """

    def __init__(
        self,
        in_features: int,
        classes: int,
        widths: Sequence[int],
        *,
        generator: torch.Generator,
        dropout: float = 0.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        sizes = [in_features, *widths, classes]
        if min(sizes) <= 0:
            raise UsageError(f"a net of {sizes} units: all must be above 0")
        if not 0 <= dropout < 1:
            raise UsageError(f"dropout {dropout} must be at least 0 and below 1")
        self.widths = list(widths)
        self.dropout = dropout
        pairs = list(zip(sizes, sizes[1:], strict=False))
        linears = [
            nn.utils.skip_init(nn.Linear, i, o, device=device or "cpu", dtype=dtype)
            for i, o in pairs
        ]
        with torch.no_grad():
            for linear in linears:
                draw = torch.randn(
                    linear.weight.shape, generator=generator, device=generator.device
                )
                gain = 1 if linear is linears[-1] else 2
                linear.weight.copy_(draw * math.sqrt(gain / linear.in_features))
                linear.bias.zero_()
        self.linears = nn.ModuleList(linears)

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return logits `[B, C]` of images `[B, D]`."""
        for linear in self.linears[:-1]:
            images = linear(images).relu_()
            if self.dropout and self.training:
                draw = torch.rand(images.shape, generator=generator, device=images.device)
                images = images * (draw >= self.dropout) / (1 - self.dropout)
        return self.linears[-1](images)

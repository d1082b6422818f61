"""The matched rival: the same widths and activation with a linear head, trained by backpropagation."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.environment import check_room
from forward_forward.errors import UsageError
from forward_forward.normalization import checked_pixels, described_pixels, standardised


class Perceptron(nn.Module):
    """Rectified hidden layers, weights from N(0, 2/fan_in) (He et al. 2015), and a linear output from N(0, 1/fan_in).

    Arguments:
        in_features: pixels of an image, D.
        classes: C.
        widths: units of each hidden layer.
        generator: draws the weights.
        dropout: share of hidden units left out in training.
        input_dropout: share of pixels left out in training.
        pixel_mean, pixel_std: images are standardised by these; 0 and 1 leave them as they are.
        device, dtype: as torch spells them.

    Raises:
        UsageError: when a size is not above 0, the weights would not fit into memory, or a share is not in [0, 1).
    """

    predictions = False
    """Whether its answers are what comes next in a text."""

    def __init__(
        self,
        in_features: int,
        classes: int,
        widths: Sequence[int],
        *,
        generator: torch.Generator,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        pixel_mean: float = 0.0,
        pixel_std: float = 1.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        sizes = [in_features, *widths, classes]
        if min(sizes) <= 0:
            raise UsageError(f"a net of {sizes} units: all must be above 0")
        check_room(sizes, device)
        if not all(0 <= share < 1 for share in (dropout, input_dropout)):
            raise UsageError(
                f"dropout {dropout}, of the input {input_dropout}: both must be at least 0 and below 1"
            )
        self.pixels = checked_pixels(pixel_mean, pixel_std)
        self.widths = list(widths)
        self.dropout, self.input_dropout = dropout, input_dropout
        pairs = list(zip(sizes, sizes[1:], strict=False))
        linears = [
            nn.utils.skip_init(nn.Linear, i, o, device=device or "cpu", dtype=dtype)
            for i, o in pairs
        ]
        for linear in linears:
            draw_linear_(linear, gain=1 if linear is linears[-1] else 2, generator=generator)
        self.linears = nn.ModuleList(linears)

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return logits `[B, C]` of images `[B, D]`."""
        images = standardised(images, *self.pixels)
        if self.input_dropout and self.training:
            images = dropped(images, self.input_dropout, generator)
        for linear in self.linears[:-1]:
            images = linear(images).relu_()
            if self.dropout and self.training:
                images = dropped(images, self.dropout, generator)
        return self.linears[-1](images)

    def readouts(self, images: Tensor) -> dict[str, Tensor]:
        """Return logits `[B, C]` by readout, the main one first."""
        return {"softmax": self(images)}

    def config(self) -> dict[str, Any]:
        """Return what the same network is built from, as plain JSON."""
        sizes = {
            "in_features": self.linears[0].in_features,
            "classes": self.linears[-1].out_features,
        }
        return {**sizes, **self.describe()}

    def describe(self) -> dict[str, Any]:
        """Return what defines this net beside its input and output, as plain JSON."""
        return {
            "widths": self.widths,
            "dropout": self.dropout,
            "input_dropout": self.input_dropout,
            **described_pixels(self.pixels),
        }


def dropped(activities: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Return activities of which a share is left out at random, the others scaled up to keep the mean.

    Raises:
        UsageError: without a generator.
    """
    if generator is None:
        raise UsageError("leaving units out in training takes a generator; or call eval() first")
    draw = torch.rand(activities.shape, generator=generator, device=activities.device)
    return activities * (draw >= share) / (1 - share)


@torch.no_grad()
def draw_linear_(linear: nn.Linear, *, gain: float, generator: torch.Generator) -> None:
    """Draw weights from N(0, gain / fan_in) on the generator's device, and set the bias, if any, to zero."""
    draw = torch.randn(linear.weight.shape, generator=generator, device=generator.device)
    linear.weight.copy_(draw * math.sqrt(gain / linear.in_features))
    if linear.bias is not None:
        linear.bias.zero_()

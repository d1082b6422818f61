"""The matched rival with local receptive fields: the same maps and fields, learned by backpropagation."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from forward_forward.baselines.backprop import draw_linear_, dropped
from forward_forward.errors import UsageError
from forward_forward.layers.described import build_layer, describe_layer
from forward_forward.layers.local_fields import LocalFields
from forward_forward.normalization import checked_pixels, described_pixels, standardised


class LocalPerceptron(nn.Module):
    """Rectified layers of local fields, weights from N(0, 2/inputs), and a linear output from N(0, 1/inputs).

    Arguments:
        layers: bottom to top; their weights are drawn anew, what a unit does not see stays zero.
        classes: C.
        generator: draws the weights.
        dropout: share of hidden units left out in training.
        pixel_mean, pixel_std: images are standardised by these; 0 and 1 leave them as they are.

    Raises:
        UsageError: when there is no layer or no class, or the share is not in [0, 1).
    """

    fields: Sequence[LocalFields]

    def __init__(
        self,
        layers: Sequence[LocalFields],
        classes: int,
        *,
        generator: torch.Generator,
        dropout: float = 0.0,
        pixel_mean: float = 0.0,
        pixel_std: float = 1.0,
    ) -> None:
        super().__init__()
        if not layers or classes <= 0 or not 0 <= dropout < 1:
            raise UsageError(
                f"{len(layers)} layers, {classes} classes, dropout {dropout}: there must be a layer and a class, and "
                "dropout must be at least 0 and below 1"
            )
        self.widths = [layer.units for layer in layers]
        self.dropout = dropout
        self.pixels = checked_pixels(pixel_mean, pixel_std)
        self.fields = cast("Sequence[LocalFields]", nn.ModuleList(layers))
        like = layers[0].weight
        self.out = nn.utils.skip_init(
            nn.Linear, self.widths[-1], classes, device=like.device, dtype=like.dtype
        )
        with torch.no_grad():
            for layer in layers:
                layer.reset_parameters(generator)
                layer.weight.mul_(math.sqrt(2))
        draw_linear_(self.out, gain=1, generator=generator)

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return logits `[B, C]` of images `[B, D]`."""
        images = standardised(images, *self.pixels)
        for layer in self.fields:
            images = layer.preactivation(images).relu()
            if self.dropout and self.training:
                images = dropped(images, self.dropout, generator)
        return self.out(images)

    def readouts(self, images: Tensor) -> dict[str, Tensor]:
        """Return logits `[B, C]` by readout, the main one first."""
        return {"softmax": self(images)}

    def config(self) -> dict[str, Any]:
        """Return what `from_config` builds the same network from, as plain JSON."""
        return {**self.describe(), "classes": self.out.out_features}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "LocalPerceptron":
        """Build a network from what `config` returned; its weights are not drawn anew in a known way.

        Raises:
            UsageError: when a layer has no such name here, or is none of local fields.
        """
        layers = [build_layer(described) for described in config["layers"]]
        if not all(isinstance(layer, LocalFields) for layer in layers):
            raise UsageError("a LocalPerceptron has layers of LocalFields alone")
        rest = {name: value for name, value in config.items() if name != "layers"}
        return cls(cast("list[LocalFields]", layers), generator=torch.Generator(), **rest)

    def describe(self) -> dict[str, Any]:
        """Return what defines this net beside its output, as plain JSON."""
        layers = [describe_layer(layer) for layer in self.fields]
        return {"layers": layers, "dropout": self.dropout, **described_pixels(self.pixels)}

"""The first layer of a supervised net: an image and a label, normalised as one vector."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError, check_whole
from forward_forward.labels import Placement, overlay
from forward_forward.layers.dense import draw_
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.normalization import Normalization, length, standardised
from forward_forward.precision import accumulate, accumulate_product, product, product_back


@dataclass(frozen=True)
class Projection:
    """The image's share of the first layer, computed once and used with any number of labels.

    Arguments:
        images: `[B, D]`, as placed.
        share: images · W, `[B, U]`.
        total: sum of powers of each image, `[B, 1]`.
    """

    images: Tensor
    share: Tensor
    total: Tensor

    def detach(self) -> "Projection":
        """Return the same share, cut off from every graph."""
        return Projection(self.images.detach(), self.share.detach(), self.total.detach())


class LabelledDense(LocalLayer):
    """z = (x W + c V) · factor(x, c) + b for images x `[B, D]` and label codes c `[K, B, C]`.

    The factor normalises image and label as one vector. Images are broadcast over the K codes, and so is their
    share x W: asking about ten labels costs one image. Rows come out code by code, `[K·B, U]`.

    References:
        Hinton 2022, §3.3: the label replaces the first ten pixels (`labels.overlay`).

    Arguments:
        in_features: D, pixels of an image.
        classes: C.
        units: U.
        place: `labels.overlay` or `labels.concatenate`.
        strength: the value of a label's active feature, > 0.
        pixel_mean, pixel_std: images are standardised to (x − mean) / std before a label is placed.
        normalization: of image and label together.
        generator: draws the weights.
        device, dtype: as torch spells them.
        parts: goodness, loss, peer, matmul_dtype of a `LocalLayer`.

    Raises:
        UsageError: when a size, the strength or the deviation is not above 0, or one of the numbers is not finite, or a
            size not whole.
    """

    def __init__(
        self,
        in_features: int,
        classes: int,
        units: int,
        *,
        place: Placement = overlay,
        strength: float = 1.0,
        pixel_mean: float = 0.0,
        pixel_std: float = 1.0,
        normalization: Normalization = length,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **parts: Any,
    ) -> None:
        sizes = (in_features, classes, units, strength, pixel_std)
        if not all(0 < size < math.inf for size in sizes) or not math.isfinite(pixel_mean):
            raise UsageError(
                f"{in_features} pixels, {classes} classes, {units} units, label strength {strength}, "
                f"pixel deviation {pixel_std}, mean {pixel_mean}: all but the mean must be above 0, and all finite"
            )
        check_whole("sizes of a first layer", in_features, classes, units)
        super().__init__(units, **parts)
        self.in_features = in_features
        self.classes = classes
        self.place = place
        self.strength = strength
        self.pixel_mean = pixel_mean
        self.pixel_std = pixel_std
        self.normalization = normalization
        self.fan_in = in_features if place is overlay else in_features + classes
        self.weight = nn.Parameter(torch.empty(in_features, units, device=device, dtype=dtype))
        self.label_weight = nn.Parameter(torch.empty(classes, units, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(units, device=device, dtype=dtype))
        self.to(device=device, dtype=dtype)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the weights again; pixels that a label covers carry none."""
        draw_(self.weight, self.fan_in, generator)
        draw_(self.label_weight, self.fan_in, generator)
        if self.place is overlay:
            with torch.no_grad():
                self.weight[: self.classes] = 0
        nn.init.zeros_(self.bias)

    def parts(self) -> dict[str, Any]:
        names = ("in_features", "classes", "units", "place", "strength", "pixel_mean", "pixel_std")
        own = {name: getattr(self, name) for name in (*names, "normalization")}
        return {**own, **super().parts()}

    def placed(self, images: Tensor) -> Tensor:
        """Return images `[…, D]` as W reads them: standardised, with room for a label."""
        return self.place(standardised(images, self.pixel_mean, self.pixel_std), self.classes)

    def project(self, images: Tensor | Projection) -> Projection:
        """Return the share of images `[B, D]` (or the one already made)."""
        if isinstance(images, Projection):
            return images
        placed = self.placed(images)
        share = product(placed, self.weight, self.matmul_dtype, self.cast)
        return Projection(placed, share, self.normalization.total(placed))

    def preactivation(self, images: Tensor | Projection, codes: Tensor) -> Tensor:  # type: ignore[override]
        projection = self.project(images)
        codes = codes * self.strength
        z = projection.share + codes @ self.label_weight
        return z.mul_(self._factor(projection, codes)).add_(self.bias).flatten(0, -2)

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        projection, codes = self.project(inputs[0]), inputs[1] * self.strength
        accumulate(self.bias.grad, dz.sum(0), decay)  # type: ignore[arg-type]
        shape = (*torch.broadcast_shapes(projection.share.shape[:-1], codes.shape[:-1]), self.units)
        dz = dz.view(shape).mul_(self._factor(projection, codes))
        codes = codes.expand(*shape[:-1], self.classes).flatten(0, -2)
        accumulate_product(self.label_weight.grad, codes, dz.flatten(0, -2), decay, None)  # type: ignore[arg-type]
        accumulate_product(
            self.weight.grad,  # type: ignore[arg-type]
            projection.images.flatten(0, -2),
            _summed(dz, projection.share.shape).flatten(0, -2),
            decay,
            self.matmul_dtype,
        )

    @torch.no_grad()
    def read_back(self, dz: Tensor, images: Tensor | Projection, codes: Tensor) -> Tensor:
        """Return ∂(Σ dz · z)/∂images `[B, D]`: one matmul with Wᵀ, and what the factor itself adds."""
        projection = self.project(images)
        codes = codes * self.strength
        share = projection.share + codes @ self.label_weight
        dz = dz.view(share.shape)
        by_factor = (dz * share).sum(-1, keepdim=True)
        with torch.enable_grad():
            placed = projection.images.detach().requires_grad_()
            total = self.normalization.total(placed) + self.normalization.total(codes)
            weighed = by_factor * self.normalization.factor(total, self.fan_in)
            # the zero holds the graph together where nothing is normalised
            (slope,) = torch.autograd.grad(weighed.sum() + 0 * placed.sum(), placed)
        upward = (dz * self._factor(projection, codes)).sum_to_size(projection.share.shape)
        slope = slope + product_back(upward, self.weight, self.matmul_dtype, self.cast)
        if self.place is overlay:
            slope[..., : self.classes] = 0
        return slope / self.pixel_std

    def _factor(self, projection: Projection, codes: Tensor) -> Tensor:
        total = projection.total + self.normalization.total(codes)
        return self.normalization.factor(total, self.fan_in)


def _summed(dz: Tensor, shape: torch.Size) -> Tensor:
    """Return dz summed to a shape that was broadcast; passes that share their images are added in place."""
    if dz.shape[1:] != shape:
        return dz.sum_to_size(shape)
    first, *others = dz
    for other in others:
        first.add_(other)
    return first

"""Fully connected layers whose weights lie in tiles: they are read, learn and err in the hardware."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.hardware.crossbar import Crossbar, TileWeight
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.hardware.pairs import SteppedCrossbar
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense, Projection
from forward_forward.precision import product
from forward_forward.randomness import seed_for
from forward_forward.spec import find_dataclass

ROOM = 5.0
"""A tile holds weights of up to so many standard deviations of the initial ones, a label's tile twice as many."""


class AnalogDense(Dense):
    """A `Dense` layer whose weight lies in a tile; its bias is digital, and joins the current before the ADC.

    References:
        Hinton 2022, §7.

    Arguments:
        in_features, units: I and U.
        hardware: what the tile is made of.
        weight_range: the largest weight; None is 5 standard deviations of the initial ones, 5 / √I.
        seed: of the devices, their noise and that of reads.
        parts: of a `Dense`.

    Example:
        >>> device = ResistiveDevice("coarse", levels=10)
        >>> layer = AnalogDense(4, 3, hardware=device, generator=torch.Generator().manual_seed(0))
        >>> states = layer.tile.state * 10
        >>> torch.allclose(states, states.round())
        True
    """

    def __init__(
        self,
        in_features: int,
        units: int,
        *,
        hardware: ResistiveDevice,
        weight_range: float | None = None,
        seed: int = 0,
        **parts: Any,
    ) -> None:
        super().__init__(in_features, units, **parts)
        self.hardware, self.seed = hardware, seed
        self.weight_range = ROOM / in_features**0.5 if weight_range is None else weight_range
        self.weight = weight = in_tile(self.weight, hardware, self.weight_range, seed)
        self.tile = weight.tile

    def parts(self) -> dict[str, Any]:
        names = ("hardware", "weight_range", "seed")
        return {**super().parts(), **{name: getattr(self, name) for name in names}}

    @classmethod
    def read_parts(cls, described: dict[str, Any]) -> dict[str, Any]:
        return _on_hardware(super().read_parts(described))

    def preactivation(self, h: Tensor) -> Tensor:  # type: ignore[override]
        self.tile.check(self.weight)
        z = product(self.tile.drive(h), self.weight, self.matmul_dtype, self.cast, self.bias)
        return self.tile.sense(z, h)

    def read_back(self, dz: Tensor, *inputs: Any) -> Tensor:
        raise read_backwards()


class AnalogLabelledDense(LabelledDense):
    """A `LabelledDense` layer with a tile for the image and one for the label; bias and normalisation are digital.

    An image is read once, whatever the number of labels; each label is then read for each image.

    Arguments:
        in_features, classes, units: D, C and U.
        hardware, seed: as of an `AnalogDense`.
        weight_range: the largest weight of the image; None is 5 standard deviations of the initial ones.
        label_range: the largest weight of the label; None is twice that, as they grow further.
        parts: of a `LabelledDense`.
    """

    def __init__(
        self,
        in_features: int,
        classes: int,
        units: int,
        *,
        hardware: ResistiveDevice,
        weight_range: float | None = None,
        label_range: float | None = None,
        seed: int = 0,
        **parts: Any,
    ) -> None:
        super().__init__(in_features, classes, units, **parts)
        self.hardware, self.seed = hardware, seed
        room = ROOM / self.fan_in**0.5
        self.weight_range = room if weight_range is None else weight_range
        self.label_range = 2 * room if label_range is None else label_range
        label_seed = seed_for(seed, "label")
        self.weight = weight = in_tile(self.weight, hardware, self.weight_range, seed)
        self.label_weight = label = in_tile(
            self.label_weight, hardware, self.label_range, label_seed
        )
        self.tile, self.label_tile = weight.tile, label.tile

    def parts(self) -> dict[str, Any]:
        names = ("hardware", "weight_range", "label_range", "seed")
        return {**super().parts(), **{name: getattr(self, name) for name in names}}

    @classmethod
    def read_parts(cls, described: dict[str, Any]) -> dict[str, Any]:
        return _on_hardware(super().read_parts(described))

    def project(self, images: Tensor | Projection) -> Projection:
        if isinstance(images, Projection):
            return images
        self.tile.check(self.weight)
        placed = self.placed(images)
        share = product(self.tile.drive(placed), self.weight, self.matmul_dtype, self.cast)
        total = self.normalization.total(placed)
        return Projection(placed, self.tile.sense(share, placed), total)

    def preactivation(self, images: Tensor | Projection, codes: Tensor) -> Tensor:  # type: ignore[override]
        projection = self.project(images)
        self.label_tile.check(self.label_weight)
        codes = codes * self.strength
        label = self.label_tile.drive(codes) @ self.label_weight
        if self.hardware.noisy:  # each image's label is a read of its own
            shape = torch.broadcast_shapes(label.shape, projection.share.shape)
            label = label.expand(shape).contiguous()
        z = projection.share + self.label_tile.sense(label, codes)
        return z.mul_(self._factor(projection, codes)).add_(self.bias).flatten(0, -2)

    def read_back(self, dz: Tensor, *inputs: Any) -> Tensor:
        raise read_backwards()


def in_tile(
    weight: Tensor, hardware: ResistiveDevice, weight_range: float, seed: int
) -> TileWeight:
    """Return a weight `[I, U]` written into a new tile."""
    kind = Crossbar if hardware.levels is None else SteppedCrossbar
    rows, columns = weight.shape
    tile = kind(
        rows,
        columns,
        hardware,
        weight_range=weight_range,
        seed=seed,
        device=weight.device,
        dtype=weight.dtype,
    )
    held = TileWeight(weight.detach(), tile)
    tile.write(held)
    return held


def tile_weights(network: nn.Module) -> Iterator[TileWeight]:
    """Yield every weight of a network that lies in a tile."""
    yield from (p for p in network.parameters() if isinstance(p, TileWeight))


@torch.no_grad()
def age(network: nn.Module, seconds: float) -> None:
    """Let so many seconds pass since the tiles of a network were written.

    Raises:
        UsageError: for a time that is not 0 or more; nothing has aged.
    """
    if not 0 <= seconds < math.inf:
        raise UsageError(f"{seconds} seconds since writing: 0 or more, and finite")
    for weight in tile_weights(network):
        weight.tile.age(weight, seconds)


def _on_hardware(parts: dict[str, Any]) -> dict[str, Any]:
    """Return parts whose hardware is the device that a model file describes."""
    return {**parts, "hardware": find_dataclass(ResistiveDevice, parts["hardware"])}


def read_backwards() -> UsageError:
    """Return the error of who asks a tile for the slope of its inputs."""
    return UsageError("a tile is read in one direction only; learn without an adversary")

"""Layers that compute *through* a piece of hardware, and learn from what can be seen: what arrives, what comes out.

On a piece of perfect fabrication they are the ordinary layers.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.hardware.pieces import Curves, Fabrication, Lines, Piece
from forward_forward.layers.dense import Dense, draw_
from forward_forward.layers.labelled_dense import LabelledDense, Projection
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import Normalization, length
from forward_forward.spec import find_dataclass


class OnPiece(LocalLayer):
    """What layers share that sit on a tile of a piece, computing through hardware that nobody knows.

    They learn by Δw = dz · arrived, where dz = ∂L/∂g · ∂g/∂y is made of measured activities: eq. (3) of the paper. The
    curves' slopes and the gains would belong into the gradient; nobody knows them, and they are left out. As long as
    curves rise and gains are not negative, the goodness of a single input moves where it is to move (docs/mortal.md).

    References:
        Hinton 2022, §6 eq. (3), §8.
    """

    in_features: int
    weight: nn.Parameter
    tile: int

    def sit_on(self, piece: Piece) -> None:
        """Compute through this piece from now on; the parameters stay."""
        self.piece = piece
        self.lines = Lines(self.in_features, self.units, piece, self.tile).to(self.weight)
        self.curves = Curves(self.units, piece, self.tile).to(self.weight)

    def parts(self) -> dict[str, Any]:
        return {**super().parts(), "piece": self.piece, "tile": self.tile}

    @classmethod
    def read_parts(cls, described: dict[str, Any]) -> dict[str, Any]:
        parts = super().read_parts(described)
        piece = dict(parts["piece"])
        piece["fabrication"] = find_dataclass(Fabrication, piece["fabrication"])
        return {**parts, "piece": find_dataclass(Piece, piece)}

    def read_back(self, dz: Tensor, *inputs: Any) -> Tensor:
        raise UsageError("nobody knows the slopes of a piece's curves; leave the adversary out")


class PieceDense(OnPiece, Dense):
    """z = curves(h[wires] · (W ⊙ gains) + b): a `Dense` layer on a piece of hardware.

    Arguments:
        in_features: I.
        units: U.
        piece: the hardware it sits on.
        tile: which layer of the piece it is.
        parts: of a `Dense`.

    Example:
        >>> layer = PieceDense(4, 3, piece=Piece(7), generator=torch.Generator().manual_seed(0))
        >>> layer(torch.ones(2, 4)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self, in_features: int, units: int, *, piece: Piece, tile: int = 0, **parts: Any
    ) -> None:
        super().__init__(in_features, units, **parts)
        self.tile = tile
        self.sit_on(piece)

    def preactivation(self, h: Tensor) -> Tensor:  # type: ignore[override]
        a = self.lines.product(self.lines.arriving(h), self.weight, self.matmul_dtype)
        return self.curves(a if self.bias is None else a + self.bias)

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        super().accumulate((self.lines.arriving(inputs[0]),), dz, decay)


class PieceLabelledDense(OnPiece, LabelledDense):
    """z = curves((x[wires] · (W ⊙ gains) + c[wires] · (V ⊙ gains)) · factor(x, c) + b): a `LabelledDense` on a piece.

    Images and labels come on lines of their own: no wire of a pixel ends at a label's synapses.

    Arguments:
        in_features: D, pixels of an image.
        classes: C.
        units: U.
        piece: the hardware it sits on.
        tile: which layer of the piece it is.
        parts: of a `LabelledDense`.
    """

    def __init__(
        self,
        in_features: int,
        classes: int,
        units: int,
        *,
        piece: Piece,
        tile: int = 0,
        **parts: Any,
    ) -> None:
        super().__init__(in_features, classes, units, **parts)
        self.tile = tile
        self.sit_on(piece)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the weights again; where the pixels that a label covers arrive is not known."""
        draw_(self.weight, self.fan_in, generator)
        draw_(self.label_weight, self.fan_in, generator)
        nn.init.zeros_(self.bias)

    def sit_on(self, piece: Piece) -> None:
        super().sit_on(piece)
        lines = Lines(self.classes, self.units, piece, self.tile, "label")
        self.label_lines = lines.to(self.weight)

    def project(self, images: Tensor | Projection) -> Projection:
        """Return the share of images `[B, D]`; its images are as they arrive at the synapses."""
        if isinstance(images, Projection):
            return images
        arrived = self.lines.arriving(self.placed(images))
        share = self.lines.product(arrived, self.weight, self.matmul_dtype)
        return Projection(arrived, share, self.normalization.total(arrived))

    def preactivation(self, images: Tensor | Projection, codes: Tensor) -> Tensor:  # type: ignore[override]
        projection = self.project(images)
        codes = self.label_lines.arriving(codes) * self.strength
        a = projection.share + self.label_lines.product(codes, self.label_weight, None)
        return self.curves((a * self._factor(projection, codes) + self.bias).flatten(0, -2))

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        images, codes = inputs
        super().accumulate((images, self.label_lines.arriving(codes)), dz, decay)


def network_on(
    piece: Piece,
    in_features: int,
    classes: int,
    widths: Sequence[int],
    *,
    generator: torch.Generator,
    normalization: Normalization = length,
    head: bool = True,
    read_from: int | None = None,
    label: dict[str, Any] | None = None,
    **parts: Any,
) -> FeedForward:
    """Return a net with labels, as `FeedForward.dense` makes it, whose layers are the tiles of a piece.

    Arguments:
        piece: the hardware.
        in_features: pixels of an image, D.
        classes: C.
        widths: units of each layer, bottom to top.
        generator: draws the weights.
        normalization, head, read_from: as for `FeedForward.dense`.
        label: place, strength, pixel_mean, pixel_std of the first layer.
        parts: goodness, loss, peer, matmul_dtype, device, dtype of every layer.

    Raises:
        UsageError: where there is no layer, and those of the layers.

    Example:
        >>> net = network_on(Piece(1), 64, 10, [30, 20], generator=torch.Generator().manual_seed(0))
        >>> [type(layer).__name__ for layer in net.layers]
        ['PieceLabelledDense', 'PieceDense']
    """
    if not widths:
        raise UsageError("a network needs at least one layer")
    parts = {**parts, "piece": piece, "generator": generator}
    first = PieceLabelledDense(
        in_features, classes, widths[0], normalization=normalization, **(label or {}), **parts
    )
    above = [
        PieceDense(below, units, tile=tile, **parts)
        for tile, (below, units) in enumerate(zip(widths, widths[1:], strict=False), start=1)
    ]
    return FeedForward(
        [first, *above], classes, normalization=normalization, head=head, read_from=read_from
    )

"""Recurrent nets by kind of connection: fully connected, or maps with local fields below and above."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from forward_forward.environment import check_room
from forward_forward.errors import UsageError, check_number, check_shape, check_whole
from forward_forward.goodness import sum_of_squares
from forward_forward.layers.dense import Dense
from forward_forward.layers.joint import Joint
from forward_forward.layers.local_fields import LocalFields
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.losses import Loss
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.wiring import IMAGE, LABEL, Source, Wiring, neighbours
from forward_forward.networks.wiring_checks import checked, from_above
from forward_forward.slopes import Goodness

Connect = Callable[[Source, int], LocalLayer]
"""(source, index of the layer it feeds) → a connection without a bias."""


def dense_recurrent(
    in_features: int,
    classes: int,
    widths: Sequence[int],
    *,
    generator: torch.Generator,
    wiring: Wiring | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    **rest: Any,
) -> Recurrent:
    """Return a recurrent net of fully connected layers.

    Arguments:
        in_features: pixels of an image, D.
        classes: C.
        widths: units of each hidden layer, bottom to top.
        generator: draws the weights.
        wiring: who feeds whom; None is figure 3's, `wiring.neighbours`.
        device, dtype: of the weights, as torch spells them.
        rest: `goodness`, `loss`, `peer`, `matmul_dtype`, `top_down` as of `recurrent`, and what `Recurrent` takes.

    Raises:
        UsageError: when the wiring is none, or for another number of layers, or a number is outside its range.

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> net = dense_recurrent(64, 10, [30, 20], generator=g)
        >>> [[c.in_features for c in layer.connections] for layer in net.layers]
        [[64, 20], [30, 10]]
    """
    if not isinstance(widths, Sequence) or isinstance(widths, str):
        raise UsageError(f"widths {widths!r}: give a list with the units of each hidden layer")
    wiring = _of_depth(wiring, len(widths))
    check_room([in_features, *widths], device)
    sizes: dict[Source, int] = {IMAGE: in_features, LABEL: classes, **dict(enumerate(widths))}

    def connect(source: Source, layer: int) -> LocalLayer:
        return Dense(
            sizes[source],
            widths[layer],
            bias=False,
            generator=generator,
            device=device,
            dtype=dtype,
        )

    return recurrent(connect, classes, wiring, **rest)


def local_recurrent(
    in_shape: tuple[int, int, int],
    classes: int,
    depth: int,
    *,
    generator: torch.Generator,
    channels: int = 3,
    field: int = 11,
    tile: int = 8,
    wiring: Wiring | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    **rest: Any,
) -> Recurrent:
    """Return a recurrent net of maps as large as the image, with fields cut off at the edge; labels feed every unit.

    References:
        Hinton 2022, §4 and note 12: 32 × 32 places of 3 units, fields of 11 × 11.

    Arguments:
        in_shape: (channels, height, width) of an image.
        classes: C.
        depth: hidden layers.
        generator: draws the weights.
        channels: units at each place of a hidden layer.
        field: height and width of a field, odd.
        tile: see `LocalFields`.
        wiring: who feeds whom; None is figure 3's, `wiring.neighbours`.
        device, dtype, rest: as of `dense_recurrent`.

    Raises:
        UsageError: as of `dense_recurrent`, and for fields of an even size.

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> net = local_recurrent((1, 8, 8), 10, 2, field=3, generator=g)
        >>> [layer.units for layer in net.layers]
        [192, 192]
    """
    check_shape(in_shape)
    check_whole("depth, channels and fields of a net", depth, channels, field)
    if field % 2 == 0:
        raise UsageError(f"fields of {field} have no middle; take an odd size")
    wiring = _of_depth(wiring, depth)
    colours, height, width = in_shape
    units = height * width * channels

    def connect(source: Source, layer: int) -> LocalLayer:
        common: dict[str, Any] = {"generator": generator, "device": device, "dtype": dtype}
        if source == LABEL:
            return Dense(classes, units, bias=False, **common)
        below = (height, width, colours if source == IMAGE else channels)
        return LocalFields(
            below,
            (height, width),
            channels,
            field=field,
            margin=field // 2,
            tile=tile,
            channels_first=source == IMAGE,
            bias=False,
            **common,
        )

    return recurrent(connect, classes, wiring, **rest)


def recurrent(
    connect: Connect,
    classes: int,
    wiring: Wiring,
    *,
    goodness: Goodness = sum_of_squares,
    loss: Loss | None = None,
    peer: float = 0.0,
    matmul_dtype: torch.dtype | None = None,
    top_down: float = 0.5,
    **rest: Any,
) -> Recurrent:
    """Return a recurrent net whose connections come from `connect`.

    Arguments:
        connect: makes each connection.
        classes: C.
        wiring: who feeds whom.
        goodness, loss, peer, matmul_dtype: of every layer.
        top_down: factor on the first weights of all that comes from above: at 1 the bottom-up pass, which hears
            nothing from above, says little of the states that follow.
        rest: what `Recurrent` takes.

    Raises:
        UsageError: when the wiring is none, its connections do not fit, or a number is outside its range.
    """
    wiring = checked(wiring)
    check_number("top_down", top_down)
    if not math.isfinite(top_down):
        raise UsageError(f"top_down {top_down} must be a number")
    parts = {"goodness": goodness, "loss": loss, "peer": peer, "matmul_dtype": matmul_dtype}
    layers = [
        Joint([connect(source, index) for source in sources], **parts)
        for index, sources in enumerate(wiring)
    ]
    with torch.no_grad():
        for layer, position in from_above(wiring):
            next(layers[layer].connections[position].parameters()).mul_(top_down)
    return Recurrent(layers, wiring, classes, **rest)


def _of_depth(wiring: Wiring | None, depth: int) -> Wiring:
    found = checked(neighbours(depth) if wiring is None else wiring)
    if len(found) != depth:
        raise UsageError(f"the wiring is for {len(found)} hidden layers, the net has {depth}")
    return found

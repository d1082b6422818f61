"""From a digital net to the same net on tiles: to learn there, or with what it has learned written once."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.hardware.analog_dense import (
    AnalogDense,
    AnalogLabelledDense,
    tile_weights,
)
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import seed_for
from forward_forward.training.checkpoints import not_finite

Range = Callable[[Tensor], float | None]
"""Weights → the largest one that their tile is to hold; None leaves it to the layer."""


def with_room(weight: Tensor) -> None:
    """Leave room for weights to grow: for nets that are to learn on their tiles."""
    return


def most_weights(weight: Tensor) -> float:
    """Use the whole range for 99 of 100 weights that are there, and cut off the rest: for nets that have learned.

    Noise, spread and converters are shares of the range, so a few large weights would cost all others their accuracy.

    Example:
        >>> most_weights(torch.linspace(-1, 1, 201).view(3, 67))
        0.99...
    """
    sizes = weight.detach().abs().flatten()
    return float(sizes.kthvalue(math.ceil(0.99 * len(sizes))).values)


def on_tiles(
    network: FeedForward,
    hardware: ResistiveDevice,
    seed: int,
    weight_range: Range = with_room,
) -> FeedForward:
    """Return a copy of a network whose layers lie in tiles, its weights written once; the softmax stays digital.

    Arguments:
        network: of `Dense` and `LabelledDense` layers; left as it is.
        hardware: what the tiles are made of.
        seed: of the devices that these tiles happen to have, and of their noise.
        weight_range: of each tile.

    Raises:
        UsageError: when a layer, or the network, is of another kind, or a weight is not finite.
    """
    if not isinstance(hardware, ResistiveDevice):
        raise UsageError(
            f"tiles of {hardware!r:.60}: give a ResistiveDevice, such as PRESETS['rpu'].device"
        )
    if type(network) is not FeedForward:
        raise UsageError(f"a {type(network).__name__} has no tiles; a FeedForward net has")
    if (name := not_finite(network.state_dict())) is not None:
        raise UsageError(f"{name} is not finite, and no tile holds that; take a net that learned")
    layers = [
        _on_tile(layer, hardware, seed_for(seed, index), weight_range)
        for index, layer in enumerate(network.layers)
    ]
    head = network.head
    made = FeedForward(
        layers,
        network.classes,
        normalization=network.normalization,
        head=head is not None,
        read_from=network.read_from,
    )
    if head is not None and made.head is not None:
        made.head.load_state_dict(head.state_dict())
    return made


def _on_tile(
    layer: LocalLayer, hardware: ResistiveDevice, seed: int, weight_range: Range
) -> LocalLayer:
    kinds: dict[type, Any] = {Dense: AnalogDense, LabelledDense: AnalogLabelledDense}
    if type(layer) not in kinds or not isinstance(layer, Dense | LabelledDense):
        raise UsageError(
            f"a {type(layer).__name__} layer has no tile; Dense and LabelledDense layers have"
        )
    ranges = {"weight_range": weight_range(layer.weight)}
    if isinstance(layer, LabelledDense):
        ranges["label_range"] = weight_range(layer.label_weight)
    made: LocalLayer = kinds[type(layer)](
        **layer.parts(),
        **ranges,
        hardware=hardware,
        seed=seed,
        matmul_dtype=layer.matmul_dtype,
        generator=torch.Generator().manual_seed(0),  # draws what the next line overwrites
        device=layer.weight.device,
        dtype=layer.weight.dtype,
    )
    made.load_state_dict(layer.state_dict(), strict=False)
    for weight in tile_weights(made):
        weight.tile.write(weight)
    return made

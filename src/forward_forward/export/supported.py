"""Which nets can leave torch behind: the check that every export begins with."""

from typing import cast

from torch import nn

from forward_forward.errors import UsageError
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.networks.feed_forward import FeedForward


def exportable(network: nn.Module) -> FeedForward:
    """Return the network, a `FeedForward` of a `LabelledDense` and `Dense` layers above it.

    Raises:
        UsageError: it is another kind of net; the message says which.

    Example:
        >>> exportable(nn.Linear(2, 2))
        Traceback (most recent call last):
        ...
        forward_forward.errors.UsageError: a Linear cannot be exported; only a feed-forward net of images and
        labels, in fully connected layers, can
    """
    unfit = _unfit(network)
    if unfit is not None:
        raise UsageError(
            f"{unfit} cannot be exported; only a feed-forward net of images and labels, "
            "in fully connected layers, can"
        )
    return cast("FeedForward", network)


def first_layer(network: FeedForward) -> LabelledDense:
    """Return the layer that reads image and label, of a net that is exportable."""
    return cast("LabelledDense", network.layers[0])


def dense_layers(network: FeedForward) -> list[Dense]:
    """Return the layers above it, bottom to top."""
    return [cast("Dense", layer) for layer in network.layers[1:]]


def _unfit(network: nn.Module) -> str | None:
    """Return what a net is, in words, where that keeps it from being exported."""
    if not isinstance(network, FeedForward):
        return f"a {type(network).__name__}"
    if network.reads_symbols:
        return "a net that reads text"
    if not network.labelled:
        return "a net that learned without labels"
    if type(network) is not FeedForward:  # it may put something in between layers
        return f"a {type(network).__name__}"
    if not all(bool(weight.isfinite().all()) for weight in network.parameters()):
        return "a net whose weights are not all finite"
    for number, layer in enumerate(network.layers, start=1):
        unfit = _unfit_layer(layer, LabelledDense if number == 1 else Dense)
        if unfit is not None:
            return f"a net whose layer {number} {unfit}"
    return None


def _unfit_layer(layer: LocalLayer, kind: type[LocalLayer]) -> str | None:
    if type(layer) is not kind:
        return f"is a {type(layer).__name__}"
    return None if layer.blocks == 1 else f"has {layer.blocks} blocks"

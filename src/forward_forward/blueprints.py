"""Networks as plain JSON and back: a model file names its kind of network and the network's parts."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from forward_forward.baselines.backprop import Perceptron
from forward_forward.baselines.local import LocalPerceptron
from forward_forward.baselines.text import TextPerceptron
from forward_forward.errors import UsageError
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent import Recurrent

LARGEST = 1e15
"""Numbers beyond are no sizes and no settings of a net; a seed may be any of 64 bits."""
RIVALS: dict[str, Any] = {kind.__name__: kind for kind in (Perceptron, TextPerceptron)}
NETWORKS: dict[str, Any] = {
    kind.__name__: kind for kind in (FeedForward, Recurrent, LocalPerceptron)
}


def describe_network(network: nn.Module) -> dict[str, Any]:
    """Return what `build_network` builds the same network from, weights aside.

    Raises:
        UsageError: there is no format for such a network.
    """
    described: Any = network
    if isinstance(network, tuple(NETWORKS.values())) or type(network) in RIVALS.values():
        return {"type": type(network).__name__, "config": described.config()}
    raise UsageError(f"a {type(network).__name__} has no model format; keep its state_dict()")


def build_network(described: Mapping[str, Any]) -> nn.Module:
    """Build a network from what `describe_network` returned; its weights are not drawn anew in a known way.

    Raises:
        FFError, KeyError, TypeError, ValueError: the description is none.
    """
    check_numbers(described)
    config = dict(described["config"])
    if described["type"] in NETWORKS:
        network: nn.Module = NETWORKS[described["type"]].from_config(config)
        return network.eval()
    if described["type"] in RIVALS:
        network = RIVALS[described["type"]](**config, generator=torch.Generator())
        return network.eval()
    raise ValueError(
        f"{described['type']!r} is no network of this package; build one's own in Python and restore its tensors"
    )


def black_boxes(described: Any) -> list[str]:
    """Return the names of the black boxes in what `describe_network` returned: programs, which no file holds."""
    config = described.get("config") if isinstance(described, dict) else None
    boxes = config.get("boxes") if isinstance(config, dict) else None
    found = boxes if isinstance(boxes, list) else []
    return [str(box.get("black_box")) for box in found if isinstance(box, dict)]


def check_numbers(value: Any, name: str = "") -> None:
    """Raise a `ValueError` for a number that belongs to no net: not a number, infinite, or beyond `LARGEST`."""
    if isinstance(value, dict):
        for key, part in value.items():
            check_numbers(part, str(key))
    elif isinstance(value, list):
        for part in value:
            check_numbers(part, name)
    elif isinstance(value, int | float) and not abs(value) <= (
        2**64 if name == "seed" else LARGEST
    ):
        raise ValueError(f"{name} is {str(value)[:20]}, which no net can have")

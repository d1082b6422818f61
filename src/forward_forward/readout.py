"""Readouts: from a trained network to a score per class."""

from typing import Any

import torch
from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.labels import every_label, one_of_n
from forward_forward.layers.labelled_dense import Projection
from forward_forward.networks.feed_forward import FeedForward

ROWS = 2000
"""Pairs of image and label in a layer at a time, on a CPU: of more, activities would no longer fit the caches."""


@torch.no_grad()
def goodness_per_label(network: FeedForward, images: Any, codes: Tensor | None = None) -> Tensor:
    """Return the goodness of every layer with every label, `[L, B, C]`.

    The image's share of the first layer is computed once for all labels.

    Arguments:
        images: `[B, D]` or their `Projection`.
        codes: label codes to ask about, `[K, 1 or B, C]`; None asks about all C.
    """
    if not network.labelled:
        raise UsageError(
            "this net learned without labels: its goodness says how real an image is, not which class; "
            "read it with the softmax"
        )
    if codes is None:
        codes = every_label(network.classes, next(network.parameters()))
    projection = network.project(images)
    on_cpu = projection.images.device.type == "cpu"
    portion = max(1, ROWS // len(projection.images)) if on_cpu else len(codes)
    return torch.cat([_goodness(network, projection, some) for some in codes.split(portion)], dim=2)


def _goodness(network: FeedForward, projection: Projection, codes: Tensor) -> Tensor:
    activities = network.activities(projection, codes)
    goodness = [
        layer.goodness(y).view(len(codes), -1).t()
        for layer, y in zip(network.layers, activities, strict=True)
    ]
    return torch.stack(goodness)


def accumulated_goodness(
    network: FeedForward, images: Any, layers: range | list[int] | None = None
) -> Tensor:
    """Return Σ over layers of the goodness with each label, `[B, C]`; the largest is the answer (§3.3).

    Arguments:
        layers: which layers count; None takes `network.read_from` and above.
    """
    goodness = goodness_per_label(network, images)
    return network.read(goodness) if layers is None else goodness[list(layers)].sum(0)


def one_pass_softmax(network: FeedForward, images: Any) -> Tensor:
    """Return the head's logits `[B, C]` from one pass with the neutral label: quick, a little worse (§3.3)."""
    return network.one_pass(images)[1]


@torch.no_grad()
def shortlist(network: FeedForward, images: Any, k: int = 3) -> Tensor:
    """Return scores `[B, C]`: the softmax names k labels, goodness decides among them, the rest get −inf.

    Raises:
        UsageError: when k is not in 1..C, or the network has no head.
    """
    if not 1 <= k <= network.classes:
        raise UsageError(f"a shortlist of {k} labels; there are {network.classes}")
    projection = network.project(images)
    named = network.one_pass(projection)[1].topk(k, dim=1).indices
    codes = one_of_n(named.t(), network.classes, next(network.parameters()))
    goodness = network.read(goodness_per_label(network, projection, codes))
    scores = goodness.new_full((len(named), network.classes), float("-inf"))
    return scores.scatter(1, named, goodness)

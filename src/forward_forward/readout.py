"""Readouts: from a trained network to a score per class."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.labels import every_label, one_of_n
from forward_forward.networks.network import Network
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.state import Frame

ROWS = 2000
"""Pairs of image and label in a layer at a time, on a CPU: of more, activities would no longer fit the caches."""


@torch.no_grad()
def goodness_per_label(network: Network, images: Any, codes: Tensor | None = None) -> Tensor:
    """Return the goodness of every layer with every label, `[L, B, C]`.

    The image's share of the first layer is computed once for all labels.

    Arguments:
        images: `[B, D]`, or what the network's `project` made of them.
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
    batch = projection.images.shape[-2]
    portion = max(1, ROWS // batch) if projection.images.device.type == "cpu" else len(codes)
    parts = [network.label_goodness(projection, some) for some in codes.split(portion)]
    return torch.cat(parts, dim=2)


def goodness_by_frame(
    network: Recurrent, frames: Iterable[Tensor | Frame], codes: Tensor
) -> Iterator[Tensor]:
    """Yield the goodness of every layer with each label, averaged over the iterations on each frame, `[L, B, K]`.

    Arguments:
        network: goes on from frame to frame.
        frames: each `[B, D]`, or what the network's `project` made of it.
        codes: label codes to ask about, `[K, 1 or B, C]`.
    """
    state = None
    for frame in frames:
        goodness, state = network.run(network.project(frame), codes, state)
        yield goodness.mean(0).transpose(1, 2)


def accumulated_goodness(
    network: Network, images: Any, layers: range | list[int] | None = None
) -> Tensor:
    """Return Σ over layers of the goodness with each label, `[B, C]`; the largest is the answer (§3.3).

    Arguments:
        layers: which layers count; None takes `network.read_from` and above.
    """
    goodness = goodness_per_label(network, images)
    return network.read(goodness) if layers is None else goodness[list(layers)].sum(0)


def one_pass_softmax(network: Network, images: Any) -> Tensor:
    """Return the head's logits `[B, C]` from one pass without a label of its own: quick, a little worse (§3.3)."""
    return network.one_pass(images)[1]


@torch.no_grad()
def shortlist(network: Network, images: Any, k: int = 3) -> Tensor:
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

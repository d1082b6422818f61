"""Negatives: what a network should find unreal.

A negatives function takes a batch and returns the network's inputs for the positive and for the negative pass,
`(pos, neg)`, each a tuple with one entry per input of the first layer. An entry that is the same object in both
is computed once. Every draw comes from the generator that is passed in.

    function(images, labels, *, network, generator, logits) -> (pos, neg)

    images: `[B, D]`, or what the network's `project` made of them; labels: `[B]` integers; network: for negatives it
    makes itself; logits: `[B, C]` of the one-pass softmax, None where the network has no head.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.labels import one_of_n, random_wrong
from forward_forward.networks.network import Network
from forward_forward.readout import goodness_per_label

Inputs = tuple[Any, ...]
Negatives = Callable[..., tuple[Inputs, Inputs]]


def stack(pos: Inputs, neg: Inputs) -> Inputs:
    """Return one block of inputs, positives first; an entry shared by both passes stays single."""
    return tuple(p if p is n else torch.cat([p, n]) for p, n in zip(pos, neg, strict=True))


def random_wrong_label(
    images: Any,
    labels: Tensor,
    *,
    network: Network,
    generator: torch.Generator,
    logits: Tensor | None = None,
) -> tuple[Inputs, Inputs]:
    """Pair each image with a label drawn evenly from the wrong ones; never the true one."""
    wrong = random_wrong(labels, network.classes, generator)
    return _labelled(images, labels, wrong, network)


def shifted_label(
    images: Any,
    labels: Tensor,
    *,
    network: Network,
    generator: torch.Generator,
    logits: Tensor | None = None,
) -> tuple[Inputs, Inputs]:
    """Pair each image with the label that lies so many further on, round and round: one draw for the whole batch.

    Images that are equal get equal labels, so one that is there twice teaches what one of twice the weight does.
    """
    offset = torch.randint(1, network.classes, (1,), generator=generator, device=labels.device)
    return _labelled(images, labels, (labels + offset) % network.classes, network)


def shuffled_label(
    images: Any,
    labels: Tensor,
    *,
    network: Network,
    generator: torch.Generator,
    logits: Tensor | None = None,
) -> tuple[Inputs, Inputs]:
    """Pair each image with another image's label, as widely copied ports do: one in C is the true one."""
    order = torch.randperm(len(labels), generator=generator, device=labels.device)
    return _labelled(images, labels, labels[order], network)


def hard_by_softmax(
    images: Any,
    labels: Tensor,
    *,
    network: Network,
    generator: torch.Generator,
    logits: Tensor | None = None,
) -> tuple[Inputs, Inputs]:
    """Draw a wrong label in proportion to the one-pass softmax, the true one masked (§3.3).

    Raises:
        UsageError: when the network has no softmax head.
    """
    if logits is None:
        raise UsageError(
            "hard_by_softmax needs the network's softmax head; build it with head=True"
        )
    return _labelled(images, labels, _draw_wrong(logits, labels, generator), network)


def hard_by_goodness(
    images: Any,
    labels: Tensor,
    *,
    network: Network,
    generator: torch.Generator,
    logits: Tensor | None = None,
) -> tuple[Inputs, Inputs]:
    """Draw a wrong label in proportion to the root of the goodness it gets; costs C more passes."""
    goodness = network.read(goodness_per_label(network, images))
    above = goodness - goodness.amin(1, keepdim=True).clamp(max=0)
    return _labelled(
        images, labels, _draw_wrong((above + 1e-6).log() / 2, labels, generator), network
    )


def _labelled(
    images: Any, labels: Tensor, wrong: Tensor, network: Network
) -> tuple[Inputs, Inputs]:
    like = next(network.parameters())
    codes = (one_of_n(y, network.classes, like).unsqueeze(0) for y in (labels, wrong))
    pos, neg = ((images, code) for code in codes)
    return pos, neg


def _draw_wrong(logits: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Draw from softmax(logits) with the true label masked, by the Gumbel trick: no host waits."""
    uniform = torch.rand(logits.shape, generator=generator, device=logits.device)
    gumbel = -(-uniform.clamp(1e-7, 1 - 1e-7).log()).log()
    return (logits + gumbel).scatter(1, labels.unsqueeze(1), float("-inf")).argmax(1)

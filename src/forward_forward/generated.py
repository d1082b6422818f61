"""Negatives that a net makes itself, symbol by symbol (§4.1)."""

import torch
from torch import Tensor

from forward_forward.networks.feed_forward import FeedForward


def predicted_last(
    images: Tensor,
    labels: Tensor,
    *,
    network: FeedForward,
    generator: torch.Generator,
    logits: Tensor | None = None,
) -> tuple[tuple[Tensor], tuple[Tensor]]:
    """Pair each window of symbols with itself, its last symbol replaced by the net's own prediction (§4.1).

    Teacher forcing: the prediction is drawn from the softmax of the window before, and all symbols but the last are
    those of the text.

    Arguments:
        images: windows and the one symbol before each, `[B, 1 + T]` indices.
    """
    _, given = network.one_pass(images[:, :-1])
    drawn = torch.multinomial(given.softmax(1), 1, generator=generator)
    return (images[:, 1:],), (torch.cat([images[:, 1:-1], drawn], dim=1),)


predicted_last.labelled = False  # type: ignore[attr-defined]

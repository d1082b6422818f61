"""Nets that read text: a window of symbols below, a softmax that says which one comes next above."""

from collections.abc import Sequence
from typing import Any

import torch

from forward_forward.data.text import Windows
from forward_forward.layers.dense import Dense
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.layers.symbols import Symbols
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator


def reading_network(
    data: Windows,
    widths: Sequence[int],
    seed: int,
    device: str = "cpu",
    *,
    matmul_dtype: torch.dtype | None = None,
    **parts: Any,
) -> FeedForward:
    """Return the net of figure 4: hidden layers over a window of text, a softmax on all of them.

    Arguments:
        data: what it is to read; only its window and symbols count.
        widths: units of each layer, bottom to top.
        seed: of the weights.
        device: as torch spells it.
        matmul_dtype: None chooses the fast one for the device.
        parts: goodness, loss, peer of each layer.
    """
    draw = generator(seed, "weights")
    dtype = matmul_dtype or fast_matmul_dtype(device)
    parts = {**parts, "generator": draw, "device": device, "matmul_dtype": dtype}
    first: LocalLayer = Symbols(data.window, data.classes, widths[0], **parts)
    above = [Dense(i, o, **parts) for i, o in zip(widths, widths[1:], strict=False)]
    return FeedForward([first, *above], data.classes, read_from=0)

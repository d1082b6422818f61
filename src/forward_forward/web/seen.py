"""What can be seen of a net as it learns: what its first units look for, and how goodness spreads."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from forward_forward.data import Dataset
from forward_forward.exhibits import packed, receptive_weights
from forward_forward.labels import one_of_n, random_wrong
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import generator

UNITS, BINS, IMAGES = 32, 32, 240
OUTLIERS = 99.5
"""Weights beyond this percentile of their sizes are drawn as if they lay there."""


class Spread:
    """How goodness spreads over images with their own label and with a wrong one, layer by layer.

    Arguments:
        data: the images are the first of its test split, which is held out from learning.
    """

    def __init__(self, data: Dataset) -> None:
        self.images = data.test.images[:IMAGES]
        labels = data.test.labels[:IMAGES]
        draw = generator(0, "page", device=labels.device)
        self.labels = [labels, random_wrong(labels, data.classes, draw)]

    @torch.no_grad()
    def __call__(self, network: FeedForward) -> list[dict[str, Any]]:
        """Return for each layer the range of goodness, the counts of both kinds in it, and their means."""
        like = next(network.parameters())
        codes = torch.stack([one_of_n(y, network.classes, like) for y in self.labels])
        goodness = network.label_goodness(self.images, codes)
        return [_counts(layer[:, 0], layer[:, 1]) for layer in goodness.float().cpu()]


def first_units(network: FeedForward, shape: tuple[int, int, int]) -> dict[str, Any]:
    """Return the incoming weights of the first units of the first layer, packed small, and an image's shape."""
    weights = receptive_weights(network)
    if weights is None:
        return {}
    return {"image": list(shape), **packed(_tamed(weights[:, :UNITS].T))}


def _tamed(weights: NDArray[np.floating]) -> NDArray[np.floating]:
    limit = float(np.percentile(np.abs(weights), OUTLIERS)) or 1.0
    return np.clip(weights, -limit, limit)


def _counts(pos: Tensor, neg: Tensor) -> dict[str, Any]:
    both = torch.cat([pos, neg])
    low, high = float(both.min()), float(both.max())
    high = high if high > low else low + 1
    return {
        "low": low,
        "high": high,
        "positive": torch.histc(pos, BINS, low, high).int().tolist(),
        "negative": torch.histc(neg, BINS, low, high).int().tolist(),
        "means": [float(pos.mean()), float(neg.mean())],
    }

"""What pictures are made of: what a first layer looks for, and hybrid images; packed small enough for a record."""

import base64
from typing import Any

import numpy as np
import torch

from forward_forward.data import Dataset
from forward_forward.errors import DataError
from forward_forward.hybrids import HybridImages, blurred_mask
from forward_forward.labels import overlay
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.local_fields import LocalFields
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.wiring import IMAGE
from forward_forward.randomness import generator

BLURS = (0, 1, 3, 6, 12)
"""How often the masks of hybrid images that are shown are blurred."""
UNITS = 100
"""Units of which the record keeps what they look for, as many as figure 2 of Hinton 2022 shows."""


def receptive_weights(network: FeedForward | Recurrent) -> np.ndarray | None:
    """Return the first layer's incoming weights `[D, U]`; where a label covers pixels, the label's weights.

    Of a recurrent net those by which its first layer hears the image. None for a layer of another kind.
    """
    first = network.layers[0]
    if isinstance(network, Recurrent):
        first = network.layers[0].connections[network.wiring[0].index(IMAGE)]
    if isinstance(first, LocalFields):
        return np.asarray(first.dense_weight().float().cpu())
    if isinstance(first, Dense):
        return np.asarray(first.weight.detach().float().cpu())
    if not isinstance(first, LabelledDense):
        return None
    weight = first.weight.detach().clone()
    if first.place is overlay:
        weight[: first.classes] = first.label_weight.detach() * first.strength
    return np.asarray(weight.float().cpu())


def hybrids_of(data: Dataset, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return masks `[K, count, H, W]` and hybrids `[K, count, D]` of the first test images, by number of blurs."""
    images = data.test.images[:20]
    masks, hybrids = [], []
    for number in BLURS:
        draws = [generator(0, "hybrids", device=images.device) for _ in range(2)]
        masks.append(blurred_mask(len(images), data.shape[1:], number, draws[0])[:count])
        _, (made,) = HybridImages(data.shape, number)(images, generator=draws[1])
        hybrids.append(made[:count])
    return torch.stack(masks).cpu().numpy(), torch.stack(hybrids).cpu().numpy()


def first_layer(network: FeedForward | Recurrent, data: Dataset) -> dict[str, Any]:
    """Return, for a record, the incoming weights of the units of the first layer with the largest norms."""
    weights = receptive_weights(network)
    if weights is None:
        return {}
    chosen = np.argsort(-np.linalg.norm(weights, axis=0), kind="stable")[:UNITS]
    return {"first_layer": {"image": list(data.shape), **packed(weights[:, chosen])}}


def hybrid_images(data: Dataset) -> dict[str, Any]:
    """Return, for a record, hybrid images and their masks."""
    masks, hybrids = hybrids_of(data)
    found = {"image": list(data.shape), "masks": packed(masks), "hybrids": packed(hybrids)}
    return {"hybrid_images": found}


def packed(values: np.ndarray) -> dict[str, Any]:
    """Return an array as plain JSON, each value as one of 255 levels between −largest and largest.

    Example:
        >>> packed(np.array([[1.0, -0.5]]))
        {'shape': [1, 2], 'largest': 1.0, 'levels': 'f8A='}
    """
    largest = float(np.abs(values).max()) or 1.0
    levels = np.round(values / largest * 127).astype(np.int8)
    # without slashes: a record shortens what looks like a path
    text = base64.urlsafe_b64encode(levels.tobytes()).decode("ascii")
    return {"shape": list(values.shape), "largest": round(largest, 6), "levels": text}


def unpacked(found: Any) -> np.ndarray:
    """Return the array that `packed` made plain.

    Raises:
        DataError: that is not what it is.
    """
    try:
        levels = np.frombuffer(base64.urlsafe_b64decode(found["levels"]), dtype=np.int8)
        return np.asarray(levels.reshape(found["shape"]) / 127 * float(found["largest"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"a record's picture is damaged: {error!r}") from None

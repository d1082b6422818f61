"""What pictures are made of: first layers, hybrid images, a recurrent net by iteration; small enough for a record."""

import base64
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from forward_forward.context import cancelled
from forward_forward.data import Dataset
from forward_forward.errors import DataError
from forward_forward.hybrids import HybridImages, blurred_mask
from forward_forward.labels import every_label, one_of_n, overlay
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
TRACED = 1000
"""Test images whose way through the iterations is traced, at most."""
SIDES = ("positive", "negative")


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
    """Return masks `[K, count, H, W]` and hybrids `[K, count, D]` of test images, by number of blurs."""
    images = data.test.images[:: max(1, len(data.test) // 20)][:20]  # which may lie sorted by class
    masks, hybrids = [], []
    for number in BLURS:
        draws = [generator(0, "hybrids", device=images.device) for _ in range(2)]
        masks.append(blurred_mask(len(images), data.shape[1:], number, draws[0])[:count])
        _, (made,) = HybridImages(data.shape, number)(images, generator=draws[1])
        hybrids.append(made[:count])
    return torch.stack(masks).cpu().numpy(), torch.stack(hybrids).cpu().numpy()


def by_iteration(network: Recurrent, data: Dataset) -> dict[str, Any]:
    """Return what happens in a recurrent net from iteration to iteration, over test images, as plain JSON.

    Of each layer the share of its input from below that its input from above cancels; where a label feeds the net, each
    layer's goodness too, and the error in percent were one iteration to count alone. `positive` is the true label and
    `negative` the wrong one of highest goodness, or, in a net without labels, images and hybrids of them.
    """
    if not network.labelled:
        sides = dict(zip(SIDES, images_and_hybrids(data), strict=True))
        shares = {side: cancelled(network, shown, None) for side, shown in sides.items()}
        return {
            "cancelled_by_iteration": {s: _means(share[:, :, 0]) for s, share in shares.items()}
        }
    images, labels = data.test.images[:TRACED], data.test.labels[:TRACED]
    goodness, _ = network.run(network.project(images), every_label(data.classes, images))
    answers = goodness.sum(1)  # [T, K, B]
    wrong = answers.sum(0).scatter(0, labels.unsqueeze(0), float("-inf")).argmax(0)
    chosen = dict(zip(SIDES, (labels, wrong), strict=True))
    codes = torch.stack([one_of_n(label, data.classes, images) for label in chosen.values()])
    share = cancelled(network, images, codes)
    return {
        "error_by_iteration": [
            round(100 * float((row.argmax(0) != labels).float().mean()), 3) for row in answers
        ],
        "goodness_by_iteration": {
            side: _means(goodness.gather(2, label.expand(*goodness.shape[:2], 1, -1)).squeeze(2))
            for side, label in chosen.items()
        },
        "cancelled_by_iteration": {s: _means(share[:, :, k]) for k, s in enumerate(SIDES)},
    }


def images_and_hybrids(data: Dataset) -> tuple[Tensor, Tensor]:
    """Return the test images `[B, D]` that iterations are traced on, and hybrids of them."""
    images = data.test.images[:TRACED]
    draw = generator(0, "hybrids", device=images.device)
    (real,), (hybrid,) = HybridImages(data.shape)(images, generator=draw)
    return real, hybrid


def _means(values: Tensor) -> list[list[float | None]]:
    """Return means over images of values `[T, L, B]`, those that are NaN apart; None where there is no other."""
    rows: list[list[float]] = values.nanmean(-1).tolist()
    return [[None if math.isnan(v) else round(v, 5) for v in row] for row in rows]


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

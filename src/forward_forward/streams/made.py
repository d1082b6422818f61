"""Streams that are made, and change abruptly: to show recovery from drift, and to measure speed and memory."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from forward_forward.randomness import seed_for


def hyperplane(
    length: int, drifts: Sequence[int] = (), columns: int = 10, noise: float = 0.0, seed: int = 0
) -> Iterator[tuple[Any, str]]:
    """Yield points in [0, 1]^F that a plane through the middle parts in two; at each drift it is another plane.

    References:
        Hulten, Spencer and Domingos 2001, "Mining time-changing data streams": the plane, which there turns slowly.

    Arguments:
        length: samples.
        drifts: the sample, from 0, at which a new plane is drawn.
        columns: F.
        noise: share of labels that are turned round.

    Example:
        >>> [label for _, label in hyperplane(6, seed=1)]
        ['above', 'above', 'above', 'below', 'below', 'above']
    """
    draw = np.random.default_rng(seed_for(seed, "hyperplane"))
    ends = [*sorted(drift for drift in drifts if 0 < drift < length), length]
    for begin, end in zip([0, *ends], ends, strict=False):
        normal = draw.standard_normal(columns)
        for first in range(begin, end, 1000):
            points = draw.random((min(1000, end - first), columns))
            above = ((points - 0.5) @ normal > 0) != (draw.random(len(points)) < noise)
            for point, is_above in zip(points, above.tolist(), strict=True):
                yield point, "above" if is_above else "below"


def relabelled(
    images: Any, labels: Any, drift: int, length: int, classes: int = 10, seed: int = 0
) -> Iterator[tuple[Any, int]]:
    """Yield images in random order, as often as it takes; from sample `drift` on every label is the next higher one.

    Arguments:
        images: `[N, D]`.
        labels: `[N]`, 0 to C − 1; after the last comes 0.
        drift: sample, from 0.
        length: samples; beyond N images come again, in another order.
        classes: C.
    """
    draw = np.random.default_rng(seed_for(seed, "relabelled"))
    order = np.empty(0, dtype=np.int64)
    for number in range(length):
        if not len(order):
            order = draw.permutation(len(images))
        row, order = order[0], order[1:]
        yield images[row], int((labels[row] + (number >= drift)) % classes)

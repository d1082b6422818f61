"""Rows that are not normal, made of normal ones: the negatives of a detector, one function each.

function(rows, draw) -> as many rows

rows: `[N, F]`, scaled to [0, 1] by each column's range; draw: a numpy generator, the only source of chance.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Abnormal = Callable[[Floats, np.random.Generator], Floats]


def uniform(rows: Floats, draw: np.random.Generator) -> Floats:
    """Draw every value evenly from its column's range."""
    return draw.random(rows.shape)


def beyond(rows: Floats, draw: np.random.Generator) -> Floats:
    """Move each row along the difference of two others, N(0, 1.5²) times as far: columns stay in step, sizes do not."""
    one, other = draw.permutation(len(rows)), draw.permutation(len(rows))
    steps = 1.5 * draw.standard_normal((len(rows), 1))
    return np.clip(rows + steps * (rows[one] - rows[other]), 0, 1)


def shuffled(rows: Floats, draw: np.random.Generator) -> Floats:
    """Shuffle each column by itself: every value is normal, their company is not."""
    return draw.permuted(rows, axis=0)


def hybrids(rows: Floats, draw: np.random.Generator) -> Floats:
    """Take about half of each row's columns from another row."""
    others = rows[draw.permutation(len(rows))]
    return np.where(draw.random(rows.shape) < 0.5, rows, others)


def mixed(rows: Floats, draw: np.random.Generator) -> Floats:
    """Make half of the rows by `uniform`, the others by `beyond`."""
    half = len(rows) // 2
    return np.concatenate([uniform(rows[:half], draw), beyond(rows, draw)[half:]])

"""Digits: 1,797 handwritten digits, 8×8 grey, 0 = background, 1 = ink; ships with scikit-learn.

The set has no official split, so this one is stated here and never changes: shuffle with
`RandomState(0)`, sort by label keeping that order, and take every fifth, 360, as the test set. Each
class so has the same share of both to within one image. The other 1,437, in shuffled order, are
the training set.

Licence: CC BY 4.0 (UCI Machine Learning Repository).

References:
    Ethem Alpaydin, Cenk Kaynak, *Optical Recognition of Handwritten Digits*, 1998.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.dataset import Dataset
from forward_forward.data.examples import Split

SOURCE = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"
CLASS_NAMES = tuple("0123456789")


def load(directory: Path | None = None) -> Dataset:
    """Read the digits out of scikit-learn.

    Arguments:
        directory: not used: there is no file to look for.

    Returns:
        Images `[1437, 64]` and `[360, 64]`, float32 in [0, 1] in steps of 1/16; labels int64.

    Example:
        >>> digits = load()
        >>> len(digits.train), len(digits.test), digits.classes
        (1437, 360, 10)
    """
    import torch
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = torch.from_numpy((pixels / 16).astype(np.float32))
    targets = torch.from_numpy(labels.astype(np.int64))
    train, test = (
        Split(images[rows], targets[rows]) for rows in map(torch.from_numpy, split(labels))
    )
    return Dataset("digits", 10, (1, 8, 8), train, test, CLASS_NAMES)


def split(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split by the rule above: stratified, and the same on every machine.

    `RandomState` is used because numpy promises that its stream never changes.

    Arguments:
        labels: `[N]`.

    Returns:
        The indices of the training set and of the test set, int64; the latter is a fifth of N,
        rounded up.

    Example:
        >>> train, test = split(np.array([0, 1] * 5))
        >>> len(train), len(test)
        (8, 2)
    """
    order = np.random.RandomState(0).permutation(len(labels))
    test = order[np.argsort(labels[order], kind="stable")][::5]
    return order[~np.isin(order, test)], test

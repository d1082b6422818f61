"""Labels of one's own: which classes there are, and which fifth of each is for the test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.cells import text_of
from forward_forward.errors import DataError

MOST_CLASSES = 1000
MOST_FRACTIONS, MOST_NUMBERS = 10, 100
"""A target of more different numbers than that, the first where some have fractions, is a quantity and no class."""


def class_names_of(what: str, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the different labels, numbers by size and texts by the alphabet.

    Arguments:
        what: the file and its column or folder, for errors.
        labels: one per row, none missing.

    Raises:
        DataError: there are fewer than two classes, more than `MOST_CLASSES`, or they are a quantity.

    Example:
        >>> class_names_of("a.csv", ["10", "9", "10"]), class_names_of("a.csv", ["cat", "ant"])
        (('9', '10'), ('ant', 'cat'))
    """
    names = sorted(set(labels))
    numbers = [number for number in map(_number, names) if number is not None]
    if not names:
        raise DataError(f"{what}: no label at all; there is nothing to learn")
    if len(names) == 1:
        raise DataError(f"{what}: one class alone, {names[0]!r}; give two or more to tell apart")
    if len(numbers) == len(names):
        fractions = any(number % 1 for number in numbers)
        if len(names) > (MOST_FRACTIONS if fractions else MOST_NUMBERS):
            raise DataError(
                f"{what}: {len(names):,} different numbers, a quantity; this net tells classes apart: choose another "
                "target, or cut the numbers into a few ranges"
            )
        names.sort(key=float)
    elif len(names) > MOST_CLASSES or 2 * len(names) > len(labels) > 20:
        raise DataError(
            f"{what}: {len(names):,} classes in {len(labels):,} rows, such as {names[0]!r}; choose a target with "
            "several rows of each class"
        )
    return tuple(names)


def indices_of(labels: Sequence[str], class_names: Sequence[str]) -> NDArray[np.int64]:
    """Return which class each label is, −1 where it is none of them.

    Example:
        >>> indices_of(["b", "c", "a"], ["a", "b"]).tolist()
        [1, -1, 0]
    """
    index = {name: place for place, name in enumerate(class_names)}
    return np.array([index.get(label, -1) for label in labels], np.int64)


def parts_of(
    what: str, labels: NDArray[np.int64], tested: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split rows into training and test, the same on every machine: a fifth of each class, rounded, is for the test.

    Rows are shuffled with `RandomState(0)`, whose stream never changes, and each class gives the first of its own. A
    class of one or two rows is learned and not tested.

    Arguments:
        what: the file, for errors.
        labels: `[N]`.
        tested: which rows are for the test, where that is known.

    Returns:
        The rows of the training set, shuffled, and of the test set.

    Raises:
        DataError: no class has three rows.

    Example:
        >>> train, test = parts_of("a.csv", np.array([0, 1] * 5))
        >>> len(train), len(test)
        (8, 2)
    """
    order = np.random.RandomState(0).permutation(len(labels))
    if tested is None:
        tested = np.zeros(len(labels), bool)
        for label in np.unique(labels):
            own = order[labels[order] == label]
            tested[own[: (2 * len(own) + 5) // 10]] = True
    if not tested.any():
        raise DataError(
            f"{what}: {len(labels)} row{'s' * (len(labels) > 1)}, and no class has three: too few to learn from and to "
            "test on; give more"
        )
    return order[~tested[order]], np.flatnonzero(tested)


def check_learned(
    what: str,
    labels: NDArray[np.int64],
    train: NDArray[np.int64],
    class_names: Sequence[str],
) -> None:
    """Raise a `DataError` for a class that is in the test part alone: nothing could be learned of it.

    Example:
        >>> check_learned("a.csv", np.array([0, 1, 0]), np.array([0, 1]), ["a", "b"])
    """
    alone = np.setdiff1d(labels, labels[train])
    if len(alone):
        raise DataError(
            f"{what}: the class {class_names[alone[0]]!r} is in the test part alone and cannot be learned; spell it as "
            "in the training part, or leave it out"
        )


def no_labels(path: Path) -> DataError:
    """Return what is to be said of arrays without labels."""
    return DataError(f"{path}: no labels; name them `labels` or `y`, beside `images` or `x`")


def rare(labels: NDArray[np.int64], class_names: Sequence[str]) -> str | None:
    """Return in words which classes have too few rows to be tested; None where all have enough.

    Example:
        >>> rare(np.array([0, 0, 0, 1]), ["a", "b"])
        "too few rows to be tested: 'b' (1)"
    """
    counts = np.bincount(labels, minlength=len(class_names))
    few = [f"{name!r} ({counts[i]})" for i, name in enumerate(class_names) if counts[i] < 3]
    more = f" and {len(few) - 5} more" if len(few) > 5 else ""
    return f"too few rows to be tested: {', '.join(few[:5])}{more}" if few else None


def labels_in(path: Path, labels: NDArray[Any] | None, rows: int) -> list[str]:
    """Return an array of labels, numbers or texts, as class names; 3.0 is '3'.

    Raises:
        DataError: there are none, or not one for each row, or they are neither numbers nor texts.

    Example:
        >>> labels_in(Path("a.npz"), np.array([3.0, 0.5]), 2), labels_in(Path("a.npz"), np.array(["a"]), 1)
        (['3', '0.5'], ['a'])
    """
    if labels is None:
        raise no_labels(path)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (rows,) or labels.dtype.kind not in "buifU":
        raise DataError(
            f"{path}: labels of {labels.shape} {labels.dtype} for {rows:,} inputs; give one number or text for each"
        )
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise DataError(f"{path}: labels that are NaN or infinite; mend them")
    return [text_of(label) for label in labels.tolist()]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None

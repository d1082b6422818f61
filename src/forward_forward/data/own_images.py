"""Images of one's own with their classes: a folder with one folder of pictures per class, or arrays in a `.npz`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.arrays import read_examples
from forward_forward.data.dataset import Dataset
from forward_forward.data.examples import Split
from forward_forward.data.image_file import checked_images
from forward_forward.data.image_folder import pictures_in, read_pictures
from forward_forward.data.own_labels import (
    check_learned,
    class_names_of,
    indices_of,
    labels_in,
    parts_of,
    rare,
)
from forward_forward.data.picture import look_at, of_another_size
from forward_forward.data.source import Source
from forward_forward.errors import DataError

Watch = Callable[[int, int], None]

SPLITS = {"train", "test"}
"""Folders of these two names, and of no other, are the two parts."""
PARTS = SPLITS | {"val", "valid", "validation", "dev"}
"""Folders that bear no names but these are parts of another custom, and no classes."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images as they were read, before they are split.

    Arguments:
        values: `[N, D]`, in [0, 1].
        labels: names of classes, N of them.
        shape: (channels, height, width).
        tested: which are for the test, `[N]`; None where nothing says so.
        note: what was not read, in words.
    """

    values: NDArray[np.float32]
    labels: list[str]
    shape: tuple[int, int, int]
    tested: NDArray[np.bool_] | None = None
    note: str | None = None


def load_images(
    path: Path, size: int | None = None, watch: Watch = lambda done, of: None
) -> Dataset:
    """Read images to learn from; where nothing says which are for the test, a fifth of each class is.

    Arguments:
        path: a folder, as `read_folder` reads it, or a `.npz`, as `read_stack` does.
        size, watch: of a folder.

    Raises:
        DataError: they cannot be read or learned from.
    """
    read = read_folder(path, size, watch) if path.is_dir() else read_stack(path)
    if path.is_dir() and read.tested is None:
        _check_classes(path, sorted(set(read.labels)))
    class_names = class_names_of(str(path), read.labels)
    numbers = indices_of(read.labels, class_names)
    parts = parts_of(str(path), numbers, read.tested)
    check_learned(str(path), numbers, parts[0], class_names)
    train, test = _splits(read, numbers, parts)
    notes = tuple(said for said in (read.note, rare(numbers, class_names)) if said is not None)
    return Dataset(
        path.name, len(class_names), read.shape, train, test, class_names, Source.of(path), size is not None, notes
    )  # fmt: skip


def known_images(
    path: Path,
    shape: tuple[int, int, int],
    class_names: tuple[str, ...],
    scaled: bool,
    learned: bool,
) -> Dataset:
    """Read images to judge a model on.

    Arguments:
        path: a folder or a `.npz`.
        shape, class_names, scaled: the model's.
        learned: whether the model learned from these very images; then they are split as they were, else all are for
            the test.

    Raises:
        DataError: they cannot be read, have another shape, or a class that the model does not know.
    """
    folder = path.is_dir()
    read = read_folder(path, shape[1:] if scaled else None) if folder else read_stack(path)
    if read.shape != shape and folder and shape[0] == 3:  # grey ones, asked in colours
        read = replace(read, values=np.tile(read.values, 3), shape=(3, *read.shape[1:]))
    if read.shape != shape:
        raise of_another_size(path, read.shape, shape)
    numbers = indices_of(read.labels, class_names)
    if (numbers < 0).any():
        unknown = read.labels[int((numbers < 0).argmax())]
        raise DataError(
            f"{path}: the model does not know the class {unknown!r}; leave its images out"
        )
    if learned:
        train, test = _splits(read, numbers, parts_of(str(path), numbers, read.tested))
    else:
        train = test = _splits(read, numbers, [np.arange(len(numbers))])[0]
    return Dataset(path.name, len(class_names), shape, train, test, class_names)


def read_folder(
    folder: Path, size: int | tuple[int, int] | None = None, watch: Watch = lambda done, of: None
) -> Labelled:
    """Read a folder of pictures: `folder/<class>/<picture>`, or `folder/train/<class>/…` and `folder/test/<class>/…`.

    Where one has colours all are read in colours.

    Arguments:
        folder: its pictures may lie deeper; the first folder names the class.
        size: (height, width), or the side of a square, that all are scaled to; None wants them of one size.
        watch: told how many are read, and of how many.

    Raises:
        DataError: there are no folders in it, a picture cannot be read, or they are of different sizes.
    """
    pictures, strangers = pictures_in(folder)
    given = {path.name for path in folder.iterdir() if path.is_dir()} == SPLITS
    parts = [picture.relative_to(folder).parts for picture in pictures]
    labels = [part[given] if len(part) > given + 1 else "" for part in parts]
    if "" in labels or not labels:
        where = (
            f"{pictures[labels.index('')]} lies in no folder of a class" if labels else "no picture"
        )
        raise DataError(f"{folder}: {where}; make a folder for each class, with its pictures in it")
    looks = [look_at(picture) for picture in pictures]
    channels = 3 if any(colours for colours, _, _ in looks) else 1
    height, width = (
        _common_size(pictures, [look[1:] for look in looks]) if size is None else _pair(size)
    )
    shape = (channels, height, width)
    values = read_pictures(pictures, shape, size is not None, watch)
    tested = np.array([part[0] == "test" for part in parts]) if given else None
    others = (
        f"{len(strangers)} files that are no pictures, such as {strangers[0].name}"
        if strangers
        else ""
    )
    return Labelled(values, labels, shape, tested, f"not read: {others}" if others else None)


def read_stack(path: Path) -> Labelled:
    """Read images `[N, H, W]`, `[N, H, W, 3]`, `[N, 3, H, W]`, or bytes `[N, D]`, and their labels from a `.npz`.

    Raises:
        DataError: there are no images or no labels, or they do not fit.
    """
    images, labels, test_images, test_labels = read_examples(path)
    assert images is not None  # or there was an error
    shape = shape_of(path, images)
    values, names = checked_images(path, images, shape), labels_in(path, labels, len(images))
    if test_images is None:
        return Labelled(values, names, shape)
    tests = checked_images(path, test_images, shape)
    names += labels_in(path, test_labels, len(tests))
    tested = np.arange(len(names)) >= len(values)
    return Labelled(np.concatenate([values, tests]), names, shape, tested)


def shape_of(path: Path, images: NDArray[Any]) -> tuple[int, int, int]:
    """Return (channels, height, width) of an array of images; flat ones are square where they can be.

    Raises:
        DataError: it holds no images.
    """
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        return (1, side, side) if side**2 == images.shape[1] else (1, 1, images.shape[1])
    if images.ndim == 4 and images.shape[-1] in (1, 3):
        return images.shape[3], images.shape[1], images.shape[2]
    if images.ndim == 4 and images.shape[1] in (1, 3):
        return images.shape[1], images.shape[2], images.shape[3]
    if images.ndim == 3:
        return 1, images.shape[1], images.shape[2]
    raise DataError(f"{path}: images of {images.shape}; give (N, H, W) or (N, H, W, 3)")


def _check_classes(folder: Path, names: Sequence[str]) -> None:
    """Raise a `DataError` where all folders bear the names of parts, or one alone holds those of the classes."""
    if {name.lower() for name in names} <= PARTS:
        raise DataError(
            f"{folder}: {', '.join(names)} are names of parts, not of classes; let train/ and test/ alone lie there, "
            f"with a folder for each class in them, or give {folder / names[0]}"
        )
    inner = folder / names[0]
    if len(names) == 1 and any(path.is_dir() for path in inner.iterdir()):
        raise DataError(
            f"{folder}: one folder alone, {names[0]!r}, with folders in it; if these are the classes, give {inner}"
        )


def _common_size(pictures: list[Path], sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the size that all have, or name one that has not the most frequent one."""
    ((common, count),) = Counter(sizes).most_common(1)
    if count < len(sizes):
        place = next(i for i, size in enumerate(sizes) if size != common)
        odd, most = (f"{height}×{width}" for height, width in (sizes[place], common))
        raise DataError(
            f"{pictures[place]}: {odd}, most are {most}; add --size N to scale all pictures to N×N"
        )
    return common


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _splits(
    read: Labelled, numbers: NDArray[np.int64], parts: Sequence[NDArray[np.int64]]
) -> list[Split]:
    import torch

    return [
        Split(torch.from_numpy(read.values[rows]), torch.from_numpy(numbers[rows]))
        for rows in parts
    ]

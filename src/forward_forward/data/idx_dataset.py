"""Data sets of four idx files: images and labels, to train and to test."""

from collections.abc import Iterable
from pathlib import Path

from forward_forward.data.dataset import Dataset, check_labels
from forward_forward.data.examples import Split
from forward_forward.data.idx import FETCH, read_pair
from forward_forward.data.location import locate
from forward_forward.errors import DataError


def read_idx_dataset(
    name: str,
    files: Iterable[str],
    class_names: tuple[str, ...],
    data_dir: Path | None = None,
    size: tuple[int, int] = (28, 28),
) -> Dataset:
    """Read a data set of grey images from its four idx files.

    Arguments:
        name: the data set, and so the name of its folder.
        files: training images, training labels, test images, test labels.
        class_names: one per class.
        data_dir: the only folder to search for `<name>/`; see `location.roots`.
        size: (height, width) that each image must have, in pixels.

    Returns:
        The data set; a byte b becomes b / 255.

    Raises:
        DataError: a file is missing or damaged, its images have another size, or a label has no
            class.
    """
    train_images, train_labels, test_images, test_labels = locate(name, files, data_dir)
    classes = len(class_names)
    train = _read_split(train_images, train_labels, size, classes)
    test = _read_split(test_images, test_labels, size, classes)
    return Dataset(name, classes, (1, *size), train, test, class_names)


def _read_split(images_path: Path, labels_path: Path, size: tuple[int, int], classes: int) -> Split:
    import torch

    images, labels = read_pair(images_path, labels_path)
    if images.shape[1:] != size:
        height, width = images.shape[1:]
        raise DataError(
            f"{images_path}: images of {height}×{width}, not {size[0]}×{size[1]}; "
            "use the files of this set"
        )
    pixels = torch.from_numpy(images).flatten(1).to(torch.float32).div_(255)
    targets = torch.from_numpy(labels).to(torch.int64)
    check_labels(labels_path, targets, classes, mend=FETCH)
    return Split(pixels, targets)

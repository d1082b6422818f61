"""The binary version of CIFAR: records of one or two label bytes and 3072 pixel bytes, red, green, blue."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from forward_forward.data.dataset import Dataset, check_labels
from forward_forward.data.examples import Split
from forward_forward.data.location import complete, looked_in
from forward_forward.errors import DataError

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32


def read_cifar(
    name: str,
    folder: str,
    files: Mapping[str, str | None],
    class_names: tuple[str, ...],
    label_bytes: int,
    data_dir: Path | None = None,
) -> Dataset:
    """Read a CIFAR set; its last file is the test split.

    Arguments:
        name: the data set, as errors spell it.
        folder: the folder that its archive unpacks to.
        files: training files in order, then the test file.
        class_names: one per class.
        label_bytes: before each image; the last of them is its class.
        data_dir: the only folder to search for `folder`; see `location.roots`.

    Returns:
        Images `[N, 3072]`, channel by channel, each row by row; a byte b becomes b / 255.

    Raises:
        DataError: a file is missing, cut off, or holds a label without a class.
    """
    paths = complete(folder, files, data_dir)
    if paths is None:
        looked = looked_in(folder, list(files), data_dir)
        raise DataError(
            f"{name} is not on this machine: looked in {looked}; `ff data fetch {name}` says what to get"
        )
    splits = [_read(path, label_bytes, len(class_names)) for path in paths]
    images, labels = zip(*splits[:-1], strict=True)
    train = _split(np.concatenate(images), np.concatenate(labels))
    return Dataset(name, len(class_names), SHAPE, train, _split(*splits[-1]), class_names)


def _read(path: Path, label_bytes: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels `[N, 3072]` and labels `[N]`, as bytes."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the file") from error
    return decode_cifar(raw, path, label_bytes, classes)


def decode_cifar(
    raw: bytes, path: Path, label_bytes: int, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels `[N, 3072]` and labels `[N]`, as bytes, of a file's content; `path` is what an error names.

    Raises:
        DataError: it is cut off, or holds a label without a class.
    """
    import torch

    records = np.frombuffer(raw, dtype=np.uint8)
    length = label_bytes + PIXELS
    if not len(records) or len(records) % length:
        raise DataError(
            f"{path}: {len(records)} bytes are no whole number of records of {length}; "
            "the file is cut off or no CIFAR batch: unpack the archive again"
        )
    records = records.reshape(-1, length)
    labels = records[:, label_bytes - 1]
    check_labels(path, torch.from_numpy(labels.copy()), classes, mend="unpack the archive again")
    return records[:, label_bytes:], labels


def _split(pixels: np.ndarray, labels: np.ndarray) -> Split:
    import torch

    images = torch.from_numpy(np.ascontiguousarray(pixels)).to(torch.float32).div_(255)
    return Split(images, torch.from_numpy(labels.astype(np.int64)))

"""Arrays in numpy's files, without pickles: by name from `.npz`, or the one of a `.npy`."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.idx import LARGEST
from forward_forward.data.picture import UNREADABLE
from forward_forward.data.source import reading
from forward_forward.errors import DataError

INPUTS = ("images", "x", "X", "x_train", "X_train")
LABELS = ("labels", "y", "y_train")
TEST_INPUTS = ("test_images", "x_test", "X_test")
TEST_LABELS = ("test_labels", "y_test")
"""Names in a `.npz`; of each kind the first that is there counts."""


def is_arrays(path: Path) -> bool:
    """Return whether a file's name says that it holds arrays."""
    return path.suffix.lower() in (".npy", ".npz")


def read_arrays(path: Path, *kinds: Sequence[str]) -> list[NDArray[Any] | None]:
    """Return for each kind of names the array of the first name that is there, None where none is.

    The one array of a `.npy`, or a single one in a `.npz`, counts as the first kind whatever it is called.

    Raises:
        DataError: the file cannot be read, holds Python objects, or no array of the first kind.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "a.npz")
        ...     np.savez(file, X=np.zeros((2, 3)), y=np.arange(2))
        ...     [array.shape for array in read_arrays(file, INPUTS, LABELS)]
        [(2, 3), (2,)]
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; give a .npy or .npz file")
    with reading(path) as stream:
        return decode_arrays(stream, path, *kinds)


def read_examples(path: Path) -> list[NDArray[Any] | None]:
    """Return inputs, labels, and both for the test, of a file of arrays; None for what is not there.

    Raises:
        DataError: as `read_arrays`, or of a test there are labels without inputs, or inputs without labels.
    """
    found = read_arrays(path, INPUTS, LABELS, TEST_INPUTS, TEST_LABELS)
    if found[2] is None and found[3] is not None:
        raise DataError(
            f"{path}: labels for a test without its inputs; name these `{TEST_INPUTS[1]}`, or leave both out"
        )
    if found[1] is not None and found[2] is not None and found[3] is None:
        raise DataError(
            f"{path}: inputs for a test without their labels; name them `{TEST_LABELS[1]}`, or leave both out"
        )
    return found


def decode_arrays(stream: BinaryIO, path: Path, *kinds: Sequence[str]) -> list[NDArray[Any] | None]:
    """Return what `read_arrays` does of an open file; `path` is what an error names."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return [loaded, *(None for _ in kinds[1:])]
            return _members(path, loaded, kinds)
    except UNREADABLE as error:
        text = " ".join(str(error).split())
        if "allow_pickle" in text:
            text = "it holds Python objects, which are not read; save numbers"
        raise DataError(f"{path}: no array that can be read ({text})") from None


def _members(path: Path, archive: Any, kinds: Sequence[Sequence[str]]) -> list[NDArray[Any] | None]:
    known = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if any(entry.compress_type not in known for entry in archive.zip.infolist()):
        raise DataError(f"{path}: packed in a way that numpy does not; save it with numpy.savez")
    names = archive.files
    found = [next((name for name in kind if name in names), None) for kind in kinds]
    if found[0] is None and len(names) == 1:
        found[0] = names[0]
    if found[0] is None:
        raise DataError(f"{path}: holds {', '.join(names) or 'nothing'}; name the images `images`")
    largest = max(entry.file_size for entry in archive.zip.infolist())
    if largest > LARGEST:
        raise DataError(f"{path}: unpacks to {largest:,} bytes, above {LARGEST:,}; split it")
    return [None if name is None else np.asarray(archive[name]) for name in found]

"""Read idx files, the format of MNIST, without trusting a byte of them.

An idx file is 0, 0, the type of its values (8: unsigned byte), the number of dimensions, each
dimension's size as a big-endian 32-bit number, then the values, the last dimension fastest.

References:
    Yann LeCun, Corinna Cortes, Christopher Burges, *The MNIST database of handwritten digits*.
"""

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from forward_forward.errors import DataError

UNSIGNED_BYTE = 8
LARGEST = 2**30
"""Bytes of values above which a header is taken to be damaged; MNIST has 47 million."""
CHUNK = 2**20
FETCH = "delete the file and fetch it again with `ff data fetch`"


class _Damaged(Exception):
    """What is wrong with a file's bytes."""


def read_idx(path: Path, dimensions: int, mend: str = FETCH) -> NDArray[np.uint8]:
    """Read one idx file of unsigned bytes, gzipped or plain, whatever its name ends in.

    Memory grows with the bytes that are there, never with what the header says, and never beyond
    the header's promise by more than a mebibyte.

    Arguments:
        path: the file.
        dimensions: how many dimensions it must have: 3 for images, 1 for labels.
        mend: what to do where the file is damaged.

    Returns:
        A writable uint8 array of as many dimensions, each of size one or more.

    Raises:
        DataError: the file is missing, cannot be read, is truncated, has bytes to spare, is no idx
            file of unsigned bytes with that many dimensions, is a damaged gzip, is empty, or
            promises more than `LARGEST` bytes. The message names the file.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "labels")
        ...     _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
        ...     read_idx(file, dimensions=1)
        array([7, 8, 9], dtype=uint8)
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: not a regular file; give an idx file")
    try:
        with open(path, "rb") as stream:
            return decode_idx(stream, path, dimensions, mend)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; fetch it with `ff data fetch`") from None
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); check the file and its rights"
        ) from error


def decode_idx(
    stream: BinaryIO, path: Path, dimensions: int, mend: str = FETCH
) -> NDArray[np.uint8]:
    """Return the array that an open file holds; `path` is what an error names.

    Raises:
        DataError: as `read_idx`.
    """
    try:
        return _read(stream, dimensions)
    except _Damaged as damage:
        raise DataError(f"{path}: {damage}; {mend}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: the gzip is corrupt ({error}); {mend}") from error


def read_pair(images_path: Path, labels_path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read images and their labels.

    Arguments:
        images_path: an idx file of three dimensions.
        labels_path: an idx file of one dimension.

    Returns:
        Images `[N, H, W]` and labels `[N]`, both uint8.

    Raises:
        DataError: as `read_idx`, or the two files are of different length.
    """
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} has {len(images)} images but {labels_path} {len(labels)} labels; "
            "use two files of the same set"
        )
    return images, labels


def _read(raw: BinaryIO, dimensions: int) -> NDArray[np.uint8]:
    packed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    stream = gzip.GzipFile(fileobj=raw) if packed else raw
    start = 4 + 4 * dimensions
    sizes = _sizes(stream.read(start), dimensions)
    expected = math.prod(sizes)
    values = bytearray()
    while len(values) <= expected and (chunk := stream.read(CHUNK)):
        values += chunk
    promise = f"the header promises {'×'.join(map(str, sizes))} = {expected} bytes"
    if len(values) < expected:
        raise _Damaged(f"truncated: {promise}, the file has {len(values)}")
    if len(values) > expected:
        raise _Damaged(f"trailing bytes: {promise}, the file has more")
    return np.frombuffer(values, dtype=np.uint8).reshape(sizes)


def _sizes(header: bytes, dimensions: int) -> tuple[int, ...]:
    """Return the size of each dimension, or say what is wrong with the header."""
    if len(header) < 4:
        raise _Damaged(f"truncated: {len(header)} bytes are too few for an idx header")
    if header[:2] != b"\0\0":
        raise _Damaged(f"not an idx file: it starts with {header[:4].hex()}")
    if header[2] != UNSIGNED_BYTE:
        raise _Damaged(f"values of type 0x{header[2]:02x}, not unsigned bytes (0x08)")
    if header[3] != dimensions:
        raise _Damaged(f"{header[3]} dimensions, not {dimensions}")
    if len(header) < 4 + 4 * dimensions:
        raise _Damaged(f"truncated: the header ends after {len(header)} bytes")
    sizes = tuple(int(size) for size in np.frombuffer(header, dtype=">u4", offset=4))
    if 0 in sizes:
        raise _Damaged(f"empty: its sizes are {'×'.join(map(str, sizes))}")
    if math.prod(sizes) > LARGEST:
        raise _Damaged(f"absurd sizes {'×'.join(map(str, sizes))}, above {LARGEST} bytes")
    return sizes

"""Images of the user's own, from a file: numpy arrays, idx files, or pictures such as PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.arrays import INPUTS, decode_arrays
from forward_forward.data.idx import decode_idx
from forward_forward.data.picture import decode_picture, of_another_size
from forward_forward.data.source import reading
from forward_forward.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor


def read_images(path: Path, shape: tuple[int, int, int], scaled: bool = False) -> Tensor:
    """Read one image or several, `[N, D]` float32 in [0, 1].

    Arguments:
        path: `.npy` (one image or a stack), `.npz` (its `images`, or its only array), an idx file of images,
            gzipped or plain, or a picture that Pillow reads. Bytes become b / 255. Pickled arrays are refused.
        shape: (channels, height, width) that each image must have.
        scaled: whether a picture of another size is scaled to it.

    Raises:
        DataError: the file is missing, damaged, of another kind or of another size, or holds values that are
            NaN, infinite or outside [0, 1].
    """
    import torch

    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file; give an image, .npy, .npz or idx file")
    with reading(path) as stream:
        return torch.from_numpy(decode_images(stream, path, shape, scaled))


def decode_images(
    stream: BinaryIO, path: Path, shape: tuple[int, int, int], scaled: bool = False
) -> NDArray[np.float32]:
    """Return the images that an open file holds, `[N, D]` in [0, 1]; `path` is what an error names.

    Raises:
        DataError: as `read_images`.
    """
    start = stream.read(4)
    stream.seek(0)
    if start == b"\x93NUM" or start[:2] == b"PK" or path.suffix in (".npy", ".npz"):
        (values,) = decode_arrays(stream, path, INPUTS)
        assert values is not None  # or there was an error
    elif start[:3] == b"\0\0\x08" or start[:2] == b"\x1f\x8b":
        values = decode_idx(stream, path, 3, mend="use another copy of it")
    else:
        values = decode_picture(stream, path, shape[0], shape[1:], scaled)
    return checked_images(path, values, shape)


def checked_images(
    path: Path, values: NDArray[Any], shape: tuple[int, int, int]
) -> NDArray[np.float32]:
    """Return images `[N, D]` in [0, 1] of an array of one or several.

    Raises:
        DataError: it holds no numbers, or images of another shape, or values that are NaN, infinite or outside [0, 1].
    """
    channels, height, width = shape
    if values.shape[-3:] == (height, width, channels) != shape:
        values = np.moveaxis(values, -1, -3)
    pixels = channels * height * width
    if values.dtype.kind not in "buif":
        raise DataError(f"{path}: values of type {values.dtype}; give numbers")
    one = values.shape in ((pixels,), (height, width), shape)
    forms: tuple[tuple[int, ...], ...] = ((pixels,), (height, width), shape)
    if not one and (values.ndim < 2 or values.shape[1:] not in forms):
        raise of_another_size(path, values.shape, shape)
    if not values.size:
        raise DataError(f"{path}: no image in it")
    scale = 255 if values.dtype == np.uint8 else 1
    with np.errstate(all="ignore"):  # what comes out is checked below
        flat = np.array(values, dtype=np.float64).reshape(-1, pixels) / scale
    if not np.isfinite(flat).all():
        raise DataError(f"{path}: pixels that are NaN or infinite; mend the file")
    if flat.min() < 0 or flat.max() > 1:
        raise DataError(
            f"{path}: values from {flat.min():g} to {flat.max():g}, not in [0, 1]; "
            "scale them, or save bytes (uint8)"
        )
    return flat.astype(np.float32)

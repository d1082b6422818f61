"""Images of the user's own, from a file: numpy arrays, idx files, or pictures such as PNG."""

from __future__ import annotations

import struct
import tokenize
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.idx import LARGEST, decode_idx
from forward_forward.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

UNREADABLE = (
    ValueError,
    TypeError,
    EOFError,
    OSError,
    MemoryError,
    SyntaxError,
    RuntimeError,
    LookupError,
    ArithmeticError,
    tokenize.TokenError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
"""What numpy, its archives and Pillow raise for bytes that they cannot make sense of."""


def read_images(path: Path, shape: tuple[int, int, int]) -> Tensor:
    """Read one image or several, `[N, D]` float32 in [0, 1].

    Arguments:
        path: `.npy` (one image or a stack), `.npz` (its `images`, or its only array), an idx file of images,
            gzipped or plain, or a picture that Pillow reads. Bytes become b / 255. Pickled arrays are refused.
        shape: (channels, height, width) that each image must have; none is scaled.

    Raises:
        DataError: the file is missing, damaged, of another kind or of another size, or holds values that are
            NaN, infinite or outside [0, 1].
    """
    import torch

    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file; give an image, .npy, .npz or idx file")
    try:
        with open(path, "rb") as stream:
            return torch.from_numpy(decode_images(stream, path, shape))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def decode_images(stream: BinaryIO, path: Path, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Return the images that an open file holds, `[N, D]` in [0, 1]; `path` is what an error names.

    Raises:
        DataError: as `read_images`.
    """
    start = stream.read(4)
    stream.seek(0)
    if start == b"\x93NUM" or start[:2] == b"PK" or path.suffix in (".npy", ".npz"):
        values = _numpy(stream, path)
    elif start[:3] == b"\0\0\x08" or start[:2] == b"\x1f\x8b":
        values = decode_idx(stream, path, 3, mend="use another copy of it")
    else:
        values = _picture(stream, path, shape)
    return _checked(path, values, shape)


def _numpy(stream: BinaryIO, path: Path) -> NDArray[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            return _member(path, loaded)
    except UNREADABLE as error:
        text = " ".join(str(error).split())
        if "allow_pickle" in text:
            text = "it holds Python objects, which are not read; save numbers"
        raise DataError(f"{path}: no array that can be read ({text})") from None


def _member(path: Path, archive: Any) -> NDArray[Any]:
    """Return the array `images` of an archive, or its only one."""
    known = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if any(entry.compress_type not in known for entry in archive.zip.infolist()):
        raise DataError(f"{path}: packed in a way that numpy does not; save it with numpy.savez")
    names = archive.files
    if "images" not in names and len(names) != 1:
        raise DataError(f"{path}: holds {', '.join(names) or 'nothing'}; name the images `images`")
    largest = max(entry.file_size for entry in archive.zip.infolist())
    if largest > LARGEST:
        raise DataError(f"{path}: unpacks to {largest:,} bytes, above {LARGEST:,}; split it")
    return np.asarray(archive["images" if "images" in names else names[0]])


def _picture(stream: BinaryIO, path: Path, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    channels, height, width = shape
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(stream) as image:
                if image.size != (width, height):
                    raise _of_another_size(path, (image.size[1], image.size[0]), shape)
                pixels = np.asarray(image.convert("RGB" if channels == 3 else "L"))
    except UnidentifiedImageError:
        raise DataError(f"{path}: no picture, .npy, .npz or idx file that can be read") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise DataError(f"{path}: far too large; the model reads {height}×{width}") from None
    except UNREADABLE as error:
        raise DataError(f"{path}: damaged picture ({' '.join(str(error).split())})") from None
    return pixels.transpose(2, 0, 1) if channels == 3 else pixels


def _checked(path: Path, values: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    channels, height, width = shape
    pixels = channels * height * width
    if values.dtype.kind not in "buif":
        raise DataError(f"{path}: values of type {values.dtype}; give numbers")
    one = values.shape in ((pixels,), (height, width), shape)
    forms: tuple[tuple[int, ...], ...] = ((pixels,), (height, width), shape)
    if not one and (values.ndim < 2 or values.shape[1:] not in forms):
        raise _of_another_size(path, values.shape, shape)
    if not len(values):
        raise DataError(f"{path}: no image in it")
    scale = 255 if values.dtype == np.uint8 else 1
    flat = np.array(values, dtype=np.float64).reshape(-1, pixels) / scale
    if not np.isfinite(flat).all():
        raise DataError(f"{path}: pixels that are NaN or infinite; mend the file")
    if flat.min() < 0 or flat.max() > 1:
        raise DataError(
            f"{path}: values from {flat.min():g} to {flat.max():g}, not in [0, 1]; "
            "scale them, or save bytes (uint8)"
        )
    return flat.astype(np.float32)


def _of_another_size(path: Path, size: tuple[int, ...], shape: tuple[int, int, int]) -> DataError:
    channels, height, width = shape
    colours = ", three colours" if channels == 3 else ""
    shown = "×".join(map(str, size)) or "a single value"
    return DataError(
        f"{path}: an image of {shown}; the model reads {height}×{width}{colours}: scale it first"
    )

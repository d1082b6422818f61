"""A picture as bytes of brightness: turned as its camera was held, grey or in three colours, scaled where asked for."""

from __future__ import annotations

import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.source import reading
from forward_forward.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

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
SIDEWAYS = range(5, 9)
"""Values of EXIF's orientation for which height and width change places."""
ORIENTATION = 0x0112


def look_at(path: Path) -> tuple[bool, int, int]:
    """Return whether a picture has colours, and its height and width once it is turned upright.

    Raises:
        DataError: it is no picture that can be read, or far too large.
    """
    with reading(path) as stream, _opened(stream, path) as image:
        return (image.mode[:1] not in "L1IF", *_upright_size(image))


def read_picture(
    path: Path, channels: int, size: tuple[int, int], scaled: bool = False
) -> NDArray[np.uint8]:
    """Read a picture `[C, H, W]`.

    Arguments:
        path: anything that Pillow reads.
        channels: 1 makes it grey, 3 gives it colours.
        size: (height, width) that it must have.
        scaled: whether one of another size is scaled to it, whatever its proportions, and not refused.

    Raises:
        DataError: it is no picture, is damaged, far too large or of another size.
    """
    with reading(path) as stream:
        return decode_picture(stream, path, channels, size, scaled)


def decode_picture(
    stream: BinaryIO, path: Path, channels: int, size: tuple[int, int], scaled: bool = False
) -> NDArray[np.uint8]:
    """Return what `read_picture` does of an open file; `path` is what an error names."""
    from PIL import Image, ImageOps

    with _opened(stream, path) as image:
        found = _upright_size(image)
        if found != size and not scaled:
            raise of_another_size(path, found, (channels, *size))
        if image.mode.startswith("I;16"):  # Pillow would cut its values off at 255
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        else:
            image = ImageOps.exif_transpose(image)
        image = image.convert("RGB" if channels == 3 else "L")
        if found != size:
            image = image.resize(size[::-1], Image.Resampling.BILINEAR)
        pixels = np.asarray(image)
    return pixels.transpose(2, 0, 1) if channels == 3 else pixels[None]


def of_another_size(path: Path, size: tuple[int, ...], shape: tuple[int, int, int]) -> DataError:
    """Return what is to be said of an image that has not the (channels, height, width) wanted."""
    channels, height, width = shape
    colours = ", three colours" if channels == 3 else ""
    shown = "×".join(map(str, size)) or "a single value"
    return DataError(
        f"{path}: an image of {shown}; the model reads {height}×{width}{colours}: scale it first"
    )


@contextmanager
def _opened(stream: BinaryIO, path: Path) -> Iterator[Image]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(stream) as image:
                yield image
    except UnidentifiedImageError:
        what = "no picture, .npy, .npz or idx file that can be read"
        stream.seek(0)
        raise DataError(f"{path}: {what if stream.read(1) else 'empty'}") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise DataError(f"{path}: far too large a picture; scale it first") from None
    except UNREADABLE as error:
        raise DataError(f"{path}: damaged picture ({' '.join(str(error).split())})") from None


def _upright_size(image: Any) -> tuple[int, int]:
    width, height = image.size
    turned = image.getexif().get(ORIENTATION) in SIDEWAYS
    return (width, height) if turned else (height, width)

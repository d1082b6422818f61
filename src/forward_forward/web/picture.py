"""What is drawn becomes what a model reads: resized by areas, and centred by mass as MNIST's images were."""

import base64
import binascii

import numpy as np
from numpy.typing import NDArray

from forward_forward.errors import DataError

Pixels = NDArray[np.float32]

MOST_PIXELS = 256
"""Longest side of a drawing that is taken in; the page sends 96."""
SMALLEST_FRAME = 16
"""Images of fewer pixels a side leave no border around what is drawn: the digits of scikit-learn fill their 8×8."""
FAINTEST = 0.08
"""Ink below this is paper."""


def unpacked(text: str, shape: tuple[int, int, int]) -> Pixels:
    """Return bytes in base64, channel by channel, as an image `[C, H, W]` in [0, 1].

    Raises:
        DataError: it is no base64, or of another length.

    Example:
        >>> unpacked("AP8=", (1, 1, 2))
        array([[[0., 1.]]], dtype=float32)
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DataError("the pixels are no base64; send bytes, packed") from None
    channels, height, width = shape
    if len(data) != channels * height * width:
        raise DataError(
            f"{len(data)} bytes of pixels for {channels}×{height}×{width}; send one for each value"
        )
    return np.frombuffer(data, dtype=np.uint8).reshape(shape).astype(np.float32) / np.float32(255)


def packed(image: NDArray[np.floating]) -> str:
    """Return values in [0, 1] as bytes in base64.

    Example:
        >>> packed(np.array([0.0, 1.0]))
        'AP8='
    """
    levels = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return base64.b64encode(levels.tobytes()).decode("ascii")


def resized(image: Pixels, height: int, width: int) -> Pixels:
    """Return an image `[C, H, W]` in another size: each new pixel is the mean over its area of the old ones.

    Example:
        >>> resized(np.eye(4, dtype=np.float32)[None], 2, 2)
        array([[[0.5, 0. ],
                [0. , 0.5]]], dtype=float32)
    """
    rows, columns = _shares(image.shape[1], height), _shares(image.shape[2], width)
    made: Pixels = np.clip(rows @ image @ columns.T, 0, 1).astype(np.float32)
    return made


def centred(image: Pixels, shape: tuple[int, int, int]) -> Pixels:
    """Return an image as MNIST's were made: what is drawn, scaled to a box with its proportions kept, centred by mass.

    The box is 20 pixels of 28, and in proportion for other sizes; images below `SMALLEST_FRAME` pixels are filled. What
    would lie outside is moved back in. A blank image stays blank.

    Arguments:
        image: `[C, H, W]` in [0, 1], light ink on black.
        shape: (channels, height, width) of the result.
    """
    frame = np.zeros(shape, np.float32)
    ink = image.max(0) > FAINTEST
    if not ink.any():
        return frame
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    cut = image[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    most = [_box(side) for side in shape[1:]]
    scale = min(box / side for box, side in zip(most, cut.shape[1:], strict=True))
    sizes = [
        min(box, max(1, round(side * scale))) for box, side in zip(most, cut.shape[1:], strict=True)
    ]
    small = resized(cut, *sizes)
    mass = small.sum(0)
    corner = [_start(mass.sum(1 - axis), frame.shape[axis + 1], sizes[axis]) for axis in range(2)]
    top, left = corner
    frame[:, top : top + sizes[0], left : left + sizes[1]] = small
    return frame


def as_read(image: Pixels, shape: tuple[int, int, int], centre: bool) -> Pixels:
    """Return a drawing or picture `[C, H, W]` in a model's own size: centred by mass, or as a whole.

    Raises:
        DataError: it has another number of channels.
    """
    if len(image) != shape[0]:
        raise DataError(f"a picture of {len(image)} channels; this model reads {shape[0]}")
    if centre:
        return centred(image, shape)
    return image if image.shape == shape else resized(image, *shape[1:])


def _box(side: int) -> int:
    return side if side < SMALLEST_FRAME else round(side * 20 / 28)


def _start(mass: NDArray[np.floating], frame: int, size: int) -> int:
    """Return where a strip of so many pixels begins, so that its mass lies in the middle of the frame."""
    middle = float((mass * (np.arange(size) + 0.5)).sum() / mass.sum())
    return min(max(0, round(frame / 2 - middle)), frame - size)


def _shares(old: int, new: int) -> Pixels:
    """Return which share of each old pixel makes a new one, `[new, old]`; rows sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    pixels = np.arange(old)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    shares: Pixels = (np.clip(overlap, 0, None) * (new / old)).astype(np.float32)
    return shares

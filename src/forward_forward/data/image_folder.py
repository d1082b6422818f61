"""Pictures in a folder, and in folders in it, in the order of their names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.picture import read_picture
from forward_forward.data.source import files_in, told
from forward_forward.errors import DataError


def pictures_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files whose names say that they are pictures, and the others.

    Raises:
        DataError: the folder cannot be read.
    """
    from PIL import Image

    known = Image.registered_extensions()
    with told(folder):
        files = list(files_in(folder))
    pictures = [file for file in files if file.suffix.lower() in known]
    return pictures, [file for file in files if file.suffix.lower() not in known]


def read_pictures(
    pictures: Sequence[Path],
    shape: tuple[int, int, int],
    scaled: bool = False,
    watch: Callable[[int, int], None] = lambda done, of: None,
) -> NDArray[np.float32]:
    """Return pictures as rows `[N, D]` in [0, 1].

    Arguments:
        pictures: at least one.
        shape: (channels, height, width) of each.
        scaled: whether one of another size is scaled to it, and not refused.
        watch: told how many are read, and of how many.

    Raises:
        DataError: one cannot be read, or is of another size; the message names it. Or there is no memory for all.
    """
    channels, *size = shape
    wanted = (len(pictures), channels * size[0] * size[1])
    try:
        values = np.empty(wanted, np.float32)
    except (MemoryError, ValueError):  # ValueError beyond what an index reaches
        raise DataError(
            f"{wanted[0]:,} pictures of {size[0]:,}×{size[1]:,} take {4 * math.prod(wanted) / 2**30:,.0f} GiB, more "
            "than there is; choose a smaller --size"
        ) from None
    for place, picture in enumerate(pictures):
        values[place] = read_picture(picture, channels, (size[0], size[1]), scaled).reshape(-1)
        watch(place + 1, len(pictures))
    values /= 255
    return values

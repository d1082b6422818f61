"""Pictures that Pillow reads, whatever their kind."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from forward_forward.data.image_file import decode_images

SHAPE = (3, 4, 4)


def _picture(kind: str, mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    levels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
    Image.fromarray(levels).convert(mode).save(stream, kind)
    return stream.getvalue()


SEEDS = [
    _picture("PNG"),
    _picture("PNG", "P"),
    _picture("BMP"),
    _picture("GIF"),
    _picture("JPEG"),
    _picture("TIFF"),
    _picture("PPM"),
    _picture("TGA"),
    _picture("WEBP"),
]


def read(data: bytes) -> None:
    values = decode_images(io.BytesIO(data), Path("picture"), SHAPE)
    assert values.shape[1] == 48 and float(values.min()) >= 0 and float(values.max()) <= 1

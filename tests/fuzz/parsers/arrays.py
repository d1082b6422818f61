"""numpy's .npy and .npz, as images of one's own."""

import io
from pathlib import Path

import numpy as np

from forward_forward.data.image_file import decode_images

SHAPE = (1, 4, 4)


def _saved(save, *arrays, **named) -> bytes:
    stream = io.BytesIO()
    save(stream, *arrays, **named)
    return stream.getvalue()


ONE = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
TWO = np.arange(32, dtype=np.uint8).reshape(2, 16)
SEEDS = [
    _saved(np.save, ONE),
    _saved(np.save, TWO),
    _saved(np.save, np.asfortranarray(ONE.astype(">f8"))),
    _saved(np.savez, images=TWO),
    _saved(np.savez_compressed, ONE),
    _saved(np.savez, a=ONE, b=TWO),
    _saved(np.save, np.array([{"a": 1}], dtype=object)),
]


def read(data: bytes) -> None:
    values = decode_images(io.BytesIO(data), Path("images.npz"), SHAPE)
    assert values.shape[1] == 16 and float(values.min()) >= 0 and float(values.max()) <= 1

"""idx files, plain and gzipped."""

import gzip
import io
from pathlib import Path

from forward_forward.data.idx import decode_idx

HEAD = bytes([0, 0, 8])
LABELS = HEAD + bytes([1, 0, 0, 0, 3, 7, 8, 9])
IMAGES = HEAD + bytes([3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, *range(8)])
SEEDS = [bytes([n]) + raw for n, raw in ((1, LABELS), (3, IMAGES), (3, gzip.compress(IMAGES)))]


def read(data: bytes) -> None:
    dimensions = data[0] % 4 if data else 1
    values = decode_idx(io.BytesIO(data[1:]), Path("file"), dimensions)
    assert values.ndim == dimensions and values.size

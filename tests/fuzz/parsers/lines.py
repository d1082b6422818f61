"""Lines of JSON on a stream, with a target's name and without; a sample must go through a classifier, too."""

import io
import math

from forward_forward.streams.lines import LineReader

SEEDS = [
    b'T{"width": 1.5, "height": 2, "kind": "a"}\n{"height": 1, "width": 2, "kind": null}\n',
    b'T{"width": true, "kind": 3}\n\n{"width": 1e400, "kind": "b"}\n{"kind": "c"}\nnot JSON\n',
    b'X{"x": [1.5, 2], "y": "a"}\n{"x": [1, 2, 3]}\n{"x": [0.5, -1e3], "y": true}',
    b'X{"x": [], "y": {}}\n{"x": [NaN, 1]}\n[1, 2]\n{"x": "ab"}\n{"x": [1], "z": 2}\n',
    b"X" + b"[" * 40 + b'\n{"x": [\xff]}\r\n\xef\xbb\xbf{"x": [1]}\n',
]


def read(data: bytes) -> None:
    reader = LineReader(target="kind" if data[:1] == b"T" else None)
    width = None
    for line in reader.read(io.BytesIO(data[1:])):
        if line.error is not None:
            assert "\n" not in line.error and not line.features
            continue
        width = width or len(line.features)
        assert len(line.features) == width and all(map(math.isfinite, line.features))
        assert line.label is None or isinstance(line.label, str | int)

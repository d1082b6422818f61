"""Folders of pictures by class: any names, any depth, pictures whole and broken."""

import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from forward_forward.data.own_images import load_images


def _picture(side: int, mode: str, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    levels = np.arange(side * side * 3, dtype=np.uint8).reshape(side, side, 3)
    Image.fromarray(levels).convert(mode).save(stream, kind)
    return stream.getvalue()


CONTENTS = [
    _picture(4, "L"), _picture(4, "RGB"), _picture(5, "L"), _picture(4, "P", "GIF"), _picture(4, "L", "JPEG"), b"",
    b"no picture", _picture(4, "L")[:40],
]  # fmt: skip
"""What a file may hold."""
DEEPEST, MOST = 4, 12
BY_CLASS = b"\0".join(b"%d%s/%d.png" % (i % 2, b"ab"[i % 2 : i % 2 + 1], i) for i in range(6))
SEEDS = [
    BY_CLASS,
    b"0train/a/1.png\0000train/b/1.png\0000train/a/2.png\0001test/a/1.png\0000test/b/2.jpg",
    b"0a/1.png\0002a/2.png\0000b/1.png\0000b/2.png",
    b"0a/1.png\0005a/2.png\0007b/1.png\0006b/.hidden\0000loose.png",
    b"3val/a.gif\0004dev/b.jpeg\0000\xc3\xa4/1.png\0000 /1.png",
]


def read(data: bytes) -> None:
    """Entries lie between zero bytes: the first character says what is in the file, the others where it is."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for entry in data.split(b"\0")[:MOST]:
            _place(Path(folder) / "own", entry)
        (Path(folder) / "own").mkdir(exist_ok=True)
        read_data = load_images(Path(folder) / "own")
        assert read_data.train.images.shape[1] == read_data.features
        shutil.rmtree(Path(folder) / "own")


def _place(root: Path, entry: bytes) -> None:
    """Write one file below the root; a name that the file system will not have is left out."""
    names = [name[:40] for name in entry[1:].decode("utf-8", "replace").split("/")]
    names = [name for name in names if name not in ("", ".", "..")][:DEEPEST]
    if not names:
        return
    path = root.joinpath(*names)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENTS[entry[0] % len(CONTENTS)])
    except OSError:  # a file lies where a folder is to be, or the other way round
        return

"""Tables of one's own: CSV, TSV and Parquet, plain or gzipped, to the inputs that a net would read."""

import gzip
import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from forward_forward.data.table import load_table

NAMES = {b"C": "a.csv", b"T": "a.tsv", b"P": "a.parquet"}
CSV = b"width,kind,label\n1.5,a,yes\n2,b,no\n,a,yes\n3,,no\n0.5,b,yes\n7,a,no\n"
FRAME = pd.DataFrame({"x": [0.0, 1, 2, None, 4, 5], "n": range(6), "label": ["a", "b"] * 3})


def _parquet(frame: pd.DataFrame, **options: str) -> bytes:
    stream = io.BytesIO()
    frame.to_parquet(stream, **options)
    return stream.getvalue()


SEEDS = [
    b"C" + CSV,
    b"C" + CSV.replace(b",", b";").replace(b"\n", b"\r\n"),
    b"C" + gzip.compress(CSV, mtime=0),
    b"C" + b',x,label\n0,"1",0\n1,"a ""b""",1\n2,inf,0\n3,1e999,1\n',
    b"T" + CSV.replace(b",", b"\t"),
    b"T" + b"\xef\xbb\xbfa\tb\n1\t2020-01-01\n",
    b"P" + _parquet(FRAME, compression="none"),
    b"P" + _parquet(FRAME.assign(label=pd.Categorical(FRAME["label"]), b=[True, False] * 3)),
]
FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")


def read(data: bytes) -> None:
    path = Path(FOLDER.name) / NAMES.get(data[:1], "a.csv")
    path.write_bytes(data[1:])
    table = load_table(path)
    for split in (table.train, table.test):
        images = split.images.numpy()
        assert images.shape == (len(split.labels), table.columns.width)
        assert np.isfinite(images).all() and (images >= 0).all() and (images <= 1).all()

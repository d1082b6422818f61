"""Manifests of checkpoints, sealed or not, and the progress in them."""

import json
from pathlib import Path

from forward_forward.training.checkpoints import FORMAT, _seal, manifest_of
from forward_forward.training.plan import Progress
from fuzz.edits import edited

ROW = [0.5, 1.0, 1.0, 1.0]
MANIFEST = {
    "format": FORMAT,
    "identity": {"data": "toy", "images": 24, "plan": {"epochs": 2}},
    "progress": {
        "epoch": 1, "step": 2, "curve": [{"epoch": 1, "layers": []}], "seconds": 0.5, "totals": [[ROW], [ROW]],
    },
    "tensors": "tensors-0123456789abcdef.safetensors",
    "sha256": "0" * 64,
}  # fmt: skip
SEEDS = [
    b"J" + json.dumps(MANIFEST | {"seal": _seal(MANIFEST)}).encode(),
    b"E",
    b"E" + bytes(range(120, 138)),
    b"J[",
]


def read(data: bytes) -> None:
    raw = data[1:]
    if data[:1] != b"J":
        manifest = edited(MANIFEST, raw)
        if isinstance(manifest, dict):
            manifest["seal"] = _seal(manifest)
        raw = json.dumps(manifest).encode()
    manifest = manifest_of(raw, Path("manifest.json"))
    assert Path(manifest["tensors"]).name == manifest["tensors"]
    try:
        Progress(**manifest["progress"]).fits(3, 2)
    except (KeyError, TypeError):  # as the loop does, which tells of it
        return

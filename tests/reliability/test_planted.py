"""Pickles and code planted in every file that we read: none is ever run."""

import gzip
import hashlib
import io
import json
import pickle
import shutil
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from forward_forward import records
from forward_forward.data.cifar import PIXELS, decode_cifar
from forward_forward.data.idx import read_idx
from forward_forward.data.image_file import read_images
from forward_forward.data.text import load_text
from forward_forward.errors import FFError
from forward_forward.models import load_model, save_model
from forward_forward.training.checkpoints import _seal, learner_tensors, read_folder
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan
from toys import dataset, simultaneous


class Payload:
    """What touches a file when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


def objects(target):
    return np.array([Payload(target)], dtype=object)


def in_stream(save_into, *arguments, **named):
    stream = io.BytesIO()
    save_into(stream, *arguments, **named)
    return stream.getvalue()


def torch_file(target):
    return in_stream(lambda stream: torch.save({"images": Payload(target)}, stream))


def npy_with_code(target):
    """A header that would run if it were more than a literal."""
    header = f"{{'descr': __import__('pathlib').Path({str(target)!r}).touch(), 'shape': (1,)}}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header


def zip_of(name, content):
    def write(stream):
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(name, content)

    return in_stream(write)


FILES = {
    "pickle": lambda target: pickle.dumps(Payload(target)),
    "pickle, protocol 0": lambda target: pickle.dumps(Payload(target), protocol=0),
    "torch.save": torch_file,
    "numpy array of objects": lambda target: in_stream(np.save, objects(target), allow_pickle=True),
    "npz of objects": lambda target: in_stream(np.savez, images=objects(target)),
    "npz, packed": lambda target: in_stream(np.savez_compressed, objects(target)),
    "npz with a pickle for a member": lambda target: zip_of("images.npy", pickle.dumps(Payload(target))),
    "npz with torch's data.pkl": lambda target: zip_of("images/data.pkl", pickle.dumps(Payload(target))),
    "npy whose header is code": npy_with_code,
    "gzip of a pickle": lambda target: gzip.compress(pickle.dumps(Payload(target))),
    "idx that goes on as a pickle": lambda target: bytes([0, 0, 8, 3]) + pickle.dumps(Payload(target)),
    "CIFAR's other version, a pickle": lambda target: pickle.dumps({b"data": Payload(target)}),
    "safetensors with a pickle in its header": lambda target: save(
        {"a": torch.zeros(1)}, {"__reduce__": repr(pickle.dumps(Payload(target)))}
    ),
    "JSON that names code": lambda target: json.dumps({"py/object": "os.system", "!!python": str(target)}).encode(),
}  # fmt: skip
SUFFIXES = ["", ".npy", ".npz", ".png", ".pt"]


def as_images(path):
    for suffix in SUFFIXES:
        other = path.with_name(f"other{suffix}")
        shutil.copy(path, other)
        with suppress(FFError):
            read_images(other, (1, 3, 4))
        other.unlink()


def as_idx(path):
    for dimensions in (1, 3):
        with suppress(FFError):
            read_idx(path, dimensions)


def as_cifar(path):
    for data in (path.read_bytes(), path.read_bytes().ljust(PIXELS + 1)[: PIXELS + 1]):
        with suppress(FFError):
            decode_cifar(data, path, 1, 10)


def as_text(path):
    load_text(path)


def as_record(path):
    records.read(path)


def as_manifest(path):
    folder = path.with_name("manifest")
    folder.mkdir()
    shutil.copy(path, folder / "manifest.json")
    for read in (read_folder, load_model):
        with suppress(FFError):
            read(folder)


def as_tensors(path):
    """Named by a manifest with the right hash and seal, in a model and in a checkpoint to go on from."""
    folder, digest = path.with_name("tensors"), hashlib.sha256(path.read_bytes()).hexdigest()
    learner = simultaneous()
    train(learner, dataset(), Plan(epochs=1, batch_size=8), folder=folder)
    save_model(folder / "model", learner.network, dataset(), {})
    for kept in (folder / "checkpoint", folder / "model"):
        manifest = json.loads((kept / "manifest.json").read_text()) | {"sha256": digest}
        shutil.copy(path, kept / manifest["tensors"])
        (kept / "manifest.json").write_text(json.dumps(manifest | {"seal": _seal(manifest)}))
    with pytest.raises(FFError):
        load_model(folder)
    train(simultaneous(), dataset(), Plan(epochs=1, batch_size=8), folder=folder, resume=True)


READERS = [as_images, as_idx, as_cifar, as_text, as_record, as_manifest, as_tensors]


@pytest.mark.parametrize("kind", FILES)
def test_no_reader_runs_it(kind, count, tmp_path):
    target = tmp_path / "it ran"
    for reader in READERS:
        folder = tmp_path / reader.__name__
        folder.mkdir()
        (folder / "planted").write_bytes(FILES[kind](target))
        with suppress(FFError):
            reader(folder / "planted")
        assert not target.exists(), f"{reader.__name__} ran it"
    count("5 planted", kinds=1, read=len(READERS), run=0)


def test_the_payload_is_a_live_one(tmp_path):
    pickle.loads(FILES["pickle"](tmp_path / "it ran"))
    assert (tmp_path / "it ran").exists()


CODE = [
    "os.system",
    "builtins.eval",
    "__import__('os')",
    "torch.load",
    "posix.system",
    "subprocess.Popen",
]
PLACES = {
    "goodness": lambda layer, code: layer.update(goodness=code),
    "loss": lambda layer, code: layer.update(loss={"part": code}),
    "loss by name": lambda layer, code: layer.update(loss=code),
    "normalization": lambda layer, code: layer.update(normalization=code),
    "place": lambda layer, code: layer.update(place=code),
    "layer": lambda layer, code: layer.update(layer=code),
}


@pytest.mark.parametrize("place", PLACES)
def test_names_in_a_model_are_looked_up_among_parts_alone(place, count, tmp_path):
    save_model(tmp_path, simultaneous().network, dataset(), {})
    path = tmp_path / "manifest.json"
    whole = path.read_text()
    for code in CODE:
        manifest = json.loads(whole)
        PLACES[place](manifest["model"]["network"]["config"]["layers"][0], code)
        path.write_text(json.dumps(manifest | {"seal": _seal(manifest)}))
        with pytest.raises(FFError, match="cannot be built"):
            load_model(tmp_path)
    count("5 planted", kinds=1, read=len(CODE), run=0)


def test_what_a_learner_keeps_is_tensors():
    assert all(
        isinstance(value, torch.Tensor) for value in learner_tensors(simultaneous()).values()
    )

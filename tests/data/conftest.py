import gzip
from pathlib import Path

import numpy as np
import pytest

from forward_forward.data import cifar10, fashion_mnist, location, mnist


def real_files(module):
    name = module.__name__.rpartition(".")[2]
    if location.complete(getattr(module, "FOLDER", name), module.FILES) is None:
        pytest.skip(f"{name} is neither in $FF_DATA nor in the cache; run `ff data fetch {name}`")
    return module


@pytest.fixture
def real_mnist():
    return real_files(mnist)


@pytest.fixture
def real_fashion_mnist():
    return real_files(fashion_mnist)


@pytest.fixture
def real_cifar10():
    return real_files(cifar10)


@pytest.fixture(scope="session")
def idx_bytes():
    """The idx file of a uint8 array, as bytes."""

    def encode(array):
        array = np.asarray(array, dtype=np.uint8)
        header = bytes([0, 0, 8, array.ndim])
        return header + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()

    return encode


@pytest.fixture
def tiny_mnist(idx_bytes):
    """Writes four small files under a folder, as MNIST names them; returns that folder."""

    def write(root: Path, name="mnist", side=28, labels=(0, 9, 3), packed=True):
        folder = root / name
        folder.mkdir(parents=True)
        images = np.arange(len(labels) * side * side).reshape(-1, side, side) % 256
        for file in mnist.FILES:
            content = idx_bytes(images if "images" in file else labels)
            path = folder / (file if packed else file.removesuffix(".gz"))
            path.write_bytes(gzip.compress(content) if packed else content)
        return root

    return write


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """An empty folder in place of the user's cache, and no $FF_DATA."""
    cache = tmp_path / "cache"
    monkeypatch.delenv("FF_DATA", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: cache)
    return cache

"""CIFAR's binary version: official order, colours in their places, and errors that name the file."""

import numpy as np
import pytest

from forward_forward.data import cifar10, cifar100, download, load
from forward_forward.errors import DataError, UsageError

KINDS = {"cifar10": (cifar10, 1), "cifar100": (cifar100, 2)}
every_kind = pytest.mark.parametrize("name", KINDS)


@pytest.fixture
def tiny(tmp_path):
    """Writes each file of a set with two images, whose bytes count up; returns the folder above."""

    def write(name, labels=(0, 9)):
        module, label_bytes = KINDS[name]
        folder = tmp_path / module.FOLDER
        folder.mkdir()
        for number, file in enumerate(module.FILES):
            pixels = (np.arange(2 * 3072).reshape(2, 3072) + number) % 256
            head = np.array([[77] * (label_bytes - 1) + [label] for label in labels])
            (folder / file).write_bytes(np.hstack([head, pixels]).astype(np.uint8).tobytes())
        return tmp_path

    return write


def test_the_official_set(real_cifar10):
    data = load("cifar10")
    assert data.train.images.shape == (50_000, 3072)
    assert data.test.images.shape == (10_000, 3072)
    assert data.train.labels[:5].tolist() == [6, 9, 9, 4, 1]
    assert data.test.labels[:5].tolist() == [3, 8, 8, 0, 6]
    means = data.train.images.view(-1, 3, 1024).mean((0, 2)).tolist()
    assert means == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-4)


@every_kind
def test_order_and_colours(name, tiny):
    data = load(name, tiny(name))
    assert data.shape == (3, 32, 32)
    assert len(data.train) == 2 * (len(KINDS[name][0].FILES) - 1)
    assert data.train.labels.tolist() == [0, 9] * (len(data.train) // 2)
    first = (data.train.images[0] * 255).round().view(3, 32, 32)
    assert first[0, 0, :3].tolist() == [0, 1, 2]
    assert first[1, 0, 0] == 1024 % 256
    assert float(data.test.images[0, 0] * 255) == pytest.approx(len(KINDS[name][0].FILES) - 1)


@every_kind
def test_a_cut_off_file_is_named(name, tiny):
    root = tiny(name)
    file = root / KINDS[name][0].FOLDER / next(iter(KINDS[name][0].FILES))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=f"{file.name}.*no whole number of records"):
        load(name, root)
    file.write_bytes(b"")
    with pytest.raises(DataError, match="no whole number"):
        load(name, root)


def test_a_label_without_a_class_is_refused(tiny):
    with pytest.raises(DataError, match=r"data_batch_1\.bin.*outside 0 to 9"):
        load("cifar10", tiny("cifar10", labels=(0, 10)))


@every_kind
def test_what_is_missing_is_named(name, tmp_path):
    with pytest.raises(DataError, match=f"{name} is not on this machine.*ff data fetch {name}"):
        load(name, tmp_path)
    with pytest.raises(UsageError, match=r"by hand: get https.*tar\.gz and put"):
        download.fetch(name, tmp_path)


@every_kind
def test_status_looks_at_every_file(name, tiny):
    found = download.status(name, tiny(name))
    assert all(entry["present"] for entry in found)
    assert {entry["sha256_ok"] for entry in found} <= {False, None}
    assert any(entry["sha256_ok"] is False for entry in found)

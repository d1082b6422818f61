import numpy as np
import pytest
import torch

from forward_forward.data import load
from forward_forward.errors import DataError


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_four_small_files(tmp_path, tiny_mnist, name, packed):
    dataset = load(name, tiny_mnist(tmp_path, name, packed=packed))
    assert dataset.name == name
    assert dataset.shape == (1, 28, 28)
    assert dataset.train.labels.tolist() == [0, 9, 3]
    expected = np.arange(3 * 784).reshape(3, 784) % 256 / 255
    assert torch.allclose(dataset.test.images, torch.from_numpy(expected).float(), atol=1e-7)


def test_another_image_size(tmp_path, tiny_mnist):
    with pytest.raises(DataError, match="images of 27×27, not 28×28"):
        load("mnist", tiny_mnist(tmp_path, side=27))


def test_a_label_without_class(tmp_path, tiny_mnist):
    says = r"train-labels-idx1-ubyte.*: 1 labels are outside 0 to 9 \(10\).*ff data fetch"
    with pytest.raises(DataError, match=says):
        load("mnist", tiny_mnist(tmp_path, labels=(1, 10)))


def test_one_image_is_enough(tmp_path, tiny_mnist):
    assert len(load("mnist", tiny_mnist(tmp_path, labels=(4,))).train) == 1


def test_a_damaged_file_names_itself(tmp_path, tiny_mnist):
    root = tiny_mnist(tmp_path)
    path = root / "mnist" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte.gz: the gzip is corrupt"):
        load("mnist", root)

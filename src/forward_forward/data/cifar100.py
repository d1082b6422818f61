"""CIFAR-100: 60,000 colour photos of a hundred things, 32×32, with their fine labels.

Licence: none stated; the page asks to cite the technical report.

References:
    Alex Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009.
"""

from pathlib import Path

from forward_forward.data.cifar import read_cifar
from forward_forward.data.dataset import Dataset

SOURCE = "https://www.cs.toronto.edu/~kriz/cifar.html"
ARCHIVE = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
FOLDER = "cifar-100-binary"
FILES: dict[str, str | None] = {
    "train.bin": "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
    "test.bin": "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
}
CLASS_NAMES = tuple(map(str, range(100)))


def load(directory: Path | None = None) -> Dataset:
    """Read CIFAR-100 from disk; classes go by their numbers.

    Arguments:
        directory: the only folder to search for `cifar-100-binary/`; without it `$FF_DATA`, then the user's cache.

    Returns:
        Official order and split: images `[50000, 3072]` and `[10000, 3072]`, float32 in [0, 1]; labels 0 to 99.

    Raises:
        DataError: a file is missing or damaged, or a label is above 99.
    """
    return read_cifar("cifar100", FOLDER, FILES, CLASS_NAMES, 2, directory)

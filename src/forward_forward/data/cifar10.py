"""CIFAR-10: 60,000 colour photos of ten things, 32×32.

Licence: none stated; the page asks to cite the technical report.

References:
    Alex Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009.
"""

from pathlib import Path

from forward_forward.data.cifar import read_cifar
from forward_forward.data.dataset import Dataset

SOURCE = "https://www.cs.toronto.edu/~kriz/cifar.html"
ARCHIVE = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
FOLDER = "cifar-10-batches-bin"
FILES: dict[str, str | None] = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": None,
}
CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


def load(directory: Path | None = None) -> Dataset:
    """Read CIFAR-10 from disk.

    Arguments:
        directory: the only folder to search for `cifar-10-batches-bin/`; without it `$FF_DATA`, then the user's cache.

    Returns:
        Official order and split: images `[50000, 3072]` and `[10000, 3072]`, float32 in [0, 1]; labels 0 to 9.

    Raises:
        DataError: a file is missing or damaged, or a label is above 9.
    """
    return read_cifar("cifar10", FOLDER, FILES, CLASS_NAMES, 1, directory)

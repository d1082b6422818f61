"""MNIST: 70,000 handwritten digits, 28×28 grey, 0 = background, 1 = ink.

Licence: CC BY-SA 3.0 is the one commonly stated for it.

References:
    Yann LeCun, Corinna Cortes, Christopher Burges, *The MNIST database of handwritten digits*.
"""

from pathlib import Path

from forward_forward.data.dataset import Dataset
from forward_forward.data.idx_dataset import read_idx_dataset

SOURCE = "http://yann.lecun.com/exdb/mnist/"
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/",)
FILES = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
CLASS_NAMES = tuple("0123456789")


def load(directory: Path | None = None) -> Dataset:
    """Read MNIST from disk.

    Arguments:
        directory: the only folder to search for `mnist/`; without it `$FF_DATA`, then the
            user's cache.

    Returns:
        Official order and split: images `[60000, 784]` and `[10000, 784]`, float32 in [0, 1];
        labels int64, 0 to 9.

    Raises:
        DataError: a file is missing or damaged, its images are not 28×28, or a label is above 9.

    Example:
        >>> len(FILES), len(CLASS_NAMES)
        (4, 10)
    """
    return read_idx_dataset("mnist", FILES, CLASS_NAMES, directory)

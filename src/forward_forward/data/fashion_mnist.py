"""Fashion-MNIST: 70,000 pictures of clothing, 28×28 grey, 0 = background.

Licence: MIT.

References:
    Han Xiao, Kashif Rasul, Roland Vollgraf, *Fashion-MNIST: a Novel Image Dataset for Benchmarking
    Machine Learning Algorithms*, 2017.
"""

from pathlib import Path

from forward_forward.data.dataset import Dataset
from forward_forward.data.idx_dataset import read_idx_dataset

SOURCE = "https://github.com/zalandoresearch/fashion-mnist"
MIRRORS = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
FILES = {
    "train-images-idx3-ubyte.gz": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
    ),
    "train-labels-idx1-ubyte.gz": (
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
    ),
}
CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def load(directory: Path | None = None) -> Dataset:
    """Read Fashion-MNIST from disk.

    Arguments:
        directory: the only folder to search for `fashion_mnist/`; without it `$FF_DATA`, then the
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
    return read_idx_dataset("fashion_mnist", FILES, CLASS_NAMES, directory)

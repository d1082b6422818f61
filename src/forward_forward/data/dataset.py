"""A data set in memory: flat images in [0, 1] with labels, checked once, when it is made.

torch is imported inside the functions, so that a program can list and fetch data sets without it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from forward_forward import data
from forward_forward.data.examples import HELD_OUT, Split
from forward_forward.data.source import Source
from forward_forward.discover import pick, submodules
from forward_forward.errors import DataError, UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test split of the same kind of images.

    Arguments:
        name: the data set's name, as errors and records spell it.
        classes: number of classes; labels are 0 to `classes - 1`.
        shape: (channels, height, width) of one image in pixels; D is their product.
        train: what a net may learn from.
        test: what it is judged on.
        class_names: one name per class.
        source: the file or folder of one's own that it was read from; None for a set that is found by its name.
        scaled: whether its pictures were scaled to this size, and others are to be.
        notes: what was made of one's own data, in words, a line each.

    Raises:
        DataError: a split is empty, has no labels, images and labels of different number, another
            dtype or another image size than `shape`, a value that is NaN, infinite or outside
            [0, 1], or a label outside the classes; or there is not one name per class, or `shape`
            has not three sizes.

    Example:
        >>> import torch
        >>> split = Split(torch.zeros(6, 4), torch.tensor([0, 1, 0, 1, 0, 1]))
        >>> toy = Dataset("toy", 2, (1, 2, 2), split, split, ("dark", "light"))
        >>> toy.features, len(toy.for_validation().train)
        (4, 5)
    """

    name: str
    classes: int
    shape: tuple[int, int, int]
    train: Split
    test: Split
    class_names: tuple[str, ...]
    source: Source | None = None
    scaled: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.class_names) != self.classes:
            raise DataError(
                f"{self.name}: {len(self.class_names)} class names for {self.classes} classes; "
                "give one name per class"
            )
        if len(self.shape) != 3 or min(self.shape) < 0:
            raise DataError(
                f"{self.name}: images of shape {self.shape}; give (channels, height, width)"
            )
        for part, split in (("train", self.train), ("test", self.test)):
            where = f"{self.name} {part}"
            _check_form(where, split, self.features)
            _check_pixels(where, split.images)
            check_labels(where, split.labels, self.classes)

    @property
    def unit(self) -> str:
        """What its examples are called."""
        return "images"

    @property
    def held_out(self) -> bool:
        """Whether `test` is a part of the training set, held out to choose by, and not the test set."""
        return self.name.endswith(HELD_OUT)

    @property
    def features(self) -> int:
        """Values per image, D = channels · height · width."""
        channels, height, width = self.shape
        return channels * height * width

    def to(self, device: torch.device | str) -> Dataset:
        """Return the same data set with both splits on `device`."""
        return replace(self, train=self.train.to(device), test=self.test.to(device))

    def for_validation(self) -> Dataset:
        """Split the training set alone: its first 5/6 to learn from, its last 1/6 to choose by.

        MNIST's 60,000 become 50,000 and 10,000. The official test set cannot be reached from the
        result, so no choice can be made by it.

        Returns:
            A data set named `<name>/validation`, of views into this one's training set.

        Raises:
            DataError: the training set has one image only.
        """
        first = len(self.train) - max(1, round(len(self.train) / 6))
        images, labels = self.train.images, self.train.labels
        return replace(
            self,
            name=self.name + HELD_OUT,
            train=Split(images[:first], labels[:first]),
            test=Split(images[first:], labels[first:]),
        )


def names() -> list[str]:
    """Return the names of all data sets, in alphabetical order.

    Example:
        >>> "digits" in names()
        True
    """
    return sorted(_modules())


def find(name: str) -> ModuleType:
    """Return the module of the data set `name`.

    Raises:
        UsageError: there is no such data set; the message names near ones.

    Example:
        >>> find("digits").__name__
        'forward_forward.data.digits'
    """
    found: ModuleType = pick(_modules(), name, "data set")
    return found


def load(name: str, data_dir: Path | None = None, device: torch.device | str = "cpu") -> Dataset:
    """Read the data set `name` from disk and put it on `device`.

    Arguments:
        name: one of `names()`.
        data_dir: the only folder to look in for `<name>/`; without it `$FF_DATA`, then the user's
            cache folder.
        device: where the images and labels go.

    Returns:
        The data set: images `[N, D]` float32 in [0, 1], labels `[N]` int64.

    Raises:
        UsageError: there is no data set of that name, or it holds text.
        DataError: a file is missing, damaged or holds impossible values.

    Example:
        >>> digits = load("digits")
        >>> digits.shape, tuple(digits.train.images.shape), len(digits.test)
        ((1, 8, 8), (1437, 64), 360)
    """
    loaded = find(name).load(data_dir)
    if not isinstance(loaded, Dataset):
        raise UsageError(
            f"{name} holds text, not images; choose a data set of images, or learn the text: --text {name}"
        )
    return loaded.to(device)


def batches(
    size: int, batch_size: int, seed: int, epoch: int, device: torch.device | str = "cpu"
) -> Iterator[Tensor]:
    """Draw the batches of one epoch: which images, in which order.

    One permutation of 0 … size - 1, drawn on the CPU so that its order is the same on every
    device, moved once and then cut. An incomplete last batch is left out unless it is the only one.

    Arguments:
        size: number of images.
        batch_size: images per batch, B.
        seed: the run's seed.
        epoch: the epoch's number; each has its own permutation, whatever was drawn before.
        device: where the indices go.

    Returns:
        An iterator over int64 tensors `[B]`, or one `[size]` if `size < batch_size`.

    Raises:
        UsageError: `size` or `batch_size` is less than one.

    Example:
        >>> [len(batch) for batch in batches(10, 4, seed=0, epoch=1)]
        [4, 4]
        >>> [len(batch) for batch in batches(3, 4, seed=0, epoch=1)]
        [3]
    """
    if size < 1 or batch_size < 1:
        raise UsageError(f"cannot draw batches of {batch_size} from {size}; both must be 1 or more")
    import torch

    from forward_forward.randomness import generator

    order = torch.randperm(size, generator=generator(seed, "batches", epoch)).to(device)
    length = min(size, batch_size)
    return (order[start : start + length] for start in range(0, size - length + 1, length))


def _modules() -> dict[str, ModuleType]:
    modules = {name: importlib.import_module(full) for name, full in submodules(data).items()}
    return {
        name: module
        for name, module in modules.items()
        if hasattr(module, "load") and hasattr(module, "SOURCE")
    }


def _check_form(where: str, split: Split, features: int) -> None:
    import torch

    images, labels = split.images, split.labels
    for name, given in (("images", images), ("labels", labels)):
        if not isinstance(given, torch.Tensor):
            raise DataError(f"{where}: {name} are a {type(given).__name__}; give a tensor")
    if images.ndim != 2 or images.dtype != torch.float32:
        raise DataError(
            f"{where}: images are {images.dtype} {list(images.shape)}; "
            "give float32 [N, D] with values in [0, 1]"
        )
    if labels.ndim != 1 or labels.dtype != torch.int64:
        raise DataError(f"{where}: labels are {labels.dtype} {list(labels.shape)}; give int64 [N]")
    if len(images) != len(labels):
        raise DataError(f"{where}: {len(images)} images but {len(labels)} labels; pair them up")
    if not images.numel():
        raise DataError(f"{where}: the set is empty; give at least one image")
    if images.shape[1] != features:
        raise DataError(
            f"{where}: images have {images.shape[1]} values, the data set's shape has {features}; "
            "make them agree"
        )


def _check_pixels(where: str, images: Tensor) -> None:
    low, high = images.aminmax()
    if low >= 0 and high <= 1:  # one fast pass; a NaN fails it too
        return
    bad, what, mend = ~images.isfinite(), "NaN or infinite", "mend the file"
    if not bad.any():
        bad = (images < 0) | (images > 1)
        what, mend = "outside [0, 1]", "scale them, bytes by 1/255"
    image, pixel = divmod(int(bad.flatten().int().argmax()), images.shape[1])
    raise DataError(
        f"{where}: {int(bad.sum())} values are {what}, the first at image {image}, pixel {pixel} "
        f"({float(images[image, pixel]):g}); {mend}"
    )


def check_labels(
    where: str | Path,
    labels: Tensor,
    classes: int,
    mend: str = "correct them or the number of classes",
) -> None:
    """Raise a `DataError` that names `where` for labels `[N]` that are none of 0 to `classes - 1`."""
    bad = (labels < 0) | (labels >= classes)
    if bad.any():
        values = sorted(set(labels[bad].tolist()))
        shown = ", ".join(map(str, values[:5])) + (", …" if len(values) > 5 else "")
        raise DataError(
            f"{where}: {int(bad.sum())} labels are outside 0 to {classes - 1} ({shown}), the first "
            f"at index {int(bad.int().argmax())}; {mend}"
        )

"""What a net learns from, be it images or text: a training and a test split, each row with its answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    import torch
    from torch import Tensor

HELD_OUT = "/validation"
"""Ends the name of a data set whose `test` is held out of the training set."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images, or windows of text, with their labels, on one device.

    Arguments:
        images: `[N, D]` float32 in [0, 1], as `Dataset` checks; of a text, windows `[N, T]` of symbols, int64.
        labels: `[N]` int64.

    Example:
        >>> import torch
        >>> len(Split(torch.zeros(3, 4), torch.tensor([0, 1, 0])))
        3
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        """Return the number of images, N."""
        return len(self.images)

    def sha256(self) -> str:
        """Return the hash of all values, by which another split can be told to be the same."""
        found = hashlib.sha256()
        for values in (self.images, self.labels):
            found.update(f"{values.dtype} {list(values.shape)}".encode())
            for rows in values.split(10_000):
                found.update(rows.detach().contiguous().cpu().numpy().data)
        return found.hexdigest()

    def to(self, device: torch.device | str) -> Split:
        """Return the same split on `device`."""
        return Split(self.images.to(device), self.labels.to(device))


class Examples(Protocol):
    """What can be learned from: a `Dataset` of images, or the `Windows` of a text."""

    @property
    def name(self) -> str:
        """As errors and records spell it."""
        ...

    @property
    def classes(self) -> int:
        """How many answers there are."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """One per class."""
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of what a net reads."""
        ...

    @property
    def unit(self) -> str:
        """What its examples are called: images, rows, characters."""
        ...

    @property
    def train(self) -> Split:
        """What a net may learn from."""
        ...

    @property
    def test(self) -> Split:
        """What it is judged on."""
        ...

    @property
    def held_out(self) -> bool:
        """Whether `test` is a part of the training set, held out to choose by."""
        ...

    def for_validation(self) -> Self:
        """Split the training set alone."""
        ...

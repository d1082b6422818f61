"""Augmentation: a training image is changed a little, anew each time it is seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from forward_forward.errors import DataError, UsageError, check_shape, check_whole
from forward_forward.spec import describe

Augmentation = Callable[[Tensor, torch.Generator], Tensor]
"""Images `[B, D]` and a generator → images `[B, D]`."""


def described_augment(augment: Augmentation | None) -> dict[str, Any]:
    """Return what a learner says of its augmentation: nothing where it has none."""
    return {} if augment is None else {"augment": describe(augment)}


@dataclass(frozen=True)
class Jitter:
    """Shift each image by up to `pixels` each way, drawn evenly: (2 · pixels + 1)² shifts; what comes in is black.

    References:
        Hinton 2022, §3.3: 25 shifts; the label is written into the first ten pixels after the shift.

    Arguments:
        shape: (channels, height, width) of an image.
        pixels: the largest shift, below height and width.

    Raises:
        UsageError: when a shift could move an image out of sight, or is below 0.

    Example:
        >>> image = torch.tensor([[0.0, 1, 0, 0]])
        >>> Jitter((1, 2, 2), pixels=1)(image, torch.Generator().manual_seed(0)).shape
        torch.Size([1, 4])
    """

    shape: tuple[int, int, int]
    pixels: int = 2

    def __post_init__(self) -> None:
        check_shape(self.shape)
        check_whole(f"a shift of {self.pixels!r} pixels", self.pixels)
        if not 0 <= self.pixels < min(self.shape[1:]):
            raise UsageError(
                f"a shift of {self.pixels} pixels of images of {self.shape[1]}×{self.shape[2]}: "
                "it must be from 0 to below the side"
            )

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return the images `[B, D]`, each with a shift of its own.

        Raises:
            DataError: when images are of another size.
        """
        channels, height, width = self.shape
        if images.shape[1:] != (channels * height * width,):
            raise DataError(
                f"images of {tuple(images.shape[1:])} values cannot be shifted as {channels}×{height}×{width}; "
                "give the shape of these data"
            )
        batch, p = len(images), self.pixels
        maps = F.pad(images.view(batch, channels, height, width), (p, p, p, p))
        start = torch.randint(2 * p + 1, (2, batch, 1), generator=generator, device=images.device)
        rows = start[0] + torch.arange(height, device=images.device)
        columns = start[1] + torch.arange(width, device=images.device)
        each = torch.arange(batch, device=images.device)[:, None, None]
        shifted = maps.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]]
        return shifted.permute(0, 3, 1, 2).flatten(1)

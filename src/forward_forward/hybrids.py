"""Hybrid images: negatives for learning without labels, one image here and another one there (§3.2, figure 1).

Nearby pixels of a hybrid go together as those of a real image do, far ones do not: to tell the two apart a net
must find out about shapes.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import torch
from torch import Tensor

from forward_forward.errors import DataError, UsageError, check_shape, check_whole

MOST_BLURS = 1_000_000
"""A mask of any size is even long before."""


@dataclass(frozen=True)
class HybridImages:
    """Pair each image of a batch, as it is, with a hybrid of it and of another one of the batch.

    A hybrid is image · mask + other · (1 − mask), with a `blurred_mask` of its own. The other image is drawn evenly
    from the rest of the batch, whatever its class: labels are not looked at.

    References:
        Hinton 2022, §3.2 and figure 1. The number of blurs is not stated there.

    Arguments:
        shape: (channels, height, width) of an image.
        blurs: how often the mask is blurred; more make larger patches.

    Raises:
        UsageError: when there is only one pixel, or the number of blurs is below 0.

    Example:
        >>> hybrids = HybridImages((1, 28, 28))
        >>> images = torch.rand(5, 784)
        >>> pos, neg = hybrids(images, generator=torch.Generator().manual_seed(0))
        >>> pos[0] is images, neg[0].shape
        (True, torch.Size([5, 784]))
    """

    shape: tuple[int, int, int]
    blurs: int = 6

    labelled: ClassVar[bool] = False
    """No label goes in with these images."""

    def __post_init__(self) -> None:
        check_shape(self.shape)
        check_whole("blurs of a mask", self.blurs)
        if (
            not 0 <= self.blurs <= MOST_BLURS
            or min(self.shape) <= 0
            or self.shape[1] * self.shape[2] < 2
        ):
            raise UsageError(
                f"hybrids of images of {self.shape} by masks blurred {self.blurs} times: an image needs two pixels, "
                f"and blurs cannot be below 0 or above {MOST_BLURS:,}"
            )

    def __call__(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator, **_: Any
    ) -> tuple[tuple[Tensor], tuple[Tensor]]:
        """Return (images,) and (hybrids,), each `[B, D]`.

        Raises:
            DataError: when the batch has one image only, or images of another shape.
        """
        batch, channels = len(images), self.shape[0]
        if batch < 2:
            raise DataError(
                f"a batch of {'one image' if batch else 'no images'} has no other to make a hybrid with; "
                "take batches of two or more"
            )
        if images.ndim != 2 or images.shape[1] != channels * self.shape[1] * self.shape[2]:
            raise DataError(
                f"images of {tuple(images.shape[1:])} values are not of shape {self.shape}; give rows of them"
            )
        mask = blurred_mask(batch, self.shape[1:], self.blurs, generator).flatten(1)
        offset = torch.randint(1, batch, (batch,), generator=generator, device=images.device)
        other = images[(torch.arange(batch, device=images.device) + offset) % batch]
        return (images,), (torch.where(mask.repeat(1, channels), images, other),)


def blurred_mask(
    count: int, size: tuple[int, int], blurs: int, generator: torch.Generator
) -> Tensor:
    """Return masks `[count, height, width]` of ones and zeros in patches.

    Random bits, blurred by [1/4, 1/2, 1/4] both ways, again and again, and cut at 0.5. Beyond the edge the image goes
    on as at the edge. All the blurs are one matmul from each side. A mask that would be all ones or all zeros is cut at
    its own mean; one that is all of one value even so, as of two pixels, gives one half to each image.
    """
    device = generator.device
    bits = torch.randint(2, (count, *size), generator=generator, device=device).float()
    down, across = (blur_matrix(side, blurs).to(device) for side in size)
    smooth = down @ bits @ across.T
    half = torch.arange(size[0] * size[1], device=device).view(size) < size[0] * size[1] // 2
    mask = half.expand(count, *size)
    for threshold in (smooth.mean((1, 2), keepdim=True), 0.5):
        cut = smooth > threshold
        mixed = (cut != cut[:, :1, :1]).flatten(1).any(1)
        mask = torch.where(mixed[:, None, None], cut, mask)
    return mask


@lru_cache(maxsize=16)
def blur_matrix(side: int, blurs: int) -> Tensor:
    """Return the matrix `[side, side]` of so many blurs by [1/4, 1/2, 1/4] along a side."""
    index = torch.arange(side)
    once = torch.zeros(side, side, dtype=torch.float64)
    for step, share in ((-1, 0.25), (0, 0.5), (1, 0.25)):
        once.index_put_(
            (index, (index + step).clamp(0, side - 1)),
            torch.tensor(share, dtype=torch.float64),
            accumulate=True,
        )
    return torch.linalg.matrix_power(once, blurs).float()

"""Labels as input: one-of-N codes, the neutral label, and where a label sits in the image."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from forward_forward.errors import DataError

Placement = Callable[[Tensor, int], Tensor]


def one_of_n(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    """Return one-of-N codes `[..., C]` of integer labels `[...]`, in the dtype of `like`.

    Example:
        >>> one_of_n(torch.tensor([1]), 3, torch.empty(0))
        tensor([[0., 1., 0.]])
    """
    return F.one_hot(labels, classes).to(like)


def neutral(classes: int, like: Tensor) -> Tensor:
    """Return the neutral label `[1, 1, C]`: every class at 1/C (0.1 for ten classes, §3.3)."""
    return like.new_full((1, 1, classes), 1 / classes)


def every_label(classes: int, like: Tensor) -> Tensor:
    """Return the codes of all classes, `[C, 1, C]`, to ask a net about each label at once."""
    return torch.eye(classes, dtype=like.dtype, device=like.device).unsqueeze(1)


def random_wrong(labels: Tensor, classes: int, generator: torch.Generator) -> Tensor:
    """Return for each label `[B]` another one, drawn evenly from the C − 1 wrong ones.

    Example:
        >>> bool((random_wrong(torch.zeros(9, dtype=int), 3, torch.Generator()) > 0).all())
        True
    """
    offset = torch.randint(1, classes, labels.shape, generator=generator, device=labels.device)
    return (labels + offset) % classes


def overlay(images: Tensor, classes: int) -> Tensor:
    """Clear the first C pixels of images `[B, D]`: there the label is written (§3.3).

    Raises:
        DataError: when an image has no more pixels than there are classes.
    """
    if images.shape[-1] <= classes:
        raise DataError(
            f"an image of {images.shape[-1]} pixels has no room for {classes} labels; concatenate them"
        )
    cleared = images.clone()
    cleared[..., :classes] = 0
    return cleared


def concatenate(images: Tensor, classes: int) -> Tensor:
    """Leave images `[B, D]` as they are: the label's C features stand beside the pixels."""
    return images

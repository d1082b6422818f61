"""Adversarial images: a training image moved a little to where the objective of the layers that see it is higher.

Those are the first layer, and in a recurrent net whatever the image feeds. Learners find the slope of their objective
by the image, inside these layers: it passes through no other. What is here says how far to go that way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from forward_forward.errors import UsageError, check_callable, check_like, check_number
from forward_forward.spec import describe

Adversary = Callable[[Tensor, Tensor], Tensor]
"""Images `[B, D]`, slope by them of the objective of the layers that see them `[B, D]` → images `[B, D]`."""


def described_adversary(adversary: Adversary | None) -> dict[str, Any]:
    """Return what a learner says of its adversary: nothing where it has none."""
    return {} if adversary is None else {"adversary": describe(adversary)}


@dataclass(frozen=True)
class FastGradientSign:
    """Move every pixel by `size` in the direction that raises the layer's objective, and stay within [0, 1].

    x ← clip(x + size · sign(∂objective/∂x)), for the objective of the image with both its labels, the true and the
    wrong one. Pixels whose slope is 0, such as those a label covers, stay.

    References:
        Goodfellow, Shlens and Szegedy 2015, "Explaining and Harnessing Adversarial Examples", §3 and §5. There the
        slope goes through the whole net; here it ends in the layers that see the image.

    Arguments:
        size: of the move, in units of a pixel's range, in (0, 1].

    Raises:
        UsageError: when the size is no number, or lies outside.
    """

    size: float

    def __post_init__(self) -> None:
        check_number(f"a move of {self.size!r:.60} a pixel", self.size)
        if not 0 < self.size <= 1:
            raise UsageError(f"a move of {self.size} a pixel must be above 0 and not above 1")

    def __call__(self, images: Tensor, slope: Tensor) -> Tensor:
        """Return the moved images, `[B, D]`."""
        return (images + self.size * slope.sign()).clamp_(0, 1)


def moved(adversary: Adversary, images: Tensor, slope: Tensor) -> Tensor:
    """Return the images `[B, D]` that an adversary makes of some.

    Raises:
        UsageError: when they are not as many of the same size and dtype, or, where looking costs no wait, not finite.
    """
    found = adversary(images, slope)
    check_like(
        "the adversary made", found, images, "give as many images of the same size and dtype"
    )
    if found.device.type == "cpu" and not bool(found.isfinite().all()):
        raise UsageError(
            "the adversary made pixels that are not finite; look for what is odd in it"
        )
    return found


def check_adversary(adversary: Adversary | None, labelled: bool) -> None:
    """Raise a `UsageError` for what is no adversary, and for one of a net that hears no label."""
    if adversary is None:
        return
    check_callable("adversary", adversary)
    if not labelled:
        raise UsageError(
            "this net hears no label, and an adversary moves images against theirs; leave it out, or let a label feed "
            "the net"
        )

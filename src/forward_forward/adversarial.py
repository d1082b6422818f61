"""Adversarial images: a training image moved a little to where the first layer's own objective is higher.

The direction is the slope of the first layer's objective by its input, found inside that layer: no other layer is
asked, and nothing travels down from above. Learners find it; what is here says how far to go that way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.spec import describe

Adversary = Callable[[Tensor, Tensor], Tensor]
"""Images `[B, D]`, slope of the first layer's objective by them `[B, D]` → images `[B, D]`."""


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
        slope goes through the whole net; here it ends in the first layer.

    Arguments:
        size: of the move, in units of a pixel's range, in (0, 1].

    Raises:
        UsageError: when the size lies outside.
    """

    size: float

    def __post_init__(self) -> None:
        if not 0 < self.size <= 1:
            raise UsageError(f"a move of {self.size} a pixel must be above 0 and not above 1")

    def __call__(self, images: Tensor, slope: Tensor) -> Tensor:
        """Return the moved images, `[B, D]`."""
        return (images + self.size * slope.sign()).clamp_(0, 1)

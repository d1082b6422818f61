"""Units whose activation is the negative log density under a t-distribution (§9).

A product of experts models data as a product of heavy-tailed densities, one of each filter's output: a filter is nearly
always quiet, and a single large output costs little more than a middling one. Here such a cost is an activity.
"""

import math
from typing import Any

from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.local_layer import LocalLayer

ALPHA = 1.5


def negative_log_density(z: Tensor, alpha: float = ALPHA) -> Tensor:
    """Return α log(1 + z²/2), the negative log of a t-distribution's density, less that at 0.

    With 2α − 1 degrees of freedom, of a variable z · √(α − ½). Never negative, and the same for z and −z.

    References:
        Osindero, Welling and Hinton 2006, "Topographic Product Models Applied to Natural Scene Statistics": the energy
        of a product of Student-t experts is the sum of such terms.

    Arguments:
        z: filter outputs, of any shape.
        alpha: α, above ½: below that there is no density. Not checked here; layers do.

    Example:
        >>> import torch
        >>> negative_log_density(torch.tensor([0.0, 2.0, -2.0]), alpha=1.0)
        tensor([0.0000, 1.0986, 1.0986])
    """
    return z.square().mul_(0.5).log1p().mul_(alpha)


def slope_of_density(z: Tensor, alpha: float = ALPHA) -> Tensor:
    """Return the derivative of `negative_log_density`, α z / (1 + z²/2): largest at √2, and falling beyond."""
    return z * alpha / (z.square() * 0.5 + 1)


class _UnderT(LocalLayer):
    """Passes what a layer type computes through the negative log density: y = α log(1 + z²/2).

    As y is never negative, the ReLU that every layer has changes nothing.
    """

    linear_in_rows = False

    def __init__(self, *sizes: int, alpha: float = ALPHA, **parts: Any) -> None:
        if not 0.5 < alpha < math.inf:
            raise UsageError(f"alpha {alpha} of a t-distribution must be above 0.5, and finite")
        super().__init__(*sizes, **parts)
        self.alpha = alpha

    def parts(self) -> dict[str, Any]:
        return {**super().parts(), "alpha": self.alpha}

    def preactivation(self, *inputs: Any) -> Tensor:
        return negative_log_density(self._filtered(inputs), self.alpha)

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        slope = slope_of_density(self._filtered(inputs), self.alpha)  # y has lost the sign of z
        super().accumulate(inputs, dz.mul_(slope), decay)

    def read_back(self, dz: Tensor, *inputs: Any) -> Tensor:
        return super().read_back(dz * slope_of_density(self._filtered(inputs), self.alpha), *inputs)

    def _filtered(self, inputs: tuple[Any, ...]) -> Tensor:
        """Return the filters' outputs z `[R, U]`: what the layer type below makes of its inputs."""
        return super().preactivation(*inputs)  # type: ignore[safe-super]


class StudentT(_UnderT, Dense):
    """y = α log(1 + z²/2) of z = h W + b: a `Dense` layer of units under a t-distribution.

    Arguments:
        in_features, units: I and U.
        alpha: α, above ½; (2α − 1) degrees of freedom.
        parts: what else a `Dense` takes.

    Raises:
        UsageError: when alpha is not above ½, and those of `Dense`.

    Example:
        >>> import torch
        >>> layer = StudentT(4, 3, generator=torch.Generator().manual_seed(0))
        >>> h = torch.ones(2, 4)
        >>> bool((layer(h) == layer(-h)).all())
        True
    """


class LabelledStudentT(_UnderT, LabelledDense):
    """The same for the first layer of a net with labels, which reads an image and a label.

    Arguments:
        in_features, classes, units: D, C and U.
        alpha: α, above ½.
        parts: what else a `LabelledDense` takes.

    Raises:
        UsageError: when alpha is not above ½, and those of `LabelledDense`.
    """

"""Exact steps: one update takes every layer to a goodness of our choice, for one input.

In a fully connected layer of rectified units a step along the gradient of the goodness, for an input h, changes all
activities by the same share:

    z = h W,  y = ReLU(z),  S = Σ y²         ΔW = ε hᵀy / ‖h‖²   ⇒   y ← (1 + ε) y,  S ← (1 + ε)² S

So with ε = √(S*/S) − 1 the layer lands on the goodness S* in one step. And the orientation of y stays as it is: what
goes on to the layer above, y / ‖y‖, does not change, and therefore all layers can be moved at the same moment, in any
order, none waiting for another.

What holds beyond the paper's formula, which has inputs of length 1 and no biases:

* ‖h‖² is divided by, so an input may have any length; a bias is the weight of a further input, always 1.
* Units that are off, y = 0, get no update, and stay off for this input.
* Of a layer that is wholly off, S = 0, no step of this kind leads away: it is left alone, and that is told.
* A goal of 0 is reached, but a silent layer hands nothing on: those above are no longer at their goals afterwards.
* A share f of the step, ΔW · f, leads to (1 + fε)² S.
* The network's normalisation adds 1e-10 to the squared length. Where S is not far above that, orientation is not all
  that goes on.

Goodness is the sum of squares throughout, of all units, whatever objective a layer has been given.

References:
    Hinton 2022, §6, eq. (3) and (4); the factor 2 ∂log p / ∂S of eq. (3) is a part of ε here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.networks.feed_forward import FeedForward

FullyConnected = Dense | LabelledDense

Share = tuple[nn.Parameter, Tensor]
"""A parameter, and the vector `[I]` that it is multiplied with: z is the sum of vector · parameter over all of them."""


@dataclass(frozen=True)
class Jump:
    """What a jump did to one layer.

    Arguments:
        goodness: S before.
        rate: ε; 0 where the layer was left alone.
        possible: whether any step of this kind changes S. False where no unit is on, or nothing but zeros comes in.
    """

    goodness: float
    rate: float
    possible: bool

    @property
    def reached(self) -> float:
        """S afterwards, up to rounding: (1 + ε)² S."""
        return (1 + self.rate) ** 2 * self.goodness


def exact_rate(goodness: float, goal: float, fraction: float = 1.0) -> float:
    """Return ε = f · (√(S*/S) − 1), eq. (4); 0 where no ε leads to the goal.

    Arguments:
        goodness: S ≥ 0; of 0, or of what is no finite number, none does.
        goal: S* ≥ 0.
        fraction: f, how much of the step is taken, in (0, 1].

    Raises:
        UsageError: a goal below 0, or a fraction that is none.

    Example:
        >>> exact_rate(4.0, 9.0), exact_rate(4.0, 1.0), exact_rate(4.0, 9.0, fraction=0.5)
        (0.5, -0.5, 0.25)
    """
    if not 0 <= goal < math.inf or not 0 < fraction <= 1:
        raise UsageError(
            f"a goodness of {goal} by {fraction} of the step: the goal must be 0 or more, the share in (0, 1]"
        )
    ratio = goal / goodness if 0 < goodness < math.inf else math.inf
    return fraction * (math.sqrt(ratio) - 1) if ratio < math.inf else 0.0


def increments(vectors: Sequence[Tensor], y: Tensor, rate: float) -> list[Tensor]:
    """Return ΔW = ε hᵀy / ‖h‖² of every parameter, where h is all vectors in a row (eq. (3)).

    Arguments:
        vectors: what the parameters are multiplied with, `[I]` each; not all zero.
        y: activities `[U]`.
        rate: ε.

    Example:
        >>> h, weight = torch.tensor([3.0, 4.0]), torch.tensor([[1.0, -1.0], [1.0, 0.0]])
        >>> y = (h @ weight).relu()
        >>> (step,) = increments([h], y, rate=0.5)
        >>> y.tolist(), (h @ (weight + step)).relu().tolist()
        ([7.0, 0.0], [10.5, 0.0])
    """
    total = squared_lengths(vectors)
    return [torch.outer(vector, y) * (rate / total) for vector in vectors]


def squared_lengths(vectors: Sequence[Tensor]) -> float:
    """Return ‖h‖², where h is all vectors `[I]` in a row."""
    return sum(float(vector @ vector) for vector in vectors)


def fully_connected(layer: LocalLayer) -> FullyConnected:
    """Return the layer itself, if a single step can change all its activities by the same share.

    Layers derived from these compute something else: units under a t-distribution, weights behind a piece's gains.

    Raises:
        UsageError: if not.
    """
    if type(layer) not in (Dense, LabelledDense) or not isinstance(layer, FullyConnected):
        raise UsageError(
            f"{type(layer).__name__} is not fully connected to one input and then rectified, nothing else, so no "
            "single step changes all its activities by the same share; take Dense and LabelledDense"
        )
    return layer


def shares(layer: LocalLayer, inputs: tuple[Any, ...], *, biases: bool = True) -> list[Share]:
    """Return what makes up the preactivation z of one input: every parameter, and the vector it is multiplied with.

    Arguments:
        layer: a fully connected one.
        inputs: of one row.
        biases: whether a bias counts as the weight of an input of 1; otherwise it is not to be moved.

    Raises:
        UsageError: for any other layer: there a step changes the orientation.
    """
    layer = fully_connected(layer)
    if isinstance(layer, LabelledDense):
        projection, codes = layer.project(inputs[0]), inputs[1] * layer.strength
        total = layer.normalization.total(projection.images) + layer.normalization.total(codes)
        factor = layer.normalization.factor(total, layer.fan_in)
        found = [
            (layer.weight, (projection.images * factor).flatten()),
            (layer.label_weight, (codes * factor).flatten()),
        ]
    else:
        found = [(layer.weight, inputs[0].flatten())]
    if biases and layer.bias is not None:
        found.append((layer.bias, torch.ones_like(layer.bias[:1])))
    return found


def jump_layer(
    layer: LocalLayer,
    inputs: tuple[Any, ...],
    goal: float,
    *,
    fraction: float = 1.0,
    biases: bool = True,
) -> Jump:
    """Move a layer's weights, in place, so that its goodness for one input becomes S*.

    Arguments:
        layer: `Dense` or `LabelledDense`.
        inputs: the layer's, for one row.
        goal: S*, a sum of squares.
        fraction: how much of the step is taken, in (0, 1].
        biases: whether biases move too.

    Raises:
        UsageError: several rows, another layer, or a goal that cannot be.

    Example:
        >>> layer = Dense(4, 50, generator=torch.Generator().manual_seed(0))
        >>> h = torch.ones(1, 4)
        >>> done = jump_layer(layer, (h,), goal=100.0)
        >>> round(float(layer(h).square().sum()), 3)
        100.0
    """
    return _jumped(layer, inputs, goal, fraction, biases)[0]


def jump(
    network: FeedForward,
    inputs: tuple[Any, ...],
    goals: Sequence[float],
    *,
    fraction: float = 1.0,
    biases: bool = True,
) -> list[Jump]:
    """Move all layers of a network at once, in place, so that for one input each has the goodness it is given.

    Arguments:
        network: of `Dense` layers, the first perhaps a `LabelledDense`.
        inputs: the network's, for one row: `(image [1, D], code [1, 1, C])`, or `(image [1, D],)` normalised.
        goals: S* of each layer, bottom to top.
        fraction: how much of the step is taken, in (0, 1].
        biases: whether biases move too.

    Raises:
        UsageError: another number of goals than layers, or whatever `jump_layer` refuses; no layer has moved then.

    Example:
        >>> net = FeedForward.dense(64, 10, [30, 20], generator=torch.Generator().manual_seed(0))
        >>> inputs = torch.ones(1, 64), torch.eye(10)[3].view(1, 1, 10)
        >>> done = jump(net, inputs, [2.0, 0.5])
        >>> [round(float(y.square().sum()), 4) for y in net.activities(*inputs)]
        [2.0, 0.5]
    """
    if len(goals) != len(network.layers):
        raise UsageError(f"{len(goals)} goals for {len(network.layers)} layers; give one for each")
    layers = [fully_connected(layer) for layer in network.layers]
    for goal in goals:
        exact_rate(1.0, goal, fraction)  # whatever it refuses, it refuses before a layer has moved
    jumps = []
    for index, (layer, goal) in enumerate(zip(layers, goals, strict=True)):
        done, y = _jumped(layer, inputs, goal, fraction, biases)
        jumps.append(done)
        if layer is not layers[-1]:
            inputs = (network.passed_on(network.normalization(y), index),)
    return jumps


@torch.no_grad()
def _jumped(
    layer: LocalLayer, inputs: tuple[Any, ...], goal: float, fraction: float, biases: bool
) -> tuple[Jump, Tensor]:
    """Move a layer; return what was done, and its activities from before."""
    if inputs[0].shape[-1] != fully_connected(layer).in_features:
        raise UsageError(
            f"an input of {list(inputs[0].shape)}: the layer reads [1, {layer.in_features}]"
        )
    y = layer(*inputs)
    if len(y) != 1:
        raise UsageError(f"a jump is for one input, and {len(y)} came; give them one by one")
    parts = shares(layer, inputs, biases=biases)
    goodness, vectors = float(y.square().sum()), [vector for _, vector in parts]
    rate = exact_rate(goodness, goal, fraction)
    possible = 0 < goodness < math.inf and 0 < squared_lengths(vectors) < math.inf
    if possible and rate:
        for (parameter, _), step in zip(parts, increments(vectors, y[0], rate), strict=True):
            parameter.add_(step.view_as(parameter))
    return Jump(goodness, rate if possible else 0.0, possible), y

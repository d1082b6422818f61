"""A net's layers as C has them: rows of incoming weights, and what a step of learning multiplies them with."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from forward_forward.errors import UsageError
from forward_forward.export.power_sum import PowerSum, forms
from forward_forward.export.supported import dense_layers, exportable, first_layer
from forward_forward.labels import overlay
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.losses import Loss, SiLU, SymBa, ThresholdLogistic
from forward_forward.networks.feed_forward import FeedForward


@dataclass(frozen=True, eq=False)
class Rows:
    """A layer as C has it.

    Arguments:
        weights: `[U, I + 1]` float32, the incoming weights of each unit, the bias last.
        scale: the goodness is so many times the sum of squares.
        threshold: of the goodness; 0 for a loss that has none.
        slope: what moves a weight at rate 1, full doubt, an activity of 1 and an input of 1.
    """

    weights: NDArray[np.float32]
    scale: float
    threshold: float
    slope: float

    @property
    def inputs(self) -> int:
        """I; the constant of the bias is not counted."""
        return self.weights.shape[1] - 1

    @property
    def units(self) -> int:
        return len(self.weights)


def rows_of(network: FeedForward) -> list[Rows]:
    """Return the layers of a net, bottom to top.

    Raises:
        UsageError: the net cannot be exported, a goodness is no multiple of the sum of squares, or layers differ in
            what C has once for all: loss and normalisation.
    """
    layers = exportable(network).layers
    if len({(type(layer.loss), steepness(layer.loss)) for layer in layers}) > 1:
        raise UsageError("layers with different losses cannot be had in C; take one for all")
    if first_layer(network).normalization != network.normalization:
        raise UsageError("C normalises images and activities alike; take one normalisation for all")
    matrices = [_first_matrix(first_layer(network)), *map(_matrix, dense_layers(network))]
    return [
        Rows(
            weights=np.ascontiguousarray(matrix.detach().cpu().float().numpy().T),
            scale=(scale := _scale(layer, form)),
            threshold=getattr(layer.loss, "threshold", None) or 0.0,
            slope=2 * scale * layer.objective_scale * steepness(layer.loss),
        )
        for layer, form, matrix in zip(layers, forms(network), matrices, strict=True)
    ]


def steepness(loss: Loss) -> float:
    """Return by how much a loss's argument grows with the goodness.

    Raises:
        UsageError: this loss is not known here.
    """
    if type(loss) is ThresholdLogistic:
        return 1 / loss.temperature
    if type(loss) in (SymBa, SiLU) and isinstance(loss, SymBa):
        return loss.alpha
    raise UsageError(f"the loss {type(loss).__name__} cannot be exported")


def _first_matrix(layer: LabelledDense) -> torch.Tensor:
    """Return the rows of pixels, label and bias, in the order in which they lie in the input."""
    pixels, label, bias = layer.weight, layer.label_weight, layer.bias.unsqueeze(0)
    if layer.place is overlay:  # the label stands on the first pixels
        return torch.cat([label, pixels[layer.classes :], bias])
    return torch.cat([pixels, label, bias])


def _matrix(layer: Dense) -> torch.Tensor:
    """Return the rows of inputs and bias."""
    bias = torch.zeros_like(layer.weight[:1]) if layer.bias is None else layer.bias.unsqueeze(0)
    return torch.cat([layer.weight, bias])


def _scale(layer: LocalLayer, form: PowerSum) -> float:
    """Return what a layer's goodness multiplies the sum of squares with."""
    if form.power != 2 or form.scale is None:
        name = getattr(layer.goodness, "__name__", repr(layer.goodness))
        raise UsageError(f"C has goodness as a sum of squares, or their mean; not {name}")
    return form.scale

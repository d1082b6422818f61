"""A net's forward pass as ONNX nodes. Its weights are inputs of the graph, whose defaults are the net's own.

Rows lie as `[K, N, U]`: K labels that are asked about, N images. Positives and negatives are K = 2.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from forward_forward.export.graph import Graph, Value
from forward_forward.export.power_sum import PowerSum
from forward_forward.export.supported import dense_layers, exportable, first_layer
from forward_forward.labels import overlay
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import TINY, Normalization


@dataclass(frozen=True)
class Seen:
    """What can be had of images before a label is known.

    Arguments:
        images: `[N, D]`, standardised, the label's place cleared.
        share: images · W, `[N, U]`.
        total: sum of powers of each image, `[N, 1]`.
    """

    images: Value
    share: Value
    total: Value


class Forward:
    """The layers of a network, each as a method that adds its nodes.

    Arguments:
        graph: grows.
        network: what is exported.
        state: names of the parameters and buffers that are inputs; those of `network.state_dict()`.

    Raises:
        UsageError: the network cannot be exported.
    """

    def __init__(self, graph: Graph, network: FeedForward, state: Iterable[str]) -> None:
        self.graph, self.network = graph, exportable(network)
        self.layer = first_layer(network)
        values = {name: value.cpu().float().numpy() for name, value in network.state_dict().items()}
        self.state = {
            name: graph.input(name, values[name].shape, default=values[name]) for name in state
        }
        eye = np.eye(network.classes)
        self.eye = graph.constant(eye)
        self.every_label = graph.constant(eye[:, None])  # [C, 1, C]
        self.neutral = graph.constant(np.full((1, 1, network.classes), 1 / network.classes))

    def see(self, images: Value) -> Seen:
        """Return the image's share of the first layer."""
        layer = self.layer
        if (layer.pixel_mean, layer.pixel_std) != (0.0, 1.0):
            images = (images - layer.pixel_mean) / layer.pixel_std
        if layer.place is overlay:
            images = images * (np.arange(layer.in_features) >= layer.classes)
        share = images @ self.state["layers.0.weight"]
        return Seen(images, share, self.total(images, layer.normalization))

    def one_of_n(self, labels: Value) -> Value:
        """Return one-of-N codes of labels."""
        return self.graph.op("Gather", self.eye, labels)

    def at_strength(self, codes: Value) -> Value:
        """Return codes at the label's strength."""
        return codes if self.layer.strength == 1 else codes * self.layer.strength

    def first(self, seen: Seen, codes: Value) -> tuple[Value, Value]:
        """Return the first layer's activities `[K, N, U]`, and the factor `[K, N, 1]` that normalised its input.

        Arguments:
            seen: of N images.
            codes: `[K, N or 1, C]`, at the label's strength.
        """
        normalization, fan_in = self.layer.normalization, self.layer.fan_in
        total = seen.total + self.total(codes, normalization)
        factor = self.factor(total, fan_in, normalization)
        z = (seen.share + codes @ self.state["layers.0.label_weight"]) * factor
        return (z + self.state["layers.0.bias"]).relu(), factor

    def upper(self, index: int, h: Value) -> Value:
        """Return the activities of a layer above the first, of the normalised ones below it."""
        z = h @ self.state[f"layers.{index}.weight"]
        bias = self.state.get(f"layers.{index}.bias")
        return (z if bias is None else z + bias).relu()

    def normalised(self, y: Value, units: int) -> Value:
        """Return what the next layer is shown of activities of so many units."""
        normalization = self.network.normalization
        if normalization.power == 0:
            return y
        return y * self.factor(self.total(y, normalization), units, normalization)

    def total(self, x: Value, normalization: Normalization) -> Value:
        """Return Σ|x|ᵖ over the last axis."""
        if normalization.power == 0:  # not used: there is no factor
            return self.graph.constant(0)
        return self.graph.op(
            "ReduceL1" if normalization.power == 1 else "ReduceSumSquare", x, self.graph.axes(-1)
        )

    def factor(self, total: Value, units: int, normalization: Normalization) -> Value:
        """Return the factor of rows with this total of powers."""
        if normalization.power == 0:
            return self.graph.constant(1)
        mean = (total / units if normalization.per_unit else total) + TINY
        return self.graph.op("Reciprocal", mean.sqrt() if normalization.power == 2 else mean)

    def goodness(self, y: Value, form: PowerSum) -> Value:
        """Return the goodness of activities `[K, N, U]`, `[K, N, 1]`."""
        if form.power == 2 and form.scale is not None:
            g = self.graph.op("ReduceSumSquare", y, self.graph.axes(-1))
            return g if form.scale == 1 else g * form.scale
        return (_power(y, form.power) * form.weights.numpy()).sum(-1)

    def goodness_slope(self, y: Value, form: PowerSum, by: Value) -> Value:
        """Return by · ∂g/∂y · ReLU′ `[K, N, U]`, for a factor per row, `[K, N, 1]`."""
        by = by * (form.power * form.scale) if form.scale is not None else by
        slope = (y.sign() if form.power == 1 else _power(y, form.power - 1)) * by
        return slope if form.scale is not None else slope * (form.power * form.weights.numpy())


def weight_names(network: FeedForward) -> list[str]:
    """Return the names of what layers multiply with and add, bottom to top."""
    names = [f"layers.0.{part}" for part in ("weight", "label_weight", "bias")]
    for index, layer in enumerate(dense_layers(network), start=1):
        parts = ["weight"] if layer.bias is None else ["weight", "bias"]
        names += [f"layers.{index}.{part}" for part in parts]
    return names


def _power(y: Value, power: int) -> Value:
    result = y
    for _ in range(power - 1):
        result = result * y
    return result

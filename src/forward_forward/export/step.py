"""A step of learning as ONNX nodes: two forward passes as one block, and every layer's own update."""

import numpy as np

from forward_forward.data.columns import Columns
from forward_forward.errors import UsageError
from forward_forward.export.columns import read_columns
from forward_forward.export.forward import Forward, Seen, weight_names
from forward_forward.export.graph import Graph, Value
from forward_forward.export.power_sum import PowerSum, forms
from forward_forward.export.supported import first_layer
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.losses import Loss, SiLU, SymBa, ThresholdLogistic
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.optimizers import SmoothedGradient

HEAD = ["head.weight", "head.bias"]
LEAST = 1e-7
"""Noise is kept so far from 0 and from 1, whose logarithms are not finite."""
UNLIKELY = 1e30
"""Taken off the score of a label that must not be drawn."""


def inputs_of(graph: Graph, network: FeedForward, columns: Columns | None) -> Value:
    """Return the first layer's inputs `[N, D]`: the graph's input `images`, or what it makes of a table's columns."""
    if columns is not None:
        return read_columns(graph, columns)
    return graph.input("images", ["N", first_layer(network).in_features])


class Step:
    """The nodes of a training step.

    `given` is what chooses the negatives: wrong labels, or, with a rule for the head, the noise to draw them by.

    Arguments:
        network: is exportable.
        rule: updates the layers.
        head_rule: updates the softmax head, if there is one.
        columns: of a table, of which the graph makes the inputs.
    """

    def __init__(
        self,
        network: FeedForward,
        rule: SmoothedGradient,
        head_rule: SmoothedGradient | None,
        columns: Columns | None = None,
    ) -> None:
        self.network, self.rule = network, rule
        self.graph = graph = Graph()
        self.images = inputs_of(graph, network, columns)
        self.labels = graph.input("labels", ["N"], np.int64)
        if head_rule is None:
            self.given = graph.input("negatives", ["N"], np.int64)
        else:
            self.given = graph.input("noise", ["N", network.classes])
        self.gain = graph.input("gain", [], default=np.ones(()))
        learned = weight_names(network) + (HEAD if head_rule is not None else [])
        self.shapes = {name: list(value.shape) for name, value in network.state_dict().items()}
        self.velocity = {n: graph.input(f"velocity.{n}", self.shapes[n]) for n in learned}
        peers = [_peer(i) for i, layer in enumerate(network.layers) if layer.peer is not None]
        self.forward = Forward(graph, network, [*learned, *peers])
        images = graph.op("Cast", graph.op("Shape", self.images, start=0, end=1), to=1)
        self.one_image = graph.op("Reciprocal", images)

    def teach_layers(self, seen: Seen, codes: list[Value]) -> None:
        """Let every layer learn from both passes as they go up.

        Arguments:
            seen: the images, the same in both passes.
            codes: one-of-N codes of the right labels and of the wrong ones, each `[N, C]`.
        """
        forward, graph = self.forward, self.graph
        layers = self.network.layers
        stacked = graph.op("Concat", *(code.unsqueeze(0) for code in codes), axis=0)
        block = forward.at_strength(stacked)
        y, factor = forward.first(seen, block)
        found, below = [], y
        for index, form in enumerate(forms(self.network)):
            if index:
                below = forward.normalised(y, layers[index - 1].units)
                y = forward.upper(index, below)
            dz, goodness = self._judged(index, form, y)
            if index:
                bias = f"layers.{index}.bias" in self.velocity
                gradients = _upper_gradients(below, dz, bias)
            else:
                gradients = _first_gradients(seen, block, dz, dz * factor)
            for part, gradient in gradients.items():
                self._move(f"layers.{index}.{part}", gradient, self.rule)
            found.append(goodness)
        goodness = graph.op("Concat", *found, axis=0)
        graph.output("goodness", goodness, [len(found), 2, "N"])

    def teach_head(self, seen: Seen, right: Value, rule: SmoothedGradient) -> Value:
        """Ask the softmax in one pass with the neutral label, teach it, and return wrong labels it finds likely.

        Arguments:
            seen: the images.
            right: one-of-N codes of their labels, `[N, C]`.
            rule: updates the head.
        """
        forward, graph = self.forward, self.graph
        layers = self.network.layers
        y, _ = forward.first(seen, forward.at_strength(forward.neutral))
        hidden = [forward.normalised(y, layers[0].units)]
        for index, layer in enumerate(layers[1:], start=1):
            y = forward.upper(index, hidden[-1])
            hidden.append(forward.normalised(y, layer.units))
        features = graph.op("Concat", *hidden[self.network.read_from :], axis=2).squeeze(0)
        logits = features @ forward.state["head.weight"] + forward.state["head.bias"]
        error = (graph.op("Softmax", logits, axis=1) - right) * (self.one_image * rule.share)
        self._move("head.weight", features.transpose(1, 0) @ error, rule)
        self._move("head.bias", error.sum(0).squeeze(0), rule)
        noise = graph.op("Clip", self.given, LEAST, 1 - LEAST)
        gumbel = -(-noise.log()).log()
        return graph.op("ArgMax", logits + gumbel - right * UNLIKELY, axis=1, keepdims=0)

    def _judged(self, index: int, form: PowerSum, y: Value) -> tuple[Value, Value]:
        """Return ∂(share · mean objective)/∂z of activities `[2, N, U]`, and their goodness `[1, 2, N]`."""
        layer = self.network.layers[index]
        goodness = self.forward.goodness(y, form)
        slopes = self.graph.op("Concat", *_loss_slopes(layer.loss, *goodness.halves()), axis=0)
        by = slopes * (self.one_image * (layer.objective_scale * self.rule.share))
        dz = self.forward.goodness_slope(y, form, by)
        if layer.peer is not None:
            dz = dz - self._pull(index, layer, y)
        return dz, goodness.squeeze(2).unsqueeze(0)

    def _pull(self, index: int, layer: LocalLayer, y: Value) -> Value:
        """Return what peers take off the slope of every positive row and of no negative one, `[2, 1, U]`."""
        assert layer.peer is not None
        before = self.forward.state[_peer(index)]
        seen = y.halves()[0].mean(0, 1).squeeze(0, 1)
        mean = before + (seen - before) * (1 - layer.peer.momentum)
        self.graph.output(f"next.{_peer(index)}", mean, [layer.units])
        pull = (mean.mean(0) - mean) * (self.one_image * (layer.peer.strength * self.rule.share))
        return pull * np.array([[[1]], [[0]]])

    def _move(self, name: str, gradient: Value, rule: SmoothedGradient) -> None:
        """Smooth a gradient that has its share already, and step."""
        weight = self.forward.state[name]
        velocity = self.velocity[name] * rule.decay + gradient
        step = velocity + weight * rule.weight_decay if rule.weight_decay else velocity
        moved = weight - step * (self.gain * rule.rate)
        self.graph.output(f"next.{name}", moved, self.shapes[name])
        self.graph.output(f"next.velocity.{name}", velocity, self.shapes[name])


def _first_gradients(seen: Seen, codes: Value, dz: Value, inward: Value) -> dict[str, Value]:
    """Return the gradients of the layer that reads image and label; `inward` is dz times the input's factor."""
    return {
        "weight": seen.images.transpose(1, 0) @ inward.sum(0).squeeze(0),
        "label_weight": (codes.transpose(0, 2, 1) @ inward).sum(0).squeeze(0),
        "bias": dz.sum(0, 1).squeeze(0, 1),
    }


def _upper_gradients(h: Value, dz: Value, bias: bool) -> dict[str, Value]:
    """Return the gradients of a layer above, of its input and of ∂objective/∂z, `[2, N, I]` and `[2, N, U]`."""
    gradients = {"weight": (h.transpose(0, 2, 1) @ dz).sum(0).squeeze(0)}
    return gradients | ({"bias": dz.sum(0, 1).squeeze(0, 1)} if bias else {})


def _loss_slopes(loss: Loss, pos: Value, neg: Value) -> tuple[Value, Value]:
    """Return a loss's two slopes, as its own `slopes` does, of the goodness of each pass.

    Raises:
        UsageError: this loss has no such form here.
    """
    if type(loss) is ThresholdLogistic:
        threshold, temperature = float(loss.threshold or 0), loss.temperature
        pos, neg = ((g - threshold) / temperature for g in (pos, neg))
        return -((-pos).sigmoid() / temperature), neg.sigmoid() / temperature
    if not isinstance(loss, SymBa) or type(loss) not in (SymBa, SiLU):
        raise UsageError(f"the loss {type(loss).__name__} cannot be exported")
    u = (neg - pos) * loss.alpha
    slope = u.sigmoid()
    if type(loss) is SiLU:
        slope = slope * (u * (1 - slope) + 1)
    slope = slope * loss.alpha
    return -slope, slope


def _peer(index: int) -> str:
    return f"layers.{index}.peer.mean_activity"

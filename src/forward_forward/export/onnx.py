"""A net as two ONNX graphs: one that predicts, and one that is a step of learning.

A Forward-Forward step is made of what inference is made of: matrix products, sums and a sigmoid. So it can be written
as an ordinary graph, and a runtime that knows nothing of training learns with it.
"""

from typing import Any

import numpy as np

from forward_forward.data.columns import Columns
from forward_forward.errors import UsageError
from forward_forward.export.forward import Forward, weight_names
from forward_forward.export.graph import Graph
from forward_forward.export.power_sum import forms
from forward_forward.export.step import Step, inputs_of
from forward_forward.export.supported import exportable
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.optimizers import Rule, SmoothedGradient

RULE, HEAD_RULE = SmoothedGradient(1.5e-3, 0.002), SmoothedGradient(0.1, 0.003)
"""The rules of our best net (`recipes/best_supervised.py`)."""


def onnx_files(
    network: FeedForward, rule: SmoothedGradient = RULE, columns: Columns | None = None
) -> dict[str, bytes]:
    """Return both graphs as files, `predict.onnx` and `learn.onnx`; a net with a softmax learns from hard negatives.

    Arguments:
        network: what is exported.
        rule: updates the layers.
        columns: of a net that reads the rows of a table; both graphs then take its columns.

    Raises:
        UsageError: the network or the rule cannot be exported.
    """
    head_rule = HEAD_RULE if exportable(network).head is not None else None
    graphs = {
        "predict": prediction(network, columns),
        "learn": training_step(network, rule, head_rule, columns),
    }
    return {f"{name}.onnx": graph.SerializeToString() for name, graph in graphs.items()}


def prediction(network: FeedForward, columns: Columns | None = None) -> Any:
    """Return an ONNX model that answers for images.

    Inputs: `images [N, D]`, or with `columns` what `read_columns` names; and every weight under its name in
    `network.state_dict()`; left out, it is the net's own.
    Outputs: `goodness [N, C]`, the sum over the layers that readouts use, and `label [N]`, where it is highest.

    Raises:
        UsageError: the network cannot be exported.
    """
    exportable(network)
    graph, judges = Graph(), forms(network)
    images = inputs_of(graph, network, columns)
    forward = Forward(graph, network, weight_names(network))
    y, _ = forward.first(forward.see(images), forward.at_strength(forward.every_label))
    read = []
    for index in range(len(network.layers)):
        if index:
            y = forward.upper(index, forward.normalised(y, network.layers[index - 1].units))
        if index >= network.read_from:
            read.append(forward.goodness(y, judges[index]))
    goodness = graph.op("Sum", *read).squeeze(2).transpose(1, 0)
    graph.output("goodness", goodness, ["N", network.classes])
    label = graph.op("ArgMax", goodness, axis=1, keepdims=0)
    graph.output("label", label, ["N"], np.int64)
    return graph.model("predict", "Images in, goodness of every label out.")


def training_step(
    network: FeedForward,
    rule: SmoothedGradient,
    head_rule: SmoothedGradient | None = None,
    columns: Columns | None = None,
) -> Any:
    """Return an ONNX model that is one step of `Simultaneous` learning, in float32.

    Inputs: `images [N, D]`; `labels [N]`; `negatives [N]`, labels that are wrong, or, with a head rule, `noise [N, C]`,
    even in [0, 1), by which hard negatives are drawn from what the softmax says; `gain`, the share of the full rate, 1
    if left out; `velocity.<name>` of every parameter, zeros at first; and the state under its names in
    `network.state_dict()`, weights and mean activities of peers, which left out are the net's own.

    Outputs: `goodness [L, 2, N]`, each layer's on the positive and the negative pass, before it learned; `drawn [N]`,
    the wrong labels; and `next.<name>` for every velocity and all of the state, to be put in with the next batch.

    Arguments:
        network: its loss, goodness, normalisation and peers become part of the graph.
        rule: updates the layers.
        head_rule: updates the softmax head; None leaves it alone.
        columns: of a table, which then stand in place of `images`.

    Raises:
        UsageError: the network or a rule cannot be exported, or there is a rule for a head that is not there.
    """
    exportable(network)
    _check_rules(network, rule, head_rule)
    step = Step(network, rule, head_rule, columns)
    seen = step.forward.see(step.images)
    right = step.forward.one_of_n(step.labels)
    drawn = step.given if head_rule is None else step.teach_head(seen, right, head_rule)
    step.teach_layers(seen, [right, step.forward.one_of_n(drawn)])
    step.graph.output("drawn", drawn, ["N"], np.int64)
    return step.graph.model("learn", "A step of Forward-Forward learning: two passes, one update.")


def _check_rules(network: FeedForward, rule: Rule, head_rule: Rule | None) -> None:
    for each in (rule, head_rule):
        if each is not None and not isinstance(each, SmoothedGradient):
            raise UsageError(
                f"{type(each).__name__} cannot be exported; learn with SmoothedGradient"
            )
    if head_rule is not None and network.head is None:
        raise UsageError("this network has no softmax head to teach; leave its rule out")

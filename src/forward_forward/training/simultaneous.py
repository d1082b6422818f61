"""Every layer learns from every batch (the author's way): the fast, closed-form step."""

from typing import Any

import torch
from torch import Tensor

from forward_forward.data import Split
from forward_forward.layers.local_layer import LayerStatistics
from forward_forward.negatives import Negatives, stack
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.readout import goodness_per_label
from forward_forward.spec import describe
from forward_forward.training.evaluation import Scores, shortlisted
from forward_forward.training.optimizers import Rule, set_rate


class Simultaneous:
    """Updates every layer, and the softmax head beside them, on every batch; no autograd graph is made.

    One step: a pass with the neutral label → the head's probabilities → negatives; then positives and
    negatives go up together as one block of rows, and each layer updates itself as they pass.

    References:
        Hinton 2022, §3.3, and the author's program.

    Arguments:
        network: learns in place.
        negatives: makes the negative data.
        rule: updates the layers.
        head_rule: updates the softmax head.
    """

    stages = 1

    def __init__(
        self, network: FeedForward, negatives: Negatives, rule: Rule, head_rule: Rule
    ) -> None:
        self.network = network
        self.matmul_dtype = network.layers[0].matmul_dtype
        self.negatives = negatives
        self.rule = rule
        self.head_rule = head_rule
        self.layer_optimizers = [rule.build(layer.parameters()) for layer in network.layers]
        self.optimizers = list(self.layer_optimizers)
        if network.head is not None:
            self.head_optimizer = head_rule.build(network.head.parameters())
            self.optimizers.append(self.head_optimizer)

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.split = split

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        network, rule = self.network, self.rule
        labels = self.split.labels[rows]
        images = network.project(self.split.images[rows])
        logits = self._teach_head(images, labels, gain)
        pos, neg = self.negatives(
            images, labels, network=network, generator=generator, logits=logits
        )
        inputs = stack(pos, neg)
        statistics = []
        for layer, optimizer in zip(network.layers, self.layer_optimizers, strict=True):
            y, seen = layer.learn(inputs, decay=rule.decay, scale=rule.share / len(rows))
            set_rate(optimizer, gain)
            optimizer.step()
            statistics.append(seen)
            if layer is not network.layers[-1]:
                inputs = (network.normalization(y),)
        return table(statistics)

    def _teach_head(self, images: Any, labels: Tensor, gain: float) -> Tensor | None:
        head = self.network.head
        if head is None:
            return None
        features, logits = self.network.one_pass(images)
        scale = self.head_rule.share / len(labels)
        head.learn(features, labels, logits=logits, decay=self.head_rule.decay, scale=scale)
        set_rate(self.head_optimizer, gain)
        self.head_optimizer.step()
        return logits

    def scores(self, images: Tensor) -> Scores:
        return network_scores(self.network, images)

    def describe(self) -> dict[str, Any]:
        return {
            "method": "simultaneous",
            "network": self.network.config(),
            "negatives": describe(self.negatives),
            "rule": describe(self.rule),
            "head_rule": describe(self.head_rule),
        }


def table(statistics: list[LayerStatistics]) -> Tensor:
    """Return `[layers, 4]`: loss, accuracy, goodness of positives and of negatives."""
    rows = [
        torch.stack([s.loss, s.accuracy.to(s.loss), s.goodness_pos, s.goodness_neg])
        for s in statistics
    ]
    return torch.stack(rows)


def network_scores(network: FeedForward, images: Tensor) -> Scores:
    """Return the scores of images by goodness, softmax and shortlist, computed once for all three."""
    projection = network.project(images)
    layers = goodness_per_label(network, projection)
    goodness = network.read(layers)
    readouts = {"goodness": goodness}
    if network.head is not None:
        logits = network.one_pass(projection)[1]
        readouts |= {"softmax": logits, "shortlist": shortlisted(logits, goodness)}
    return Scores(readouts, layers)

"""Every layer learns from every batch (the author's way): the fast, closed-form step."""

from typing import Any

import torch
from torch import Tensor

from forward_forward.adversarial import Adversary, check_adversary, described_adversary, moved
from forward_forward.augment import Augmentation
from forward_forward.layers.statistics import LayerStatistics
from forward_forward.negatives import Negatives, stack
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.network import Network
from forward_forward.readout import goodness_per_label
from forward_forward.training.all_layers import AllLayers
from forward_forward.training.evaluation import Scores, shortlisted
from forward_forward.training.learner import check_net
from forward_forward.training.optimizers import Rule


class Simultaneous(AllLayers):
    """Updates every layer, and the softmax head beside them, on every batch, in closed form.

    One step of a net with labels, or of one that reads text: a pass with the neutral label, or of the text so far →
    the head's probabilities → negatives; then positives and negatives go up together as one block of rows, and each
    layer updates itself as they pass. A net of images without labels needs no first pass: its head reads what the
    positives leave behind.

    References:
        Hinton 2022, §3.2, §3.3, and the author's program.

    Arguments:
        network: learns in place.
        negatives: makes the negative data.
        rule: updates the layers.
        head_rule: updates the softmax head.
        augment: changes images before anything else sees them; None leaves them as they are.
        adversary: moves the images that the layers learn from, once the negatives are drawn; the head sees them
            unmoved. None leaves them as they are.

    Raises:
        UsageError: when the network is no `FeedForward`; when the negatives are labels and the network reads none, or
            the other way about; when a network without labels has no head, and so no readout at all, or an adversary,
            who asks about labels.
    """

    weights: Tensor | None = None
    """How much each sample of the split counts, `[N]`, > 0; None counts all alike."""

    def __init__(
        self,
        network: FeedForward,
        negatives: Negatives,
        rule: Rule,
        head_rule: Rule,
        augment: Augmentation | None = None,
        adversary: Adversary | None = None,
    ) -> None:
        check_net(self, network, "passed_on")
        super().__init__(network, negatives, rule, head_rule, augment)
        check_adversary(adversary, network.labelled)
        self.adversary = adversary

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        labels, weights = self.split.labels[rows], self._weights_of(rows)
        statistics, read = self._teach_layers(  # which alone holds the block, and lets go of it
            self._block(rows, labels, generator, gain), gain, weights=weights
        )
        if read:
            self._teach_head(torch.cat(read, dim=1), labels, gain, weights=weights)
        return table(statistics)

    def _block(
        self, rows: Tensor, labels: Tensor, generator: torch.Generator, gain: float
    ) -> tuple[Any, ...]:
        """Return the first layer's inputs, positives first; on its way a net that asks first teaches its head."""
        network = self.network
        images: Any = self._images(rows, generator)
        seen = images
        if network.labelled:
            images = network.project(images)
        logits = self._asked(images, labels, gain, self._weights_of(rows))
        pos, neg = self.negatives(
            images, labels, network=network, generator=generator, logits=logits
        )
        inputs = stack(pos, neg)
        if self.adversary is not None:
            slope = network.layers[0].input_slope(*inputs)
            inputs = (moved(self.adversary, seen, slope), *inputs[1:])
        return network.project(inputs[0]), *inputs[1:]

    def _weights_of(self, rows: Tensor) -> Tensor | None:
        """Return the weights of a batch, brought to a mean of 1, if there are any."""
        if self.weights is None:
            return None
        weights = self.weights[rows]
        return weights / weights.mean()

    def _asked(
        self, images: Any, labels: Tensor, gain: float, weights: Tensor | None = None
    ) -> Tensor | None:
        """Return the logits of the softmax, which then learns what was right; None of a net that asks nothing first."""
        if not self.network.asks_first:
            return None
        features, logits = self.network.one_pass(images)
        self._teach_head(features, labels, gain, logits, weights)
        return logits

    def _teach_layers(
        self,
        inputs: tuple[Any, ...],
        gain: float,
        positives: int | None = None,
        weights: Tensor | None = None,
    ) -> tuple[list[LayerStatistics], list[Tensor]]:
        """Let each layer learn from a block of positives and negatives, which is let go of on the way up.

        Arguments:
            positives: how many rows are; None is half of them.
            weights: of the samples `[B]`, mean 1; None is 1 for each.

        Returns:
            What the layers saw; and, of a net without labels, what its head is to read of the positives.
        """
        network, rule = self.network, self.rule
        keeps = network.head is not None and not network.asks_first
        statistics, read = [], []
        for index, layer in enumerate(network.layers):
            y, seen = layer.learn(
                inputs,
                decay=rule.decay,
                share=rule.share,
                positives=positives,
                weights=weights,
            )
            self._update(index, gain)
            statistics.append(seen)
            if layer is network.layers[-1] and not keeps:
                break
            h = network.normalization(y)
            del y  # so that no more than a layer's input, activities and slopes are alive at a time
            if keeps and index >= network.read_from:
                read.append(h.chunk(2)[0].clone())
            if layer is not network.layers[-1]:
                inputs = (network.passed_on(h, index),)
        return statistics, read

    def scores(self, images: Tensor) -> Scores:
        return network_scores(self.network, images)

    def describe(self) -> dict[str, Any]:
        return {**self._described("simultaneous"), **described_adversary(self.adversary)}


def table(statistics: list[LayerStatistics]) -> Tensor:
    """Return `[layers, 4]`: loss, accuracy, goodness of positives and of negatives."""
    rows = [
        torch.stack([s.loss, s.accuracy.to(s.loss), s.goodness_pos, s.goodness_neg])
        for s in statistics
    ]
    return torch.stack(rows)


def network_scores(network: Network, images: Tensor) -> Scores:
    """Return the scores of images by goodness, softmax and shortlist, computed once for all three.

    A net without labels has only the softmax: no goodness of its belongs to a class.

    Raises:
        UsageError: when it has no softmax either.
    """
    if not network.labelled:
        features, logits = network.one_pass(images)
        if not getattr(network, "reads_symbols", False):
            return Scores({"softmax": logits})
        return Scores({"softmax": logits}, predictions=True, active=(features > 0).any(0))
    projection = network.project(images)
    layers = goodness_per_label(network, projection)
    goodness = network.read(layers)
    readouts = {"goodness": goodness}
    if network.head is not None:
        logits = network.one_pass(projection)[1]
        readouts |= {"softmax": logits, "shortlist": shortlisted(logits, goodness)}
    return Scores(readouts, layers)

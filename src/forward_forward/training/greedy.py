"""One layer after the other: each learns to the end on what the finished ones below hand up."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from forward_forward.augment import Augmentation, described_augment
from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.negatives import Inputs, Negatives, hard_by_goodness, stack
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import generator as seeded
from forward_forward.spec import describe
from forward_forward.training.evaluation import Scores
from forward_forward.training.learner import STATISTICS
from forward_forward.training.optimizers import Rule, set_rate
from forward_forward.training.simultaneous import network_scores, table

CHUNK = 2_000
"""Images in a layer at a time; of more, activities would no longer fit the caches."""

Rows = Tensor | slice


class Greedy:
    """Trains layer `stage` alone; the loop runs all epochs once a layer.

    Streamed, fresh negatives are drawn for each batch and go up through the finished layers. Cached, the
    negatives are drawn once for the whole run, and the layer's input is computed once for all images. Either
    way at most one layer's activities exist at a time, so memory does not grow with depth.

    References:
        The 2022 walkthrough and its ports; Hinton 2022, §2.1 (greedy learning).

    Arguments:
        network: learns in place; a softmax head is not trained and must be absent.
        negatives: makes the negative data.
        rule: updates the layer in training.
        cached: compute the layer's input once (True), or for every batch (False).
        augment: changes images before anything else sees them; None leaves them as they are.

    Raises:
        UsageError: when the network has a head, or learns without labels, or what is cached would have to change.
    """

    def __init__(
        self,
        network: FeedForward,
        negatives: Negatives,
        rule: Rule,
        cached: bool = False,
        augment: Augmentation | None = None,
    ) -> None:
        if network.head is not None:
            raise UsageError("greedy learning trains no softmax head; build with head=False")
        if not network.labelled:
            raise UsageError(
                "greedy learning trains no softmax head, and a net without labels has no other readout; "
                "learn simultaneously"
            )
        if cached and augment is not None:
            raise UsageError("cached inputs are drawn once: they cannot be augmented anew")
        if cached and negatives is hard_by_goodness:
            raise UsageError(
                "cached negatives are drawn once: they cannot follow the network's goodness"
            )
        self.network = network
        self.matmul_dtype = network.layers[0].matmul_dtype
        self.negatives = negatives
        self.rule = rule
        self.cached = cached
        self.augment = augment
        self.stages = len(network.layers)
        self.optimizers = [rule.build(layer.parameters()) for layer in network.layers]
        self.cache: Inputs | None = None
        self.memory: dict[str, Tensor] = {}

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.split = split
        self.stage = stage
        self.cache = None
        if self.cached:
            draw = seeded(seed, "negatives", device=split.images.device)
            self.cache = self._inputs_of_all(draw)

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        """Learn from a batch, of which at most `CHUNK` images are in the layer at a time: their gradients add up.

        Peer normalisation takes in a batch as a whole, so there a batch is not divided.
        """
        layer, optimizer = self.network.layers[self.stage], self.optimizers[self.stage]
        chunk = CHUNK if layer.peer is None else len(rows)
        seen = torch.zeros(1, len(STATISTICS), device=rows.device)
        decay = self.rule.decay
        for inputs, portion in _portions(self._batch(rows, generator), len(rows), chunk):
            if self.cache is None:
                inputs = self._climb(inputs)
            if self.stage == 0:
                inputs = (self.network.project(inputs[0]), *inputs[1:])
            _, statistics = layer.learn(inputs, decay=decay, share=self.rule.share * portion)
            seen += table([statistics]) * portion
            decay = 1.0
        set_rate(optimizer, gain)
        optimizer.step()
        return seen

    def _batch(self, rows: Tensor, generator: torch.Generator) -> Inputs:
        """Return a batch's block of inputs: the network's, or, cached, those of the layer in training."""
        if self.cache is None:
            return self._block(rows, generator)
        if len(rows) == len(self.split):
            return self.cache  # all of it: the order does not matter, and nothing is copied
        return tuple(_rows_of(x, rows, len(self.split)) for x in self.cache)

    def _block(self, rows: Rows, generator: torch.Generator) -> Inputs:
        images, labels = self.split.images[rows], self.split.labels[rows]
        if self.augment is not None:
            images = self.augment(images, generator)
        pos, neg = self.negatives(
            images, labels, network=self.network, generator=generator, logits=None
        )
        return stack(pos, neg)

    def _climb(self, inputs: Inputs) -> Inputs:
        network = self.network
        for index, layer in enumerate(network.layers[: self.stage]):
            inputs = (network.passed_on(network.normalization(layer(*inputs)), index),)
        return inputs

    def _inputs_of_all(self, generator: torch.Generator) -> Inputs:
        """Return the input of the layer in training for every image, a chunk of images at a time."""
        block = self._block(slice(None), generator)
        if self.stage == 0:
            return block
        chunks = [
            self._climb(inputs)[0].unflatten(0, (2, -1))
            for inputs, _ in _portions(block, len(self.split), CHUNK)
        ]
        return (torch.cat(chunks, dim=1).flatten(0, 1),)

    def scores(self, images: Tensor) -> Scores:
        return network_scores(self.network, images)

    def describe(self) -> dict[str, Any]:
        return {
            "method": "greedy",
            "network": self.network.config(),
            "negatives": describe(self.negatives),
            "rule": describe(self.rule),
            "cached": self.cached,
            **described_augment(self.augment),
        }


def _portions(block: Inputs, size: int, chunk: int) -> Iterator[tuple[Inputs, float]]:
    """Yield the inputs of at most `chunk` images at a time, and which share of the batch of `size` they are."""
    for start in range(0, size, chunk):
        rows = slice(start, min(start + chunk, size))
        yield tuple(_rows_of(x, rows, size) for x in block), (rows.stop - start) / size


def _rows_of(x: Tensor, rows: Rows, size: int) -> Tensor:
    """Return the positive and the negative block's rows of a cached input."""
    if x.ndim == 3:  # label codes, `[2, N, C]`
        return x[:, rows]
    if len(x) == size:  # images that both passes share, `[N, D]`
        return x[rows]
    return x.unflatten(0, (2, -1))[:, rows].flatten(0, 1)

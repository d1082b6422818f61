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
from forward_forward.training.learner import STATISTICS, check_net
from forward_forward.training.optimizers import Rule, set_rate
from forward_forward.training.simultaneous import network_scores, table

CHUNK = 2_000
"""Images in a layer at a time; of more, activities would no longer fit the caches."""
CLIMB = 500
"""Images that are handed up at a time where all are: as few as take little memory beside a batch that learns."""

Rows = Tensor | slice


class Greedy:
    """Trains layer `stage` alone; the loop runs all epochs once a layer.

    Streamed, fresh negatives are drawn for each batch and go up through the finished layers. Cached, the
    negatives are drawn once for the whole run, and the layer's input is computed once for all images, from that of
    the layer below. Either way memory does not grow with depth: streamed, one layer's activities of a batch exist at
    a time; cached, one layer's inputs of all images, both passes, which stand in the place of the images.

    References:
        The 2022 walkthrough and its ports; Hinton 2022, §2.1 (greedy learning).

    Arguments:
        network: learns in place; a softmax head is not trained and must be absent.
        negatives: makes the negative data.
        rule: updates the layer in training.
        cached: compute the layer's input once (True), or for every batch (False).
        augment: changes images before anything else sees them; None leaves them as they are.

    Raises:
        UsageError: when the network is no `FeedForward`, has a head, or learns without labels, or what is cached would
            have to change.
    """

    def __init__(
        self,
        network: FeedForward,
        negatives: Negatives,
        rule: Rule,
        cached: bool = False,
        augment: Augmentation | None = None,
    ) -> None:
        check_net(self, network, "passed_on")
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
        self._cached: tuple[Split, int, int] | None = None
        self.memory: dict[str, Tensor] = {}

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.split, self.stage = split, stage
        if self.cached:
            at_hand = self.cache is not None and self._cached == (split, seed, stage - 1)
            below, first = (self.cache, stage - 1) if at_hand else (None, 0)
            self.cache = None
            if below is None:
                below = self._block(
                    slice(None), seeded(seed, "negatives", device=split.images.device)
                )
            self.cache = self._climbed_by_all(below, first)
            self._cached = split, seed, stage

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
                inputs = self._climb(inputs, 0)
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
        return _cut(self.cache, rows, len(self.split))

    def _block(self, rows: Rows, generator: torch.Generator) -> Inputs:
        images, labels = self.split.images[rows], self.split.labels[rows]
        if self.augment is not None:
            images = self.augment(images, generator)
        pos, neg = self.negatives(
            images, labels, network=self.network, generator=generator, logits=None
        )
        return stack(pos, neg)

    def _climb(self, inputs: Inputs, first: int) -> Inputs:
        """Return the input of the layer in training, of that of the layer `first`."""
        network = self.network
        for index in range(first, self.stage):
            inputs = (network.layers[index](*inputs),)  # one name, so that none outlives its use
            inputs = (network.passed_on(network.normalization(*inputs), index),)
        return inputs

    def _climbed_by_all(self, block: Inputs, first: int) -> Inputs:
        """Return the input of the layer in training for every image; of layers of one width, in its old place."""
        if self.stage == first:
            return block
        found: Tensor | None = block[0].unflatten(0, (2, -1)) if first else None
        done = 0
        for inputs, _ in _portions(block, len(self.split), CLIMB):
            handed_up = self._climb(inputs, first)[0].unflatten(0, (2, -1))
            if found is None or found.shape[2] != handed_up.shape[2]:
                found = handed_up.new_empty(2, len(self.split), handed_up.shape[2])
            found[:, done : done + handed_up.shape[1]] = handed_up
            done += handed_up.shape[1]
        assert found is not None
        return (found.flatten(0, 1),)

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
    """Yield the inputs of at most `chunk` images at a time, and which share of the batch of `size` they are.

    With the last of them the block is let go of, so that whoever takes them up a net holds no more than they need.
    """
    held, block = [block], ()
    for start in range(0, size, chunk):
        stop = min(start + chunk, size)
        share = (stop - start) / size
        yield _cut(held[0] if stop < size else held.pop(), slice(start, stop), size), share


def _cut(block: Inputs, rows: Rows, size: int) -> Inputs:
    return tuple(_rows_of(x, rows, size) for x in block)


def _rows_of(x: Tensor, rows: Rows, size: int) -> Tensor:
    """Return the positive and the negative block's rows of a cached input."""
    if x.ndim == 3:  # label codes, `[2, N, C]`
        return x[:, rows]
    if len(x) == size:  # images that both passes share, `[N, D]`
        return x[rows]
    return x.unflatten(0, (2, -1))[:, rows].flatten(0, 1)

"""What learners share that update every layer, and the softmax head beside them, on every batch."""

from typing import Any

import torch
from torch import Tensor

from forward_forward.augment import Augmentation, described_augment
from forward_forward.data import Split
from forward_forward.errors import UsageError, check_callable
from forward_forward.negatives import Negatives
from forward_forward.networks.network import Network
from forward_forward.spec import describe
from forward_forward.training.optimizers import Rule, set_rate


class AllLayers:
    """The parts and optimisers of such a learner; a subclass says what a step is.

    Arguments:
        network: learns in place.
        negatives: makes the negative data.
        rule: updates the layers, each by an optimiser of its own.
        head_rule: updates the softmax head.
        augment: changes images before anything else sees them; None leaves them as they are.

    Raises:
        UsageError: when a part is of another kind; when the negatives are labels and the network hears none, or the
            other way about; when a network without labels has no head, and so no readout at all.
    """

    stages = 1

    def __init__(
        self,
        network: Network,
        negatives: Negatives,
        rule: Rule,
        head_rule: Rule,
        augment: Augmentation | None = None,
    ) -> None:
        check_callable("negatives", negatives)
        if augment is not None:
            check_callable("augment", augment)
        for each in (rule, head_rule):
            if not isinstance(each, Rule):
                raise UsageError(f"rule: {each!r:.60} is none; make one, such as Adam(rate=1e-3)")
        if getattr(negatives, "labelled", True) != network.labelled:
            raise UsageError(
                "wrong labels are negatives of a net that hears a label, hybrid images of one that hears none; "
                "choose other negatives, or another net"
            )
        if network.head is None and not network.labelled:
            raise UsageError("a net without labels is read by its softmax; build it with head=True")
        self.network: Any = network
        self.memory: dict[str, Tensor] = {}
        self.matmul_dtype = network.layers[0].matmul_dtype
        self.negatives = negatives
        self.rule = rule
        self.head_rule = head_rule
        self.augment = augment
        self.layer_optimizers = [rule.build(layer.parameters()) for layer in network.layers]
        self.optimizers = list(self.layer_optimizers)
        if network.head is not None:
            self.head_optimizer = head_rule.build(network.head.parameters())
            self.optimizers.append(self.head_optimizer)

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.split = split

    def _images(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        images = self.split.images[rows]
        return images if self.augment is None else self.augment(images, generator)

    def _update(self, layer: int, gain: float) -> None:
        set_rate(self.layer_optimizers[layer], gain)
        self.layer_optimizers[layer].step()

    def _teach_head(
        self,
        features: Tensor,
        labels: Tensor,
        gain: float,
        logits: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> None:
        rule = self.head_rule
        self.network.head.learn(
            features, labels, logits=logits, decay=rule.decay, share=rule.share, weights=weights
        )
        set_rate(self.head_optimizer, gain)
        self.head_optimizer.step()

    def _described(self, method: str) -> dict[str, Any]:
        return {
            "method": method,
            "network": self.network.config(),
            "negatives": describe(self.negatives),
            "rule": describe(self.rule),
            "head_rule": describe(self.head_rule),
            **described_augment(self.augment),
        }

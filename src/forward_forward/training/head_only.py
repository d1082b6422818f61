"""A softmax on layers that stay as they are: as drawn, what learning in the layers has to beat; or learned before."""

from typing import Any

import torch
from torch import Tensor

from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.networks.network import Network
from forward_forward.spec import describe
from forward_forward.training.evaluation import Scores
from forward_forward.training.optimizers import Rule, set_rate
from forward_forward.training.simultaneous import network_scores


class HeadOnly:
    """Updates the softmax head alone; the hidden weights stay as they are.

    References:
        Hinton 2022, §4.1 and the top curve of figure 5.

    Arguments:
        network: its head learns in place.
        head_rule: updates it.

    Raises:
        UsageError: when the network has no head.
    """

    stages = 1

    def __init__(self, network: Network, head_rule: Rule) -> None:
        if network.head is None:
            raise UsageError("this network has no softmax head to learn; build it with head=True")
        self.network: Any = network
        self.matmul_dtype = network.layers[0].matmul_dtype
        self.head_rule = head_rule
        self.optimizers = [head_rule.build(network.head.parameters())]
        self.memory: dict[str, Tensor] = {}

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.split = split

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        labels, rule = self.split.labels[rows], self.head_rule
        features, logits = self.network.one_pass(self.split.images[rows])
        loss = self.network.head.learn(
            features, labels, logits=logits, decay=rule.decay, share=rule.share
        )
        (optimizer,) = self.optimizers
        set_rate(optimizer, gain)
        optimizer.step()
        right = (logits.argmax(1) == labels).to(loss).mean()
        nothing = torch.full_like(loss, float("nan"))
        return torch.stack([loss, right, nothing, nothing]).unsqueeze(0)

    def scores(self, images: Tensor) -> Scores:
        return network_scores(self.network, images)

    def describe(self) -> dict[str, Any]:
        return {
            "method": "softmax on random layers",
            "network": self.network.config(),
            "head_rule": describe(self.head_rule),
        }

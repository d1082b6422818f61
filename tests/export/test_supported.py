"""Other kinds of nets are refused in one line that says what they are."""

import pytest
import torch
from torch import nn

from forward_forward.baselines.backprop import Perceptron
from forward_forward.errors import UsageError
from forward_forward.export.supported import exportable
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.symbols import Symbols
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent_nets import dense_recurrent
from toys import CLASSES, PIXELS, generator, network


class Between(FeedForward):
    """One that puts something between its layers."""

    def passed_on(self, h, index):
        return -h


def labelled(**parts):
    return LabelledDense(PIXELS, CLASSES, 6, generator=generator(), **parts)


def dense(**parts):
    return Dense(6, 4, generator=generator(), **parts)


def diverged():
    net = network()
    with torch.no_grad():
        net.layers[1].bias[0] = float("nan")
    return net


REFUSED = {
    "a net whose weights are not all finite": diverged,
    "a Linear": lambda: nn.Linear(2, 2),
    "a Perceptron": lambda: Perceptron(PIXELS, CLASSES, [4], generator=generator()),
    "a Recurrent": lambda: dense_recurrent(PIXELS, CLASSES, [4, 4], generator=generator()),
    "a net that reads text": lambda: FeedForward([Symbols(3, 5, 4)], 5),
    "a net that learned without labels": lambda: network(labelled=False),
    "a Between": lambda: Between([labelled(), dense()], CLASSES),
    "a net whose layer 2 is a LabelledDense": lambda: FeedForward([labelled()] * 2, CLASSES),
    "a net whose layer 2 has 2 blocks": lambda: FeedForward([labelled(), dense(blocks=2)], CLASSES),
    "a net whose layer 1 has 3 blocks": lambda: FeedForward([labelled(blocks=3)], CLASSES),
}


@pytest.mark.parametrize(("says", "build"), REFUSED.items(), ids=REFUSED)
def test_refused(says, build):
    with pytest.raises(UsageError) as refused:
        exportable(build())
    assert str(refused.value).startswith(f"{says} cannot be exported; ")
    assert "\n" not in str(refused.value)


def test_a_net_of_dense_layers_is_taken_as_it_is():
    net = network()
    assert exportable(net) is net

"""Backpropagation through local fields: the gradient is right, and what a unit does not see stays zero."""

import copy

import pytest
import torch

from forward_forward.baselines.local import LocalPerceptron
from forward_forward.errors import UsageError
from forward_forward.layers.local_fields import LocalFields
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.optimizers import Adam
from toys import CLASSES, PIXELS, dataset, generator, uniform


def net(**options):
    maps = {"field": 3, "margin": 1, "tile": 2}
    layers = [
        LocalFields((3, 4, 1), (3, 4), 2, channels_first=True, **maps),
        LocalFields((3, 4, 2), (3, 4), 2, **maps),
    ]
    return LocalPerceptron(layers, CLASSES, generator=generator(), **options)


def test_it_is_the_masked_dense_net():
    network, images = net(), uniform(5, PIXELS, dtype=torch.float32)
    h = images
    for layer in network.fields:
        h = (h @ layer.dense_weight() + layer.bias).relu()
    assert torch.allclose(network(images), network.out(h), atol=1e-6)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, float("nan")])
def test_dropout_is_a_share(dropout):
    with pytest.raises(UsageError, match="below 1"):
        net(dropout=dropout)


def test_it_has_a_layer_and_a_class():
    layer = LocalFields((3, 4, 1), (3, 4), 2, field=1)
    for layers, classes in (([], CLASSES), ([layer], 0)):
        with pytest.raises(UsageError, match="a layer and a class"):
            LocalPerceptron(layers, classes, generator=generator())


@pytest.mark.parametrize("change", [lambda n: n, copy.deepcopy])
def test_it_learns_and_fields_stay_fields(change):
    data, network = dataset(60), change(net(dropout=0.1))
    learner = Backpropagation(network, Adam(0.01, weight_decay=0.01))
    learner.begin(data.train, 0, 0)
    losses = [float(learner.step(torch.arange(60), generator(s), 1.0)[0, 0]) for s in range(80)]
    assert losses[-1] < 0.5 * losses[0]
    for layer in network.fields:
        assert not bool(layer.weight[layer.seen == 0].any())
        assert bool(layer.weight[layer.seen == 1].all())

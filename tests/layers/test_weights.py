"""Samples that weigh more: the same as samples that are there more than once."""

import pytest
import torch

from forward_forward import goodness
from forward_forward.discover import members
from forward_forward.labels import one_of_n
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.softmax_head import SoftmaxHead
from forward_forward.losses import SiLU, ThresholdLogistic
from forward_forward.negatives import shifted_label
from forward_forward.slopes import slope_of
from forward_forward.training.optimizers import Adam
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, PIXELS, generator, labels_of, network, split, uniform

COUNTS = torch.tensor([3, 1, 2, 1, 1, 4])
WEIGHTS = COUNTS / COUNTS.double().mean()
TWICE = torch.arange(6).repeat_interleave(COUNTS)


def learned(layer, inputs, weights=None):
    _, seen = layer.learn(inputs, weights=weights)
    buffers = list(layer.buffers())
    return [*(p.grad for p in layer.parameters()), *buffers, *vars(seen).values()]


@pytest.mark.parametrize("loss", [SiLU(), ThresholdLogistic(temperature=0.01)])
@pytest.mark.parametrize("options", [{}, {"peer": 0.1}, {"peer": 0.1, "blocks": 3}])
def test_of_a_layer(options, loss):
    pos, neg = uniform(6, 8, seed=1), uniform(6, 8, seed=2) * 3
    options = {"loss": loss, **options}
    layers = [Dense(8, 6, generator=generator(), dtype=torch.float64, **options) for _ in range(3)]
    weighed = learned(layers[0], (torch.cat([pos, neg]),), WEIGHTS)
    repeated = learned(layers[1], (torch.cat([pos[TWICE], neg[TWICE]]),))
    torch.testing.assert_close(weighed, repeated)
    plain = learned(layers[2], (torch.cat([pos, neg]),))
    assert not torch.allclose(weighed[0], plain[0])


def test_of_a_layer_with_labels():
    images = uniform(6, PIXELS)
    codes = [one_of_n(labels_of(6, seed), CLASSES, images).unsqueeze(0) for seed in (1, 2)]
    weighed, repeated = (
        LabelledDense(PIXELS, CLASSES, 5, generator=generator(), dtype=torch.float64, peer=0.1)
        for _ in range(2)
    )
    torch.testing.assert_close(
        learned(weighed, (images, torch.cat(codes)), WEIGHTS),
        learned(repeated, (images[TWICE], torch.cat(codes)[:, TWICE])),
    )


def test_of_the_softmax():
    features, labels = uniform(6, 7), labels_of(6)
    heads = [SoftmaxHead(7, CLASSES, dtype=torch.float64) for _ in range(2)]
    weighed = heads[0].learn(features, labels, weights=WEIGHTS)
    repeated = heads[1].learn(features[TWICE], labels[TWICE])
    torch.testing.assert_close(weighed, repeated)
    for one, other in zip(heads[0].parameters(), heads[1].parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_of_a_step():
    data, states = split(6, dtype=torch.float64), []
    for rows, weights in ((torch.arange(6), COUNTS.double()), (TWICE, None)):
        learner = Simultaneous(network(dtype=torch.float64), shifted_label, Adam(0.01), Adam(0.01))
        learner.begin(data, 0, 0)
        learner.weights = weights
        draw = generator()
        tables = [learner.step(rows, draw, 1.0) for _ in range(3)]
        states.append((learner.network.state_dict(), tables))
    torch.testing.assert_close(*states, rtol=1e-9, atol=1e-9)


def test_shifted_labels_are_wrong_and_alike():
    labels = labels_of(50)
    _, neg = shifted_label(uniform(50, PIXELS), labels, network=network(), generator=generator())
    offset = (neg[1][0].argmax(1) - labels) % CLASSES
    assert offset[0] > 0
    assert (offset == offset[0]).all()


@pytest.mark.parametrize("good", members(goodness).values())
def test_no_rows_have_no_slopes(good):
    none = uniform(0, 4)
    assert slope_of(good, none, none[:, :1]).shape == (0, 4)

"""All layers on every batch: the same as each learning alone, and it learns."""

import pytest
import torch

from forward_forward.negatives import random_wrong_label, stack
from forward_forward.training.evaluation import evaluate, shortlisted
from forward_forward.training.learner import STATISTICS
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, NEGATIVES, dataset, generator, network, simultaneous, split


def test_a_step_is_what_each_layer_would_do_alone():
    learner, data = simultaneous(), split(12)
    learner.negatives = random_wrong_label
    learner.begin(data, 0, 0)
    table = learner.step(torch.arange(12), generator(4), 1.0)
    net = network()
    pos, neg = random_wrong_label(data.images, data.labels, network=net, generator=generator(4))
    inputs = stack(pos, neg)
    for i, layer in enumerate(net.layers):
        y, seen = layer.learn(inputs)
        inputs = (net.normalization(y),)
        row = torch.stack([getattr(seen, name).float() for name in STATISTICS])
        torch.testing.assert_close(table[i], row)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter -= 0.02 * (0.1 * parameter.grad + 0.002 * parameter)
        for name, value in learner.network.layers[i].state_dict().items():
            torch.testing.assert_close(value, layer.state_dict()[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("negatives", NEGATIVES.values(), ids=NEGATIVES)
def test_it_learns_from_every_kind_of_negatives(negatives):
    data = dataset(120)
    net = network(widths=(30, 30), peer=0.06)
    learner = Simultaneous(net, negatives, Adam(rate=0.01), SmoothedGradient(rate=0.3))
    before = evaluate(learner.scores, data.train, CLASSES).metrics
    train(learner, data, Plan(epochs=10, batch_size=20))
    after = evaluate(learner.scores, data.train, CLASSES).metrics
    for readout in ("goodness", "softmax", "shortlist"):
        assert after[f"{readout}_error"] < 15 < before[f"{readout}_error"]


def test_without_a_head_there_is_goodness_alone():
    learner = Simultaneous(
        network(head=False), random_wrong_label, SmoothedGradient(0.02), SmoothedGradient(0.1)
    )
    learner.begin(split(12), 0, 0)
    assert learner.step(torch.arange(12), generator(), 1.0).shape == (3, 4)
    assert set(learner.scores(split(12).images).readouts) == {"goodness"}
    assert len(learner.optimizers) == 3


def test_scores_agree_with_one_another():
    learner, images = simultaneous(), split(12).images
    learner.begin(split(12), 0, 0)
    learner.step(torch.arange(12), generator(), 1.0)
    scores = learner.scores(images)
    goodness, softmax = scores.readouts["goodness"], scores.readouts["softmax"]
    assert list(scores.readouts) == ["goodness", "softmax", "shortlist"]
    assert goodness.equal(scores.layers[1:].sum(0))
    assert scores.readouts["shortlist"].equal(shortlisted(softmax, goodness))
    assert softmax.equal(learner.network.one_pass(images)[1])


def test_a_step_makes_no_graph():
    learner = simultaneous()
    learner.begin(split(12), 0, 0)
    assert not learner.step(torch.arange(12), generator(), 1.0).requires_grad
    assert all(not p.grad.requires_grad for p in learner.network.parameters())
    scores = learner.scores(split(12).images)
    assert not any(value.requires_grad for value in scores.readouts.values())

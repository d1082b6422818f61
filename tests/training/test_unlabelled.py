"""Nets that learn without labels, and images that are changed as they are seen."""

import copy

import pytest
import torch

from forward_forward.augment import Jitter
from forward_forward.baselines.backprop import Perceptron
from forward_forward.data import load
from forward_forward.errors import UsageError
from forward_forward.hybrids import HybridImages
from forward_forward.layers.local_fields import LocalFields
from forward_forward.models import load_model, save_model
from forward_forward.negatives import random_wrong_label
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.readout import goodness_per_label
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.evaluation import evaluate
from forward_forward.training.greedy import Greedy
from forward_forward.training.learner import STATISTICS
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, PIXELS, dataset, generator, network, split

HYBRIDS = HybridImages((1, 3, 4))


def local_network(seed=0):
    g = generator(seed)
    layers = [
        LocalFields((3, 4, 1), (2, 3), 4, field=2, generator=g, peer=0.06, channels_first=True),
        LocalFields((2, 3, 4), (1, 2), 6, field=2, generator=g, peer=0.06),
    ]
    return FeedForward(layers, CLASSES)


def unlabelled(seed=0, **options):
    return network(seed, labelled=False, **options)


def learner_of(net, **options):
    return Simultaneous(
        net, HYBRIDS, SmoothedGradient(0.02, 0.002), SmoothedGradient(0.1, 0.003), **options
    )


every_net = pytest.mark.parametrize("make", [unlabelled, local_network])


@every_net
def test_a_step_is_what_each_layer_would_do_alone(make):
    learner, data, alone = learner_of(make()), split(12), make()
    learner.begin(data, 0, 0)
    table = learner.step(torch.arange(12), generator(4), 1.0)
    (pos,), (neg,) = HYBRIDS(data.images, generator=generator(4))
    h, read = alone.normalization(torch.cat([pos, neg])), []
    for i, layer in enumerate(alone.layers):
        y, seen = layer.learn((h,))
        h = alone.normalization(y)
        read.append(h[:12])
        row = torch.stack([getattr(seen, name).float() for name in STATISTICS])
        torch.testing.assert_close(table[i], row)
        for ours, its in zip(
            learner.network.layers[i].parameters(), layer.parameters(), strict=True
        ):
            expected = its - 0.02 * (0.1 * its.grad + 0.002 * its)
            torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)
    alone.head.learn(torch.cat(read[alone.read_from :], dim=1), data.labels)
    weight = alone.head.weight
    expected = weight - 0.1 * (0.1 * weight.grad + 0.003 * weight)
    torch.testing.assert_close(learner.network.head.weight, expected, rtol=1e-5, atol=1e-6)


@every_net
def test_labels_teach_the_softmax_alone(make):
    data = split(12)
    other = copy.deepcopy(data)
    other.labels[:] = (other.labels + 1) % CLASSES
    states = []
    for each in (data, other):
        learner = learner_of(make())
        learner.begin(each, 0, 0)
        learner.step(torch.arange(12), generator(), 1.0)
        states.append(learner.network.state_dict())
    for name, value in states[0].items():
        assert value.equal(states[1][name]) != name.startswith("head"), name


@every_net
def test_its_answer_is_the_softmax(make):
    net, images = make(), split(12).images
    scores = learner_of(net).scores(images)
    assert set(scores.readouts) == {"softmax"}
    assert scores.layers is None
    assert scores.readouts["softmax"].equal(net.one_pass(images)[1])
    with pytest.raises(UsageError, match="without labels"):
        goodness_per_label(net, images)


@every_net
def test_the_brightness_of_an_image_does_not_count(make):
    net, images = make(), split(12).images
    torch.testing.assert_close(net.one_pass(images)[0], net.one_pass(0.5 * images)[0])


@every_net
def test_a_model_comes_back_from_its_folder(make, tmp_path):
    net, data = make(), dataset()
    learner = learner_of(net)
    train(learner, data, Plan(epochs=1, batch_size=6))
    save_model(tmp_path / "model", net, data, {})
    again = load_model(tmp_path / "model").network
    assert again.one_pass(data.test.images)[1].equal(net.one_pass(data.test.images)[1])


def test_digits_are_told_apart_by_a_net_that_never_saw_a_label():
    data = load("digits")
    net = FeedForward.dense(
        data.features, 10, [200, 200], generator=generator(), peer=0.06, labelled=False, read_from=0
    )
    learner = Simultaneous(
        net, HybridImages(data.shape), SmoothedGradient(0.01), SmoothedGradient(0.1)
    )
    train(learner, data, Plan(epochs=5, batch_size=50))
    assert evaluate(learner.scores, data.test, 10).metrics["softmax_error"] < 10


def test_nets_and_negatives_that_do_not_fit_are_refused():
    rules = SmoothedGradient(0.02), SmoothedGradient(0.1)
    with pytest.raises(UsageError, match="hybrid images of one that hears none"):
        Simultaneous(network(), HYBRIDS, *rules)
    with pytest.raises(UsageError, match="hybrid images of one that hears none"):
        Simultaneous(unlabelled(), random_wrong_label, *rules)
    with pytest.raises(UsageError, match="read by its softmax"):
        Simultaneous(unlabelled(head=False), HYBRIDS, *rules)


def test_without_a_softmax_nothing_could_be_read():
    with pytest.raises(UsageError, match="no other readout"):
        Greedy(unlabelled(head=False), HYBRIDS, Adam(0.01))


@pytest.mark.parametrize(
    "make",
    [
        lambda augment: learner_of(unlabelled(), augment=augment),
        lambda augment: Greedy(
            network(head=False), random_wrong_label, Adam(0.01), augment=augment
        ),
        lambda augment: Backpropagation(
            Perceptron(PIXELS, CLASSES, [8], generator=generator()), Adam(0.01), None, augment
        ),
    ],
)
def test_augmented_images_are_what_is_learned_from(make):
    data, shifts = split(12), Jitter((1, 3, 4), pixels=1)
    plain, jittered, by_hand = make(None), make(shifts), make(None)
    for learner in (plain, jittered):
        learner.begin(data, 0, 0)
        learner.step(torch.arange(12), generator(7), 1.0)
    draw = generator(7)
    moved = type(data)(shifts(data.images, draw), data.labels)
    by_hand.begin(moved, 0, 0)
    by_hand.step(torch.arange(12), draw, 1.0)
    state, expected = jittered.network.state_dict(), by_hand.network.state_dict()
    assert all(value.equal(expected[name]) for name, value in state.items())
    assert any(not value.equal(plain.network.state_dict()[name]) for name, value in state.items())
    assert "augment" in jittered.describe()
    assert "augment" not in plain.describe()

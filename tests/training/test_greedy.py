"""Layer by layer: cached or streamed the same, and no more memory for more layers."""

import weakref

import pytest
import torch

from forward_forward.errors import UsageError
from forward_forward.labels import one_of_n
from forward_forward.negatives import hard_by_softmax, random_wrong_label, shuffled_label
from forward_forward.readout import goodness_per_label
from forward_forward.training import greedy as greedy_module
from forward_forward.training.greedy import Greedy
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from toys import dataset, generator, network, simultaneous, split


def next_label(images, labels, *, network, generator, logits):
    """Pair each image with the label after its own: negatives without chance."""
    like = next(network.parameters())
    wrong = (labels + 1) % network.classes
    codes = (one_of_n(y, network.classes, like).unsqueeze(0) for y in (labels, wrong))
    return tuple((images, code) for code in codes)


def trained(negatives, cached, data=None, **options):
    net = network(head=False, **options)
    learner = Greedy(net, negatives, Adam(rate=0.01), cached=cached)
    train(learner, data or dataset(), Plan(epochs=2, batch_size=8))
    return net


@pytest.mark.parametrize("chunk", [7, 10_000])
@pytest.mark.parametrize("batch_size", [8, 24])
def test_cached_is_streamed_where_negatives_are_fixed(chunk, batch_size, monkeypatch):
    monkeypatch.setattr(greedy_module, "CHUNK", chunk)
    data = split(24, dtype=torch.float64)
    weights = []
    for cached in (False, True):
        net = network(head=False, dtype=torch.float64)
        learner = Greedy(net, next_label, SmoothedGradient(0.02), cached=cached)
        for stage in range(learner.stages):
            learner.begin(data, stage, 0)
            for step in range(4):
                order = torch.randperm(24, generator=generator(step))
                learner.step(order[:batch_size], generator(step), 1.0)
        weights.append(net.state_dict())
    start = network(head=False, dtype=torch.float64).state_dict()
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-9, atol=1e-11)
        assert name.endswith(".weight") <= (not value.equal(start[name]))


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("rule", [SmoothedGradient(0.02), Adam(0.01)])
def test_a_batch_in_portions_is_a_batch(cached, rule, monkeypatch):
    found = []
    for chunk in (5, 1000):
        monkeypatch.setattr(greedy_module, "CHUNK", chunk)
        net = network(head=False, peer=0.0, dtype=torch.float64)
        learner = Greedy(net, next_label, rule, cached=cached)
        learner.begin(split(24, dtype=torch.float64), 0, 0)
        seen = [learner.step(torch.arange(n), generator(), 1.0) for n in (24, 12, 24)]
        found.append((torch.stack(seen), net.state_dict()))
    (seen, state), (expected, expected_state) = found
    torch.testing.assert_close(seen, expected)
    torch.testing.assert_close(state, expected_state, rtol=1e-9, atol=1e-11)


def test_negatives_are_drawn_for_a_batch_as_a_whole(monkeypatch):
    found = []
    for chunk in (5, 1000):
        monkeypatch.setattr(greedy_module, "CHUNK", chunk)
        net = network(head=False, peer=0.0, dtype=torch.float64)
        learner = Greedy(net, random_wrong_label, SmoothedGradient(0.02))
        learner.begin(split(24, dtype=torch.float64), 1, 0)
        learner.step(torch.arange(12), generator(3), 1.0)
        found.append(net.state_dict())
    torch.testing.assert_close(found[0], found[1], rtol=1e-9, atol=1e-11)


def test_a_stage_touches_its_own_layer_alone():
    net = network(head=False)
    learner = Greedy(net, random_wrong_label, SmoothedGradient(0.02))
    for stage in range(3):
        before = [{k: v.clone() for k, v in layer.state_dict().items()} for layer in net.layers]
        learner.begin(split(12), stage, 0)
        learner.step(torch.arange(12), generator(), 1.0)
        changed = [
            any(not value.equal(old[name]) for name, value in layer.state_dict().items())
            for layer, old in zip(net.layers, before, strict=True)
        ]
        assert changed == [i == stage for i in range(3)]


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_cached_negatives_are_drawn_once_for_the_whole_run(stage):
    """Each stage begins with the same negatives, and so does a resumed one."""
    drawn = []

    def remember(images, labels, **more):
        pos, neg = shuffled_label(images, labels, **more)
        drawn.append(neg[1])
        return pos, neg

    learner = Greedy(network(head=False), remember, SmoothedGradient(0.02), cached=True)
    for begun in (0, stage):
        learner.begin(split(12), begun, 5)
        learner.step(torch.arange(12), generator(), 1.0)
        learner.step(torch.arange(6), generator(1), 1.0)
    assert len(drawn) == 2
    assert drawn[0].equal(drawn[1])
    learner.begin(split(12), stage, 6)
    assert not drawn[2].equal(drawn[0])


def test_a_stage_goes_on_from_the_inputs_of_the_one_below():
    """And a resumed one, which has none, finds the same."""
    data, drawn = split(12), []

    def remember(images, labels, **more):
        drawn.append(len(images))
        return shuffled_label(images, labels, **more)

    learner = Greedy(network(head=False), remember, SmoothedGradient(0.02), cached=True)
    for stage in range(3):
        learner.begin(data, stage, 5)
        learner.step(torch.arange(12), generator(), 1.0)
    assert drawn == [12]
    resumed = Greedy(learner.network, shuffled_label, SmoothedGradient(0.02), cached=True)
    resumed.begin(data, 2, 5)
    assert resumed.cache[0].equal(learner.cache[0])


@pytest.mark.parametrize("cached", [False, True])
def test_it_learns(cached):
    net = network(widths=(40, 40), head=False, peer=0.0)
    data = dataset(120)
    learner = Greedy(net, random_wrong_label, Adam(rate=0.02), cached=cached)
    curve = train(learner, data, Plan(epochs=8, batch_size=20)).curve
    for stage in range(2):
        losses = [e["layers"][0]["loss"] for e in curve if e["stage"] == stage]
        assert losses[-1] < losses[0]
    right = goodness_per_label(net, data.train.images).sum(0).argmax(1) == data.train.labels
    assert right.float().mean() > 0.8


def most_alive(make, depth):
    """Return how many tensors the size of a layer's activities live at once, at most, in the last stage."""
    refs, most = [], 0
    learner = make(network(widths=[11] * depth, head=False))
    for layer in learner.network.layers:
        inner = layer.preactivation

        def seen(*inputs, inner=inner):
            nonlocal most
            z = inner(*inputs)
            refs.extend(weakref.ref(x) for x in (z, *inputs) if torch.is_tensor(x))
            alive = {id(x) for ref in refs if (x := ref()) is not None and x.shape == (24, 11)}
            most = max(most, len(alive))
            return z

        layer.preactivation = seen
    stages = [depth - 1] if isinstance(learner, Greedy) else [0]
    for stage in stages:
        learner.begin(split(12), stage, 0)
        learner.step(torch.arange(12), generator(), 1.0)
    assert refs
    return most


def together(net):
    learner = simultaneous()
    return type(learner)(net, random_wrong_label, learner.rule, learner.head_rule)


LEARNERS = {
    "streamed": lambda net: Greedy(net, random_wrong_label, SmoothedGradient(0.02)),
    "cached": lambda net: Greedy(net, random_wrong_label, SmoothedGradient(0.02), cached=True),
    "simultaneous": together,
}


@pytest.mark.parametrize("make", LEARNERS.values(), ids=LEARNERS)
def test_activities_held_do_not_grow_with_depth(make):
    assert most_alive(make, 12) <= most_alive(make, 3) <= 4


def test_the_softmax_has_nothing_to_learn_from():
    with pytest.raises(UsageError, match="head"):
        Greedy(network(head=True), random_wrong_label, SmoothedGradient(0.02))


def test_negatives_that_need_the_softmax_are_refused():
    learner = Greedy(network(head=False), hard_by_softmax, SmoothedGradient(0.02))
    learner.begin(split(12), 0, 0)
    with pytest.raises(UsageError, match="head"):
        learner.step(torch.arange(12), generator(), 1.0)


def test_different_ways_differ():
    assert (
        not trained(shuffled_label, True)
        .layers[1]
        .weight.equal(trained(shuffled_label, False).layers[1].weight)
    )

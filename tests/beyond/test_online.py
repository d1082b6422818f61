"""Learning from single samples: the quick way against a slow one made of exact steps, and what it promises."""

import collections
import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import forward_forward as ff
from forward_forward.beyond.exact import exact_rate, increments, shares
from forward_forward.beyond.online import EqualSteps, Goals, Online, online_network
from forward_forward.beyond.slow import Average
from forward_forward.beyond.student_t import StudentT
from forward_forward.errors import DataError, DivergenceError, UsageError
from forward_forward.labels import concatenate, overlay
from forward_forward.layers.local_fields import LocalFields
from forward_forward.memory import LiveBytes
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import length, sum_to_units, unit_length
from forward_forward.readout import accumulated_goodness
from forward_forward.training.checkpoints import learner_tensors, restore_learner
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import linear
from toys import CLASSES, PIXELS, dataset, generator, split, uniform


def net(seed=0, widths=(9, 8, 7), **options):
    return online_network(
        PIXELS, CLASSES, list(widths), generator=generator(seed), **{"strength": 2.0, **options}
    )


def code(label, like):
    return torch.eye(CLASSES).to(like)[label].view(1, 1, -1)


def goodness_of(network, image):
    """Return Σ y² of every layer with every label, `[L][C]`, each by a pass of its own."""
    passes = [
        [float(y.square().sum()) for y in network.activities(image[None], code(k, image))]
        for k in range(CLASSES)
    ]
    return list(zip(*passes, strict=True))


def learned_slowly(network, image, label, step, goals, gain):
    """Return a network that has learned a sample by the formulas, one layer and one pass at a time."""
    learned = copy.deepcopy(network)
    named = dict(learned.named_parameters())
    name_of = {id(p): name for name, p in network.named_parameters()}
    for index, goodness in enumerate(goodness_of(network, image)):
        worst = max(g for k, g in enumerate(goodness) if k != label)
        wrong = goodness.index(worst)
        if goodness[label] >= goals.margin * worst:
            continue
        wanted = [(label, goals.right)] if 0 < goodness[label] < goals.right else []
        wanted += [(wrong, goals.wrong)] if worst > goals.wrong else []
        for k, goal in wanted:
            inputs = (image[None], code(k, image))
            for below, y in zip(range(index), network.activities(*inputs), strict=False):
                inputs = (network.passed_on(network.normalization(y), below),)
            layer = network.layers[index]
            parts = shares(layer, inputs, biases=False)
            if not any(vector.any() for _, vector in parts):
                continue  # the layer below is silent
            rate = gain * step(goodness[k], goal)
            steps = increments([vector for _, vector in parts], layer(*inputs)[0], rate)
            for (parameter, _), change in zip(parts, steps, strict=True):
                named[name_of[id(parameter)]].data += change
    return learned


class Mixed(FeedForward):
    """One with something between its layers that no layer knows."""

    def passed_on(self, h, index):
        return h.flip(-1) * 1.5


@pytest.mark.parametrize("place", [overlay, concatenate])
@pytest.mark.parametrize("normalization", [unit_length, length])
@pytest.mark.parametrize("step", [exact_rate, EqualSteps(0.3)])
@pytest.mark.parametrize("kind", [FeedForward, Mixed])
def test_a_sample_is_learned_as_the_formulas_say(place, normalization, step, kind):
    data, goals = split(12, dtype=torch.float64), Goals(right=1.5, wrong=0.1, margin=1.5)
    network = net(place=place, normalization=normalization, dtype=torch.float64)
    network.__class__ = kind
    for index, layer in enumerate(network.layers):
        layer.bias.data = 0.1 * torch.randn(layer.units, generator=generator(index)).double()
    learner = Online(network, step, goals, average=None)
    for number, (image, label) in enumerate(zip(data.images, data.labels.tolist(), strict=True)):
        gain = 1 - number / 12
        expected = learned_slowly(network, image, label, step, goals, gain)
        before = goodness_of(network, image)
        seen = learner.learn(image, label, gain)
        for a, b in zip(network.parameters(), expected.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)
        for layer, row in enumerate(before):
            worst = max(g for k, g in enumerate(row) if k != label)
            hinge = max(0, 1.5 * worst - row[label])
            assert seen[layer].tolist() == pytest.approx(
                [hinge, float(row[label] > worst), row[label], worst], rel=1e-4, abs=1e-6
            )


def test_where_only_the_right_pass_moves_every_layer_lands_on_its_goal():
    network = net(dtype=torch.float64)
    image = uniform(PIXELS)
    learner = Online(network, goals=Goals(right=5.0, wrong=4.9, margin=1e9), average=None)
    learner.learn(image, 1)
    assert [row[1] for row in goodness_of(network, image)] == pytest.approx([5.0] * 3, rel=1e-6)


def test_where_only_the_wrong_pass_moves_it_lands_on_its_goal():
    network = net(widths=(9,), dtype=torch.float64)
    image = uniform(PIXELS)
    (before,) = goodness_of(network, image)
    label = min(range(CLASSES), key=before.__getitem__)
    goals = Goals(right=before[label] * 0.99, wrong=before[label] * 0.5)
    Online(network, goals=goals, average=None).learn(image, label)
    (after,) = goodness_of(network, image)
    worst = max(range(CLASSES), key=before.__getitem__)
    assert after[worst] == pytest.approx(goals.wrong, rel=1e-6)


def test_a_layer_that_is_sure_stays_as_it_is():
    network = net(widths=(9, 8))
    image = uniform(PIXELS, dtype=torch.float32)
    learner = Online(network, average=None)
    for _ in range(20):
        seen = learner.learn(image, 2)
    before = [p.clone() for p in network.parameters()]
    assert not seen[:, 0].any()
    learner.learn(image, 2)
    assert all(a.equal(b) for a, b in zip(network.parameters(), before, strict=True))
    assert learner.predict(image[None]).tolist() == [2]


def test_it_learns_digits_in_one_pass():
    digits = ff.load("digits")
    network = online_network(
        64, 10, [100, 100], generator=generator(), place=concatenate, strength=2.0,
        pixel_mean=0.3, pixel_std=0.38,
    )  # fmt: skip
    learner = Online(network)
    right = [
        bool(learner.learn(image, label)[:, 1].all())
        for image, label in zip(digits.train.images, digits.train.labels.tolist(), strict=True)
    ]
    assert sum(right[-300:]) > sum(right[:300]) + 50
    answers = learner.predict(digits.test.images)
    assert (answers != digits.test.labels).float().mean() < 0.08
    goodness = accumulated_goodness(network, digits.test.images)
    assert answers.equal(goodness.argmax(1))


def test_the_loop_sees_what_the_plain_object_sees():
    data = dataset(40)
    looped, plain = Online(net()), Online(net())
    train(looped, data, Plan(epochs=1, batch_size=1, seed=3, schedule=linear))
    order = list(ff.data.batches(40, 1, 3, 0))
    for number, (row,) in enumerate(order):
        plain.learn(data.train.images[row], int(data.train.labels[row]), 1 - number / 40)
    for a, b in zip(learner_tensors(looped).values(), learner_tensors(plain).values(), strict=True):
        assert a.equal(b)


def test_a_batch_is_taken_one_by_one():
    data = split(6)
    together, apart = Online(net()), Online(net())
    together.begin(data, 0, 0)
    mean = together.step(torch.arange(6), generator(), 0.5)
    pairs = zip(data.images, data.labels.tolist(), strict=True)
    seen = [apart.learn(image, label, 0.5) for image, label in pairs]
    torch.testing.assert_close(mean, torch.stack(seen).mean(0))
    for a, b in zip(together.fast.parameters(), apart.fast.parameters(), strict=True):
        assert a.equal(b)


@pytest.mark.parametrize("average", [None, Average(every=3)])
def test_it_goes_on_from_a_checkpoint_to_the_same_bits(average):
    data = split(30)
    straight, stopped, resumed = (Online(net(seed), average=average) for seed in (0, 0, 1))
    learn_all(straight, data, 0, 30)
    learn_all(stopped, data, 0, 17)
    kept = {name: value.clone() for name, value in learner_tensors(stopped).items()}
    restore_learner(resumed, kept)
    learn_all(resumed, data, 17, 30)
    ours, theirs = learner_tensors(resumed), learner_tensors(straight)
    assert ours.keys() == theirs.keys()
    assert all(value.equal(theirs[name]) for name, value in ours.items())


def learn_all(learner, data, first, last):
    for image, label in zip(data.images[first:last], data.labels[first:last].tolist(), strict=True):
        learner.learn(image, label)


def test_memory_does_not_grow_with_the_stream():
    data, peaks, kept = split(200), [], []
    for count in (25, 200):
        learner = Online(net())
        with LiveBytes(ignore=(data.images, data.labels)) as live:
            for tensor in learner_tensors(learner).values():
                live.count(tensor)
            learn_all(learner, data, 0, count)
        peaks.append(live.peak)
        kept.append(sum(value.nbytes for value in learner_tensors(learner).values()))
    assert peaks[0] == peaks[1]
    assert kept[0] == kept[1]
    weights = sum(p.nbytes for p in learner.network.parameters())
    assert kept[0] <= 2 * weights + 8


class Operations(TorchDispatchMode):
    """Counts the operations that run."""

    def __init__(self):
        super().__init__()
        self.counts = collections.Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.counts[function.overloadpacket.__name__] += 1
        return function(*args, **(kwargs or {}))


def test_a_sample_costs_one_product_a_layer_and_few_small_operations():
    learner = Online(net(widths=(9, 8)), goals=Goals(margin=1e9))
    image = uniform(PIXELS, dtype=torch.float32)
    learner.learn(image, 0)
    with Operations() as moving:
        learner.learn(image, 0)
    assert (moving.counts["addmv"], moving.counts["addmm"], moving.counts["mm"]) == (1, 1, 0)
    assert moving.counts["addr_"] <= 3
    assert moving.counts.total() <= 60
    learner.goals = Goals(right=1e-9, wrong=0.0, margin=1.0)
    learner.learn(image, 0)
    learner.goals = Goals(right=1e-9, wrong=1e-10)
    with Operations() as still:
        learner.learn(image, 0)
    assert still.counts.total() < moving.counts.total()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_image_that_is_no_number_is_refused_and_moves_nothing(bad):
    learner = Online(net())
    before = [p.clone() for p in learner.fast.parameters()]
    image = uniform(PIXELS, dtype=torch.float32)
    image[5] = bad
    with pytest.raises(DataError, match="no finite number"):
        learner.learn(image, 0)
    with pytest.raises(DataError, match="no finite number"):
        learner.predict(image.unsqueeze(0))
    assert all(a.equal(b) for a, b in zip(learner.fast.parameters(), before, strict=True))


def test_the_loop_stops_where_goodness_is_no_number():
    network = net()
    network.layers[1].weight.data[0, 0] = math.nan
    with pytest.raises(DivergenceError, match="layer 2"):
        train(Online(network), dataset(8), Plan(epochs=1, batch_size=1))


@pytest.mark.parametrize(
    ("image", "label"),
    [(torch.zeros(PIXELS - 1), 0), (torch.zeros(1, PIXELS), 0), (torch.zeros(PIXELS), CLASSES),
     (torch.zeros(PIXELS), -1), (torch.zeros(PIXELS), 1.5), (torch.zeros(PIXELS), "1"), (np.zeros(PIXELS), 1)],
)  # fmt: skip
def test_images_and_labels_that_do_not_fit_are_refused(image, label):
    with pytest.raises(UsageError, match="give a"):
        Online(net()).learn(image, label)


def test_nets_that_it_cannot_teach_are_refused():
    unlabelled = FeedForward.dense(4, 3, [5], generator=generator(), labelled=False)
    fields = LocalFields((3, 3, 1), (2, 2), 1, field=2, generator=generator())
    mixed = FeedForward([net(widths=(9,)).layers[0], fields], CLASSES)
    other = FeedForward([net(widths=(9,)).layers[0], StudentT(9, 8)], CLASSES)
    for network in (unlabelled, mixed, other):
        with pytest.raises(UsageError, match="LabelledDense"):
            Online(network)
    with pytest.raises(UsageError, match="lengths"):
        Online(net(normalization=sum_to_units))


@pytest.mark.parametrize(
    "goals", [{"right": 0.1, "wrong": 0.2}, {"wrong": -0.1}, {"margin": 0.9}, {"right": math.nan},
              {"right": math.inf}, {"margin": math.inf}],
)  # fmt: skip
def test_goals_that_cannot_be_are_refused(goals):
    with pytest.raises(UsageError, match="goals"):
        replace(Goals(), **goals)


@pytest.mark.parametrize("rate", [0.0, -0.5, 1.5, math.nan])
def test_steps_that_cannot_be_are_refused(rate):
    with pytest.raises(UsageError, match="share"):
        EqualSteps(rate)


def test_equal_steps_go_towards_the_goal():
    assert (EqualSteps(0.25)(1.0, 2.0), EqualSteps(0.25)(2.0, 1.0)) == (0.25, -0.25)


def test_what_defines_it_is_told():
    told = [
        Online(net(), step, goals, average).describe()
        for step in (exact_rate, EqualSteps(0.5))
        for goals in (Goals(), Goals(margin=2.0))
        for average in (None, Average(), Average(eta=0.0))
    ]
    assert all(a != b for i, a in enumerate(told) for b in told[:i])


@pytest.mark.parametrize("gain", [0.0, -1.0, 5.0, math.nan])
def test_a_share_that_cannot_be_is_refused_before_a_weight_moves(gain):
    learner = Online(net())
    before = [p.clone() for p in learner.fast.parameters()]
    with pytest.raises(UsageError, match="share"):
        learner.learn(torch.rand(learner.fast.layers[0].in_features), 0, gain)
    assert all(map(torch.equal, before, learner.fast.parameters()))

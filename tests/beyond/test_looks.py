"""Looks on the way: at the right moments, and without a trace in what is learned."""

import math

import pytest
import torch

from forward_forward.baselines.backprop import Perceptron
from forward_forward.beyond.looks import Looked
from forward_forward.beyond.online import Online, online_network
from forward_forward.beyond.slow import Average, Averaged
from forward_forward.errors import UsageError
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.checkpoints import learner_tensors, restore_learner
from forward_forward.training.evaluation import evaluate
from forward_forward.training.loop import train
from forward_forward.training.optimizers import PlainGradient
from forward_forward.training.plan import Plan
from toys import CLASSES, PIXELS, dataset, generator, split

AT = (3, 10, 24, 99)


def by_goodness(seed=0):
    network = online_network(PIXELS, CLASSES, [9, 8], generator=generator(seed), strength=2.0)
    return Online(network, average=None)


def by_backprop(seed=0):
    network = Perceptron(PIXELS, CLASSES, [6], generator=generator(seed))
    return Averaged(Backpropagation(network, PlainGradient(0.1)), Average(every=1))


every_learner = pytest.mark.parametrize("make", [by_goodness, by_backprop])


def run(learner, data, first, last, batch=1):
    learner.begin(data, 0, 0)
    for index in range(first, last, batch):
        learner.step(torch.arange(index, index + batch), generator(), 1.0)


@every_learner
def test_each_look_sees_the_learner_as_it_was_then(make):
    data, judged = split(30), split(40, seed=5)
    looked = Looked(make(), judged, CLASSES, AT)
    run(looked, data, 0, 30)
    for count, error in zip(AT[:3], looked.errors, strict=False):
        then = make()
        run(then, data, 0, count)
        metrics = evaluate(then.scores, judged, CLASSES).metrics
        assert error == metrics.get("goodness_error", metrics.get("softmax_error"))
    assert math.isnan(looked.errors[3])


@every_learner
def test_a_look_changes_no_bit(make):
    data = dataset(30)
    looked, alone = Looked(make(), data.test, CLASSES, AT), make()
    plan = Plan(epochs=1, batch_size=1)
    train(looked, data, plan)
    train(alone, data, plan)
    ours, theirs = learner_tensors(looked), learner_tensors(alone)
    assert all(value.equal(ours[name]) for name, value in theirs.items())
    assert set(ours) - set(theirs) == {"memory.looks.samples", "memory.looks.errors"}


@every_learner
def test_a_checkpoint_keeps_what_was_seen(make):
    data, judged = split(30), split(40, seed=5)
    straight, stopped, resumed = (Looked(make(seed), judged, CLASSES, AT) for seed in (0, 0, 1))
    run(straight, data, 0, 30)
    run(stopped, data, 0, 12)
    restore_learner(resumed, {k: v.clone() for k, v in learner_tensors(stopped).items()})
    run(resumed, data, 12, 30)
    assert resumed.errors[:3] == straight.errors[:3]
    ours, theirs = learner_tensors(resumed), learner_tensors(straight)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(v.nan_to_num(), theirs[k].nan_to_num()) for k, v in ours.items())


def test_a_batch_that_passes_a_count_is_looked_at_after_it():
    looked = Looked(by_goodness(), split(40, seed=5), CLASSES, AT)
    run(looked, split(28), 0, 28, batch=7)
    assert [math.isnan(error) for error in looked.errors] == [False, False, False, True]


@pytest.mark.parametrize("at", [(3, 2), (2, 2), (0, 1)])
def test_counts_that_do_not_rise_are_refused(at):
    with pytest.raises(UsageError, match="rising"):
        Looked(by_goodness(), split(4), CLASSES, at)

"""Weights that follow others: the average by its definition, and a learner that is read by it."""

import math

import pytest
import torch
from torch import nn

from forward_forward.baselines.backprop import Perceptron
from forward_forward.beyond.slow import Average, Averaged, SlowWeights
from forward_forward.errors import UsageError
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.checkpoints import learner_tensors, restore_learner
from forward_forward.training.optimizers import Adam, PlainGradient, SmoothedGradient
from toys import CLASSES, PIXELS, generator, normal, split


def linear(value=0.0):
    layer = nn.Linear(3, 2, dtype=torch.float64)
    for parameter in layer.parameters():
        parameter.data.fill_(value)
    return layer


@pytest.mark.parametrize("eta", [0, 1, 5])
@pytest.mark.parametrize("every", [1, 4])
def test_the_average_is_the_one_of_its_definition(eta, every):
    slow, fast = linear(7.0), linear()
    follower = SlowWeights(slow, fast, Average(every=every, eta=eta))
    terms = []
    for step in range(30):
        fast.weight.data.copy_(normal(2, 3, seed=step))
        follower.follow()
        if step % every == 0:
            terms.append(fast.weight.detach().clone())
        # Shamir and Zhang: the j-th term counts j (j + 1) … (j + η − 1), all of them for η = 0 alike
        counts = [math.prod(range(j, j + eta)) for j in range(1, len(terms) + 1)]
        mean = sum(n * term for n, term in zip(counts, terms, strict=True)) / sum(counts)
        torch.testing.assert_close(slow.weight.detach(), mean, rtol=1e-12, atol=1e-12)


def perceptron(seed=0):
    return Perceptron(PIXELS, CLASSES, [6], generator=generator(seed))


def run(learner, data, first, last):
    learner.begin(data, 0, 0)
    for index in range(first, last):
        learner.step(torch.tensor([index]), generator(), 1.0)


RULES = [PlainGradient(0.1), SmoothedGradient(0.1), Adam(0.01)]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)


@every_rule
def test_it_learns_as_it_would_alone_and_is_read_by_the_average(rule):
    data = split(20)
    alone, averaged = (
        Backpropagation(perceptron(), rule),
        Averaged(Backpropagation(perceptron(), rule)),
    )
    run(alone, data, 0, 20)
    run(averaged, data, 0, 20)
    fast = averaged.learner.network
    for a, b in zip(alone.network.parameters(), fast.parameters(), strict=True):
        assert a.equal(b)
    read = averaged.scores(data.images).readouts["softmax"]
    assert read.equal(averaged.network(data.images))
    assert not read.equal(alone.scores(data.images).readouts["softmax"])
    assert averaged.learner.network is fast


@every_rule
def test_it_goes_on_from_a_checkpoint_to_the_same_bits(rule):
    data = split(50)
    straight, stopped, resumed = (
        Averaged(Backpropagation(perceptron(seed), rule), Average(every=3)) for seed in (0, 0, 1)
    )
    run(straight, data, 0, 50)
    run(stopped, data, 0, 31)
    kept = {name: value.clone() for name, value in learner_tensors(stopped).items()}
    restore_learner(resumed, kept)
    run(resumed, data, 31, 50)
    ours, theirs = learner_tensors(resumed), learner_tensors(straight)
    assert ours.keys() == theirs.keys()
    assert all(value.equal(theirs[name]) for name, value in ours.items())


def test_what_defines_it_is_told():
    told = [
        Averaged(Backpropagation(perceptron(), PlainGradient(0.1)), average).describe()
        for average in (Average(), Average(every=2), Average(eta=1.0))
    ]
    assert all(a != b for i, a in enumerate(told) for b in told[:i])


@pytest.mark.parametrize("options", [{"every": 0}, {"eta": -1.0}, {"eta": math.nan}])
def test_averages_that_cannot_be_are_refused(options):
    with pytest.raises(UsageError, match="average"):
        Average(**options)

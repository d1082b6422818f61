"""Learning to predict the next symbol: negatives made by the net itself, and what is told of it."""

import math

import pytest
import torch

from forward_forward.data.text import ALPHABET, text_of, windowed
from forward_forward.generated import predicted_last
from forward_forward.layers.dense import Dense
from forward_forward.layers.symbols import Symbols
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.evaluation import Scores, evaluate
from forward_forward.training.loop import train
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous
from toys import generator

WINDOW = 4


@pytest.fixture(scope="module")
def data():
    return windowed(text_of("rhyme", ["the cat sat on the mat, " * 8] * 5), WINDOW)


def net(seed=0):
    symbols = len(ALPHABET)
    layers = [
        Symbols(WINDOW, symbols, 60, generator=generator(seed), peer=0.06),
        Dense(60, 50, generator=generator(seed + 1), peer=0.06),
    ]
    return FeedForward(layers, symbols, read_from=0)


def test_windows_have_the_symbol_that_comes_next(data):
    rows, labels = data.train.images, data.train.labels
    assert rows.shape[1] == WINDOW + 1
    assert torch.equal(rows[1:, -1], labels[:-1])
    assert (data.classes, data.class_names[0], data.held_out) == (30, "a", False)


def test_held_out_windows_share_no_symbol_with_the_others(data):
    held = data.for_validation()
    assert held.held_out
    assert held.name == "rhyme/validation"
    width = data.train.images.shape[1]
    assert len(held.train) + len(held.test) == len(data.train) - width
    assert torch.equal(held.test.images, data.train.images[-len(held.test) :])


def test_negatives_differ_in_their_last_symbol_alone(data):
    rows = data.train.images[:50]
    (pos,), (neg,) = predicted_last(
        rows, data.train.labels[:50], network=net(), generator=generator()
    )
    assert torch.equal(pos, rows[:, 1:])
    assert torch.equal(neg[:, :-1], pos[:, :-1])
    assert int((neg[:, -1] != pos[:, -1]).sum()) > 0


def test_a_rhyme_is_learned(data):
    rule = SmoothedGradient(rate=0.02)
    learner = Simultaneous(net(), predicted_last, rule, SmoothedGradient(rate=0.05))
    before = [layer.weight.clone() for layer in learner.network.layers]
    assert evaluate(learner.scores, data.test, 30).metrics["softmax_perplexity"] == pytest.approx(
        30
    )
    train(learner, data, Plan(epochs=4, batch_size=50))
    metrics = evaluate(learner.scores, data.test, data.classes).metrics
    assert metrics["softmax_perplexity"] < 2
    assert math.log2(metrics["softmax_perplexity"]) == pytest.approx(
        metrics["softmax_bits"], abs=1e-4
    )
    for layer, weight in zip(learner.network.layers, before, strict=True):
        assert not torch.equal(layer.weight, weight)


def test_perplexity_of_a_guess_is_the_number_of_symbols(data):
    flat = Scores({"softmax": torch.zeros(len(data.test), 30)}, predictions=True)
    metrics = evaluate(lambda rows: flat, data.test, 30, batch_size=len(data.test)).metrics
    assert metrics["softmax_perplexity"] == pytest.approx(30)
    assert metrics["softmax_bits"] == pytest.approx(math.log2(30))


def test_images_have_no_perplexity():
    flat = Scores({"softmax": torch.eye(3)})
    from forward_forward.data import Split

    split = Split(torch.zeros(3, 2), torch.arange(3))
    assert not any("perplexity" in name for name in evaluate(lambda x: flat, split, 3).metrics)

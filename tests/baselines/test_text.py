"""Rivals that read text: what they read, that local ones stay local, and n-grams against a count by hand."""

import math
from collections import Counter, defaultdict

import pytest
import torch

from forward_forward.baselines.ngram import UNKNOWN, kneser_ney_bits
from forward_forward.baselines.text import LocalCrossEntropy, TextPerceptron
from forward_forward.data.examples import Split
from forward_forward.data.windows import Windows, windows
from forward_forward.errors import UsageError
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.evaluation import evaluate
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam
from forward_forward.training.plan import Plan
from toys import generator

WINDOW, SYMBOLS = 4, 6


@pytest.fixture(scope="module")
def data():
    """Symbols of which each is the sum of two before it: no single one tells what comes."""
    text = [1, 2, 0, 3, 5]
    draw = generator(5)
    for _ in range(3000):
        slip = int(torch.randint(10, (1,), generator=draw)) == 0
        text.append((text[-1] + text[-3] + slip) % SYMBOLS)
    rows = windows(torch.tensor(text), WINDOW)
    train, test = (Split(part[:, :-1], part[:, -1]) for part in (rows[:2500], rows[2500:]))
    return Windows("sums", "abcdef", train, test)


def net(kind, **options):
    return kind(WINDOW, SYMBOLS, [80, 70], generator=generator(), **options)


def test_only_the_last_symbols_are_read():
    network = net(TextPerceptron)
    row = torch.tensor([[0, 1, 2, 3, 4, 5]])
    other = torch.tensor([[5, 5, 2, 3, 4, 5]])
    assert torch.equal(network(row), network(other))
    assert network.codes(row).square().mean() == pytest.approx(1)


@pytest.mark.parametrize("kind", [TextPerceptron, LocalCrossEntropy])
def test_sums_are_learned(kind, data):
    learner = Backpropagation(net(kind), Adam(rate=3e-3))
    train(learner, data, Plan(epochs=8, batch_size=50))
    metrics = evaluate(learner.scores, data.test, SYMBOLS).metrics
    assert metrics["softmax_perplexity"] < 2.2


def test_each_layer_learns_from_its_own_softmax_alone():
    network = net(LocalCrossEntropy)
    logits = network(torch.tensor([[0, 1, 2, 3]]))
    logits[1].sum().backward()
    assert not network.linears[0].weight.grad.any()
    assert not network.heads[0].weight.grad.any()
    assert network.linears[1].weight.grad.abs().sum() > 0


def by_hand(learned, judged, order, discount):
    """Interpolated Kneser-Ney, written out: counts at the highest order, continuations below."""
    raw = [tuple(row) for row in learned]
    levels = {order: Counter(raw)}
    for n in range(order - 1, 0, -1):
        longer = {gram for gram in levels[n + 1]} if n + 1 < order else set(raw)
        levels[n] = Counter(gram[1:] for gram in longer)
    totals = {n: defaultdict(list) for n in levels}
    for n, counts in levels.items():
        for gram, count in counts.items():
            totals[n][gram[:-1]].append(count)

    def probability(gram):
        n = len(gram)
        if n == 1:
            return levels[1][gram] / sum(levels[1].values())
        seen = totals[n].get(gram[:-1])
        if not seen:
            return probability(gram[1:])
        alpha = max(levels[n][gram] - discount, 0) / sum(seen)
        return alpha + discount * len(seen) / sum(seen) * probability(gram[1:])

    mixed = [(1 - UNKNOWN) * probability(tuple(row)) + UNKNOWN / SYMBOLS for row in judged]
    return -sum(map(math.log2, mixed)) / len(mixed)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_n_grams_are_those_of_the_book(order, data):
    parts = [(split.images, split.labels) for split in (data.train, data.test)]
    rows = [
        torch.cat([images[:, WINDOW + 1 - order :], labels[:, None]], 1).tolist()
        for images, labels in parts
    ]
    found = kneser_ney_bits(*parts, order=order, symbols=SYMBOLS)
    assert found == pytest.approx(by_hand(*rows, order, 0.75), rel=1e-9)


def test_a_symbol_that_was_never_read_costs_much_but_not_everything(data):
    few = (data.train.images[:50] % 3, data.train.labels[:50] % 3)
    assert 2 < kneser_ney_bits(few, (few[0], few[1] + 3), order=3, symbols=SYMBOLS) < 20


@pytest.mark.parametrize("order", [1, 6])
def test_orders_that_do_not_fit(order, data):
    part = (data.train.images, data.train.labels)
    with pytest.raises(UsageError, match="at least 2"):
        kneser_ney_bits(part, part, order=order, symbols=SYMBOLS)

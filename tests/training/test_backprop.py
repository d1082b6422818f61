"""The rival as a learner: the chain rule, in full precision or under autocast."""

import copy

import pytest
import torch
import torch.nn.functional as F

from forward_forward.baselines.backprop import Perceptron
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.evaluation import evaluate
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from toys import CLASSES, PIXELS, dataset, generator, split


def learner(matmul_dtype=None, rule=None, **options):
    net = Perceptron(PIXELS, CLASSES, [30, 20], generator=generator(), **options)
    return Backpropagation(net, rule or Adam(rate=0.01), matmul_dtype)


def test_a_step_is_the_chain_rule():
    """With a rule that smooths nothing."""
    made, data = learner(), split(12)
    twin = copy.deepcopy(made.network)
    optimizer = torch.optim.AdamW(twin.parameters(), lr=0.005, weight_decay=0)
    made.begin(data, 0, 0)
    for _ in range(3):
        seen = made.step(torch.arange(12), generator(), 0.5)
        loss = F.cross_entropy(twin(data.images), data.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch.testing.assert_close(seen[0, 0], loss.detach())
    for p, q in zip(made.network.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)


def test_a_smoothed_gradient_is_smoothed_here_too():
    """A rule means the same for every learner: v ← 0.9 v + 0.1 gradient."""
    made, data = learner(rule=SmoothedGradient(rate=0.5)), split(12)
    twin = copy.deepcopy(made.network)
    velocity = [torch.zeros_like(p) for p in twin.parameters()]
    made.begin(data, 0, 0)
    for _ in range(3):
        made.step(torch.arange(12), generator(), 1.0)
        gradients = torch.autograd.grad(
            F.cross_entropy(twin(data.images), data.labels), list(twin.parameters())
        )
        velocity = [0.9 * v + 0.1 * g for v, g in zip(velocity, gradients, strict=True)]
        with torch.no_grad():
            for p, v in zip(twin.parameters(), velocity, strict=True):
                p -= 0.5 * v
    for p, q in zip(made.network.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("matmul_dtype", [None, torch.bfloat16])
def test_it_learns(matmul_dtype):
    made, data = learner(matmul_dtype), dataset(120)
    train(made, data, Plan(epochs=10, batch_size=20))
    assert evaluate(made.scores, data.train, CLASSES).metrics["softmax_error"] < 3


def test_low_precision_is_close_and_is_used():
    low, full, images = learner(torch.bfloat16), learner(), split(12).images
    a, b = (made.scores(images).readouts["softmax"].float() for made in (low, full))
    assert 0 < (a - b).norm() / b.norm() < 0.02
    assert all(p.dtype == torch.float32 for p in low.network.parameters())


def test_looking_does_not_change_what_is_learned():
    """Dropout is off while scores are taken, and on again afterwards."""
    made, images = learner(dropout=0.5), split(12).images
    first, again = (made.scores(images).readouts["softmax"] for _ in range(2))
    assert first.equal(again)
    assert made.network.training


def test_dropout_draws_from_the_step_s_generator():
    data, before, weights = split(12), torch.get_rng_state(), []
    for seed in (0, 0, 1):
        made = learner(dropout=0.5)
        made.begin(data, 0, 0)
        made.step(torch.arange(12), generator(seed), 1.0)
        weights.append(made.network.linears[0].weight)
    assert weights[0].equal(weights[1])
    assert not weights[0].equal(weights[2])
    assert torch.get_rng_state().equal(before)

"""The slow loop: estimates are right on average and vary as theory says; small nets learn slowly, layers as ever."""

import itertools
import json
import signal

import pytest
import torch

from forward_forward.beyond.black_box import BlackBox, boxed
from forward_forward.beyond.slow_loop import SlowLoop
from forward_forward.beyond.small_net import SmallNet, perturbation_estimate, small_net
from forward_forward.errors import UsageError
from forward_forward.goodness import mean_of_squares
from forward_forward.losses import SiLU, ThresholdLogistic
from forward_forward.negatives import random_wrong_label
from forward_forward.normalization import length
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, PIXELS, dataset, generator, normal, split, uniform

RULE, HEAD_RULE, SLOW = SmoothedGradient(0.02, 0.002), SmoothedGradient(0.1), SmoothedGradient(0.01)
WIDTHS, NET = [9, 8, 7], [4, 3]
MANY = 40_000


def network(boxes=2, **parts):
    options = {"dtype": torch.float64, "generator": generator(1)}
    found = [small_net(width, NET, **options) for width in WIDTHS[:boxes]]
    found += [None] * (2 - boxes)
    return boxed(
        PIXELS, CLASSES, WIDTHS, found, peer=0.06, **{**options, "generator": generator(0), **parts}
    )


def slow_loop(net=None, slow_rule=SLOW, **options):
    learner = SlowLoop(
        net or network(), random_wrong_label, RULE, HEAD_RULE, slow_rule=slow_rule, **options
    )
    learner.begin(split(12, dtype=torch.float64), 0, 0)
    return learner


def estimate(cost, widths, rows=MANY, noise=1e-3, seed=0, **options):
    return perturbation_estimate(
        cost, widths, rows, noise=noise, generator=generator(seed), like=uniform(1), **options
    )


@pytest.mark.parametrize("antithetic", [True, False])
def test_the_mean_is_the_derivative_and_the_variance_what_theory_says(antithetic):
    """A cost linear in the noise of two layers: E ĝ = g, Var ĝ_j = ‖g‖² + g_j²."""
    slopes = [torch.tensor([3.0, -1, 0]).double(), torch.tensor([0.5, 2.0]).double()]
    found = estimate(
        lambda xi: xi[0] @ slopes[0] + xi[1] @ slopes[1] + 5, [3, 2], antithetic=antithetic
    )
    found, true = torch.cat(found, dim=1), torch.cat(slopes)
    variance = true.square().sum() + true.square()
    assert ((found.mean(0) - true).abs() < 3.5 * (variance / MANY).sqrt()).all()
    torch.testing.assert_close(found.var(0), variance, rtol=0.05, atol=0)


def test_draws_divide_the_variance():
    slope = torch.tensor([1.0, -2.0]).double()
    (found,) = estimate(lambda xi: xi[0] @ slope, [2], draws=5)
    torch.testing.assert_close(found.var(0), (5 + slope.square()) / 5, rtol=0.05, atol=0)


def test_both_signs_cancel_what_curvature_adds():
    """Of C = c ξ² / 2 the derivative is 0: one-sided estimates vary by 15 c² σ² / 4, antithetic ones not at all."""
    curvature, noise = 4.0, 0.1

    def cost(xi):
        return curvature * xi[0].squeeze(1).square() / 2

    (one_sided,) = estimate(cost, [1], noise=noise, antithetic=False, rows=10 * MANY)
    (both,) = estimate(cost, [1], noise=noise)
    expected = torch.tensor([15 * curvature**2 * noise**2 / 4]).double()
    torch.testing.assert_close(one_sided.var(0), expected, rtol=0.1, atol=0)
    assert not both.any()


def test_what_has_no_derivative_gets_that_of_the_smoothed_cost():
    """A step at 0, seen from 0.05 below: its mean under noise of 0.1 rises by φ(0.5) / 0.1."""
    noise, below = 0.1, 0.05
    (found,) = estimate(lambda xi: (xi[0].squeeze(1) > below).double(), [1], noise=noise)
    expected = (
        float(torch.distributions.Normal(0.0, 1.0).log_prob(torch.tensor(below / noise)).exp())
        / noise
    )
    assert abs(found.mean() - expected) < 3.5 * found.std() / MANY**0.5
    assert found.std() / MANY**0.5 < 0.05 * expected


def test_each_row_has_noise_of_its_own_and_draws_come_from_the_generator():
    seen = []

    def cost(xi):
        seen.append(xi[0])
        return xi[0].sum(1)

    before = torch.get_rng_state()
    first, again, other = (estimate(cost, [2], rows=3, noise=0.5, seed=s)[0] for s in (0, 0, 1))
    assert first.equal(again)
    assert not first.equal(other)
    assert len(seen[0].unique()) == 6
    assert seen[1].equal(-seen[0])
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize("activation", [torch.tanh, torch.sigmoid])
def test_input_times_estimate_is_the_chain_rule_where_the_estimate_is_exact(activation):
    net, h = (
        SmallNet(9, NET, generator=generator(), dtype=torch.float64, activation=activation),
        normal(6, 9),
    )
    noise = [torch.zeros(6, n, dtype=torch.float64, requires_grad=True) for n in NET]
    out, later = net.onward(net.first(h), noise)
    read = [h, *later]
    cost = out.square().sum(1).sin()
    exact = torch.autograd.grad(cost.sum(), noise, retain_graph=True)
    expected = torch.autograd.grad(cost.mean(), list(net.parameters()))
    old = [uniform(*p.shape, seed=3) for p in net.parameters()]
    for parameter, grad in zip(net.parameters(), old, strict=True):
        parameter.grad = grad.clone()
    net.take_in([with_one(r.detach()) for r in read], exact, decay=0.9, share=0.1 / 6)
    for parameter, slope, grad in zip(net.parameters(), expected, old, strict=True):
        torch.testing.assert_close(parameter.grad, 0.9 * grad + 0.1 * slope)


def with_one(inputs):
    return torch.cat([inputs, torch.ones_like(inputs[:, :1])], dim=1)


def jolted(net, h, rows, seed=0, **options):
    """Return the gradients a slow update leaves in the lowest small net, each row of `h [2R, U]` taken so often."""
    learner = slow_loop(net, slow_rule=Adam(0.01), noise=1e-3, draws=1, **options)
    learner._jolt(0, h.repeat_interleave(rows, dim=0), generator(seed))
    return [p.grad.clone() for p in learner.nets[0].parameters()]


@pytest.mark.parametrize("both_passes", [False, True])
@pytest.mark.parametrize(
    "parts", [{}, {"goodness": mean_of_squares, "loss": SiLU()}, {"loss": ThresholdLogistic(2.0)}]
)
def test_a_small_net_s_gradient_is_the_true_one_within_the_noise_of_theory(parts, both_passes):
    """By autograd through small net, normalisation and layer, in float64; the oracle knows no pairs."""
    net, rows, repeats = network(**parts), 3, 3000
    h = length(uniform(2 * rows, 9, seed=6))
    inner, layer = net.boxes[0].fn, net.layers[1]

    def objective(weights):
        z = with_one(h) @ weights[0]
        out = with_one(z.tanh()) @ weights[1]
        y = layer.preactivation(net.normalization(out)).relu()
        if not both_passes:
            y = torch.cat([y[:rows], y[rows:].detach()])
        return layer.objective(y).mean()

    weights = [w.detach().clone().requires_grad_() for w in inner.weights]
    true = torch.autograd.grad(objective(weights), weights)
    found = [jolted(net, h, repeats, seed, both_passes=both_passes) for seed in range(8)]
    for estimates, slope in zip(zip(*found, strict=True), true, strict=True):
        estimates = torch.stack(estimates)
        error = estimates.std(0) / len(estimates) ** 0.5
        assert ((estimates.mean(0) - slope).abs() < 6 * error + 1e-9).all()  # t of 7 degrees
        assert error.mean() < 0.15 * slope.abs().mean()  # sharp enough to tell


def test_jolting_pairs_alike_and_opposed_leaves_less_noise_than_each_row_for_itself():
    """Rows of a pair that differ by a hundredth: what is left of the noise is of the small difference."""
    net, rows = network(goodness=mean_of_squares, loss=SiLU()), 3
    pos = length(uniform(rows, 9, seed=6))
    h = torch.cat([pos, length(pos + 0.01 * normal(rows, 9, seed=7))])
    paired = torch.stack([jolted(net, h, 200, seed)[0] for seed in range(30)])
    positives = torch.stack([jolted(net, h, 200, s, both_passes=False)[0] for s in range(30)])
    assert paired.std(0).mean() < 0.1 * positives.std(0).mean()


def states(learner):
    return {name: value.clone() for name, value in learner.network.state_dict().items()}


@pytest.mark.parametrize("weights", [None, 0.5 + uniform(12)], ids=["alike", "weighted"])
def test_layers_learn_as_without_a_slow_loop_and_small_nets_only_now_and_then(weights):
    slow, plain = slow_loop(every=3), Simultaneous(network(), random_wrong_label, RULE, HEAD_RULE)
    plain.begin(split(12, dtype=torch.float64), 0, 0)
    slow.weights = plain.weights = weights
    rows, moved = torch.arange(12), []
    for step in range(7):
        before = states(slow)
        plain.network.load_state_dict(before)
        table = slow.step(rows, generator(step), 1.0)
        assert plain.step(rows, generator(step), 1.0).equal(table)
        after, expected = states(slow), states(plain)
        for name, value in after.items():
            if not name.startswith("boxes"):
                assert value.equal(expected[name]), name
        changed = [not after[n].equal(before[n]) for n in after if n.startswith("boxes")]
        assert all(changed) == any(changed)
        moved.append(changed[0])
    assert moved == [True, False, False, True, False, False, True]
    assert int(slow.memory["batches"]) == 7


def test_other_boxes_stay_as_they_are():
    weighted = torch.nn.Linear(9, 9, dtype=torch.float64)
    options = {"dtype": torch.float64, "generator": generator(1)}
    boxes = [BlackBox(weighted, name="weighted"), small_net(8, NET, **options)]
    before = weighted.weight.clone()
    learner = slow_loop(boxed(PIXELS, CLASSES, WIDTHS, boxes, **options))
    weights = learner.nets[1].weights[0].clone()
    learner.step(torch.arange(12), generator(), 1.0)
    assert list(learner.nets) == [1]
    assert weighted.weight.equal(before)
    assert weighted.weight.grad is None
    assert not learner.nets[1].weights[0].equal(weights)


@pytest.mark.parametrize("activation", [torch.tanh, torch.sign])
def test_slow_learning_alone_lowers_the_objective_above(activation):
    """Layers stand still; the small net's hidden units need no derivative, they may be mere signs."""
    options = {"dtype": torch.float64, "generator": generator(1), "activation": activation}
    net = boxed(
        PIXELS, CLASSES, [9, 8], [small_net(9, [12, 6], **options)],
        generator=generator(0), dtype=torch.float64,
    )  # fmt: skip
    learner = slow_loop(net, slow_rule=Adam(0.01), draws=4)
    data = split(40, dtype=torch.float64)
    pos, neg = random_wrong_label(
        net.project(data.images), data.labels, network=net, generator=generator()
    )
    inputs = (pos[0], torch.cat([pos[1], neg[1]]))

    def objective():
        return float(net.layers[1].objective(list(net.activities(*inputs))[1]).mean())

    layers, before, draw = states(learner), objective(), generator(5)
    for _ in range(60):
        learner._teach_boxes(inputs, draw, 1.0)
    assert objective() < before - 0.3
    for name, value in states(learner).items():
        assert name.startswith("boxes") or value.equal(layers[name])


@pytest.mark.parametrize("slow_rule", [SLOW, Adam(0.01)])
def test_it_goes_on_where_it_was_interrupted(slow_rule, tmp_path):
    data, plan = dataset(), Plan(epochs=3, batch_size=6)

    def fresh():
        net = network(dtype=torch.float32)
        for box in net.boxes:
            box.float()
        return SlowLoop(net, random_wrong_label, RULE, HEAD_RULE, slow_rule=slow_rule, every=3)

    whole, parted, again = fresh(), fresh(), fresh()
    train(whole, data, plan)
    step, count = parted.step, itertools.count(1)

    def interrupted(*arguments):
        seen = step(*arguments)
        if next(count) == 6:
            signal.raise_signal(signal.SIGINT)
        return seen

    parted.step = interrupted
    with pytest.raises(KeyboardInterrupt):
        train(parted, data, plan, folder=tmp_path)
    train(again, data, plan, folder=tmp_path, resume=True)
    expected = states(whole)
    for name, value in states(again).items():
        assert value.equal(expected[name]), name
    assert not expected["boxes.0.fn.weights.0"].equal(states(fresh())["boxes.0.fn.weights.0"])


def test_it_says_what_it_is():
    described = json.loads(json.dumps(slow_loop(every=7).describe(), allow_nan=False))
    assert described["method"] == "slow loop"
    assert described["every"] == 7
    assert described["network"]["boxes"][0] == {"black_box": "small net 4-3", "units": 3}


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"draws": 0}, {"noise": 0.0}, {"noise": float("nan")}]
)
def test_numbers_that_cannot_be(options):
    with pytest.raises(UsageError, match="above 0"):
        slow_loop(**options)


def test_without_a_small_net_there_is_nothing_to_learn_slowly():
    with pytest.raises(UsageError, match="no small net"):
        slow_loop(network(boxes=0))


@pytest.mark.parametrize(("inputs", "widths"), [(0, [3]), (3, []), (3, [2, 0])])
def test_a_net_too_small(inputs, widths):
    with pytest.raises(UsageError, match="small net"):
        small_net(inputs, widths, generator=generator())

"""Update rules and schedules, each against its formula."""

import math

import pytest
import torch
from torch import nn

from forward_forward.errors import UsageError
from forward_forward.training.optimizers import Adam, PlainGradient, SmoothedGradient, set_rate
from toys import RULES, SCHEDULES, normal

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


def steps(rule, gains, gradients):
    """Return the weight after each step, its gradient accumulated as the rule asks."""
    weight = nn.Parameter(normal(4, 3))
    weight.grad = torch.zeros_like(weight)
    optimizer = rule.build([weight])
    path = []
    for gain, gradient in zip(gains, gradients, strict=True):
        weight.grad.mul_(rule.decay).add_(gradient, alpha=rule.share)
        set_rate(optimizer, gain)
        optimizer.step()
        path.append(weight.detach().clone())
    return path


GRADIENTS = [normal(4, 3, seed=seed) for seed in (1, 2, 3)]
GAINS = [1.0, 0.5, 0.25]


def test_the_smoothed_gradient_by_hand():
    weight, velocity = normal(4, 3), torch.zeros(4, 3)
    found = steps(SmoothedGradient(rate=0.1, weight_decay=0.3), GAINS, GRADIENTS)
    for gain, gradient, now in zip(GAINS, GRADIENTS, found, strict=True):
        velocity = 0.9 * velocity + 0.1 * gradient
        weight = weight - 0.1 * gain * (velocity + 0.3 * weight)
        torch.testing.assert_close(now, weight, rtol=1e-12, atol=1e-12)


def test_the_plain_gradient_by_hand():
    weight = normal(4, 3)
    found = steps(PlainGradient(rate=0.1, weight_decay=0.3), GAINS, GRADIENTS)
    for gain, gradient, now in zip(GAINS, GRADIENTS, found, strict=True):
        weight = weight - 0.1 * gain * (gradient + 0.3 * weight)
        torch.testing.assert_close(now, weight, rtol=1e-12, atol=1e-12)


def test_adam_by_hand():
    weight, m, v = normal(4, 3), torch.zeros(4, 3), torch.zeros(4, 3)
    found = steps(Adam(rate=0.1, weight_decay=0.3), GAINS, GRADIENTS)
    for t, (gain, gradient, now) in enumerate(zip(GAINS, GRADIENTS, found, strict=True), 1):
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient.square()
        weight = weight * (1 - 0.1 * gain * 0.3)
        step = m / (1 - 0.9**t) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        weight = weight - 0.1 * gain * step
        torch.testing.assert_close(now, weight, rtol=1e-10, atol=1e-10)


@every_rule
def test_a_gain_of_zero_moves_nothing(rule):
    made = rule(rate=0.1, weight_decay=0.3)
    assert all(weight.equal(normal(4, 3)) for weight in steps(made, [0.0] * 3, GRADIENTS))


@every_rule
def test_weights_go_against_the_gradient(rule):
    (after,) = steps(rule(rate=0.01), [1.0], GRADIENTS[:1])
    assert ((after - normal(4, 3)) * GRADIENTS[0] < 0).all()


@every_rule
@pytest.mark.parametrize(
    "options",
    [{"rate": 0.0}, {"rate": -1.0}, {"rate": math.nan}, {"rate": math.inf},
     {"rate": 0.1, "weight_decay": -0.1}, {"rate": 0.1, "weight_decay": math.nan}],
)  # fmt: skip
def test_rates_that_make_no_sense_are_refused(rule, options):
    with pytest.raises(UsageError, match="rate"):
        rule(**options)


@every_schedule
def test_a_schedule_starts_full_and_never_rises(schedule):
    gains = [schedule(i / 100) for i in range(100)]
    assert gains[0] == 1
    assert all(0 < b <= a for a, b in zip(gains, gains[1:], strict=False))


def test_the_author_s_schedule():
    gains = {f: SCHEDULES["constant_then_linear"](f) for f in (0.0, 0.49, 0.5, 0.6, 0.75, 0.99)}
    expected = {0.0: 1, 0.49: 1, 0.5: 1, 0.6: 0.8, 0.75: 0.5, 0.99: 0.02}
    assert gains == pytest.approx(expected)

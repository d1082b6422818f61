"""Every goodness: one number per row, a slope that is its derivative, nothing changed on the way."""

from functools import partial

import pytest
import torch

from forward_forward.errors import UsageError
from forward_forward.layers.dense import Dense
from forward_forward.slopes import slope_of, with_slope
from forward_forward.training.reference import reference_gradients
from toys import GOODNESS, generator, uniform

every_goodness = pytest.mark.parametrize("good", GOODNESS.values(), ids=GOODNESS)


def test_the_paper_s_and_their_negatives_are_there():
    assert {"sum_of_squares", "mean_of_squares", "sum_of_activities"} <= set(GOODNESS)
    assert {"negative_sum_of_squares", "negative_mean_of_squares"} <= set(GOODNESS)


@every_goodness
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_do_not_mix(good, dtype):
    y = uniform(5, 6, dtype=dtype)
    g = good(y)
    assert g.shape == (5,)
    assert g.dtype == dtype
    torch.testing.assert_close(g, torch.cat([good(row) for row in y.split(1)]))


@every_goodness
def test_the_slope_leaves_the_activities_alone(good):
    y = uniform(5, 6)
    before = y.clone()
    slope = slope_of(good, y)
    assert y.equal(before)
    assert slope.shape == y.shape
    assert not slope.requires_grad


@every_goodness
def test_the_slope_takes_a_factor_per_row(good):
    y, by = uniform(5, 6), uniform(5, 1, seed=1) - 0.5
    torch.testing.assert_close(slope_of(good, y, by), by * slope_of(good, y))
    torch.testing.assert_close(slope_of(partial(good), y, by), by * slope_of(good, y))


@every_goodness
def test_large_activities_do_not_overflow(good):
    y = torch.full((2, 2000), 1e4)
    assert good(y).isfinite().all()
    assert slope_of(good, y).isfinite().all()


def test_values():
    y = torch.tensor([[1.0, 3.0]])
    values = {name: good(y).item() for name, good in GOODNESS.items()}
    assert values["sum_of_squares"] == -values["negative_sum_of_squares"] == 10
    assert values["mean_of_squares"] == -values["negative_mean_of_squares"] == 5
    assert values["sum_of_activities"] == 4


@with_slope(lambda y, by: y * by)
def half_of_squares(y):
    return y.square().sum(-1) / 2


def weighted(y):
    return (y.square() * torch.linspace(1, 2, 4, dtype=y.dtype)).sum(-1)


HOMEMADE = {
    "squares, no slope stated": lambda y: y.square().sum(-1),
    "sum, whose slope is one number seen many times": lambda y: y.sum(-1),
    "mean": lambda y: y.mean(-1),
    "half of squares, with a slope": half_of_squares,
    "one that fits a single width": weighted,
}


@pytest.mark.parametrize("good", HOMEMADE.values(), ids=HOMEMADE)
def test_a_new_goodness_needs_no_more_than_a_function(good):
    def layer():
        return Dense(6, 4, goodness=good, generator=generator(), dtype=torch.float64)

    pos, neg = uniform(5, 6, seed=1), uniform(5, 6, seed=2)
    expected = reference_gradients(layer(), (pos,), (neg,))
    learned = layer()
    y, _ = learned.learn((torch.cat([pos, neg]),))
    for parameter, gradient in zip(learned.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-9)
    assert y.equal(learned(torch.cat([pos, neg])))


def test_a_goodness_that_ones_leave_at_zero_has_no_scale():
    with pytest.raises(UsageError, match="goodness"):
        Dense(6, 4, goodness=lambda y: y.var(-1), generator=generator())

"""Every loss: slopes are derivatives, nothing overflows, and real data is pulled up, negatives down."""

import math

import pytest
import torch

from forward_forward.errors import UsageError
from forward_forward.losses import SiLU, SymBa, ThresholdLogistic
from toys import LOSSES, normal

MADE = {name: kind().for_layer(5.0) for name, kind in LOSSES.items()}
MADE["with a low threshold"] = ThresholdLogistic(threshold=2.0, temperature=3.0).for_layer(5.0)
every_loss = pytest.mark.parametrize("loss", MADE.values(), ids=MADE)
pairwise = pytest.mark.parametrize("loss", [SymBa(), SymBa(alpha=0.3), SiLU(), SiLU(alpha=2.0)])
CORNERS = torch.tensor([[a, b] for a in (-1e4, 0.0, 1e4) for b in (-1e4, 0.0, 1e4)]).t()


@every_loss
@pytest.mark.parametrize(("scale", "tolerance"), [(0.1, 1e-10), (1.0, 1e-10), (100.0, 1e-7)])
def test_slopes_are_derivatives(loss, scale, tolerance):
    """Far out torch's softplus is a straight line, and its derivative less exact than the stated slope."""
    g = scale * normal(2, 50) + 5
    g.requires_grad_()
    expected = torch.autograd.grad(loss(*g).sum(), g)[0]
    stated = torch.stack(loss.slopes(*g))
    torch.testing.assert_close(stated, expected, rtol=tolerance, atol=tolerance)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nothing_overflows(loss, dtype):
    g = CORNERS.to(dtype)
    assert loss(*g).isfinite().all()
    assert torch.stack(loss.slopes(*g)).isfinite().all()
    assert loss(*g).dtype == loss.slopes(*g)[0].dtype == dtype


@every_loss
def test_samples_do_not_mix(loss):
    g = normal(2, 7)
    one_by_one = [loss(*pair) for pair in g.split(1, dim=1)]
    torch.testing.assert_close(loss(*g), torch.cat(one_by_one))
    assert loss(*g).shape == (7,)


@every_loss
def test_real_data_goes_up_and_negatives_down(loss):
    g = 5 + 0.05 * normal(2, 50)
    up, down = loss.slopes(*g)
    assert (up < 0).all()
    assert (down > 0).all()


@pairwise
def test_only_the_gap_counts(loss):
    g_pos, g_neg = normal(2, 50)
    torch.testing.assert_close(loss(g_pos + 3, g_neg + 3), loss(g_pos, g_neg))
    up, down = loss.slopes(g_pos, g_neg)
    assert up.equal(-down)


@pairwise
def test_swapping_the_passes_turns_the_slopes_round(loss):
    """L(a, b) − L(b, a) = α (b − a): what a row loses as real data it gains as a negative."""
    a, b = 0.2 * normal(2, 50) / loss.alpha
    as_real, as_negative = loss.slopes(a, b)[0], loss.slopes(b, a)[1]
    assert (as_real.sign() == -as_negative.sign()).all()
    torch.testing.assert_close(as_real - as_negative, torch.full_like(a, -loss.alpha))
    torch.testing.assert_close(loss(a, b) - loss(b, a), loss.alpha * (b - a))


def test_values():
    g_pos, g_neg = torch.tensor([3.0]).double(), torch.tensor([1.0]).double()
    logistic = math.log1p(math.exp(-(3 - 2) / 0.5)) + math.log1p(math.exp((1 - 2) / 0.5))
    assert ThresholdLogistic(2.0, 0.5)(g_pos, g_neg).item() == pytest.approx(logistic, rel=1e-12)
    assert SymBa(2.0)(g_pos, g_neg).item() == pytest.approx(math.log1p(math.exp(-4)), rel=1e-12)
    assert SiLU(2.0)(g_pos, g_neg).item() == pytest.approx(-4 / (1 + math.exp(4)), rel=1e-12)


def test_an_open_threshold_is_the_goodness_of_ones():
    assert ThresholdLogistic().for_layer(2000.0).threshold == 2000
    assert ThresholdLogistic().for_layer(-1.0).threshold == -1
    assert ThresholdLogistic(7.0).for_layer(2000.0).threshold == 7
    with pytest.raises(UsageError, match="threshold"):
        ThresholdLogistic()(*CORNERS)


@pytest.mark.parametrize(
    ("threshold", "unit_goodness"),
    [(-1.0, 5.0), (0.0, 5.0), (1.0, -5.0), (math.nan, 5.0), (math.inf, 5.0), (-math.inf, -5.0)],
)
def test_a_threshold_that_no_unit_reaches_is_refused(threshold, unit_goodness):
    with pytest.raises(UsageError, match="threshold"):
        ThresholdLogistic(threshold=threshold).for_layer(unit_goodness)


@pytest.mark.parametrize("kind", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_steepness_that_is_not_above_zero_and_finite_is_refused(kind, value):
    name = "temperature" if kind is ThresholdLogistic else "alpha"
    with pytest.raises(UsageError, match=name):
        kind(**{name: value})


@every_loss
def test_only_separable_losses_judge_each_pass_alone(loss):
    g_pos, g_neg = 5 + normal(2, 20)
    apart = torch.equal(loss.slopes(g_pos, g_neg)[0], loss.slopes(g_pos, g_neg + 1)[0])
    assert apart == loss.separable


@every_loss
def test_a_pass_beyond_doubt_adds_nothing_to_a_separable_loss(loss):
    if not loss.separable:
        return
    g, sure = 5 + normal(20), torch.full((20,), math.inf)
    up, nothing = loss.slopes(g, -sure)
    assert not nothing.any()
    torch.testing.assert_close(up, loss.slopes(g, g)[0])
    torch.testing.assert_close(loss(g, -sure) + loss(sure, g), loss(g, g))

"""Normalisation takes goodness out and leaves the rest; peers pull towards their mean."""

import math

import pytest
import torch

from forward_forward.errors import UsageError
from forward_forward.goodness import mean_of_squares, sum_of_activities, sum_of_squares
from forward_forward.layers.dense import Dense
from forward_forward.normalization import (
    Normalization,
    PeerNormalization,
    length,
    sum_to_units,
    unit_length,
    unnormalized,
)
from forward_forward.spec import NORMALIZATIONS
from toys import generator, normal, uniform

TAKING = {name: value for name, value in NORMALIZATIONS.items() if value is not unnormalized}
every_one = pytest.mark.parametrize("norm", NORMALIZATIONS.values(), ids=NORMALIZATIONS)
every_taking = pytest.mark.parametrize("norm", TAKING.values(), ids=TAKING)


@pytest.mark.parametrize(
    ("norm", "good"),
    [(length, sum_of_squares), (length, mean_of_squares), (unit_length, sum_of_squares),
     (unit_length, mean_of_squares), (sum_to_units, sum_of_activities)],
)  # fmt: skip
def test_no_goodness_is_left(norm, good):
    y = uniform(40, 6) * torch.logspace(-2, 4, 40, dtype=torch.float64).unsqueeze(1)
    left = good(norm(y))
    assert good(y).max() > 1e4 * good(y).min()
    torch.testing.assert_close(left, left[:1].expand(40), rtol=1e-5, atol=0)


@every_taking
@pytest.mark.parametrize("scale", [1e-2, 3.0, 1e4])
def test_the_scale_of_a_row_does_not_go_through(norm, scale):
    y = uniform(5, 6)
    torch.testing.assert_close(norm(scale * y), norm(y), rtol=1e-4, atol=0)


@every_one
def test_relative_activities_stay(norm):
    y = normal(5, 6)
    factor = norm(y) / y
    assert (factor > 0).all()
    torch.testing.assert_close(factor, factor[:, :1].expand(5, 6))


@every_one
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_silent_row_stays_silent(norm, dtype):
    y = torch.zeros(2, 6, dtype=dtype)
    assert norm(y).equal(y)
    assert norm(y).dtype == dtype


@every_one
def test_totals_of_parts_add_up(norm):
    left, right = normal(5, 4), normal(5, 3, seed=1)
    whole = torch.cat([left, right], dim=1)
    by_parts = whole * norm.factor(norm.total(left) + norm.total(right), 7)
    torch.testing.assert_close(by_parts, norm(whole))


def test_values():
    y = torch.tensor([[3.0, 4.0]]).double()
    torch.testing.assert_close(unit_length(y), y / 5)
    torch.testing.assert_close(length(y), y / math.sqrt(12.5))
    torch.testing.assert_close(sum_to_units(y), y / 3.5)
    assert unnormalized(y).equal(y)


def test_a_power_without_a_formula_is_refused():
    with pytest.raises(UsageError, match="power"):
        Normalization(power=3, per_unit=False)


def test_peers_pull_towards_their_mean():
    peer = PeerNormalization(3, strength=0.5)
    y = torch.tensor([[0.0, 1.0, 4.0], [0.0, 3.0, 4.0]])
    means = torch.tensor([0.45, 0.65, 0.85])  # 0.9 · 0.5 + 0.1 · (0, 2, 4)
    pull = peer.pull(y)
    torch.testing.assert_close(peer.mean_activity, means)
    torch.testing.assert_close(pull, 0.5 * (means.mean() - means))
    assert pull[0] > 0 > pull[2]  # a unit that is always off is revived


def test_a_dead_unit_comes_back():
    """The pull is not gated by the ReLU: descending the gradient raises the bias of a unit that never fires."""
    layer = Dense(6, 4, peer=0.5, generator=generator())
    with torch.no_grad():
        layer.bias[0] = -50
    block = (uniform(8, 6, dtype=torch.float32),)
    assert layer(*block)[:, 0].max() == 0
    layer.learn(block)
    assert layer.bias.grad[0] < 0
    assert (layer.weight.grad[:, 0] < 0).all()


def test_running_means_are_saved():
    layer = Dense(6, 4, peer=0.5, generator=generator())
    layer.learn((uniform(8, 6, dtype=torch.float32),))
    again = Dense(6, 4, peer=0.5, generator=generator(1))
    again.load_state_dict(layer.state_dict())
    assert again.peer.mean_activity.equal(layer.peer.mean_activity)
    assert not again.peer.mean_activity.equal(torch.full((4,), 0.5))


def test_running_means_have_the_layer_s_dtype():
    layer = Dense(6, 4, peer=0.5, generator=generator(), dtype=torch.float64)
    assert layer.peer.mean_activity.dtype == torch.float64


@pytest.mark.parametrize(
    "options", [{"strength": -0.1}, {"strength": math.nan}, {"strength": math.inf},
                {"strength": 0.1, "momentum": 1.0}, {"strength": 0.1, "momentum": -0.1}],
)  # fmt: skip
def test_peers_refuse_what_makes_no_sense(options):
    with pytest.raises(UsageError, match="peer"):
        PeerNormalization(3, **options)

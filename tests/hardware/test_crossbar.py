"""A tile around its devices: converters, the noise of reads, what a checkpoint and a copy keep."""

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forward_forward.errors import UsageError
from forward_forward.hardware.crossbar import Crossbar, TileWeight, largest
from forward_forward.hardware.devices import ResistiveDevice
from toys import normal

ROWS, COLUMNS = 6, 4


def tile(columns=COLUMNS, rows=ROWS, weight_range=0.5, seed=3, **faults):
    device = ResistiveDevice("tried", **faults)
    return Crossbar(
        rows, columns, device, weight_range=weight_range, seed=seed, dtype=torch.float64
    )


def test_an_ideal_tile_is_a_product():
    ideal, x, weight = tile(), normal(9, ROWS), normal(ROWS, COLUMNS, seed=1)
    assert ideal.drive(x).equal(x)
    y = x @ weight
    assert ideal.sense(y.clone(), x).equal(y)
    written = weight.clone()
    ideal.write(written)
    ideal.age(written, 1e9)
    assert written.equal(weight)
    assert ideal.draws == 0


@settings(deadline=None)
@given(st.integers(2, 12), st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_a_dac_rounds_to_steps_of_the_largest_input(bits, seed, size):
    x = normal(5, ROWS, seed=seed) * size
    driven = tile(dac_bits=bits).drive(x)
    step = x.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    assert bool(((driven - x).abs() <= step / 2 * (1 + 1e-9)).all())
    torch.testing.assert_close(driven / step, (driven / step).round())
    at = x.abs().argmax(1, keepdim=True)
    torch.testing.assert_close(driven.gather(1, at), x.gather(1, at))


@settings(deadline=None)
@given(st.integers(2, 12), st.integers(0, 1000))
def test_an_adc_rounds_and_ends(bits, seed):
    narrow, x = tile(adc_bits=bits, adc_range=3.0), normal(5, ROWS, seed=seed)
    y = normal(5, COLUMNS, seed=seed + 1) * 2
    end = 3.0 * 0.5 * x.abs().amax(1, keepdim=True)
    step = end / (2 ** (bits - 1) - 1)
    found = narrow.sense(y.clone(), x)
    inside = y.abs() <= end
    assert bool(((found - y).abs() <= step / 2 * (1 + 1e-9))[inside].all())
    torch.testing.assert_close(found[~inside], (end * y.sign())[~inside])
    torch.testing.assert_close(found / step, (found / step).round())


@pytest.mark.parametrize("faults", [{"dac_bits": 5}, {"adc_bits": 5}, {"output_noise": 0.1}])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_input_gives_no_output(faults, dtype):
    x = torch.zeros(3, ROWS, dtype=dtype)
    made = tile(**faults)
    assert bool((made.drive(x) == 0).all())
    y = made.sense(torch.zeros(3, COLUMNS, dtype=dtype), x)
    assert float(y.abs().max()) < 1e-18


def test_noise_at_the_output_is_that_of_every_device_in_every_read():
    """The oracle puts a fresh error on each of both devices of a pair, for each read."""
    reads, sigma = 4000, 0.03
    noisy, weight = tile(read_noise=sigma), normal(ROWS, COLUMNS, seed=1)
    x = torch.tensor([0.2, -1.0, 0.0, 3.0, 0.5, -0.1], dtype=torch.float64)
    y = noisy.sense((x @ weight).expand(reads, -1).clone(), x.expand(reads, -1))
    both = normal(2, reads, ROWS, COLUMNS, seed=2) * sigma * 0.5
    slow = torch.einsum("i,riu->ru", x, weight + both[0] - both[1])
    stated = math.sqrt(2) * sigma * 0.5 * float(x.norm())
    for found in (y, slow):
        torch.testing.assert_close(found.mean(0), x @ weight, atol=4 * stated / reads**0.5, rtol=0)
        torch.testing.assert_close(
            found.std(0), torch.full((COLUMNS,), stated).double(), rtol=0.05, atol=0
        )
        apart = torch.corrcoef(found.t()) - torch.eye(COLUMNS)
        assert float(apart.abs().max()) < 0.07
        again = torch.corrcoef(torch.stack([found[1:, 0], found[:-1, 0]]))[0, 1]
        assert abs(float(again)) < 0.07


def test_noise_of_the_columns_is_as_stated():
    noisy, x = tile(output_noise=0.2, rows=3), torch.tensor([[1.0, -4.0, 2.0]]).double()
    y = noisy.sense(torch.zeros(20_000, COLUMNS).double(), x)
    assert float(y.std()) == pytest.approx(0.2 * 0.5 * 4.0, rel=0.02)
    both = tile(output_noise=0.2, read_noise=0.1, rows=3)
    expected = math.hypot(0.2 * 0.5 * 4.0, math.sqrt(2) * 0.1 * 0.5 * math.sqrt(21))
    assert float(both.deviation(x)) == pytest.approx(expected)


def test_a_checkpoint_draws_on():
    first, second = tile(read_noise=0.1), tile(read_noise=0.1)
    x, nothing = normal(2, ROWS), torch.zeros(2, COLUMNS).double()
    one = first.sense(nothing.clone(), x)
    second.load_state_dict(first.state_dict())
    two = first.sense(nothing.clone(), x)
    assert not two.equal(one)
    assert second.sense(nothing.clone(), x).equal(two)
    assert not tile(read_noise=0.1, seed=4).sense(nothing.clone(), x).equal(one)


def test_noise_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    tile(read_noise=0.1).sense(torch.zeros(2, COLUMNS).double(), normal(2, ROWS))
    assert torch.get_rng_state().equal(before)


def test_a_copied_weight_lies_in_a_copied_tile():
    layer = torch.nn.Module()
    layer.tile = tile(read_noise=0.1)
    layer.weight = TileWeight(normal(ROWS, COLUMNS), layer.tile)
    twin = copy.deepcopy(layer)
    assert isinstance(twin.weight, TileWeight)
    assert twin.weight.tile is twin.tile
    assert twin.tile is not layer.tile
    assert twin.weight.equal(layer.weight)
    assert twin.weight.data_ptr() != layer.weight.data_ptr()


@pytest.mark.parametrize("weight_range", [0.0, -1.0, math.inf, math.nan])
def test_a_range_is_above_zero(weight_range):
    with pytest.raises(UsageError, match="must be above 0"):
        tile(weight_range=weight_range)


def test_largest_is_the_size_of_the_largest():
    x = torch.tensor([[1.0, -3.0], [0.0, 0.0]])
    assert largest(x)[0].item() == 3.0
    assert 0 < largest(x)[1].item() < 1e-15


def test_repr_names_the_device():
    assert "6×4 tried, range 0.5" in repr(tile())

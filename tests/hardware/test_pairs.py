"""Pairs of devices: what is written is held, pulses are right on average, what is stuck stays, what drifts fades."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forward_forward.hardware import pairs
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.hardware.pairs import EVERY, SteppedCrossbar
from forward_forward.hardware.presets import PRESETS
from forward_forward.hardware.steps import first_step
from toys import generator, normal, uniform

REAL = [preset.device for name, preset in PRESETS.items() if name != "ideal"]
every_device = pytest.mark.parametrize("device", REAL, ids=lambda d: d.name)


def made(device, rows=5, columns=4, seed=0, weight_range=2.0):
    return SteppedCrossbar(
        rows, columns, device, weight_range=weight_range, seed=seed, dtype=torch.float64
    )


def even(levels=20, **faults):
    return ResistiveDevice("even", levels=levels, **faults)


def whole(*shape, most=3, seed=0):
    return torch.randint(-most, most + 1, shape, generator=generator(seed)).double()


def pulse(tile, weight, counts):
    tile.pulse(weight, lambda rows, draw: counts[rows].clone())


def held(tile):
    return (tile.state[0] - tile.state[1]) * tile.weight_range


@pytest.mark.parametrize("curve_down", [0.0, None])
def test_what_is_written_is_held_to_half_a_level(curve_down):
    tile, weight = made(even(curve_down=curve_down)), normal(5, 4) * 0.8
    weight[0, 0], weight[0, 1] = 5.0, -5.0  # beyond the range
    target = weight.clamp(-2, 2)
    tile.write(weight)
    assert bool(((weight - target).abs() <= 2 / 20 / 2 + 1e-12).all())
    torch.testing.assert_close(weight, held(tile))
    torch.testing.assert_close(tile.state * 20, (tile.state * 20).round())


def test_writing_is_off_by_the_noise_of_a_last_pulse():
    tile, weight = (
        made(even(levels=1000, write_noise=3.0), 200, 200),
        torch.zeros(200, 200).double(),
    )
    tile.write(weight)
    assert float(weight.mean()) == pytest.approx(0, abs=1e-3)
    assert float(weight.std()) == pytest.approx(
        2.0 * 3.0 / 1000, rel=0.05
    )  # the second one trims the first


@every_device
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), most=st.integers(1, 40))
def test_conductances_stay_in_range_and_weights_are_what_they_say(device, seed, most):
    tile, weight = made(device, seed=seed), normal(5, 4, seed=seed)
    tile.write(weight)
    for turn in range(2 * EVERY + 1):
        pulse(tile, weight, whole(5, 4, most=most, seed=seed + turn))
        low = device.g_min_siemens
        top = 1.0 if tile.tops is None else tile.tops
        end = low + (device.g_max_siemens - low) * top
        conductances = tile.conductances()
        assert bool(((conductances >= low) & (conductances <= end * (1 + 1e-9))).all())
        torch.testing.assert_close(weight, held(tile))


@pytest.mark.parametrize("curves", [(0.0, 0.0), (3.0, 3.0), (0.2, 1.25)])
@pytest.mark.parametrize("asymmetry", [0.0, -0.25, 0.5])
def test_pulses_up_and_down_are_equal_on_average_at_zero(curves, asymmetry):
    """Over the two turns, an even number of pulses up moves W as far as it moves it down, to within the curve."""
    device = even(levels=10_000, curve_up=curves[0], curve_down=curves[1], asymmetry=asymmetry)
    step = first_step(device) * 2.0
    for count in (1.0, -1.0):
        tile, weight = made(device), torch.zeros(5, 4).double()
        tile.write(weight)
        for _ in range(2):
            pulse(tile, weight, torch.full((5, 4), count).double())
        torch.testing.assert_close(
            weight, torch.full_like(weight, 2 * count * step), rtol=1e-3, atol=0
        )


def test_the_first_step_of_devices_that_are_only_raised():
    device = even(levels=10_000, curve_up=2.0, curve_down=None)
    tile, weight = made(device), torch.zeros(5, 4).double()
    tile.write(weight)
    pulse(tile, weight, torch.ones(5, 4).double())
    torch.testing.assert_close(weight, torch.full_like(weight, first_step(device) * 2.0))


def test_noisy_pulses_are_right_on_average():
    device = even(levels=1000, write_noise=2.0, step_spread=0.3, asymmetry_spread=0.1)
    tile, weight = made(device, 300, 300), torch.zeros(300, 300).double()
    tile.state.fill_(0.5)
    counts = torch.full((300, 300), 3.0).double()
    for _ in range(2):
        pulse(tile, weight, counts)
    assert float(weight.mean()) == pytest.approx(6 * 2.0 / 1000, rel=0.02)


def test_the_two_of_a_pair_take_turns():
    tile, weight = made(even()), torch.zeros(5, 4).double()
    tile.write(weight)
    start = tile.state.clone()
    counts = whole(5, 4)
    pulse(tile, weight, counts)
    assert tile.state[1].equal(start[1])
    torch.testing.assert_close(tile.state[0], start[0] + counts / 20)
    middle = tile.state.clone()
    pulse(tile, weight, counts)
    assert tile.state[0].equal(middle[0])
    torch.testing.assert_close(tile.state[1], middle[1] - counts / 20)


def test_devices_that_are_only_raised_never_fall_but_when_wiped():
    tile, weight = made(even(levels=40, curve_down=None)), normal(5, 4) * 0.3
    tile.write(weight)
    wiped = 0
    for turn in range(6 * EVERY):
        before, weight_before = tile.state.clone(), weight.clone()
        counts = whole(5, 4, seed=turn)
        pulse(tile, weight, counts)
        risen = torch.minimum(
            before + torch.stack([counts.clamp(min=0), -counts.clamp(max=0)]) / 40, torch.ones(())
        )
        fallen = (tile.state < before).any(0)
        if (turn + 1) % EVERY:
            torch.testing.assert_close(tile.state, risen)
        else:
            assert fallen.equal((risen >= pairs.FULL).any(0))
            expected = (risen[0] - risen[1]) * 2.0
            assert bool(((weight - expected).abs() <= 2.0 / 40 / 2 + 1e-9).all())
            wiped += int(fallen.sum())
        assert not weight.equal(weight_before)
    assert tile.wipes == wiped > 0


@pytest.mark.parametrize("curve_down", [1.0, None])
def test_what_is_stuck_never_moves(curve_down):
    device = ResistiveDevice(
        "stuck", levels=9, stuck_at_min=0.3, stuck_at_max=0.2, curve_up=1.0, curve_down=curve_down,
        write_noise=1.0, range_spread=0.2, step_spread=0.1, drift_exponent=0.1,
    )  # fmt: skip
    tile, weight = made(device, 20, 20), normal(20, 20)
    stuck, start = tile.steps == 0, tile.state.clone()
    assert 0.4 < float(stuck.double().mean()) < 0.6
    assert start[stuck].unique().numel() > 2  # each at its own upper end, or at 0
    tile.write(weight)
    for turn in range(2 * EVERY):
        pulse(tile, weight, whole(20, 20, seed=turn))
    tile.age(weight, 1e6)
    assert tile.state[stuck].equal(start[stuck])
    assert bool((tile.state != start)[~stuck].any())


def test_drift_is_a_power_of_time():
    device = even(levels=100, drift_exponent=0.06, drift_start_seconds=20.0)
    tile, weight = made(device), normal(5, 4) * 0.5
    tile.write(weight)
    before = weight.clone()
    tile.age(weight, 20.0 * 9999)
    torch.testing.assert_close(weight, before * 10_000**-0.06)
    torch.testing.assert_close(weight, held(tile))


def test_devices_drift_apart_as_stated():
    device = even(levels=100, drift_exponent=0.5, drift_spread=0.05)
    tile, weight = made(device, 100, 100), torch.zeros(100, 100).double()
    tile.write(weight)
    before = tile.state.clone()
    tile.age(weight, 20 * (math.e - 1))
    nu = -(tile.state / before).log()
    assert float(nu.mean()) == pytest.approx(0.5, abs=0.005)
    assert float(nu.std()) == pytest.approx(0.05, rel=0.03)


def test_what_does_not_drift_stays():
    tile, weight = made(even()), normal(5, 4) * 0.3
    tile.write(weight)
    before = weight.clone()
    tile.age(weight, 1e9)
    assert weight.equal(before)


@every_device
def test_blocks_of_rows_are_all_rows(device, monkeypatch):
    """Without noise, however many rows are taken at a time, the tile comes out the same."""
    device = dataclasses.replace(device, write_noise=0.0)
    found = []
    for block in (1, 9, 2**16):
        monkeypatch.setattr(pairs, "BLOCK", block)
        tile, weight = made(device, 7, 4), normal(7, 4)
        tile.write(weight)
        for turn in range(EVERY + 2):
            pulse(tile, weight, whole(7, 4, seed=turn))
        found.append(weight)
    assert found[0].equal(found[1])
    assert found[0].equal(found[2])


@every_device
def test_the_seed_makes_the_devices(device):
    one, same, other = made(device, seed=1), made(device, seed=1), made(device, seed=2)
    weights = [normal(5, 4) for _ in range(3)]
    for tile, weight in zip((one, same, other), weights, strict=True):
        tile.write(weight)
        pulse(tile, weight, whole(5, 4))
    assert weights[0].equal(weights[1])
    assert not weights[0].equal(weights[2])


@every_device
def test_a_checkpoint_goes_on_as_if_nothing_had_been(device):
    first, weight = made(device), normal(5, 4)
    first.write(weight)
    for turn in range(EVERY - 1):
        pulse(first, weight, whole(5, 4, seed=turn))
    second, other = made(device), weight.clone()
    second.load_state_dict(first.state_dict())
    for turn in range(EVERY):
        pulse(first, weight, whole(5, 4, seed=turn))
        pulse(second, other, whole(5, 4, seed=turn))
    assert other.equal(weight)
    assert second.state.equal(first.state)
    assert (second.updates, second.wipes, second.pulses) == (
        first.updates,
        first.wipes,
        first.pulses,
    )


def test_pulses_are_counted():
    tile, weight = made(even(levels=1000)), uniform(5, 4)
    for _ in range(3 * EVERY):
        pulse(tile, weight, torch.full((5, 4), -2.0).double())
    assert float(tile.pulses) == 3 * EVERY * 2 * 20
    assert tile.updates == 3 * EVERY

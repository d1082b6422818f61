"""What pulses do, against a loop that takes one device and one pulse at a time."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.hardware.steps import (
    bent,
    deviation_of_even,
    even,
    first_step,
    made_devices,
    moved,
)
from toys import generator

shares = st.floats(0, 1, width=32)


def slow(device, state, count, top=1.0, step=1.0, tilt=None):
    """Return the state after pulses as the docstring of a device says it."""
    a = device.asymmetry if tilt is None else tilt
    if count >= 0:
        size = (1 + a) * bent(state / top, device.curve_up)
    else:
        size = (1 - a) * bent(1 - state / top, device.curve_down)
    return min(max(state + count * size * step / device.levels, 0), top)


@settings(deadline=None)
@given(
    state=shares,
    count=st.integers(-4, 4),
    top=st.floats(0.5, 1.5),
    step=st.floats(0, 2),
    tilt=st.floats(-1, 1),
    curves=st.tuples(st.floats(0, 6), st.floats(0, 6)),
)
def test_pulses_are_the_slow_ones(state, count, top, step, tilt, curves):
    device = ResistiveDevice("any", levels=30, curve_up=curves[0], curve_down=curves[1])
    state = min(state, top)
    given_, *made = (torch.tensor([x], dtype=torch.float64) for x in (state, top, step, tilt))
    found = moved(device, given_, torch.tensor([count]).double(), generator(), *made)
    assert float(found) == pytest.approx(slow(device, state, count, top, step, tilt), abs=1e-9)


@settings(deadline=None)
@given(
    state=shares, count=st.integers(-4, 4), asymmetry=st.floats(-0.9, 0.9), curve=st.floats(0, 6)
)
def test_pulses_of_devices_that_are_all_alike(state, count, asymmetry, curve):
    device = ResistiveDevice(
        "any", levels=30, curve_up=curve, curve_down=curve, asymmetry=asymmetry
    )
    found = moved(
        device, torch.tensor([state]).double(), torch.tensor([count]).double(), generator()
    )
    assert float(found) == pytest.approx(slow(device, state, count), abs=1e-9)


@settings(deadline=None)
@given(state=shares, count=st.integers(0, 4), curve=st.floats(0, 6))
def test_pulses_where_steps_lead_upward_only(state, count, curve):
    device = ResistiveDevice("melts", levels=30, curve_up=curve, curve_down=None, asymmetry=0.2)
    found = moved(
        device, torch.tensor([state]).double(), torch.tensor([count]).double(), generator()
    )
    assert float(found) == pytest.approx(slow(device, state, count), abs=1e-9)


@pytest.mark.parametrize("curve", [0.0, 0.5, 3.0])
def test_levels_lead_from_end_to_end_along_the_curve(curve):
    device = ResistiveDevice("fine", levels=5000, curve_up=curve, curve_down=curve)
    up, down = torch.zeros(1).double(), torch.ones(1).double()
    half = None
    for n in range(device.levels):
        up = moved(device, up, torch.ones(1).double(), generator())
        down = moved(device, down, -torch.ones(1).double(), generator())
        if n == device.levels // 2 - 1:
            half = float(up)
    assert float(up) == pytest.approx(1, abs=1e-3)
    assert float(down) == pytest.approx(0, abs=1e-3)
    expected = (1 - math.exp(-curve / 2)) / (1 - math.exp(-curve)) if curve else 0.5
    assert half == pytest.approx(expected, abs=1e-3)


def test_noise_of_pulses_is_as_stated():
    device = ResistiveDevice("noisy", levels=1000, write_noise=0.7)
    for count in (1.0, -4.0):
        counts = torch.full((200_000,), count, dtype=torch.float64)
        change = (moved(device, torch.full_like(counts, 0.5), counts, generator()) - 0.5) * 1000
        assert float(change.mean()) == pytest.approx(count, abs=0.01)
        assert float(change.std()) == pytest.approx(0.7 * math.sqrt(abs(count)), rel=0.01)


@pytest.mark.parametrize("curve", [0.0, 2.0])
def test_without_a_pulse_nothing_moves(curve):
    device = ResistiveDevice(
        "noisy", levels=9, write_noise=3.0, curve_up=curve, curve_down=curve, asymmetry=0.4
    )
    state = torch.rand(1000, generator=generator())
    assert moved(device, state, torch.zeros(1000), generator(1)).equal(state)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 5), st.floats(0, 1))
def test_states_stay_between_their_ends(seed, noise, spread):
    device = ResistiveDevice(
        "wild",
        levels=5,
        write_noise=noise,
        range_spread=spread,
        step_spread=1.0,
        asymmetry_spread=1.0,
    )
    state, made = made_devices(device, (2, 5, 7), seed)
    top = torch.ones(2, 5, 7) if made["tops"] is None else made["tops"]
    counts = torch.randint(-9, 10, (2, 5, 7), generator=generator(seed)).float()
    for _ in range(5):
        state = moved(device, state, counts, generator(seed), *made.values())
        assert bool(((state >= 0) & (state <= top)).all())


def test_devices_differ_as_stated():
    device = ResistiveDevice(
        "spread", levels=9, range_spread=0.1, step_spread=0.2, asymmetry=0.1, asymmetry_spread=0.05,
        stuck_at_min=0.1, stuck_at_max=0.2,
    )  # fmt: skip
    state, made = made_devices(device, (2, 200, 200), 0)
    tops, steps, tilts = made["tops"], made["steps"], made["tilts"]
    stuck = steps == 0
    assert float((stuck & (state == 0)).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert float((stuck & (state == tops)).float().mean()) == pytest.approx(0.2, abs=0.01)
    assert bool((state[~stuck] == 0).all())
    for values, middle, deviation in ((tops, 1, 0.1), (steps[~stuck], 1, 0.2), (tilts, 0.1, 0.05)):
        assert float(values.mean()) == pytest.approx(middle, abs=0.01)
        assert float(values.std()) == pytest.approx(deviation, rel=0.03)


def test_devices_that_do_not_differ_take_no_memory():
    state, made = made_devices(ResistiveDevice("even", levels=9), (2, 3, 4), 0)
    assert bool((state == 0).all())
    assert made == {"tops": None, "steps": None, "tilts": None}


@pytest.mark.parametrize("kind", [torch.int8, torch.int16])
@pytest.mark.parametrize("size", [1, 7, 8, 60_001])
def test_even_numbers_are_odd_and_balanced(kind, size):
    numbers = even((size,), generator(), kind, torch.float64)
    most = torch.iinfo(kind).max
    assert numbers.shape == (size,)
    assert bool((numbers.abs() <= most).all())
    assert bool((numbers % 2 == 1).all())
    if size > 1000:
        assert abs(float(numbers.mean())) < 4 * deviation_of_even(kind) / math.sqrt(size)
        assert float(numbers.std()) == pytest.approx(deviation_of_even(kind), rel=0.01)


@pytest.mark.parametrize("asymmetry", [0.0, 0.4])
@pytest.mark.parametrize("curves", [(0.0, 0.0), (3.0, 1.0)])
def test_the_first_step_is_the_mean_of_up_and_down(curves, asymmetry):
    up, down = curves
    device = ResistiveDevice("any", levels=50, curve_up=up, curve_down=down, asymmetry=asymmetry)
    middle = torch.full((2,), 0.5).double()
    after = moved(device, middle, torch.tensor([1.0, -1.0]).double(), generator())
    assert first_step(device) == pytest.approx(float(after[0] - after[1]) / 2)

"""Devices and presets: impossible numbers are refused by name; published ones stand where they are said to."""

import dataclasses
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forward_forward.errors import UsageError
from forward_forward.hardware.devices import (
    NOT_NEGATIVE,
    OF_STEPS,
    POSITIVE,
    SHARES,
    ResistiveDevice,
)
from forward_forward.hardware.presets import PRESETS
from forward_forward.spec import describe

IMPOSSIBLE = [
    *[(name, value) for name in SHARES for value in (-0.1, 1.1, math.nan)],
    *[(name, value) for name in NOT_NEGATIVE for value in (-1e-9, math.inf, math.nan)],
    *[(name, value) for name in POSITIVE for value in (0, -1, math.inf, math.nan)],
    *[("levels", value) for value in (0, -3, 2.5, math.nan)],
    *[(name, value) for name in ("dac_bits", "adc_bits") for value in (0, 1, -2, 3.5)],
    *[("g_max_siemens", value) for value in (1e-6, 1e-7, -1.0, math.nan)],
    *[("asymmetry", value) for value in (-1, 1, math.nan)],
    *[(name, value) for name in ("asymmetry", "g_max_siemens", "levels") for value in ("3", [])],
    *[("read_noise", None), ("adc_range", None), ("g_max_siemens", math.inf)],
    *[("levels", 2**70), ("dac_bits", 2000), ("adc_bits", 2000)],
    *[("curve_down", value) for value in (-0.1, math.inf, math.nan)],
]


@pytest.mark.parametrize(("field", "value"), IMPOSSIBLE)
def test_an_impossible_number_is_refused_with_device_and_field(field, value):
    with pytest.raises(UsageError, match=f"device odd: {field} = "):
        ResistiveDevice("odd", **{"levels": 10, field: value})


def test_more_stuck_than_there_are():
    ResistiveDevice("odd", levels=10, stuck_at_min=0.5, stuck_at_max=0.5)
    with pytest.raises(UsageError, match="odd: stuck_at_max = 0.6 .* more than all"):
        ResistiveDevice("odd", levels=10, stuck_at_min=0.5, stuck_at_max=0.6)


@pytest.mark.parametrize("field", OF_STEPS)
def test_a_device_without_steps_has_none_of_their_faults(field):
    with pytest.raises(UsageError, match=f"device odd: {field} = 0.5 .* levels"):
        ResistiveDevice("odd", **{field: 0.5})


@settings(deadline=None)
@given(
    st.integers(1, 10_000),
    st.floats(0, 50),
    st.floats(-0.99, 0.99),
    st.floats(0, 1),
    st.floats(0, 0.5),
)
def test_what_is_possible_is_taken(levels, curve, asymmetry, share, stuck):
    made = ResistiveDevice(
        "any", levels=levels, curve_up=curve, curve_down=curve, asymmetry=asymmetry,
        range_spread=share, read_noise=share, stuck_at_min=stuck, stuck_at_max=stuck,
    )  # fmt: skip
    assert made.gradual_down
    assert made.noisy == (share > 0)


def test_energy_of_a_product():
    device = ResistiveDevice(
        "plain", g_min_siemens=1e-6, g_max_siemens=3e-6, read_volts=0.5, read_seconds=1e-7
    )
    assert device.joules_per_product == pytest.approx(2 * 0.25 * 2e-6 * 1e-7)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_names_itself_and_its_source(name):
    preset = PRESETS[name]
    assert preset.device.name == name
    assert preset.source
    assert preset.note
    assert json.loads(json.dumps(describe(preset.device), allow_nan=False))["name"] == name
    assert dataclasses.replace(preset.device) == preset.device


def test_what_is_derived_is_derived_right():
    """The notes say how numbers of the fits become ours."""
    ecram, reram, pcm = (PRESETS[name].device for name in ("ecram", "reram", "pcm"))
    top, bottom = 1.1724, -0.8276  # of the fit's weights
    up = (1 - 0.1153) / (1 - 0.1153 * bottom / top)
    down = (1 - 0.5085) / (1 - 0.5085 * top / bottom)
    assert -math.log(up) == pytest.approx(ecram.curve_up, abs=0.01)
    assert -math.log(down) == pytest.approx(ecram.curve_down, abs=0.01)
    up, down = (
        0.002 / 1.25,
        0.002 / 0.75,
    )  # soft bounds, from the far end on, as shares of a range of 2
    assert (up - down) / (up + down) == pytest.approx(reram.asymmetry)
    assert reram.curve_up / reram.levels == pytest.approx((up + down) / 2, rel=0.01)
    share = 0.2
    assert (0.26348 + 1.9650 * share - 1.1731 * share**2) / 25 == pytest.approx(
        pcm.write_noise / pcm.levels, rel=0.03
    )
    reads = 0.0088 * math.sqrt(math.log((20 + 250e-9) / (2 * 250e-9)))
    assert reads * share**0.35 == pytest.approx(pcm.read_noise, rel=0.1)
    assert -0.0155 * math.log(share) + 0.0244 == pytest.approx(pcm.drift_exponent, rel=0.02)
    assert -0.0125 * math.log(share) - 0.0059 == pytest.approx(pcm.drift_spread, rel=0.1)

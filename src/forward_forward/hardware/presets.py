"""Devices as they are published: what was taken from where, and what is our own assumption."""

from dataclasses import dataclass, replace

from forward_forward.hardware.devices import ResistiveDevice


@dataclass(frozen=True)
class Preset:
    """A device and where its numbers stand.

    Arguments:
        device: what a tile is made of.
        source: of the numbers.
        note: which of them are derived or assumed, and how.
    """

    device: ResistiveDevice
    source: str
    note: str


REAL = ResistiveDevice("real", dac_bits=7, adc_bits=9, adc_range=20.0, output_noise=0.1)
"""The converters of every real tile: aihwkit's `PresetIOParameters`, which follow Gokmen and Vlasov 2016."""

IDEAL = Preset(
    ResistiveDevice("ideal"),
    source="none",
    note="Any value is written at once and read as it is: a check on all the rest, not a device.",
)

RPU = Preset(
    replace(
        REAL,
        name="rpu",
        levels=1200,
        write_noise=0.3,
        range_spread=0.3,
        step_spread=0.3,
        asymmetry_spread=0.01,
    ),
    source="Gokmen and Vlasov 2016, specification of a resistive processing unit, by way of aihwkit's "
    "`GokmenVlasovPresetDevice`",
    note="A specification for devices to come. The spread of ranges is 30 % of a whole range here, of "
    "half a range there. Conductances, volts and seconds are assumed; they enter the energy only.",
)

RERAM = Preset(
    replace(
        REAL,
        name="reram",
        levels=1400,
        curve_up=3.0,
        curve_down=3.0,
        asymmetry=-0.25,
        write_noise=3.75,
        range_spread=0.15,
        step_spread=0.3,
        asymmetry_spread=0.01,
    ),
    source="Gong et al. 2018, hafnium oxide, by way of aihwkit's loose fit with soft bounds, "
    "`ReRamSBPresetDevice`",
    note="The fit's steps, 0.0016 (1 − s) up and 0.0027 s down in ranges, are met by a curve of 3, "
    "which is 95 % of the way after 1400 steps, and an asymmetry of (16 − 27) / (16 + 27). "
    "Conductances, volts and seconds are assumed.",
)

ECRAM = Preset(
    replace(
        REAL,
        name="ecram",
        levels=1000,
        curve_up=0.2,
        curve_down=1.25,
        write_noise=0.3,
        range_spread=0.05,
        step_spread=0.1,
        asymmetry_spread=0.01,
    ),
    source="Tang et al. 2018, lithium, by way of aihwkit's fit with linear steps, `EcRamPresetDevice`",
    note="The curves are logarithms of the fit's ratios of a step at one end and at the other, 0.885 / "
    "1.081 up and 0.492 / 1.720 down. Conductances, volts and seconds are assumed.",
)

PCM = Preset(
    replace(
        REAL,
        name="pcm",
        levels=20,
        g_min_siemens=1e-7,
        g_max_siemens=25e-6,
        curve_up=1.5,
        curve_down=None,
        write_noise=0.5,
        step_spread=0.2,
        read_noise=0.02,
        drift_exponent=0.05,
        drift_spread=0.015,
        read_seconds=250e-9,
    ),
    source="Nandakumar et al. 2019 (ICECS), by way of aihwkit's `PCMLikeNoiseModel`: the largest "
    "conductance, drift and its first 20 s, the length of a read, noise of reads and of writing",
    note="There noise and drift depend on the conductance; here they are what it says at a fifth of "
    "the range: a read is off by 0.0368 · 0.2^0.35 of it, writing by 0.61 of 25 µS, half a step, "
    "and ν = 0.049 ± 0.014. That 20 pulses crystallise, their curve, the spread of steps, the "
    "least conductance and volts are assumed.",
)

PRESETS = {preset.device.name: preset for preset in (IDEAL, RPU, RERAM, ECRAM, PCM)}
"""By name, the ideal one first."""

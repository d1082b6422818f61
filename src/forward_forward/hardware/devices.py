"""A resistive device, and the converters around a tile of them: what they can do, and how far they fall short of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from numbers import Real

from forward_forward.errors import UsageError

SHARES = ("range_spread", "read_noise", "stuck_at_min", "stuck_at_max")
NOT_NEGATIVE = (
    "g_min_siemens",
    "curve_up",
    "write_noise",
    "step_spread",
    "asymmetry_spread",
    "output_noise",
    "drift_exponent",
    "drift_spread",
)
POSITIVE = ("drift_start_seconds", "adc_range", "read_volts", "read_seconds")
OF_STEPS = (
    "curve_up",
    "asymmetry",
    "write_noise",
    "range_spread",
    "step_spread",
    "asymmetry_spread",
    "drift_exponent",
    "drift_spread",
    "stuck_at_min",
    "stuck_at_max",
)
"""What an ideal device, which is written at once, cannot have: it holds a weight, and no state between two ends."""

MAY_BE_NONE = ("levels", "curve_down", "dac_bits", "adc_bits")
"""What is without steps, or does not round, where it is None."""
MOST = {"levels": 2**31, "dac_bits": 32, "adc_bits": 32}


@dataclass(frozen=True)
class ResistiveDevice:
    """A conductance that pulses move between two ends; and how a tile of such devices is driven and read.

    A device's state is s ∈ [0, 1], a share of its range: g = g_min + s (g_max − g_min). A pulse moves it by

        up:    + (1 + asymmetry) / levels · f(s; curve_up)          f(z; 0) = 1
        down:  − (1 − asymmetry) / levels · f(1 − s; curve_down)    f(z; β) = β (1 / (1 − e^−β) − z)

    so that `levels` equal pulses go from one end to the other, in a straight line where the curve is 0, and bent
    towards the far end as 1 − e^(−β n / levels) elsewhere: f(1) / f(0) = e^−β. Soft bounds are a large β.

    References:
        The curve: Chen, Peng and Yu 2018 (NeuroSim); soft bounds: Fusi and Abbott 2007.

    Arguments:
        name: as errors and records spell it.
        levels: pulses from end to end; None writes any value at once and without end: an ideal device, which has
            none of the imperfections of steps.
        g_min_siemens, g_max_siemens: the ends.
        curve_up, curve_down: β ≥ 0; None for `curve_down` says that steps lead upward only; the way down is to wipe.
        asymmetry: in (−1, 1); above 0 where pulses up are the larger ones.
        write_noise: standard deviation of a pulse, as a share of a step, drawn anew for each. May exceed 1.
        range_spread: standard deviation from device to device of the upper end, as a share of the range.
        step_spread: the same of the size of a step, as a share of it.
        asymmetry_spread: standard deviation of the asymmetry from device to device.
        read_noise: standard deviation of a device in a read, as a share of the range, independent from read to read.
        output_noise: of a column, whatever its devices are: as a share of the current of one device at g_max that
            the largest input drives.
        drift_exponent: ν of s(t) = s(0) (1 + t / t₀)^−ν, where t runs from writing.
        drift_spread: standard deviation of ν from device to device; where ν came out below 0, it is 0.
        drift_start_seconds: t₀.
        stuck_at_min, stuck_at_max: shares of devices that never leave an end.
        dac_bits, adc_bits: of inputs and outputs, one bit being the sign; None does not round.
        adc_range: largest output, in currents of one device at g_max that the largest input drives.
        read_volts, read_seconds: of the largest input, and for how long it lasts.

    Raises:
        UsageError: a number is impossible; the message names the device and the field.

    Example:
        >>> coarse = ResistiveDevice("coarse", levels=50, write_noise=0.3)
        >>> coarse.gradual_down, ResistiveDevice("melts", levels=20, curve_down=None).gradual_down
        (True, False)
    """

    name: str
    levels: int | None = None
    g_min_siemens: float = 1e-6
    g_max_siemens: float = 1e-5
    curve_up: float = 0.0
    curve_down: float | None = 0.0
    asymmetry: float = 0.0
    write_noise: float = 0.0
    range_spread: float = 0.0
    step_spread: float = 0.0
    asymmetry_spread: float = 0.0
    read_noise: float = 0.0
    output_noise: float = 0.0
    drift_exponent: float = 0.0
    drift_spread: float = 0.0
    drift_start_seconds: float = 20.0
    stuck_at_min: float = 0.0
    stuck_at_max: float = 0.0
    dac_bits: int | None = None
    adc_bits: int | None = None
    adc_range: float = 20.0
    read_volts: float = 0.2
    read_seconds: float = 1e-7

    def __post_init__(self) -> None:
        self._check_kinds()
        for field in NOT_NEGATIVE:
            self._check(field, lambda v: 0 <= v < math.inf, "must be finite and not below 0")
        for field in SHARES:
            self._check(field, lambda v: 0 <= v <= 1, "is a share, from 0 to 1")
        for field in POSITIVE:
            self._check(field, lambda v: 0 < v < math.inf, "must be above 0")
        self._check(
            "g_max_siemens",
            lambda v: self.g_min_siemens < v < math.inf,
            "must be above g_min_siemens",
        )
        self._check("asymmetry", lambda v: -1 < v < 1, "must lie between −1 and 1")
        if self.stuck_at_min + self.stuck_at_max > 1:
            self._refuse("stuck_at_max", "and stuck_at_min are more than all devices")
        for field, least in (("levels", 1), ("dac_bits", 2), ("adc_bits", 2)):
            value = getattr(self, field)
            if value is not None and (not isinstance(value, int) or value < least):
                self._refuse(field, f"must be a whole number, {least} at least, or None")
            if value is not None and value > MOST[field]:
                self._refuse(field, f"is more than {MOST[field]}; None rounds nothing")
        if self.curve_down is not None and not 0 <= self.curve_down < math.inf:
            self._refuse("curve_down", "must be finite and not below 0, or None")
        if self.levels is None:
            for field in OF_STEPS:
                if getattr(self, field):
                    self._refuse(field, "is of a device with steps; give it levels")

    @property
    def gradual_down(self) -> bool:
        """Whether steps lead downward too."""
        return self.curve_down is not None

    @property
    def noisy(self) -> bool:
        """Whether two reads of the same inputs differ."""
        return bool(self.read_noise or self.output_noise)

    @property
    def joules_per_product(self) -> float:
        """Energy that a pair of devices at half range takes for one product: 2 · V² · g · t, converters apart."""
        middle = (self.g_min_siemens + self.g_max_siemens) / 2
        return 2 * self.read_volts**2 * middle * self.read_seconds

    def _check_kinds(self) -> None:
        for field in (each.name for each in fields(self)[1:]):
            value = getattr(self, field)
            none = value is None and field in MAY_BE_NONE
            if not none and not isinstance(value, Real):
                self._refuse(field, "must be a number" + " or None" * (field in MAY_BE_NONE))

    def _check(self, field: str, holds: Callable[[float], bool], rule: str) -> None:
        if not holds(getattr(self, field)):
            self._refuse(field, rule)

    def _refuse(self, field: str, rule: str) -> None:
        raise UsageError(f"device {self.name}: {field} = {getattr(self, field)!r} {rule}")

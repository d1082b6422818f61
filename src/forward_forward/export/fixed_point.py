"""Numbers of a net as whole ones, for the C code that computes without floats."""

import math

import numpy as np
from numpy.typing import NDArray

from forward_forward.errors import UsageError

ACTIVITY = 256
"""What stands for an activity of 1."""
DOUBT = 16384
"""What stands for a doubt of 1."""
LAST_BIT = 65536
"""What stands for a step as large as the last bit of a weight."""
STEEPNESS = 1024
"""What stands for a steepness of 1."""
MOST_INPUTS = 16383
"""Of more than that, an input that is alone in being active would not fit 16 bits once it is normalised."""
MOST_SHIFT = 12
FEWEST_STEPS = 16
"""A step of fewer LAST_BIT-ths would be wrong by several percent."""


def fitting_shift(weights: NDArray[np.float32]) -> int:
    """Return s such that weights in steps of 2⁻ˢ fit 8 bits, with room to grow to twice the largest.

    Raises:
        UsageError: they are too large for that, or not finite.

    Example:
        >>> fitting_shift(np.array([0.4, -0.1], np.float32))
        7
    """
    largest = float(np.abs(weights).max())
    if not largest <= 63:
        raise UsageError(f"weights of up to {largest:g} have no room in 8 bits; export floats")
    return min(MOST_SHIFT, math.floor(math.log2(63 / largest))) if largest else MOST_SHIFT


def quantized(weights: NDArray[np.float32], shift: int) -> NDArray[np.int8]:
    """Return weights in steps of 2⁻ˢ, each rounded to the nearest."""
    return np.clip(np.rint(weights * 2.0**shift), -127, 127).astype(np.int8)


def whole_step(step: float, shift: int) -> int:
    """Return a step as a multiple of a weight's last bit, `LAST_BIT` being 1.

    Raises:
        UsageError: it is too small to be told from others, or too large.
    """
    whole = round(step * 2**shift * LAST_BIT)
    if not FEWEST_STEPS <= abs(whole) < 2**33:
        raise UsageError(f"a step of {step:g} does not fit weights of 8 bits; choose another rate")
    return whole


def doubts(silu: bool) -> list[int]:
    """Return the slope of the loss, by its argument u, at u = −8, −7.75 … 8.

    Arguments:
        silu: of u · σ(u), and not of softplus(u), whose slope is σ(u).
    """
    u = np.arange(-32, 33) / 4
    s = 1 / (1 + np.exp(-u))
    return [round(float(v) * DOUBT) for v in (s * (1 + u * (1 - s)) if silu else s)]

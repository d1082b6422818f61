"""Schedules: the share of the full learning rate at a fraction of training in [0, 1)."""

from collections.abc import Callable

Schedule = Callable[[float], float]


def constant(fraction: float) -> float:
    """The full rate throughout."""
    return 1.0


def constant_then_linear(fraction: float) -> float:
    """The full rate for the first half, then linearly to zero (the author's program).

    Example:
        >>> constant_then_linear(0.5), constant_then_linear(0.75)
        (1.0, 0.5)
    """
    return min(1.0, 2 * (1 - fraction))


def linear(fraction: float) -> float:
    """Linearly from the full rate to zero."""
    return 1 - fraction

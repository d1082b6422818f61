"""What pulses do to devices, and what devices happen to be like: plain functions of states, shares of a range."""

import math

import torch
from torch import Tensor

from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.randomness import generator

LEAST = 0.05
"""No device has a shorter range, or smaller steps, than this share of what it is meant to have."""

STRAIGHT = 1e-9
"""A curve below this bends nothing that could be told apart."""

Made = dict[str, Tensor | None]


def made_devices(
    hardware: ResistiveDevice, shape: tuple[int, ...], seed: int
) -> tuple[Tensor, Made]:
    """Return the states in which devices come, and what each of them happens to be like.

    Returns:
        States, 0 but for what is stuck at its upper end; and by name `tops`, upper ends of states, `steps`, factors on
        a step, 0 of what is stuck, and `tilts`, asymmetries; None where all are as the hardware is meant to be.
    """
    draw = generator(seed, "made")

    def spread(deviation: float, middle: float, least: float, most: float) -> Tensor | None:
        if not deviation:
            return None
        return torch.randn(shape, generator=draw).mul_(deviation).add_(middle).clamp_(least, most)

    tops = spread(hardware.range_spread, 1.0, LEAST, math.inf)
    steps = spread(hardware.step_spread, 1.0, LEAST, math.inf)
    tilts = spread(hardware.asymmetry_spread, hardware.asymmetry, -1.0, 1.0)
    state, low, high = torch.zeros(shape), hardware.stuck_at_min, hardware.stuck_at_max
    if low or high:
        lot = torch.rand(shape, generator=draw)
        state = torch.where(lot < high, torch.ones(()) if tops is None else tops, state)
        free = lot >= low + high
        steps = free.float() if steps is None else steps * free
    return state, {"tops": tops, "steps": steps, "tilts": tilts}


def moved(
    hardware: ResistiveDevice,
    state: Tensor,
    counts: Tensor,
    draw: torch.Generator,
    tops: Tensor | None = None,
    steps: Tensor | None = None,
    tilts: Tensor | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Return the states of devices after pulses, which are all as large as the first one is on average.

        s ← s + k / levels · (n f + √|n| · write_noise · ε),   no further than to an end

    Arguments:
        hardware: with levels; says what f is, up and down.
        state: s.
        counts: n, whole numbers, below 0 downward; of the state's shape, like all that follows.
        draw: ε, evenly distributed with mean 0 and variance 1.
        tops, steps, tilts: upper end, k and asymmetry of each device; None is 1, 1 and the hardware's.
        out: where the states go, `state` itself perhaps; None is a fresh tensor.

    Example:
        >>> coarse = ResistiveDevice("coarse", levels=10, asymmetry=0.5)
        >>> states, pulses = torch.tensor([0.5, 0.5, 0.95]), torch.tensor([1.0, -2.0, 1.0])
        >>> moved(coarse, states, pulses, torch.Generator())
        tensor([0.6500, 0.4000, 1.0000])
    """
    sizes = counts.abs()
    change = _mean_change(hardware, state, counts, sizes, tops, tilts)
    if hardware.write_noise:
        roots = sizes.add(1e-12).rsqrt_().mul_(sizes)  # √n; torch's own is slow where n is 0
        noise = even(counts.shape, draw, torch.int8, counts.dtype)
        change.addcmul_(roots, noise, value=hardware.write_noise / deviation_of_even(torch.int8))
    if steps is not None:
        change.mul_(steps)
    after = torch.add(state, change, alpha=1 / levels_of(hardware), out=out)
    ends = (0, 1) if tops is None else (after.new_zeros(()), tops)
    return torch.clamp(after, *ends, out=after)


def _mean_change(
    hardware: ResistiveDevice,
    state: Tensor,
    counts: Tensor,
    sizes: Tensor,
    tops: Tensor | None,
    tilts: Tensor | None,
) -> Tensor:
    """Return n f, a fresh tensor, where `sizes` is |n|.

    With asymmetry a, and steps u up and d down of the curves alone, n f is (1 + a) u n or (1 − a) d n. Both are
    (n + a |n|) (u + d) / 2 + (|n| + a n) (u − d) / 2, in half the passes over memory that it takes to tell them apart.
    """
    mean, half = _curves(hardware)
    change = _tilted(counts, sizes, hardware, tilts)
    if mean == (1, 0) and half == (0, 0):
        return change
    gone = state if tops is None else state / tops
    change.mul_(_line(mean, gone))
    return change.addcmul_(_tilted(sizes, counts, hardware, tilts), _line(half, gone))


def _tilted(by: Tensor, other: Tensor, hardware: ResistiveDevice, tilts: Tensor | None) -> Tensor:
    if tilts is None:
        return by.add(other, alpha=hardware.asymmetry)
    return torch.addcmul(by, other, tilts)


def _curves(hardware: ResistiveDevice) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (u + d) / 2 and (u − d) / 2 at a share z of the range, each as (at z = 0, slope)."""
    up, up_slope = bent(0.0, hardware.curve_up), -hardware.curve_up
    if hardware.curve_down is None:  # only ever raised
        return (up, up_slope), (0.0, 0.0)
    down, down_slope = bent(1.0, hardware.curve_down), hardware.curve_down
    return (
        ((up + down) / 2, (up_slope + down_slope) / 2),
        ((up - down) / 2, (up_slope - down_slope) / 2),
    )


def _line(line: tuple[float, float], gone: Tensor) -> Tensor:
    start, slope = line
    return gone.mul(slope).add_(start) if slope else gone.new_tensor(start)


def bent(gone: float, curve: float) -> float:
    """Return f(z; β) = β (1 / (1 − e^−β) − z), the size of a step after a share z of the way; 1 where β is 0.

    Example:
        >>> bent(0.0, 0.0), round(bent(0.0, 0.7) / bent(1.0, 0.7), 4), round(math.exp(0.7), 4)
        (1.0, 2.0138, 2.0138)
    """
    if curve < STRAIGHT:
        return 1.0
    return curve * (-1 / math.expm1(-curve) - gone)


def first_step(hardware: ResistiveDevice) -> float:
    """Return by how much a pulse moves s⁺ − s⁻ of a pair with W = 0, on average over up and down, in ranges.

    Its devices stand midway, or at their lower ends where they can only be raised.

    Example:
        >>> first_step(ResistiveDevice("even", levels=50))
        0.02
        >>> first_step(ResistiveDevice("melts", levels=50, curve_up=1.0, curve_down=None)) > 0.02
        True
    """
    stand = 0.5 if hardware.gradual_down else 0.0
    up = (1 + hardware.asymmetry) * bent(stand, hardware.curve_up)
    if hardware.curve_down is None:
        return up / levels_of(hardware)
    down = (1 - hardware.asymmetry) * bent(1 - stand, hardware.curve_down)
    return (up + down) / 2 / levels_of(hardware)


def levels_of(hardware: ResistiveDevice) -> int:
    """Return the pulses from end to end of hardware that has steps."""
    assert hardware.levels is not None
    return hardware.levels


def even(
    shape: tuple[int, ...], draw: torch.Generator, kind: torch.dtype, dtype: torch.dtype
) -> Tensor:
    """Return odd integers of a kind at random, evenly distributed about 0: int16 gives −32,767 to 32,767.

    A draw of 64 bits makes four of them, or eight of int8, so they cost a fraction of other random numbers.

    Arguments:
        shape: of what is returned.
        draw: where the bits come from.
        kind: an integer dtype.
        dtype: of what is returned.
    """
    size = math.prod(shape)
    bits = torch.empty(size * kind.itemsize // 8 + 1, dtype=torch.int64, device=draw.device)
    bits.random_(-(2**63), None, generator=draw)
    numbers = bits.view(kind)[:size]
    return numbers.bitwise_or_(1).view(shape).to(dtype)


def deviation_of_even(kind: torch.dtype) -> float:
    """Return the standard deviation of what `even` returns.

    Example:
        >>> numbers = even((100_000,), torch.Generator().manual_seed(0), torch.int8, torch.float32)
        >>> round(float(numbers.std()) / deviation_of_even(torch.int8), 2)
        1.0
    """
    return math.sqrt((torch.iinfo(kind).max ** 2 + 2 * torch.iinfo(kind).max) / 3)

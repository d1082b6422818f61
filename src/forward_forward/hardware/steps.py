"""What pulses do to devices, and what devices happen to be like: plain functions of states, shares of a range."""

import math

import torch
from torch import Tensor

from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.randomness import generator

LEAST = 0.05
"""No device has a shorter range, or smaller steps, than this share of what it is meant to have."""

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
    if tops is None:
        return after.clamp_(0, 1)
    return torch.minimum(after.clamp_(min=0), tops, out=out)


def _mean_change(
    hardware: ResistiveDevice,
    state: Tensor,
    counts: Tensor,
    sizes: Tensor,
    tops: Tensor | None,
    tilts: Tensor | None,
) -> Tensor:
    """Return n f, a fresh tensor, where `sizes` is |n|."""
    if not hardware.curve_up and not hardware.curve_down:
        if tilts is None:
            return counts.add(sizes, alpha=hardware.asymmetry)
        return torch.addcmul(counts, sizes, tilts)
    gone = state if tops is None else state / tops
    tilt = hardware.asymmetry if tilts is None else tilts
    up = bent(gone, hardware.curve_up) * (1 + tilt)
    if hardware.curve_down is None:
        return counts * up
    down = bent(1 - gone, hardware.curve_down) * (1 - tilt)
    return counts.clamp(min=0).mul_(up).add_(counts.clamp(max=0).mul_(down))


def bent(gone: Tensor, curve: float) -> Tensor | float:
    """Return f(z; β) = β (1 / (1 − e^−β) − z), the size of a step after a share z of the way; 1 where β is 0.

    Example:
        >>> bent(torch.tensor([0.0, 1.0]), 0.0), bent(torch.tensor([0.0, 1.0]), math.log(2))
        (1.0, tensor([1.3863, 0.6931]))
    """
    return curve * (-1 / math.expm1(-curve) - gone) if curve else 1.0


def first_step(hardware: ResistiveDevice) -> float:
    """Return by how much a pulse moves s⁺ − s⁻ of a pair with W = 0, on average over up and down, in ranges.

    Its devices stand midway, or at their lower ends where they can only be raised.

    Example:
        >>> first_step(ResistiveDevice("even", levels=50))
        0.02
        >>> first_step(ResistiveDevice("melts", levels=50, curve_up=1.0, curve_down=None)) > 0.02
        True
    """
    stand = torch.tensor(0.5 if hardware.gradual_down else 0.0)
    up = (1 + hardware.asymmetry) * bent(stand, hardware.curve_up)
    if hardware.curve_down is None:
        return float(up / levels_of(hardware))
    down = (1 - hardware.asymmetry) * bent(1 - stand, hardware.curve_down)
    return float((up + down) / 2 / levels_of(hardware))


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

"""Ready black boxes: an unknown function, bits by chance, another process, spiking neurons."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.beyond.black_box import BlackBox
from forward_forward.beyond.external import ExternalProcess
from forward_forward.errors import UsageError


def unknown_function(units: int, *, generator: torch.Generator, waves: int = 3) -> BlackBox:
    """Return a box with a fixed random function for each unit, up and down several times, that nobody gets to see.

    f_j(h) = Σ_k a_jk sin(ω_jk h + φ_jk),  a and ω from N(0, 1) and N(0, 1.5²), φ even.

    Arguments:
        units: U.
        generator: draws the functions, now and once; the box lives on its device.
        waves: terms of each sum.

    Raises:
        UsageError: when a number is below 1.

    Example:
        >>> box = unknown_function(4, generator=torch.Generator().manual_seed(0))
        >>> box(torch.ones(2, 4)).shape
        torch.Size([2, 4])
    """
    if min(units, waves) < 1:
        raise UsageError(f"{waves} waves for each of {units} units: give 1 or more of both")

    def normal() -> Tensor:
        return torch.randn(waves, units, generator=generator, device=generator.device)

    heights, pitches = normal(), 1.5 * normal()
    phases = 2 * math.pi * torch.rand(
        waves, units, generator=generator, device=generator.device
    )  # fmt: skip

    def function(h: Tensor) -> Tensor:
        waves = zip(heights.to(h), pitches.to(h), phases.to(h), strict=True)
        return sum(a * (w * h + p).sin_() for a, w, p in waves)

    return BlackBox(function, name="unknown function")


class Chancy(nn.Module):
    """A function that draws: h → function(h, generator). Checkpoints keep the generator's state.

    Arguments:
        function: (`[R, U]`, generator) → `[R, U']`.
        generator: on the device of h.
    """

    def __init__(
        self, function: Callable[[Tensor, torch.Generator], Tensor], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.function, self.generator = function, generator

    def forward(self, h: Tensor) -> Tensor:
        """Return `function(h, generator)`."""
        return self.function(h, self.generator)

    def get_extra_state(self) -> Tensor:
        """Return the generator's state."""
        return self.generator.get_state()

    def set_extra_state(self, state: Any) -> None:
        """Go on from a generator's state."""
        self.generator.set_state(state.cpu())


def one_bit(*, generator: torch.Generator, top: float = 1.0) -> BlackBox:
    """Return a box that leaves one bit of each activity, drawn anew each time.

    b_j is `top` with probability clip(h_j / top, 0, 1), else 0: right on average up to `top`.

    Arguments:
        generator: on the device of the activities.
        top: the value that is always on, in root mean squares of the activities, > 0.

    Raises:
        UsageError: for a top that is not above 0, and finite.

    Example:
        >>> box = one_bit(generator=torch.Generator().manual_seed(0), top=2.0)
        >>> box(torch.tensor([[0.0, 1.0, 3.0]])).unique()
        tensor([0., 2.])
    """
    if not 0 < top < math.inf:
        raise UsageError(f"one bit with top {top}: it must be above 0, and finite")

    def drawn(h: Tensor, generator: torch.Generator) -> Tensor:
        even = torch.rand(h.shape, generator=generator, device=h.device, dtype=h.dtype)
        return (even * top < h).to(h) * top

    return BlackBox(Chancy(drawn, generator), name=f"one bit, drawn below {top:g}")


def external(
    process: ExternalProcess, *, units: int | None = None, timeout: float | None = 60.0
) -> BlackBox:
    """Return a box that asks a process, and kills it when time is up.

    Arguments:
        process: closed by whoever made it, or when it is forgotten.
        units: how many it returns; None as many as it gets.
        timeout: seconds.
    """
    return BlackBox(
        process,
        name="external process",
        units=units,
        timeout=timeout,
        numpy=True,
        stop=process.kill,
    )


def spiking(
    *, steps: int = 20, leak: float = 0.9, gain: float = 0.25, threshold: float = 1.0
) -> BlackBox:
    """Return a box of leaky integrate-and-fire neurons, one a unit, that tells how often each has fired.

    v ← leak · v + gain · h in each step; where v ≥ threshold it fires, and threshold is taken from v.

    Arguments:
        steps: > 0; rates are in steps of 1 / steps.
        leak: what is left of v after a step, in [0, 1].
        gain: > 0.
        threshold: > 0.

    Raises:
        UsageError: when a number is out of its range.

    Example:
        >>> spiking(steps=4, leak=1)(torch.tensor([[0.0, 2.0, 4.0]]))
        tensor([[0.0000, 0.5000, 1.0000]])
    """
    if steps < 1 or not 0 <= leak <= 1 or not min(gain, threshold) > 0:
        raise UsageError(
            f"{steps} steps, leak {leak}, gain {gain}, threshold {threshold}: a leak from 0 to 1, the others above 0"
        )

    def rates(h: Tensor) -> Tensor:
        potential, fired = torch.zeros_like(h), torch.zeros_like(h)
        for _ in range(steps):
            potential = potential * leak + gain * h
            spikes = (potential >= threshold).to(h)
            fired += spikes
            potential -= threshold * spikes
        return fired / steps

    return BlackBox(rates, name=f"spikes in {steps} steps")

"""A tile: rows that are driven, columns that are read, and a pair of conductances for every weight between them."""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.randomness import generator

Counts = Callable[[slice, torch.Generator], Tensor]
"""(rows of a tile, a generator) → how many pulses its pairs there are to get, `[rows, U]`, above 0 upward."""


class Crossbar(nn.Module):
    """A tile of ideal devices: whatever is written is held; what surrounds it may round and be noisy.

        y = ADC( DAC(x) W + noise ),     W = weight_range · (G⁺ − G⁻) / (g_max − g_min)

    The product itself is left to the caller, who knows in which dtype it runs: `drive` comes before it, `sense` after.

    **Noise of the devices, drawn at the output.** A read finds every weight off by σ ε, each with a fresh ε. Column u
    then reads Σᵢ xᵢ (Wᵢᵤ + σ εᵢᵤ) = (x W)ᵤ + σ Σᵢ xᵢ εᵢᵤ. A sum of independent normal numbers is normal, here with
    variance σ² ‖x‖²; two columns share no device, and two rows of inputs no read. So one number N(0, σ² ‖x‖²) for each
    output is no approximation, and spares I · U of them a read.

    All draws follow from the seed and how many there were before, so that a run that is resumed draws the same.

    References:
        Gokmen and Vlasov 2016; a DAC set to the largest input of each row ("noise management"): Gokmen, Onen and
        Haensch 2017.

    Arguments:
        rows, columns: I inputs and U outputs.
        hardware: what devices and converters are like.
        weight_range: the weight of a pair with one device at g_max and the other at g_min, > 0.
        seed: of the devices that this tile happens to have, and of all that is drawn in its life.
        device, dtype: as torch spells them.

    Raises:
        UsageError: when the range is not above 0.
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        hardware: ResistiveDevice,
        *,
        weight_range: float,
        seed: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not 0 < weight_range < math.inf:
            raise UsageError(f"a tile's weight range {weight_range} must be above 0")
        self.rows, self.columns = rows, columns
        self.hardware, self.weight_range, self.seed = hardware, weight_range, seed
        self.draws = 0

    def drive(self, x: Tensor) -> Tensor:
        """Return inputs `[…, I]` as the DAC puts them on the rows: in steps of the largest of each."""
        if self.hardware.dac_bits is None:
            return x
        step = largest(x) / steps_of(self.hardware.dac_bits)
        return x.div(step).round_().mul_(step)

    def sense(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the outputs `[…, U]` of inputs `[…, I]` as the ADC reads them; `y`, the bare product, is changed."""
        hardware = self.hardware
        if hardware.noisy:
            draw = self.draw(y.device)
            noise = torch.randn(y.shape, generator=draw, device=y.device, dtype=y.dtype)
            y = y.addcmul_(noise, self.deviation(x))
        if hardware.adc_bits is None:
            return y
        steps = steps_of(hardware.adc_bits)
        step = largest(x) * (hardware.adc_range * self.weight_range / steps)
        return y.div_(step).round_().clamp_(-steps, steps).mul_(step)

    def deviation(self, x: Tensor) -> Tensor:
        """Return the standard deviation of a read of inputs `[…, I]`: of both devices of the pairs, and the column."""
        of_pair = math.sqrt(2) * self.hardware.read_noise * self.weight_range
        noise = torch.linalg.vector_norm(x, dim=-1, keepdim=True) * of_pair
        return noise.hypot(largest(x) * (self.hardware.output_noise * self.weight_range))

    def draw(self, device: torch.device) -> torch.Generator:
        """Return a generator for the next draw of this tile."""
        self.draws += 1
        return generator(self.seed, "draw", self.draws, device=device)

    def write(self, weight: Tensor) -> None:
        """Program the tile to weights `[I, U]`, and put into them what it then holds; here, just that."""

    def age(self, weight: Tensor, seconds: float) -> None:
        """Let so many seconds pass since writing, and put into `weight` what the tile then holds; here, the same."""

    def check(self, weight: Tensor) -> None:
        """Make sure that `weight` is what the tile holds; of ideal devices it always is."""

    def get_extra_state(self) -> Tensor:
        """Return how many draws there were, for checkpoints."""
        return torch.tensor(self.draws)

    def set_extra_state(self, state: Any) -> None:
        self.draws = int(state)

    def extra_repr(self) -> str:
        return f"{self.rows}×{self.columns} {self.hardware.name}, range {self.weight_range:.2g}"


class TileWeight(nn.Parameter):
    """A weight `[I, U]` that lies in a tile: its values are what the tile holds, and what a read multiplies by.

    It changes by way of its `tile` alone; a read finds out where something else has changed it, an optimiser that knows
    of no tiles say. Ideal devices take any change.
    """

    tile: Crossbar

    def __new__(cls, weight: Tensor, tile: Crossbar) -> "TileWeight":
        made = super().__new__(cls, weight.detach())
        made.tile = tile
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> "TileWeight":
        """Return a copy that lies in the copy of the tile."""
        copied = type(self)(self.detach().clone(), copy.deepcopy(self.tile, memo))
        memo[id(self)] = copied
        return copied


def largest(x: Tensor) -> Tensor:
    """Return the size of the largest of the inputs `[…, I]`, `[…, 1]`; where all are 0 a number just above it."""
    return x.abs().amax(-1, keepdim=True).clamp_(min=1e-20)


def steps_of(bits: int) -> int:
    """Return how many steps a converter has on either side of 0, one bit being the sign."""
    return 2 ** (bits - 1) - 1

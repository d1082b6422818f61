"""A piece of hardware of its own kind: wires, synapses and curves that fabrication left to chance, and nobody knows."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.randomness import generator as seeded


@dataclass(frozen=True)
class Fabrication:
    """How much fabrication leaves to chance.

    Arguments:
        connectivity: share of its inputs that a unit reaches, in (0, 1].
        misrouted: share of the wires that end where another one of them was to end, in [0, 1].
        spread: of the synapses' gains, the standard deviation of their logarithm, ≥ 0; their mean is 1.
        curving: how far the units' curves are from a ReLU, and from one another, in [0, 1).

    Raises:
        UsageError: for a number outside its range.
    """

    connectivity: float = 0.5
    misrouted: float = 1.0
    spread: float = 0.5
    curving: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.connectivity <= 1:
            raise UsageError(
                f"connectivity {self.connectivity}: a unit reaches a share of its inputs in (0, 1]"
            )
        shares = 0 <= self.misrouted <= 1 and 0 <= self.curving < 1
        if not shares or not 0 <= self.spread < math.inf:
            raise UsageError(
                f"misrouted {self.misrouted} is to be in [0, 1], spread {self.spread} at least 0, "
                f"curving {self.curving} in [0, 1)"
            )


PERFECT = Fabrication(connectivity=1.0, misrouted=0.0, spread=0.0, curving=0.0)
"""Nothing is left to chance: every piece is the same."""


@dataclass(frozen=True)
class Piece:
    """One piece of hardware: a seed is its serial number, and all that nobody knows follows from it.

    Arguments:
        seed: another seed, another piece.
        fabrication: how it was made.
    """

    seed: int
    fabrication: Fabrication = Fabrication()

    def draws(self, *what: int | str) -> torch.Generator:
        """Return the generator of one thing about it; what is drawn for another thing does not change it."""
        return seeded(self.seed, "piece", *what)


class Lines(nn.Module):
    """The way from I inputs to U units: which wire ends where, which synapses there are, how strong each one is.

    a = x[wires] · (W ⊙ gains), where a gain is 0 if the synapse was never made.

    Arguments:
        inputs: I.
        units: U.
        piece: whose lines.
        tile: which layer of it; each is drawn on its own.
        name: keeps apart several lines of a tile.
    """

    wires: Tensor
    gains: Tensor

    def __init__(
        self, inputs: int, units: int, piece: Piece, tile: int, name: str = "below"
    ) -> None:
        super().__init__()
        made = piece.fabrication
        wires = torch.arange(inputs)
        draws = piece.draws(tile, name, "wires")
        loose = torch.rand(inputs, generator=draws) < made.misrouted
        ends = wires[loose]
        wires[loose] = ends[torch.randperm(len(ends), generator=draws)]
        noise = torch.randn(inputs, units, generator=piece.draws(tile, name, "gains"))
        gains = (made.spread * noise - made.spread**2 / 2).exp()
        there = torch.rand(inputs, units, generator=piece.draws(tile, name, "synapses"))
        self.register_buffer("wires", wires)
        self.register_buffer("gains", gains * (there < made.connectivity))

    def arriving(self, x: Tensor) -> Tensor:
        """Return what arrives at the synapses of inputs `[..., I]`: the same numbers, elsewhere."""
        return x.index_select(-1, self.wires)

    def product(self, arrived: Tensor, weight: Tensor, dtype: torch.dtype | None) -> Tensor:
        """Return arrived `[..., I]` · (W ⊙ gains), `[..., U]`, multiplied in `dtype` (None: the weight's)."""
        low = dtype or weight.dtype
        return (arrived.to(low) @ (weight * self.gains).to(low)).to(weight.dtype)


class Curves(nn.Module):
    """Every unit's own monotone curve: a slope, an offset, a bend at a knee, a ceiling that it nears.

    v = slope · (a − offset);  u = v + bend · max(v − knee, 0);  curve(a) = u / √(1 + (u / ceiling)²), with |bend| < 1.

    Arguments:
        units: U.
        piece: whose curves.
        tile: which layer of it.
    """

    slope: Tensor
    offset: Tensor
    bend: Tensor
    knee: Tensor
    flatness: Tensor

    def __init__(self, units: int, piece: Piece, tile: int) -> None:
        super().__init__()
        draws, by = piece.draws(tile, "curves"), piece.fabrication.curving
        normal = torch.randn(3, units, generator=draws)
        even = torch.rand(2, units, generator=draws)
        self.register_buffer("slope", (by * normal[0]).exp())
        self.register_buffer("offset", by * normal[1])
        self.register_buffer("bend", by * (2 * even[0] - 1))
        self.register_buffer("knee", 2 * even[1])
        self.register_buffer("flatness", by / 2 * (by * normal[2]).exp())  # 1 / ceiling

    def forward(self, a: Tensor) -> Tensor:
        """Return the curves of `a [R, U]`, a fresh tensor."""
        v = (a - self.offset) * self.slope
        u = torch.addcmul(v, (v - self.knee).relu_(), self.bend)
        return u * ((u * self.flatness).square() + 1).rsqrt()

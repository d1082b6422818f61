"""Pairs of devices that pulses move step by step: a tile as it can be built."""

from typing import Any

import torch
from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.hardware.crossbar import Counts, Crossbar
from forward_forward.hardware.steps import levels_of, made_devices, moved
from forward_forward.randomness import generator

BLOCK = 2**16
"""Pairs that are pulsed at a time, so that all that is known of them stays in a processor's cache."""
EVERY = 10
"""Updates from one look at a tile to the next: are pairs full, how many pulses are there."""
FULL = 0.9
"""Where steps lead upward only, pairs are wiped once either stands at so large a share of its range."""


class SteppedCrossbar(Crossbar):
    """A tile whose weights are differences of two states, W = weight_range · (s⁺ − s⁻), which pulses move.

    **Where steps lead both ways** the two of a pair take turns. In every other update the pulses go to s⁺, which rises
    for a pulse upward; in those between to s⁻, which falls for one. So a device's steps up and down, which differ where
    it is asymmetric or bent, serve both directions of the weight, and where s⁺ = s⁻, which is W = 0, a pulse upward and
    one downward are equal on average: no reference needs trimming to a point of symmetry.

    **Where they lead upward only** (phase change) s⁺ rises for a pulse upward, and s⁻ for one downward. Every so often
    pairs of which either is full are wiped (RESET, a "refresh" of the tile), and their difference is written anew.

    What each device happens to be like follows from the seed alone, and is in no checkpoint.

    References:
        Pairs, and wiping now and then: Burr et al. 2015.

    Arguments:
        rows, columns, hardware, weight_range, seed, device, dtype: of a `Crossbar`, of hardware with levels.
    """

    state: Tensor
    """Shares of the range, s⁺ and then s⁻, `[2, I, U]`."""
    tops: Tensor | None
    steps: Tensor | None
    tilts: Tensor | None
    updates: int
    """How often there were pulses."""
    wipes: int
    """How many pairs were wiped."""
    pulses: Tensor
    """About how many pulses there were, of all pairs together: ten times those of every tenth update."""
    _shown: int
    """torch's count of changes to the weight when it last was what the tile holds."""

    def __init__(self, *args: Any, **parts: Any) -> None:
        super().__init__(*args, **parts)
        self.updates, self.wipes, self.pulses = 0, 0, torch.zeros((), dtype=torch.float64)
        self._shown = -1
        state, made = made_devices(self.hardware, (2, self.rows, self.columns), self.seed)
        self.register_buffer("state", state)
        for name, values in made.items():
            self.register_buffer(name, values, persistent=False)
        self.to(device=parts.get("device"), dtype=parts.get("dtype"))

    @torch.no_grad()
    def write(self, weight: Tensor) -> None:
        """Program the tile to weights `[I, U]`, pair by pair, and put into them what it then holds.

        The first device of a pair is brought to the level nearest to where it should be, the second to the level
        that makes their difference right; each is off by the noise of a last pulse. Where steps lead both ways a pair
        stands around the middle of the range, otherwise at its lower end.
        """
        self.state.copy_(self._written(weight / self.weight_range))
        self._show(weight)

    @torch.no_grad()
    def pulse(self, weight: Tensor, counts: Counts) -> None:
        """Give every pair the pulses that it is to have, and put into `weight` what the tile then holds.

        Arguments:
            weight: `[I, U]`, changed in place.
            counts: asked for a block of rows at a time; what it returns may be overwritten.
        """
        draw = self.draw(weight.device)
        for rows in self._blocks():
            count = counts(rows, draw)
            if self.updates % EVERY == 0:
                self.pulses = self.pulses + EVERY * count.abs().sum().double()
            if not self.hardware.gradual_down:
                self._raise(rows, count, draw)
            elif self.updates % 2:
                self._move(1, rows, count.neg_(), draw)
            else:
                self._move(0, rows, count, draw)
            self._show(weight, rows)
        self.updates += 1
        if not self.hardware.gradual_down and self.updates % EVERY == 0:
            self._wipe_what_is_full(weight)

    @torch.no_grad()
    def age(self, weight: Tensor, seconds: float) -> None:
        """Let so many seconds pass since writing, and put into `weight` what the tile then holds.

        Every state falls to s · (1 + t / t₀)^−ν, with a ν of its own; what is stuck stays. Ask once after a writing:
        states do not remember how old they are.
        """
        hardware, draw = self.hardware, generator(self.seed, "drift")
        nu = torch.randn(self.state.shape, generator=draw).mul_(hardware.drift_spread)
        nu = nu.add_(hardware.drift_exponent).clamp_(min=0).to(self.state)
        aged = self.state * (1 + seconds / hardware.drift_start_seconds) ** -nu
        self.state.copy_(self._where_free(aged))
        self._show(weight)

    def check(self, weight: Tensor) -> None:
        """Make sure that `weight` is what the tile holds.

        Raises:
            UsageError: when something other than the tile has changed it.
        """
        if weight._version != self._shown:
            off = (weight - (self.state[0] - self.state[1]) * self.weight_range).abs().max()
            if not float(off.detach()) <= 1e-5 * self.weight_range:
                raise UsageError(
                    f"weights in a tile of {self.hardware.name} were changed by something other than pulses; "
                    "learn by a rule of hardware.pulses, and write new weights with the tile's write"
                )
            self._shown = weight._version

    def conductances(self) -> Tensor:
        """Return G⁺ and G⁻ in siemens, `[2, I, U]`."""
        low, high = self.hardware.g_min_siemens, self.hardware.g_max_siemens
        return low + self.state * (high - low)

    def _blocks(self) -> list[slice]:
        size = max(1, BLOCK // self.columns) if self.state.device.type == "cpu" else self.rows
        return [slice(first, first + size) for first in range(0, self.rows, size)]

    def _move(self, side: int, rows: slice, counts: Tensor, draw: torch.Generator) -> None:
        """Move s⁺ (side 0) or s⁻ (side 1) by so many pulses, below 0 downward."""
        state, *made = (
            None if values is None else values[side, rows]
            for values in (self.state, self.tops, self.steps, self.tilts)
        )
        assert state is not None
        moved(self.hardware, state, counts, draw, *made, out=state)

    def _raise(self, rows: slice, counts: Tensor, draw: torch.Generator) -> None:
        """Raise s⁺ by so many pulses, or s⁻ where they are below 0: of few pairs, so that these are looked for."""
        at = counts.view(-1).nonzero().squeeze(1)
        count = counts.view(-1)[at]
        cells = at + rows.start * self.columns + (count < 0) * (self.rows * self.columns)
        state, *made = (
            None if values is None else values.view(-1)[cells]
            for values in (self.state, self.tops, self.steps, self.tilts)
        )
        assert state is not None
        self.state.view(-1)[cells] = moved(self.hardware, state, count.abs(), draw, *made)

    def _wipe_what_is_full(self, weight: Tensor) -> None:
        full = (self.state >= FULL * (1.0 if self.tops is None else self.tops)).any(0)
        if bool(full.any()):
            self.wipes += int(full.sum())
            anew = self._written(self.state[0] - self.state[1])
            self.state.copy_(anew.where(full, self.state))
            self._show(weight)

    def _written(self, difference: Tensor) -> Tensor:
        """Return the states to which pairs come that are programmed to differences in [−1, 1]."""
        target = difference.clamp(-1, 1)
        first = (1 + target) / 2 if self.hardware.gradual_down else target.clamp(min=0)
        states = self.state.clone()
        states[0] = self._where_free(self._programmed(first, 0), 0)
        states[1] = self._where_free(self._programmed(states[0] - target, 1), 1)
        return states

    def _programmed(self, target: Tensor, side: int) -> Tensor:
        """Return the levels nearest to where devices are to be, as far as they go, off by the noise of a last pulse."""
        levels = levels_of(self.hardware)
        reached = (target * levels).round_()
        if self.hardware.write_noise:
            draw = self.draw(target.device)
            noise = torch.randn(
                target.shape, generator=draw, device=target.device, dtype=target.dtype
            )
            reached.add_(noise, alpha=self.hardware.write_noise)
        reached = reached.div_(levels).clamp_(min=0)
        return reached.clamp_(max=1) if self.tops is None else reached.minimum(self.tops[side])

    def _where_free(self, states: Tensor, side: int | slice = slice(None)) -> Tensor:
        """Return states, but of what is stuck the old ones."""
        return (
            states if self.steps is None else states.where(self.steps[side] != 0, self.state[side])
        )

    def _show(self, weight: Tensor, rows: slice = slice(None)) -> None:
        """Put into rows of a weight what the tile holds."""
        torch.sub(*self.state[:, rows], out=weight[rows]).mul_(self.weight_range)
        self._shown = weight._version

    def get_extra_state(self) -> Tensor:
        """Return how many draws, updates, wipes and pulses there were, for checkpoints."""
        counted = [self.draws, self.updates, self.wipes, float(self.pulses)]
        return torch.tensor(counted, dtype=torch.float64)

    def set_extra_state(self, state: Any) -> None:
        self.draws, self.updates, self.wipes = map(int, state[:3])
        self.pulses = state[3].double()

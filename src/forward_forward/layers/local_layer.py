"""The contract of a layer: it learns from its own objective alone.

Locality lives here and nowhere else. `forward` and `learn` detach what comes in and what goes out, whatever a
caller or a subclass does, so no gradient of one layer's objective can reach another layer.
"""

from abc import ABC, abstractmethod
from typing import Any, final

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.goodness import sum_of_squares
from forward_forward.layers.passes import completed
from forward_forward.layers.statistics import LayerStatistics, statistics_of
from forward_forward.losses import Loss
from forward_forward.normalization import PeerNormalization
from forward_forward.precision import CastCache, accumulate, checked_dtype
from forward_forward.slopes import Goodness, gated, slope_of, unit_goodness, vanishes_at_zero
from forward_forward.spec import checked_loss, find_parts


class LocalLayer(nn.Module, ABC):
    """A layer of rectified units with a goodness and a loss of its own.

    A subclass defines `preactivation(*inputs)`, differentiable in its parameters. It may define `accumulate`,
    the closed form of the parameter gradients, for speed; a test holds the two equal.

    The objective is  loss(g⁺, g⁻) · U / |g(1)|,  where g(1) is the goodness of activities that are all 1. The
    factor is 1 for a sum and U for a mean of squares, so one learning rate and one peer strength serve both,
    at any width. A layer of several blocks has an objective for each, over its own units alone, and minimises their
    sum (§5.3); U is then the units of a block.

    Arguments:
        units: U, the number of outputs.
        goodness: activities `[R, U]` → goodness `[R]`.
        loss: (g⁺, g⁻) → loss per sample; a threshold left open becomes g(1).
        peer: strength of peer normalisation, 0 for none.
        blocks: how many groups of neighbouring units judge, each by its own goodness; a divisor of U.
        matmul_dtype: dtype of matmuls; None is the parameters' own.

    Raises:
        UsageError: when the goodness has no scale, or the units cannot be divided into so many blocks.
    """

    linear_in_rows = False
    """Whether row i of z is linear in row i of each input: then rows that teach nothing may be left out of the
    gradient, and a mean row may stand for many."""

    def __init__(
        self,
        units: int,
        *,
        goodness: Goodness = sum_of_squares,
        loss: Loss | None = None,
        peer: float = 0.0,
        blocks: int = 1,
        matmul_dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(blocks, int) or blocks < 1 or units % blocks:
            raise UsageError(f"{units!r} units cannot be divided into {blocks!r} equal blocks")
        self.units, self.blocks = units, blocks
        self.goodness = goodness
        at_one, scale = unit_goodness(goodness, units // blocks)
        self.loss = checked_loss(loss).for_layer(at_one)
        self.objective_scale = units / blocks / scale
        self.peer = PeerNormalization(units, peer) if peer else None
        self.matmul_dtype = checked_dtype(matmul_dtype)
        self._gated_by_slope = vanishes_at_zero(goodness, units // blocks)
        self.cast = CastCache()

    @abstractmethod
    def preactivation(self, *inputs: Tensor) -> Tensor:
        """Return z `[R, U]`, a fresh tensor, of inputs that are already detached and normalised."""

    @final  # type: ignore[misc]
    @torch.no_grad()
    def forward(self, *inputs: Any) -> Tensor:
        """Return the activities y = ReLU(z), `[R, U]`, cut off from every graph."""
        return self.preactivation(*map(_detached, inputs)).detach().relu_()

    def total_goodness(self, y: Tensor) -> Tensor:
        """Return the goodness `[R]` of activities `[R, U]`; of several blocks, their mean."""
        g = self.goodness(self._by_block(y))
        return g if self.blocks == 1 else g.unflatten(0, (-1, self.blocks)).mean(1)

    def objective(self, y: Tensor) -> Tensor:
        """Return the objective of each sample `[B]` of activities `[2B, U]`, positives first."""
        g_pos, g_neg = self.goodness(self._by_block(y)).chunk(2)
        losses = self.loss(g_pos, g_neg) * self.objective_scale
        return losses.unflatten(0, (-1, self.blocks)).sum(1)

    @final
    @torch.no_grad()
    def learn(
        self,
        inputs: tuple[Any, ...],
        *,
        decay: float = 0.0,
        share: float = 1.0,
        positives: int | None = None,
        weights: Tensor | None = None,
    ) -> tuple[Tensor, LayerStatistics]:
        """Leave the gradient of the mean objective in every `parameter.grad`, in closed form.

        grad ← decay · grad + share · mean over samples of the gradient. With decay 0 any torch optimiser can
        step; with a smoothed gradient's decay, grad is that optimiser's velocity.

        Arguments:
            inputs: one tensor each, rows of positives first, then as many rows of negatives.
            decay: share of the old grad that stays.
            share: factor on the new one.
            positives: how many rows are positive; None is half of them. All or none of them take a separable loss.
            weights: of the samples `[B]`, mean 1; None is 1 for each.

        Returns:
            The activities `[2B, U]`, positives first, and statistics of the batch.

        Raises:
            UsageError: one pass alone where the loss compares the two, or passes of different size, or none.
        """
        inputs = tuple(map(_detached, inputs))
        y = self.preactivation(*inputs).detach().relu_()
        count = len(y) / 2 if positives is None else positives
        if not len(y) or count % 1 or count not in (0, len(y) / 2, len(y)):
            raise UsageError(f"{count:g} of {len(y)} rows positive: none, half or all of them")
        positives = int(count)
        slopes, pull, statistics = self._judged(y, share, positives, weights)
        self.make_gradients()
        self.accumulate(*self._rows_that_teach(inputs, y, slopes, pull, positives), decay)
        self.cast.mark_stale()  # whatever steps now, and however it counts its changes
        return y, statistics

    @final
    @torch.no_grad()
    def slope_of_state(
        self, y: Tensor, rectified: Tensor, *, fresh: float, share: float, out: Tensor
    ) -> LayerStatistics:
        """Put ∂(share · mean objective)/∂z of a state that remembers into `out`; return statistics of the batch.

        The state is y = rest + fresh · ReLU(z), positives first, and its rest is a constant.

        Arguments:
            y: `[2B, U]`.
            rectified: ReLU(z), `[2B, U]`.
            fresh: how much of it is new, in (0, 1].
            share: factor on the mean objective.
            out: `[2B, U]`, in the dtype of matmuls.
        """
        slopes, pull, statistics = self._judged(y, share, len(y) // 2)
        dz = gated(self._slope(y, slopes * fresh), rectified)
        if pull is not None:
            dz[: len(y) // 2] -= pull
        out.copy_(dz)
        return statistics

    @final
    @torch.no_grad()
    def input_slope(self, *inputs: Any) -> Tensor:
        """Return ∂(Σ objective)/∂(first input), of its shape, for rows of positives and as many of negatives."""
        y = self(*inputs)
        return self.read_back(self.slope_of_objective(y, y), *inputs)

    @final
    def slope_of_objective(self, y: Tensor, rectified: Tensor, fresh: float = 1.0) -> Tensor:
        """Return ∂(Σ objective)/∂z `[2B, U]` of a state as `slope_of_state` has it; peers take no part."""
        g_pos, g_neg = self._goodness_of_passes(y, len(y) // 2)
        slopes = torch.cat(self.loss.slopes(g_pos, g_neg)).mul_(self.objective_scale * fresh)
        return gated(self._slope(y, slopes), rectified)

    def read_back(self, dz: Tensor, *inputs: Any) -> Tensor:
        """Return ∂(Σ dz · z)/∂(first input), of its shape; this default differentiates within the layer."""
        first, *others = map(_detached, inputs)
        with torch.enable_grad():
            z = self.preactivation(first.requires_grad_(), *others)
            return torch.autograd.grad(z, first, dz)[0]

    def make_gradients(self) -> None:
        """Give every parameter that has none a gradient of zeros."""
        for parameter in self.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)

    def _judged(
        self, y: Tensor, share: float, positives: int, weights: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None, LayerStatistics]:
        """Return share / B · ∂objective/∂g of every row's blocks, the pull on every positive row, and statistics.

        The pull is `[U]`; of weighted samples `[B, U]`.
        """
        g_pos, g_neg = self._goodness_of_passes(y, positives)
        scale, pull = share * self.blocks / len(g_pos), None
        slope_pos, slope_neg = self.loss.slopes(g_pos, g_neg)
        weighed = None if weights is None else weights.repeat_interleave(self.blocks)
        if weighed is not None:
            slope_pos, slope_neg = slope_pos * weighed, slope_neg * weighed
        negatives = len(y) - positives
        slopes = torch.cat(
            [slope_pos[: positives * self.blocks], slope_neg[: negatives * self.blocks]]
        )
        if self.peer is not None and positives:
            pull = self.peer.pull(y[:positives], weights).mul_(scale)
            pull = pull if weights is None else torch.outer(weights, pull)
        both = 0 < positives < len(y)
        seen = statistics_of(self.loss(g_pos, g_neg), g_pos, g_neg, both, weighed)
        return slopes.mul_(self.objective_scale * scale), pull, seen

    def _goodness_of_passes(self, y: Tensor, positives: int) -> tuple[Tensor, Tensor]:
        """Return the goodness of every block of positives and of negatives; of a missing pass, one beyond doubt."""
        sizes = [positives * self.blocks, (len(y) - positives) * self.blocks]
        g_pos, g_neg = self.goodness(self._by_block(y)).split(sizes)
        return completed(self.loss, g_pos, g_neg)

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        """grad ← decay · grad + (∂z/∂parameters)ᵀ dz, for every parameter; dz may be overwritten.

        This default differentiates the preactivation alone, inside the layer, for layers that state no closed
        form.
        """
        parameters = [p for p in self.parameters() if p.requires_grad]
        with torch.enable_grad():
            z = self.preactivation(*inputs)
            gradients = torch.autograd.grad(z, parameters, dz.reshape(z.shape), allow_unused=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            if gradient is None:
                gradient = torch.zeros_like(parameter)
            accumulate(parameter.grad, gradient, decay)  # type: ignore[arg-type]

    def _rows_that_teach(
        self,
        inputs: tuple[Any, ...],
        y: Tensor,
        slopes: Tensor,
        pull: Tensor | None,
        positives: int,
    ) -> tuple[tuple[Any, ...], Tensor]:
        """Return inputs and ∂objective/∂z, without the rows whose slope is below rounding beside the largest.

        A threshold on a sum of squares is soon so sure of nine rows in ten that they add less than the last
        bit. The pull of peer normalisation is the same for all positive rows: one row stands for them all.
        Counting rows would make a GPU wait, so there all rows are kept.
        """
        alike = pull is None or pull.ndim == 1
        if self.linear_in_rows and self.blocks == 1 and alike and y.device.type == "cpu":
            sizes = slopes.abs()
            taught = (sizes > sizes.max() * torch.finfo(y.dtype).eps / 8).nonzero().squeeze(1)
            if len(taught) < 0.75 * len(y):
                dz = self._dz(y[taught], slopes[taught])
                rows = [x[taught] for x in inputs]
                if pull is not None:
                    dz = torch.cat([dz, (-positives * pull).unsqueeze(0)])
                    rows = [
                        torch.cat([r, x[:positives].mean(0, keepdim=True)])
                        for r, x in zip(rows, inputs, strict=True)
                    ]
                return tuple(rows), dz
        dz = self._dz(y, slopes)
        if pull is not None:
            dz[:positives] -= pull
        return inputs, dz

    def _dz(self, y: Tensor, slopes: Tensor) -> Tensor:
        """Return ∂objective/∂z `[R, U]`: ∂L/∂g · ∂g/∂y · ReLU′."""
        dz = self._slope(y, slopes)
        return dz if self._gated_by_slope else gated(dz, y)

    def _slope(self, y: Tensor, slopes: Tensor) -> Tensor:
        """Return ∂L/∂g · ∂g/∂y `[R, U]`, for a slope of every block of every row."""
        slopes = slopes.to(y.dtype).unsqueeze(1)
        return slope_of(self.goodness, self._by_block(y), slopes).view_as(y)

    def _by_block(self, y: Tensor) -> Tensor:
        """Return activities `[R, U]` with a row for each block, `[R · blocks, U / blocks]`."""
        return y if self.blocks == 1 else y.reshape(-1, self.units // self.blocks)

    def set_matmul_dtype(self, dtype: torch.dtype | None) -> None:
        """Choose the dtype of matmuls, of floating-point numbers; None is the parameters' own."""
        self.matmul_dtype = checked_dtype(dtype)

    def parts(self) -> dict[str, Any]:
        """Return the parts that every layer has, as keyword arguments of a constructor."""
        peer = self.peer.strength if self.peer is not None else 0.0
        parts = {"goodness": self.goodness, "loss": self.loss, "peer": peer}
        return parts if self.blocks == 1 else parts | {"blocks": self.blocks}

    @classmethod
    def read_parts(cls, described: dict[str, Any]) -> dict[str, Any]:
        """Return what `parts` returned, from plain JSON; a layer with parts of a kind of its own reads them here."""
        return find_parts(described)

    def extra_repr(self) -> str:
        name = getattr(self.goodness, "__name__", repr(self.goodness))
        return f"units={self.units}, goodness={name}, loss={self.loss}"


def _detached(value: Any) -> Any:
    """Cut a tensor, or anything that says how to cut itself, off from every graph."""
    return value.detach()

"""Small nets that can be jolted: what noise on their neurons does to a cost tells which way their weights should go."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.beyond.black_box import BlackBox
from forward_forward.errors import UsageError
from forward_forward.layers.dense import draw_
from forward_forward.precision import accumulate_product

Cost = Callable[[Sequence[Tensor]], Tensor]
"""Noise on the inputs of the neurons, `[R, n]` for each layer of them → the cost of each row, `[R]`."""


@torch.no_grad()
def perturbation_estimate(
    cost: Cost,
    widths: Sequence[int],
    rows: int,
    *,
    noise: float,
    generator: torch.Generator,
    like: Tensor,
    draws: int = 1,
    antithetic: bool = True,
) -> list[Tensor]:
    """Return an estimate of ∂cost/∂(input of each neuron) for each row, from what noise on all of them does.

        ĝ = ξ · (C(ξ) − C(0)) / σ²,  or antithetic  ĝ = ξ · (C(ξ) − C(−ξ)) / 2σ²,  ξ ~ N(0, σ²),

    averaged over draws. Its mean is the derivative of the cost smoothed by that noise, so the derivative itself up to
    O(σ²), and exactly where the cost is linear or quadratic. Where C(ξ) = C(0) + g·ξ, over all N neurons together,

        ĝ_j = ξ_j Σ_k g_k ξ_k / σ²,  E ĝ_j = g_j,  Var ĝ_j = (‖g‖² + g_j²) / draws,

    since E ξ_j² ξ_k² is σ⁴ for k ≠ j and 3σ⁴ for k = j. So the noise of one neuron's estimate is the pull of all
    others, whatever σ; it goes down with rows and draws alone. Curvature adds O(σ²) to the variance of the one-sided
    estimate, and nothing to that of the antithetic, for two costs a draw and not one.

    References:
        Hinton 2022, §6; Ren et al. 2022, "Scaling forward gradient with local losses".

    Arguments:
        cost: row i of it depends on row i of the noise alone.
        widths: neurons of each layer.
        rows: R; each row has noise of its own.
        noise: σ, its standard deviation, > 0.
        generator: draws it.
        like: its dtype and device.
        draws: how often, > 0.
        antithetic: whether each noise is tried with both signs.

    Returns:
        For each layer `[R, n]`.

    Raises:
        UsageError: for noise or draws that are not above 0.

    Example:
        >>> slope = torch.tensor([3.0, -1.0])
        >>> (estimate,) = perturbation_estimate(
        ...     lambda xi: xi[0] @ slope, [2], 10_000,
        ...     noise=0.1, generator=torch.Generator().manual_seed(0), like=slope)
        >>> estimate.mean(0).round()
        tensor([ 3., -1.])
    """
    if not noise > 0 or draws < 1:
        raise UsageError(f"noise of {noise}, drawn {draws} times: give more than 0, and 1 or more")
    totals = [torch.zeros(rows, width, dtype=like.dtype, device=like.device) for width in widths]
    still = cost(totals) if not antithetic else None
    for _ in range(draws):
        xi = [
            noise * torch.randn(t.shape, generator=generator, dtype=t.dtype, device=t.device)
            for t in totals
        ]
        other = cost([-x for x in xi]) if still is None else still
        change = (cost(xi) - other).unsqueeze(1) / (2 if still is None else 1)
        totals = [total + change * x for total, x in zip(totals, xi, strict=True)]
    return [total / (draws * noise**2) for total in totals]


class SmallNet(nn.Module):
    """A net to put into a black box: hidden layers by `activation`, outputs linear, and a port for noise.

        z₁ = [h 1] W₁ + ξ₁,  z₂ = [f(z₁) 1] W₂ + ξ₂, …

    What comes out is the last z. W from N(0, 1/fan-in), its last row, the bias, zero.

    Arguments:
        in_features: I.
        widths: neurons of each layer; those of the last one are the outputs.
        generator: draws the weights.
        activation: f, number by number; it needs no derivative.
        device, dtype: as torch spells them.

    Raises:
        UsageError: when a size is not above 0.

    Example:
        >>> net = SmallNet(8, [4, 3], generator=torch.Generator().manual_seed(0))
        >>> net(torch.ones(2, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features: int,
        widths: Sequence[int],
        *,
        generator: torch.Generator,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not widths or min(in_features, *widths) < 1:
            raise UsageError(f"a small net of {in_features} inputs and {widths} units: all above 0")
        self.widths, self.activation = list(widths), activation
        fans = zip([in_features, *widths], widths, strict=False)
        self.weights = nn.ParameterList(
            torch.zeros(i + 1, o, device=device, dtype=dtype) for i, o in fans
        )
        for weight in self.weights:
            draw_(weight[:-1], len(weight) - 1, generator)

    def forward(self, h: Tensor) -> Tensor:
        """Return the outputs `[R, U']` of `h [R, I]`."""
        return self.onward(self.first(h))[0]

    def first(self, h: Tensor) -> Tensor:
        """Return z₁ without noise, `[R, n]`, of `h [R, I]`: what stays the same however often it is jolted."""
        return _affine(h, self.weights[0])

    def onward(
        self, z: Tensor, noise: Sequence[Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the outputs `[R, U']`, and what each layer but the first has read, `[R, fan-in]`.

        Arguments:
            z: z₁ without noise, `[R, n]`.
            noise: `[R, n]` for the neurons of each layer, or none.
        """
        read: list[Tensor] = []
        z = z if noise is None else z + noise[0]
        for index in range(1, len(self.widths)):
            read.append(self.activation(z))
            z = _affine(read[-1], self.weights[index])
            z = z if noise is None else z + noise[index]
        return z, read

    @torch.no_grad()
    def take_in(
        self, read: Sequence[Tensor], estimates: Sequence[Tensor], decay: float, share: float
    ) -> None:
        """grad ← decay · grad + share · Σ over rows of input × estimate, for every weight.

        Arguments:
            read: what each layer has read and, in a last column, what its bias has, `[R, fan-in + 1]`.
            estimates: of the slopes of the cost, `[R, n]` for each layer.
        """
        for weight, inputs, estimate in zip(self.weights, read, estimates, strict=True):
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
            accumulate_product(weight.grad, inputs, estimate * share, decay, None)


def small_net(in_features: int, widths: Sequence[int], **options: Any) -> BlackBox:
    """Return a black box with a `SmallNet` of these widths in it, which `SlowLoop` can teach.

    Arguments:
        options: of a `SmallNet`.
    """
    net = SmallNet(in_features, widths, **options)
    return BlackBox(net, name=f"small net {'-'.join(map(str, widths))}", units=widths[-1])


def _affine(h: Tensor, weight: Tensor) -> Tensor:
    """Return [h 1] W."""
    return torch.addmm(weight[-1], h, weight[:-1])

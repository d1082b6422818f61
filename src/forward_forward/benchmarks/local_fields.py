"""A layer of 32×32 places, 3 units each, 11×11 fields: local, and as a fully connected layer with a mask."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.benchmarks.timing import interleaved_medians
from forward_forward.environment import environment
from forward_forward.layers.dense import Dense
from forward_forward.layers.local_fields import LocalFields
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.spec import describe
from forward_forward.training.optimizers import SmoothedGradient

DESCRIPTION = (
    "a training step of local fields (32×32 places, 11×11 fields) beside a masked dense layer's"
)
RULE = SmoothedGradient(1e-6)


class MaskedDense(Dense):
    """A fully connected layer whose weights outside the mask are zero and stay so."""

    def __init__(self, weight: Tensor, **parts: Any) -> None:
        super().__init__(*weight.shape, device=weight.device, **parts)
        with torch.no_grad():
            self.weight.copy_(weight)
        self.mask = nn.Buffer((weight != 0).to(weight))

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        super().accumulate(inputs, dz, decay)
        self.weight.grad.mul_(self.mask)  # type: ignore[union-attr]


def run(quick: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Time a step of both at batch 100, in fp32 and in the fast dtype.

    Arguments:
        quick: a small map.
        device: as torch spells it.

    Returns:
        `images_per_second` by layer, tiles and dtype; `local_vs_masked_float32`, of the tiles that are faster, and,
        where there is a faster dtype, its ratio; `largest_difference` of the layers' activities, in fp32.
    """
    side, field, tiles, batch, rounds = (8, 3, (2,), 10, 2) if quick else (32, 11, (4, 8), 100, 15)
    draw = generator(0, "bench", device=device)
    h = torch.randn(2 * batch, side * side * 3, generator=draw, device=device)
    shape: dict[str, Any] = {"in_shape": (side, side, 3), "grid": (side, side), "channels": 3}
    shape |= {"field": field, "margin": field // 2}
    differences, contenders = [], {}
    dtypes = {str(describe(d)): d for d in (torch.float32, fast_matmul_dtype(device))}
    for name, dtype in dtypes.items():
        for tile in tiles:
            local = LocalFields(
                **shape, tile=tile, generator=draw, device=device, matmul_dtype=dtype
            )
            masked = MaskedDense(local.dense_weight(), generator=draw, matmul_dtype=dtype)
            if dtype is torch.float32:
                differences.append(float((local(h) - masked(h)).abs().max()))
            contenders[f"local_{tile}x{tile}_{name}"] = _step(local, h)
        contenders[f"masked_{name}"] = _step(masked, h)
    seconds = interleaved_medians(contenders, rounds, device)
    ratios = {
        f"local_vs_masked_{name}": seconds[f"masked_{name}"]
        / min(seconds[f"local_{tile}x{tile}_{name}"] for tile in tiles)
        for name in dtypes
    }
    return {
        "images_per_second": {name: round(batch / s, 1) for name, s in seconds.items()},
        **{name: round(ratio, 2) for name, ratio in ratios.items()},
        "largest_difference": max(differences),
        "batch": batch,
        "environment": environment(device, str(describe(fast_matmul_dtype(device)))),
    }


def _step(layer: LocalFields | MaskedDense, h: Tensor) -> Callable[[], object]:
    optimizer = RULE.build(layer.parameters())

    def step() -> None:
        layer.learn((h,), decay=RULE.decay, share=RULE.share)
        optimizer.step()

    return step

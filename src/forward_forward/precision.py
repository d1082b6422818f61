"""Which dtype matmuls run in. Master weights, goodness and updates stay in the parameter's own dtype."""

import weakref

import torch
from torch import Tensor


def fast_matmul_dtype(device: torch.device | str) -> torch.dtype:
    """Return bfloat16 where the hardware multiplies it natively, float32 elsewhere.

    Emulated bf16 is several times slower than fp32, so "supported" is not enough: on a CPU AVX512-BF16 or AMX is
    asked for, on a GPU compute capability 8 or more.
    """
    device = torch.device(device)
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device)[0] >= 8
    elif device.type == "cpu":
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    else:
        native = False
    return torch.bfloat16 if native else torch.float32


class CastCache:
    """A low-precision copy of each weight, made anew only when the weight has changed.

    torch counts the in-place changes of a tensor; a copy is fresh as long as the count stands.
    """

    def __init__(self) -> None:
        self._copies: dict[int, tuple[weakref.ref[Tensor], tuple[int, int], Tensor]] = {}

    def __call__(self, weight: Tensor, dtype: torch.dtype) -> Tensor:
        """Return `weight` in `dtype`."""
        state = (weight._version, weight.data_ptr())
        kept = self._copies.get(id(weight))
        if kept is not None and kept[0]() is weight and kept[1] == state and kept[2].dtype == dtype:
            return kept[2]
        self._copies = {k: v for k, v in self._copies.items() if v[0]() is not None}
        copy = weight.detach().to(dtype)
        self._copies[id(weight)] = (weakref.ref(weight), state, copy)
        return copy

    def clear(self) -> None:
        """Forget all copies."""
        self._copies = {}

    def __deepcopy__(self, memo: dict[int, object]) -> "CastCache":
        return CastCache()


def product(left: Tensor, weight: Tensor, dtype: torch.dtype | None, cast: CastCache) -> Tensor:
    """Return left · weight in the weight's own dtype, multiplied in `dtype` (None: the weight's).

    Where gradients are recorded the product runs in the weight's dtype: a reference is to be exact.
    """
    if dtype is None or dtype == weight.dtype or torch.is_grad_enabled():
        return left @ weight
    return (left.to(dtype) @ cast(weight, dtype)).to(weight.dtype)


def accumulate_product(
    total: Tensor,
    left: Tensor,
    right: Tensor,
    decay: float,
    scale: float,
    dtype: torch.dtype | None,
) -> None:
    """total ← decay · total + scale · leftᵀ right, the matmul in `dtype`, the sum in `total`'s own.

    Arguments:
        total: `[I, U]`, changed in place.
        left, right: `[R, I]` and `[R, U]`.
    """
    if dtype is None or dtype == total.dtype:
        total.addmm_(left.t(), right, beta=decay, alpha=scale)
    else:
        accumulate(total, left.to(dtype).t() @ right.to(dtype), decay, scale)


def accumulate(total: Tensor, term: Tensor, decay: float, scale: float) -> None:
    """total ← decay · total + scale · term, in place; with decay 0 the old total does not matter."""
    if decay == 0:
        total.copy_(term).mul_(scale)
    else:
        total.mul_(decay).add_(term, alpha=scale)

"""Which dtype matmuls run in. Master weights, goodness and updates stay in the parameter's own dtype."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor

from forward_forward.errors import UsageError


@cache
def fast_matmul_dtype(device: torch.device | str) -> torch.dtype:
    """Return bfloat16 where the hardware multiplies it natively, float32 elsewhere.

    Emulated bf16 is several times slower than fp32, so "supported" is not enough: on a CPU AVX512-BF16 or AMX is
    asked for, on a GPU compute capability 8 or more.
    """
    device = torch.device(device)
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device)[0] >= 8
    elif device.type == "cpu":
        native = torch.cpu._is_avx512_bf16_supported() or _has_amx()
    else:
        native = False
    return torch.bfloat16 if native else torch.float32


def checked_dtype(dtype: torch.dtype | None) -> torch.dtype | None:
    """Return the dtype of a layer's matmuls.

    Raises:
        UsageError: when it is not one of floating-point numbers.
    """
    if dtype is None or (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        return dtype
    raise UsageError(f"matmuls in {dtype!r}; give a dtype such as torch.bfloat16")


@cache
def _has_amx() -> bool:
    """Return whether the CPU multiplies bf16 in tiles: then products are so fast that what surrounds them counts."""
    return bool(torch.cpu._is_amx_tile_supported())


class CastCache:
    """A low-precision copy of each weight, refreshed in place when the weight has changed.

    torch counts the in-place changes of a tensor; a copy is fresh as long as the count stands.
    """

    def __init__(self) -> None:
        self._copies: dict[int, tuple[weakref.ref[Tensor], tuple[int, int], Tensor]] = {}

    def __call__(self, weight: Tensor, dtype: torch.dtype) -> Tensor:
        """Return `weight` in `dtype`; what was returned before for this weight changes with it."""
        state = (weight._version, weight.data_ptr())
        kept = self._copies.get(id(weight))
        copy = None
        if (
            kept is not None
            and kept[0]() is weight
            and kept[2].dtype == dtype
            and not _frozen(kept[2])
        ):
            copy = kept[2]
            if kept[1] == state:
                return copy
        if copy is None or copy.shape != weight.shape or copy.device != weight.device:
            self._copies = {k: v for k, v in self._copies.items() if v[0]() is not None}
            copy = torch.empty_like(weight, dtype=dtype, requires_grad=False)
        copy.copy_(weight.detach())
        self._copies[id(weight)] = (weakref.ref(weight), state, copy)
        return copy

    def mark_stale(self) -> None:
        """Refresh every copy before its next use, whatever torch's count says."""
        self._copies = {k: (w, (-1, -1), copy) for k, (w, _, copy) in self._copies.items()}

    def __deepcopy__(self, memo: dict[int, object]) -> "CastCache":
        return CastCache()


def _frozen(copy: Tensor) -> bool:
    """Return whether a copy was made in inference mode, and cannot be refreshed outside of it."""
    return copy.is_inference() and not torch.is_inference_mode_enabled()


def product(
    left: Tensor,
    weight: Tensor,
    dtype: torch.dtype | None,
    cast: CastCache,
    bias: Tensor | None = None,
) -> Tensor:
    """Return left · weight (+ bias) in the weight's own dtype, multiplied in `dtype` (None: the weight's).

    Where gradients are recorded the product runs in the weight's dtype: a reference is to be exact.
    """
    if dtype is None or dtype == weight.dtype or torch.is_grad_enabled():
        return left @ weight if bias is None else torch.addmm(bias, left, weight)
    low = left.to(dtype), cast(weight, dtype)
    low_product = torch.matmul(*low) if bias is None else torch.addmm(bias.to(dtype), *low)
    return low_product.to(weight.dtype)


def product_back(dz: Tensor, weight: Tensor, dtype: torch.dtype | None, cast: CastCache) -> Tensor:
    """Return dz · weightᵀ in dz's own dtype, multiplied in `dtype` (None: the weight's)."""
    if dtype is None or dtype == weight.dtype:
        return dz @ weight.mT
    return (dz.to(dtype) @ cast(weight, dtype).mT).to(dz.dtype)


BLOCK = 200
"""Rows that are transposed at a time."""
FEW_ROWS = 512
"""Up to so many rows AMX adds a bf16 product to an fp32 total faster than it makes the product in bf16 first."""


def accumulate_product(
    total: Tensor, left: Tensor, right: Tensor, decay: float, dtype: torch.dtype | None
) -> None:
    """total ← decay · total + leftᵀ right, the matmul in `dtype`, the sum in `total`'s own.

    Of few rows the sum costs more than the product, where there is AMX. There the CPU rounds operands to bf16 as it
    reads them and adds to the total as it writes: one pass over the total and none over a bf16 product. Without AMX
    such a product runs at fp32's pace.

    Arguments:
        total: `[I, U]`, changed in place; or a batch of such products, `[T, I, U]`.
        left, right: `[R, I]` and `[R, U]`; or `[T, R, I]` and `[T, R, U]`; in `total`'s dtype or in `dtype`.
    """
    if dtype is None or dtype == total.dtype:
        _add_product(total, left, right, decay)
    elif left.shape[-2] <= FEW_ROWS and _rounds_on_reading(total, dtype):
        with _fp32_multiplied_as_bf16():
            _add_product(total, left.to(total.dtype), right.to(total.dtype), decay)
    else:
        accumulate(total, _transposed(left, dtype) @ right.to(dtype), decay)


def accumulate(total: Tensor, term: Tensor, decay: float) -> None:
    """total ← decay · total + term, in place; with decay 0 the old total does not matter."""
    if decay == 0:
        total.copy_(term)
    else:
        torch.add(term, total, alpha=decay, out=total)


def _add_product(total: Tensor, left: Tensor, right: Tensor, decay: float) -> None:
    add = total.addmm_ if total.ndim == 2 else total.baddbmm_
    add(left.mT, right, beta=decay)


def _rounds_on_reading(total: Tensor, dtype: torch.dtype) -> bool:
    return (
        total.device.type == "cpu"
        and (total.dtype, dtype) == (torch.float32, torch.bfloat16)
        and _has_amx()
    )


@contextmanager
def _fp32_multiplied_as_bf16() -> Iterator[None]:
    """Multiply fp32 numbers as bf16 ones; the setting is the process's, so other threads' matmuls are rounded too."""
    everything = torch.backends.mkldnn
    matmul = everything.matmul  # type: ignore[attr-defined]
    inherited = matmul.fp32_precision == everything.fp32_precision
    before = "none" if inherited else matmul.fp32_precision
    matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        matmul.fp32_precision = before


def _transposed(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Return xᵀ in `dtype`; for AMX laid out anew, which costs less there than a matmul that reads across rows."""
    if x.device.type != "cpu" or not _has_amx():
        return x.to(dtype).mT
    # block by block, so that what is read across rows is still in the cache when its neighbours are read
    return torch.cat([block.mT for block in x.to(dtype).split(BLOCK, dim=-2)], dim=-1)

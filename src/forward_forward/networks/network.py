"""What every kind of network can be asked."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from forward_forward.errors import DataError, UsageError
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.layers.softmax_head import SoftmaxHead


class Network(Protocol):
    """The contract that readouts, negatives, learners and model files go by; each network is an `nn.Module`."""

    classes: int
    head: SoftmaxHead | None
    read_from: int

    @property
    def layers(self) -> Sequence[LocalLayer]:
        """Bottom to top."""
        ...

    @property
    def labelled(self) -> bool:
        """Whether it hears a label; if not, it learns without labels."""
        ...

    def project(self, images: Any) -> Any:
        """Return what can be had of images `[B, D]` before a label is known, or the one already made."""
        ...

    def one_pass(self, images: Any) -> tuple[Tensor, Tensor]:
        """Return the head's features `[B, I]` and logits `[B, C]` of images, or of what `project` made of them."""
        ...

    def label_goodness(self, images: Any, codes: Tensor) -> Tensor:
        """Return the goodness of every layer with label codes `[K, 1 or B, C]`, `[L, B, K]`."""
        ...

    def read(self, goodness: Tensor) -> Tensor:
        """Return the sum over the layers that readouts use of goodness `[L, B, K]`, `[B, K]`."""
        ...

    def config(self) -> dict[str, Any]:
        """Return what the same network is built from, as plain JSON."""
        ...

    def parameters(self) -> Any:
        """Yield the parameters, as torch does."""
        ...


def check_images(images: Any, features: int, layer: LocalLayer, blocks: int | None = None) -> None:
    """Raise a `DataError` for images that a net cannot read: none at all, of another size, of another dtype.

    Arguments:
        images: to be `[..., B, D]`.
        features: D.
        layer: hears them; they are in the dtype of its weights, or of its matmuls.
        blocks: how many blocks of rows at most, `[blocks, B, D]`; None asks for no such form.
    """
    dtype = next(layer.parameters()).dtype
    if not isinstance(images, Tensor):
        raise DataError(
            f"images are a {type(images).__name__}; give a tensor of rows of {features}"
        )
    said = (
        f"images of {tuple(images.shape)} {_name(images.dtype)}; this net reads rows of {features}"
    )
    if images.ndim < 2 or images.shape[-1] != features or images.numel() == 0:
        raise DataError(f"{said} values, one row or more; take a net for these images")
    if images.dtype not in (dtype, layer.matmul_dtype):
        raise DataError(f"{said} {_name(dtype)} values: convert them, bytes to shares of 255")
    if blocks is not None and (images.ndim > 3 or (images.ndim == 3 and len(images) > blocks)):
        raise DataError(
            f"frames of {tuple(images.shape)}; this net reads rows of {features}, or {blocks} blocks of them"
        )


def check_codes(codes: Tensor | None, frame: Tensor, classes: int, *, labelled: bool) -> None:
    """Raise a `UsageError` for label codes that are not `[K, 1 or B, C]`, for a frame `[1 or K, B, D]`.

    Where no label feeds the net, they are None.
    """
    if labelled != (codes is not None):
        raise UsageError("a net that a label feeds needs label codes, and one without takes none")
    if codes is None:
        return
    if not isinstance(codes, Tensor):
        raise UsageError(f"label codes are a {type(codes).__name__}; give a tensor")
    blocks, images = frame.shape[:2]
    if codes.shape[-1] != classes:
        raise UsageError(f"label codes for {codes.shape[-1]} classes; this net has {classes}")
    fits = codes.ndim == 3 and codes.shape[1] in (1, images) and len(codes) > 0
    if not fits or not codes.is_floating_point() or blocks not in (1, len(codes)):
        raise UsageError(
            f"label codes of {tuple(codes.shape)} {_name(codes.dtype)} for {images} images"
            f"{f' in {blocks} blocks' if blocks > 1 else ''}; give floats, "
            f"({blocks if blocks > 1 else 'labels'}, 1 or {images}, {classes})"
        )


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")

"""Whether a model reads what it says it reads, and whether images are such."""

import math
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor

from forward_forward.errors import CheckpointError, DataError, FFError, UsageError
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.checkpoints import not_finite

UNFIT = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    IndexError,
    RuntimeError,
)
"""What comes of building or asking a net whose description does not fit together."""


def check_answer(model: Any) -> None:
    """Raise a `ValueError` for a model that does not read what it says it reads, or answers with other classes."""
    network, length = model.network, math.prod(model.shape)
    if min(model.shape) < 1:
        raise ValueError(f"it reads images of shape {model.shape}")
    if model.columns is not None and model.columns.width != length:
        raise ValueError(f"its columns make {model.columns.width} inputs, it reads {length}")
    blank = next(network.parameters()).new_zeros(1).expand(1, length)
    if model.reads_text:
        reader = network.layers[0] if isinstance(network, FeedForward) else network
        if length != reader.window or any(len(name) != 1 for name in model.class_names):
            raise ValueError(
                f"windows of {length} of {len(model.class_names)} symbols are not what it reads"
            )
        blank = blank.long()
    for name, answer in model.scores(blank).readouts.items():
        if answer.shape[1] != len(model.class_names):
            raise ValueError(
                f"its {name} knows {answer.shape[1]} classes, {len(model.class_names)} are named"
            )


@torch.no_grad()
def check_reads(model: Any) -> None:
    """Raise a `UsageError` for a net whose file nobody could read back, as it is for other data."""
    trains = model.network.training
    model.network.eval()
    try:
        check_answer(model)
    except (*UNFIT, FFError) as error:
        told = shorten(str(error), 200, placeholder=" …")
        raise UsageError(
            f"this net does not read {model.data}: {told}; give the data that it learned from, and with a video the "
            "shape of its frames"
        ) from None
    finally:
        model.network.train(trains)


def check_images(images: Tensor, shape: tuple[int, int, int]) -> None:
    """Raise a `DataError` for images that are not `[B, D]` of a model's shape, or hold values outside [0, 1]."""
    channels, height, width = shape
    pixels = channels * height * width
    if not isinstance(images, Tensor):
        raise DataError(f"images are a {type(images).__name__}; give a tensor of rows of {pixels}")
    if images.ndim != 2 or images.shape[1] != pixels:
        raise DataError(
            f"images of {tuple(images.shape)} values; this model reads rows of {pixels} "
            f"({height}×{width}, {channels} channel{'s' * (channels > 1)}): scale them first"
        )
    if not bool(images.isfinite().all()):
        raise DataError("the image has pixels that are NaN or infinite; mend the file")
    if images.numel() and (float(images.min()) < 0 or float(images.max()) > 1):
        raise DataError(
            f"the image has values from {float(images.min()):g} to {float(images.max()):g}, not in [0, 1]; "
            "scale them, bytes by 1/255"
        )


def check_weights(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raise a `CheckpointError` for the weights of a net that diverged, which has no answers."""
    if (name := not_finite(tensors)) is not None:
        raise CheckpointError(
            f"{folder} holds a net that has no answers: {name} is not finite; train it again with a lower learning rate"
        )

"""What a model says of one image, and what it is, as plain JSON for the page."""

import time
from typing import Any

import numpy as np
import torch

from forward_forward.data.examples import HELD_OUT
from forward_forward.errors import UsageError
from forward_forward.models import Model
from forward_forward.web.picture import MOST_PIXELS, Pixels, packed

SMALLEST = 4
"""Rows of fewer pixels a side are no pictures, but values of a table."""
WARM = 5


def showable(model: Model, folder: str) -> Model:
    """Return a model that the page can show: one that names pictures.

    Raises:
        UsageError: it reads text, a table, or pictures that no screen shows; the message says what to do instead.
    """
    channels, height, width = model.shape
    if model.reads_text:
        raise UsageError(
            f"this net reads text, and the page shows pictures; let it write: ff generate {folder}"
        )
    if min(height, width) < SMALLEST or channels not in (1, 3):
        raise UsageError(
            f"this net reads {channels}×{height}×{width} values, no pictures that could be drawn; "
            f"ask it with: ff predict {folder} FILE"
        )
    if max(height, width) > MOST_PIXELS:
        raise UsageError(
            f"this net reads pictures of {height}×{width}; the page draws up to {MOST_PIXELS} pixels a side"
        )
    return model


def card(model: Model) -> dict[str, Any]:
    """Return what the page has to know of a model before it asks it anything."""
    layers = list(getattr(model.network, "layers", []))
    units = [layer.units for layer in layers if hasattr(layer, "units")]
    read_from = getattr(model.network, "read_from", 0)
    errors = {
        name.removesuffix("_error"): value
        for name, value in model.metrics.items()
        if name.endswith("_error")
    }
    return {
        "data": model.data,
        "classes": list(model.class_names),
        "shape": list(model.shape),
        "units": units,
        "counted": [index >= read_from for index in range(len(units))],
        "errors": errors,
        "held_out": model.data.endswith(HELD_OUT),
        "digits": model.shape[0] == 1 and list(model.class_names) == list("0123456789"),
    }


def answered(model: Model, image: Pixels) -> dict[str, Any]:
    """Return what a model says of an image `[C, H, W]` of its own shape.

    Returns:
        `label`, the index of the answer; `layers`, the goodness of each layer with each label, where there is such a
        thing; `goodness`, their sum over the layers that count; `softmax`, the probabilities of one pass; `seen`, the
        image; `milliseconds` that the net took.
    """
    started = time.perf_counter()
    device = next(model.network.parameters()).device
    scores = model.scores(torch.from_numpy(image.reshape(1, -1)).to(device))
    main = next(iter(scores.readouts.values()))[0]
    told: dict[str, Any] = {"label": int(main.argmax()), "seen": packed(image)}
    if scores.layers is not None:
        told["layers"] = scores.layers[:, 0].float().tolist()
        told["goodness"] = scores.readouts["goodness"][0].float().tolist()
    if "softmax" in scores.readouts:
        told["softmax"] = scores.readouts["softmax"][0].float().softmax(0).tolist()
    told["blank"] = not bool(np.any(image))
    told["milliseconds"] = round(1000 * (time.perf_counter() - started), 2)
    return told


def warm(model: Model) -> None:
    """Let a model answer a few times, so that the first drawing does not wait for memory and kernels."""
    grey = np.linspace(0, 1, int(np.prod(model.shape)), dtype=np.float32).reshape(model.shape)
    for _ in range(WARM):
        answered(model, grey)

"""A net as C99: it predicts and learns in place, one image at a time, in float or with weights of 8 bits.

The code is written once, in `templates/`; what a net adds is numbers. Plain descent, w ← w − rate · gradient, on the
objective of one image with its label and with a wrong one. Peers, velocities and the softmax stay behind.
"""

import textwrap
from collections.abc import Iterable
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from forward_forward import __version__
from forward_forward.errors import UsageError
from forward_forward.export import fixed_point
from forward_forward.export.budget import (
    FLOAT,
    INT8,
    Sizes,
    Storage,
    buffers,
    forward_forward_bytes,
)
from forward_forward.export.rows import Rows, rows_of, steepness
from forward_forward.export.supported import exportable, first_layer
from forward_forward.labels import overlay
from forward_forward.losses import SiLU
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import TINY, length

STRIDE = 0.01
"""A step changes an activity by rate · slope · doubt · ‖x‖² of itself: the default rate makes rate · ‖x‖² this number
in the layer of most inputs. Chosen on held-out digits, so that nets which have learned go on without loss."""
FILES = ("ff_net.h", "ff_net.c", "main.c")
WIDTH = 116
"""Columns of a line of numbers, its indent aside."""

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("forward_forward", "export/templates"),
    undefined=jinja2.StrictUndefined,
    autoescape=False,
)


def c_sources(
    network: FeedForward, *, rate: float | None = None, int8: bool = False
) -> dict[str, str]:
    """Return the C code of a net: `ff_net.h`, `ff_net.c`, and a `main.c` to try it with.

    Arguments:
        network: its loss, goodness and normalisation become part of the code.
        rate: of learning, > 0; None takes `fitting_rate`.
        int8: whether weights have 8 bits, images are bytes and all numbers whole; else all are floats.

    Raises:
        UsageError: the network, one of its parts or the rate cannot be had in C.
    """
    rate = fitting_rate(network) if rate is None else rate
    if not 0 < rate < float("inf"):
        raise UsageError(f"rate {rate} must be above 0")
    layers = rows_of(network)
    numbers = _whole_numbers(network, layers, rate) if int8 else _floats(network, layers, rate)
    context = _shape(network, INT8 if int8 else FLOAT) | numbers
    return {name: _TEMPLATES.get_template(f"{name}.j2").render(context) + "\n" for name in FILES}


def sizes_of(network: FeedForward) -> Sizes:
    """Return the sizes of a net.

    Raises:
        UsageError: it cannot be exported.
    """
    first = first_layer(exportable(network))
    widths = tuple(layer.units for layer in network.layers)
    return Sizes(first.in_features, first.classes, widths, first.place is overlay)


def fitting_rate(network: FeedForward) -> float:
    """Return a rate for images that come one at a time: the more inputs a layer has, the lower, as their length counts.

    Raises:
        UsageError: the net cannot be exported.
    """
    sizes, normalization = sizes_of(network), network.normalization
    of_length_one = normalization.power == 2 and not normalization.per_unit
    return STRIDE if of_length_one else STRIDE / max(sizes.inputs, *sizes.widths[:-1], 1)


def passes_at_once(network: FeedForward) -> int:
    """Return 1 where each pass is judged on its own, 2 where the loss compares them."""
    return 1 if network.layers[0].loss.separable else 2


def _shape(network: FeedForward, storage: Storage) -> dict[str, Any]:
    """Return what the templates ask of any net."""
    sizes, loss = sizes_of(network), network.layers[0].loss
    passes = passes_at_once(network)
    return {
        "version": __version__,
        "shape": "-".join(map(str, (sizes.inputs, *sizes.widths))),
        "pixels": sizes.pixels,
        "classes": sizes.classes,
        "overlay": sizes.overlay,
        "buffers": buffers(sizes),
        "bytes": forward_forward_bytes(sizes, storage, passes),
        "apart": passes == 1,
        "silu": isinstance(loss, SiLU),
        "read_from": network.read_from,
    }


def _floats(network: FeedForward, layers: list[Rows], rate: float) -> dict[str, Any]:
    """Return what the templates ask of a net in floats."""
    first, normalization = first_layer(network), network.normalization
    if normalization.power == 1:
        raise UsageError("C normalises by length; choose another normalisation")
    described = [
        {
            "inputs": layer.inputs,
            "units": layer.units,
            "scale": _float(layer.scale),
            "threshold": _float(layer.threshold),
            "slope": _float(layer.slope),
            "note": "",
            "numbers": _matrix(layer.weights, _float),
        }
        for layer in layers
    ]
    return {
        "layers": described,
        "exact": False,
        "arithmetic": "float.c.j2",
        "update": "float_update.c.j2",
        "numbers": "float",
        "weight_type": "float",
        "pixel_type": "float",
        "pixel_meaning": "from 0 to 1, as the net has learned them",
        "goodness_type": "float",
        "goodness_meaning": "as in the net",
        "label": _float(first.strength),
        "rate": _float(rate),
        "steepness": _float(steepness(first.loss)),
        "standardised": (first.pixel_mean, first.pixel_std) != (0.0, 1.0),
        "pixel_mean": _float(first.pixel_mean),
        "pixel_std": _float(first.pixel_std),
        "normalised": normalization.power == 2,
        "per_unit": normalization.per_unit,
        "tiny": _float(TINY),
    }


def _whole_numbers(network: FeedForward, layers: list[Rows], rate: float) -> dict[str, Any]:
    """Return what the templates ask of a net in whole numbers."""
    first = first_layer(network)
    _check_whole(network, layers)
    described = []
    for layer in layers:
        shift = fixed_point.fitting_shift(layer.weights)
        described.append(
            {
                "inputs": layer.inputs,
                "units": layer.units,
                "shift": shift,
                "divisor": round(1 / layer.scale),
                "threshold": round(layer.threshold * 65536),
                "step": fixed_point.whole_step(rate * layer.slope, shift),
                "note": f" /* {2**shift} = 1 */",
                "numbers": _matrix(fixed_point.quantized(layer.weights, shift), str),
            }
        )
    return {
        "layers": described,
        "exact": True,
        "arithmetic": "int8.c.j2",
        "update": "int8_update.c.j2",
        "numbers": "weights of 8 bits",
        "weight_type": "int8_t",
        "pixel_type": "uint8_t",
        "pixel_meaning": "255 = 1",
        "goodness_type": "int64_t",
        "goodness_meaning": "65536 = 1",
        "label": round(first.strength * fixed_point.ACTIVITY),
        "rate": f"{rate:g}",
        "steepness": round(steepness(first.loss) * fixed_point.STEEPNESS),
        "table": _lines(map(str, fixed_point.doubts(isinstance(first.loss, SiLU))), "    "),
    }


def _check_whole(network: FeedForward, layers: list[Rows]) -> None:
    """Raise a `UsageError` where whole numbers would not do."""
    first, steep = first_layer(network), steepness(network.layers[0].loss)
    widest = max(layer.inputs for layer in layers)
    if network.normalization != length:
        raise UsageError("in 8 bits activities are normalised by `length`; export floats")
    if (first.pixel_mean, first.pixel_std) != (0.0, 1.0):
        raise UsageError("in 8 bits pixels are not standardised; export floats")
    if any(abs(round(1 / layer.scale) * layer.scale - 1) > 1e-6 for layer in layers):
        raise UsageError("in 8 bits squares are summed, or their sum divided; export floats")
    if widest > fixed_point.MOST_INPUTS:
        raise UsageError(f"{widest} inputs of a layer do not fit 8 bits; export floats")
    if not 1 / 256 <= steep <= 256 or not 1 / 256 <= first.strength <= 127:
        raise UsageError(
            f"a label of strength {first.strength:g} and a loss of steepness {steep:g} do not fit 8 bits; export floats"
        )


def _float(value: float) -> str:
    """Return a C literal that gives this float back.

    Example:
        >>> _float(0.1), _float(2)
        ('0.1f', '2.0f')
    """
    return f"{np.float32(value)!s}f"


def _matrix(weights: NDArray[Any], show: Any) -> str:
    """Return a matrix as C writes it, a row in braces each."""
    return "\n".join(
        "        {" + _lines(map(show, row), "         ").lstrip() + "}," for row in weights
    )


def _lines(numbers: Iterable[str], indent: str) -> str:
    return textwrap.fill(", ".join(numbers), WIDTH, initial_indent=indent, subsequent_indent=indent)

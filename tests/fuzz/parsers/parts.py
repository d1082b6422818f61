"""Parts and layers that plain JSON describes."""

import json

from forward_forward.errors import FFError
from forward_forward.layers.described import build_layer
from forward_forward.memory import AtMost
from forward_forward.spec import (
    find_goodness,
    find_loss,
    find_normalization,
    find_parts,
    find_placement,
)
from fuzz.edits import edited

LAYER = {
    "layer": "Dense", "in_features": 3, "units": 2, "bias": True, "goodness": "sum_of_squares",
    "loss": {"part": "SiLU", "alpha": 6.0}, "peer": 0.1, "normalization": "length", "place": "overlay",
}  # fmt: skip
SEEDS = [
    b"E",
    b"E" + bytes(range(128, 146)),
    b"N" + b"lenght",
    b"N" + b"SymBa",
    b"J" + json.dumps(LAYER["loss"]).encode(),
]


def read(data: bytes) -> None:
    if data[:1] == b"N":
        name = data[1:].decode("utf-8", "replace")
        for find in (find_goodness, find_loss, find_normalization, find_placement):
            try:
                find(name)
            except FFError:
                continue
        return
    if data[:1] == b"J":
        try:
            find_loss(json.loads(data[1:]))
        except (ValueError, RecursionError):  # no JSON
            return
        return
    described = edited(LAYER, data[1:])
    try:
        find_parts(described)
        with AtMost(10**5):  # as `load_model` does
            build_layer(described)
    except (TypeError, ValueError, KeyError, AttributeError, RuntimeError, ArithmeticError):
        return  # as `load_model` catches, and tells of

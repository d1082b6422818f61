"""Layers as plain JSON and back: a model file names its layers and their parts, it does not pickle them."""

import importlib
from functools import cache
from typing import Any

import torch

from forward_forward import layers as layer_package
from forward_forward.discover import members, pick, submodules
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.spec import describe

WING_LAYERS = {
    "AnalogDense": "hardware.analog_dense",
    "AnalogLabelledDense": "hardware.analog_dense",
    "LabelledStudentT": "beyond.student_t",
    "PieceDense": "hardware.piece_layers",
    "PieceLabelledDense": "hardware.piece_layers",
    "StudentT": "beyond.student_t",
}
"""Layers outside `layers/` that a model file may name, and their modules in this package; imported when named."""


def describe_layer(layer: LocalLayer) -> dict[str, Any]:
    """Return what `build_layer` builds the same layer from, weights aside; layers within it are described too."""
    return {"layer": type(layer).__name__} | {k: _described(v) for k, v in layer.parts().items()}


def build_layer(described: dict[str, Any]) -> LocalLayer:
    """Build a layer from what `describe_layer` returned; its weights are not drawn anew in a known way.

    Raises:
        UsageError: when a part or a layer has no such name here.
    """
    kind = _layer_type(described["layer"])
    parts = kind.read_parts({k: v for k, v in described.items() if k != "layer"})
    if "connections" in parts:
        return kind(**parts | {"connections": [build_layer(d) for d in parts["connections"]]})
    return kind(**parts, generator=torch.Generator().manual_seed(0))


def _described(value: Any) -> Any:
    if isinstance(value, list):
        return [describe_layer(v) if isinstance(v, LocalLayer) else v for v in value]
    return describe(value)


def _layer_type(name: str) -> Any:
    if name in WING_LAYERS:
        module = importlib.import_module(f"forward_forward.{WING_LAYERS[name]}")
        return getattr(module, name)
    return pick(_layer_types(), name, "layer")


@cache
def _layer_types() -> dict[str, type[LocalLayer]]:
    """Return every layer type in `layers/` by its name."""
    modules = map(importlib.import_module, submodules(layer_package).values())
    return {
        name: member
        for module in modules
        for name, member in members(module).items()
        if isinstance(member, type) and issubclass(member, LocalLayer)
    }

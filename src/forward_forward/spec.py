"""Parts as plain JSON and back: a model file names its goodness, it does not pickle it."""

import dataclasses
from typing import Any, TypeVar

import torch

from forward_forward import goodness, labels, losses, normalization
from forward_forward.discover import members, pick
from forward_forward.errors import CheckpointError, UsageError
from forward_forward.slopes import Goodness

Part = TypeVar("Part")


def describe(value: Any) -> Any:
    """Return a part as plain JSON: a function by its name, a dataclass by its name and fields.

    Example:
        >>> describe(losses.SymBa(alpha=4.0))
        {'part': 'SymBa', 'alpha': 4.0}
        >>> describe(goodness.sum_of_squares)
        'sum_of_squares'
    """
    if isinstance(value, normalization.Normalization):
        return _named_normalization(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: describe(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"part": type(value).__name__, **fields}
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    return _named(value) if callable(value) else value


def find_goodness(name: str) -> Goodness:
    """Return the goodness of this name, or raise a `UsageError` that names near ones."""
    return pick(members(goodness), name, "goodness")


def find_loss(value: str | dict[str, Any]) -> losses.Loss:
    """Return a loss from its name, or from what `describe` made of one."""
    fields = {"part": value} if isinstance(value, str) else value
    if not isinstance(fields, dict) or not isinstance(fields.get("part"), str):
        raise CheckpointError(f"{value!r} describes no loss")
    fields = dict(fields)
    kind = pick(LOSSES, fields.pop("part"), "loss")
    try:
        return kind(**fields)
    except TypeError as error:
        raise CheckpointError(f"loss {value!r} does not fit {kind.__name__}: {error}") from None


def checked_loss(loss: losses.Loss | None) -> losses.Loss:
    """Return a layer's loss; None is the author's, a `ThresholdLogistic`.

    Raises:
        UsageError: when it is no loss.
    """
    if loss is None:
        return losses.ThresholdLogistic()
    if not isinstance(loss, losses.Loss):
        raise UsageError(f"loss: {loss!r:.60} is none; make one, such as SiLU(alpha=6)")
    return loss


def find_normalization(name: str) -> normalization.Normalization:
    """Return the normalisation of this name."""
    return pick(NORMALIZATIONS, name, "normalisation")


def find_placement(name: str) -> labels.Placement:
    """Return the label placement of this name: `overlay` or `concatenate`."""
    return pick(PLACEMENTS, name, "label placement")


def find_parts(described: dict[str, Any]) -> dict[str, Any]:
    """Return keyword arguments with every part's name replaced by the part itself."""
    finders = {
        "goodness": find_goodness,
        "loss": find_loss,
        "normalization": find_normalization,
        "place": find_placement,
    }
    return {
        key: finders[key](value) if key in finders else value for key, value in described.items()
    }


def find_dataclass(kind: type[Part], described: Any) -> Part:
    """Return a dataclass of this kind from what `describe` made of it; it checks its fields itself.

    Example:
        >>> find_dataclass(losses.SymBa, describe(losses.SymBa(alpha=4.0)))
        SymBa(alpha=4.0)
    """
    if not isinstance(described, dict) or described.get("part") != kind.__name__:
        raise CheckpointError(f"{described!r} describes no {kind.__name__}")
    try:
        return kind(**{key: value for key, value in described.items() if key != "part"})
    except TypeError as error:
        raise CheckpointError(f"{described!r} does not fit {kind.__name__}: {error}") from None


LOSSES = {name: kind for name, kind in members(losses).items() if kind is not losses.Loss}
"""The losses that can be chosen."""

PLACEMENTS = {"overlay": labels.overlay, "concatenate": labels.concatenate}
"""Where a label can sit in the input."""

NORMALIZATIONS = {
    name: value
    for name, value in vars(normalization).items()
    if isinstance(value, normalization.Normalization)
}
"""The normalisations that have a name."""


def _named(function: Any) -> str:
    """Return a function's name; one from elsewhere keeps its module, so that it is not taken for ours.

    Raises:
        UsageError: when it has none, as an object that can be called.
    """
    if not hasattr(function, "__qualname__"):
        raise UsageError(
            f"{function!r:.80} has no name that a record could give; make it a function, or a frozen dataclass"
        )
    name, module = function.__qualname__, function.__module__
    return name if module.startswith("forward_forward.") else f"{module}.{name}"


def _named_normalization(value: normalization.Normalization) -> str:
    for name, known in NORMALIZATIONS.items():
        if known == value:
            return name
    raise UsageError(
        f"{value} has no name in normalization.py; add it there to save a model with it"
    )

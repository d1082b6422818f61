"""A stream's model in a folder, and back: all that it takes to go on as if nothing had been in between."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from forward_forward.encoding import Encoding
from forward_forward.errors import CheckpointError, DivergenceError, FFError
from forward_forward.streams.classifier import StreamClassifier
from forward_forward.streams.makers import describe_maker, find_maker
from forward_forward.streams.scaling import RunningScale
from forward_forward.training.checkpoints import (
    learner_tensors,
    not_finite,
    read_folder,
    restore_learner,
    write_folder,
)

KIND = "forward_forward stream"
UNFIT = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError)
SETTINGS = ("warm_up", "repeats", "batch", "forgetting", "most_classes", "seed")
COUNTS = ("samples", "steps", "features")


def save_stream(folder: Path, model: StreamClassifier, more: Mapping[str, Any]) -> None:
    """Write a model to `folder`, whole or not at all.

    Arguments:
        more: plain JSON that is kept beside it.

    Raises:
        CheckpointError: when the folder cannot be written; what was there is intact.
        DivergenceError: a weight is not finite; what was there is intact.
        UsageError: the model was made by what has no name.
    """
    tensors = _tensors(model)
    if (name := not_finite(tensors)) is not None:
        raise DivergenceError(f"{name} is not finite; what was saved before is intact")
    described = {
        "kind": KIND,
        "make": describe_maker(model.make),
        "settings": {name: getattr(model, name) for name in SETTINGS},
        "counts": {name: getattr(model, name) for name in COUNTS},
        "classes": model.classes,
        "scale": None if model.scale is None else model.scale.describe(),
        "encoding": None if model.encoding is None else model.encoding.describe(),
        "more": dict(more),
    }
    write_folder(folder, tensors, {"stream": described})


def load_stream(folder: Path) -> tuple[StreamClassifier, dict[str, Any]]:
    """Read a model that `save_stream` wrote; return it and what was kept beside it.

    Raises:
        CheckpointError: when anything is missing, damaged, of another format, or does not fit together.
    """
    tensors, manifest = read_folder(Path(folder))
    described = manifest.get("stream")
    if not isinstance(described, dict) or described.get("kind") != KIND:
        raise CheckpointError(f"{folder} holds no model of a stream; `ff stream` writes one")
    try:
        model = StreamClassifier(find_maker(described["make"]), **described["settings"])
        for name in COUNTS:
            setattr(model, name, described["counts"][name])
        model.restore(described["classes"], *_columns(described), *_first(tensors))
        _check_fit(model)
        if model.learner is not None:
            restore_learner(model.learner, tensors)
        return model, dict(described["more"])
    except CheckpointError:
        raise
    except (*UNFIT, FFError) as error:
        raise CheckpointError(
            f"{folder} describes a model that cannot be built: {str(error)[:200]!r}; it may be of another version"
        ) from None


def _tensors(model: StreamClassifier) -> dict[str, Tensor]:
    tensors = {} if model.learner is None else learner_tensors(model.learner)
    if model.first:
        tensors["first.rows"] = torch.from_numpy(np.stack([row for row, _ in model.first]))
        tensors["first.labels"] = torch.tensor([index for _, index in model.first])
    return tensors or {"first.labels": torch.zeros(0, dtype=torch.int64)}


def _check_fit(model: StreamClassifier) -> None:
    """Raise a `ValueError` for a model whose parts do not belong together."""
    counts = [model.samples, model.steps, *([] if model.features is None else [model.features])]
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError(f"counts {counts} are none")
    read = {len(row) for row, _ in model.first}
    if model.scale is not None and model.encoding is not None:
        read |= {len(model.scale.mean), model.encoding.features}
    if read - {model.features}:
        raise ValueError(f"rows of {sorted(read)} values where there are {model.features}")
    if not all(0 <= index < len(model.classes) for _, index in model.first):
        raise ValueError("its first rows have labels that are none")


def _columns(described: Mapping[str, Any]) -> tuple[RunningScale | None, Encoding | None]:
    scale, encoding = described["scale"], described["encoding"]
    if scale is None or encoding is None:
        return None, None
    return RunningScale.of(scale), Encoding.of(encoding)


def _first(tensors: Mapping[str, Tensor]) -> tuple[Any, list[int]]:
    if "first.rows" not in tensors:
        return np.zeros((0, 1)), []
    return tensors["first.rows"].numpy(), tensors["first.labels"].tolist()

"""Small things that many tests need: toy data, toy networks, and every implementation of each kind of part."""

import importlib
import inspect
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from forward_forward import goodness, layers, losses, negatives
from forward_forward.data import Dataset, Split
from forward_forward.discover import members, submodules
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.losses import Loss
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training import optimizers, schedules
from forward_forward.training.optimizers import Rule, SmoothedGradient
from forward_forward.training.simultaneous import Simultaneous

CLASSES, PIXELS, WIDTHS = 3, 12, (9, 8, 7)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def uniform(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(*shape, generator=generator(seed), dtype=dtype)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=dtype)


def labels_of(count: int, seed: int = 0, classes: int = CLASSES) -> Tensor:
    return torch.randint(classes, (count,), generator=generator(seed))


def split(count: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Split:
    """Return noise with a bright pixel, outside the label's place, that tells the class."""
    labels = labels_of(count, seed)
    images = uniform(count, PIXELS, seed=seed + 1, dtype=dtype) * 0.5
    images[torch.arange(count), CLASSES + labels] = 1
    return Split(images, labels)


def dataset(count: int = 24, name: str = "toy") -> Dataset:
    return Dataset(name, CLASSES, (1, 3, 4), split(count), split(10, seed=5), ("a", "b", "c"))


def network(seed: int = 0, widths: Iterable[int] = WIDTHS, **options: Any) -> FeedForward:
    return FeedForward.dense(
        PIXELS, CLASSES, list(widths), generator=generator(seed), **{"peer": 0.06, **options}
    )


def simultaneous(seed: int = 0, rule: Rule | None = None, **options: Any) -> Simultaneous:
    rule = rule or SmoothedGradient(rate=0.02, weight_decay=0.002)
    head_rule = SmoothedGradient(rate=0.1, weight_decay=0.003)
    return Simultaneous(network(seed, **options), hard_by_softmax, rule, head_rule)


def of_kind(module: ModuleType, kind: type) -> dict[str, Any]:
    """Return the classes of a module that can be made and are of this kind."""
    return {
        name: value
        for name, value in members(module).items()
        if inspect.isclass(value) and issubclass(value, kind) and not inspect.isabstract(value)
    }


def taking(module: ModuleType, parameter: str) -> dict[str, Any]:
    """Return the functions of a module that take a parameter of this name."""
    return {
        name: value
        for name, value in members(module).items()
        if inspect.isfunction(value) and parameter in inspect.signature(value).parameters
    }


GOODNESS = members(goodness)
LOSSES = of_kind(losses, Loss)
NEGATIVES = taking(negatives, "logits")
RULES = of_kind(optimizers, Rule)
SCHEDULES = taking(schedules, "fraction")
LAYERS = {
    name: kind
    for full in submodules(layers).values()
    for name, kind in of_kind(importlib.import_module(full), LocalLayer).items()
}

"""Hinton's Forward-Forward algorithm: networks that learn with two forward passes and no backward one.

The names of daily use are here, each imported when it is first asked for, as torch takes a second.

Example:
    >>> import forward_forward as ff
    >>> ff.FeedForward.__module__
    'forward_forward.networks.feed_forward'
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "adversarial": ("FastGradientSign",),
    "augment": ("Jitter",),
    "data": ("Dataset", "Split", "load"),
    "data.text": ("Text", "load_text"),
    "data.windows": ("Windows", "windowed"),
    "errors": ("FFError",),
    "generated": ("RolledOut", "predicted_last"),
    "goodness": ("mean_of_squares", "sum_of_activities", "sum_of_squares"),
    "hybrids": ("HybridImages",),
    "labels": ("concatenate", "overlay"),
    "layers.dense": ("Dense",),
    "layers.fast_weights": ("FastWeights",),
    "layers.joint": ("Joint",),
    "layers.labelled_dense": ("LabelledDense",),
    "layers.local_fields": ("LocalFields",),
    "layers.local_layer": ("LocalLayer",),
    "layers.symbols": ("Symbols",),
    "losses": ("SiLU", "SymBa", "ThresholdLogistic"),
    "models": ("Model", "load_model", "save_model"),
    "negatives": ("hard_by_goodness", "hard_by_softmax", "random_wrong_label"),
    "networks.feed_forward": ("FeedForward",),
    "networks.recurrent": ("Recurrent",),
    "networks.recurrent_nets": ("dense_recurrent", "local_recurrent"),
    "normalization": ("length", "sum_to_units", "unit_length"),
    "randomness": ("generator",),
    "readout": ("accumulated_goodness", "goodness_per_label", "one_pass_softmax", "shortlist"),
    "recipes.best_supervised": ("best_learner",),
    "recipes.reading": ("best_reader",),
    "training.evaluation": ("evaluate",),
    "training.greedy": ("Greedy",),
    "training.iterated": ("Iterated",),
    "training.loop": ("train",),
    "training.optimizers": ("Adam", "SmoothedGradient"),
    "training.plan": ("Plan",),
    "training.simultaneous": ("Simultaneous",),
    "training.wake_sleep": ("WakeSleep",),
    "video": ("MovingImages",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'forward_forward' has no attribute {name!r}")
    return getattr(importlib.import_module(f"forward_forward.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]

"""Memory by depth: what a training step holds beside what stays from one step to the next, and its time."""

import math
from collections.abc import Callable
from typing import Any

import torch

from forward_forward.baselines.backprop import Perceptron
from forward_forward.benchmarks.lean_backprop import LeanBackprop
from forward_forward.benchmarks.timing import interleaved_medians
from forward_forward.data import Split
from forward_forward.environment import environment
from forward_forward.memory import training_peak
from forward_forward.negatives import random_wrong_label
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import generator
from forward_forward.training.checkpoints import learner_tensors
from forward_forward.training.greedy import Greedy
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.simultaneous import Simultaneous

DESCRIPTION = "memory of a training step beside weights and optimiser state, and its time, by depth and method"
PIXELS, CLASSES = 784, 10
DEPTHS = (2, 4, 8, 16, 32, 64)
RULE = SmoothedGradient(1e-6)
EPOCHS = 20
"""Epochs of a stage, over which a cache is paid off."""

Sizes = dict[str, dict[int, float]]
"""A number by method and depth."""


def run(quick: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Measure nets of 1000 units a layer at batch 512 in fp32, all by the same update rule.

    In backpropagation a gradient joins the velocity as soon as it is there, so what a step holds is activations and
    one layer's gradient; activation checkpointing and gradient accumulation need less, at the price of time.

    The time per image is that of one update of every layer. Greedy learning pays for the finished layers below in
    each of its stages, so its time is the sum over stages, taken as depth times the mean of the first and the last.
    Where it caches, all stages but the first cost the same, and every layer is run once more over the data set for all
    of its `EPOCHS`. What is cached stands in the place of the data set, grows with it and not with depth, and is
    not counted, as the data set is not.

    Arguments:
        quick: few and narrow layers.
        device: as torch spells it.

    Returns:
        By method and depth: `transient_mib`, what a step holds at its peak beside weights and optimiser state;
        `state_mib`, these, and a cache of two batches where there is one; `us_per_image`. And the ratios of `_ratios`.
    """
    depths, batch, units, rounds = ((4, 16), 256, 64, 2) if quick else (DEPTHS, 512, 1000, 5)
    draw = generator(0, "bench", device=device)
    data = Split(
        torch.rand(2 * batch, PIXELS, generator=draw, device=device),
        torch.randint(CLASSES, (2 * batch,), generator=draw, device=device),
    )
    transient: Sizes = {name: {} for name in METHODS}
    state: Sizes = {name: {} for name in METHODS}
    time: Sizes = {name: {} for name in METHODS}
    for depth in depths:
        widths = [units] * depth
        for name, make in METHODS.items():
            peak, kept = _peak_and_state(make, widths, data, batch)
            transient[name][depth] = round((peak - kept) / 2**20, 2)
            state[name][depth] = round(kept / 2**20, 2)
        for name, seconds in _seconds(widths, data, batch, rounds).items():
            time[name][depth] = round(1e6 * seconds / batch, 1)
    return {
        "transient_mib": transient,
        "state_mib": state,
        "us_per_image": time,
        **_ratios(transient, time),
        "batch": batch,
        "units": units,
        "environment": environment(device, "float32"),
    }


def _ratios(transient: Sizes, time: Sizes) -> dict[str, float]:
    """Return what is asked: memory and time beside backpropagation's, and growth with depth.

    `ff_vs_backprop_at_16` is the worst of simultaneous and greedy learning beside plain backpropagation,
    `ff_vs_leanest_backprop_at_16` beside the best of its three; `time_vs_backprop_at_16` is the simultaneous one's,
    `greedy_time_vs_backprop_at_16` and `greedy_cached_time_vs_backprop_at_16` those of greedy learning.
    """
    found = {}
    depths = sorted(transient["backprop"])
    for depth in (d for d in depths if d >= 16):
        worst = max(sizes[depth] for name, sizes in transient.items() if "backprop" not in name)
        backprop = time["backprop"][depth]
        found[f"ff_vs_backprop_at_{depth}"] = worst / transient["backprop"][depth]
        leanest = min(sizes[depth] for name, sizes in transient.items() if "backprop" in name)
        found[f"ff_vs_leanest_backprop_at_{depth}"] = worst / leanest
        found[f"time_vs_backprop_at_{depth}"] = time["simultaneous"][depth] / backprop
        for name in ("greedy", "greedy_cached"):
            found[f"{name}_time_vs_backprop_at_{depth}"] = time[name][depth] / backprop
    for name, sizes in transient.items():
        found |= {f"{name}_{d}_over_4": sizes[d] / sizes[4] for d in depths if d >= 16}
    return {name: round(value, 3) for name, value in found.items()}


def _peak_and_state(
    make: Callable[[list[int], torch.device], Learner], widths: list[int], data: Split, batch: int
) -> tuple[int, int]:
    """Return the bytes of a training step at its peak, and those that stay from one step to the next."""
    made: list[Learner] = []

    def build() -> Learner:
        made.append(make(widths, data.images.device))
        return made[-1]

    peak = training_peak(build, data, batch)
    cache = getattr(made[0], "cache", None) or ()
    kept = [*learner_tensors(made[0]).values(), *cache]
    return peak, sum(tensor.numel() * tensor.element_size() for tensor in kept)


def _seconds(widths: list[int], data: Split, batch: int, rounds: int) -> dict[str, float]:
    device, depth = data.images.device, len(widths)
    steps = {
        name: _stepping(make(widths, device), data, batch, stage=0)
        for name, make in METHODS.items()
    }
    steps["last"] = _stepping(_greedy(widths, device), data, batch, stage=depth - 1)
    cached = _cached(widths, device)
    steps["last cached"] = _stepping(cached, data, batch, stage=depth - 1)
    steps["caching"] = lambda: cached.begin(data, depth - 1, 0)
    seconds = interleaved_medians(steps, rounds, device)
    seconds["greedy"] = depth * (seconds["greedy"] + seconds.pop("last")) / 2
    seconds["greedy_cached"] += (depth - 1) * seconds.pop("last cached")
    seconds["greedy_cached"] += seconds.pop("caching") * batch / len(data) / EPOCHS
    return seconds


def _stepping(learner: Learner, data: Split, batch: int, stage: int) -> Callable[[], object]:
    draw = generator(0, "steps", device=data.images.device)
    learner.begin(data, stage, 0)
    rows = torch.arange(batch, device=data.images.device)
    return lambda: learner.step(rows, draw, 1.0)


def _network(widths: list[int], device: torch.device) -> FeedForward:
    draw = generator(0, "weights")
    return FeedForward.dense(PIXELS, CLASSES, widths, generator=draw, head=False, device=device)


def _greedy(widths: list[int], device: torch.device) -> Learner:
    return Greedy(_network(widths, device), random_wrong_label, RULE)


def _cached(widths: list[int], device: torch.device) -> Learner:
    return Greedy(_network(widths, device), random_wrong_label, RULE, cached=True)


def _simultaneous(widths: list[int], device: torch.device) -> Learner:
    return Simultaneous(_network(widths, device), random_wrong_label, RULE, RULE)


def _backprop(widths: list[int], device: torch.device, **lean: int) -> Learner:
    draw = generator(0, "weights")
    network = Perceptron(PIXELS, CLASSES, widths, generator=draw, device=device)
    return LeanBackprop(network, RULE, **lean)


def _checkpointed(widths: list[int], device: torch.device) -> Learner:
    return _backprop(widths, device, segments=round(math.sqrt(len(widths))))


def _accumulated(widths: list[int], device: torch.device) -> Learner:
    return _backprop(widths, device, portions=8)


METHODS: dict[str, Callable[[list[int], torch.device], Learner]] = {
    "greedy": _greedy,
    "greedy_cached": _cached,
    "simultaneous": _simultaneous,
    "backprop": _backprop,
    "backprop_checkpointed": _checkpointed,
    "backprop_accumulated": _accumulated,
}
"""Three ways of Forward-Forward, and three of backpropagation: plain, with activation checkpointing in √depth segments,
and with gradient accumulation over eight portions of a batch."""

"""Memory by depth: what a training step holds beside what stays from one step to the next."""

from collections.abc import Callable
from typing import Any

import torch

from forward_forward.baselines.backprop import Perceptron
from forward_forward.data import Split
from forward_forward.memory import training_peak
from forward_forward.negatives import random_wrong_label
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import generator
from forward_forward.records import environment
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.checkpoints import learner_tensors
from forward_forward.training.greedy import Greedy
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.simultaneous import Simultaneous

DESCRIPTION = "memory of a training step beside weights and optimiser state, by depth and method"
PIXELS, CLASSES = 784, 10


def run(quick: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Measure nets of 4 and of 16 layers.

    Arguments:
        quick: narrow layers.
        device: as torch spells it.

    Returns:
        `transient_mib` by method and depth: activations and, for backpropagation, the gradients that it holds until
        its step; and `greedy_16_over_4`.
    """
    batch, units = (32, 100) if quick else (512, 1000)
    draw = generator(0, "bench", device=device)
    data = Split(
        torch.rand(batch, PIXELS, generator=draw, device=device),
        torch.randint(CLASSES, (batch,), generator=draw, device=device),
    )
    transient = {
        name: {depth: _beside_state(make, [units] * depth, data) for depth in (4, 16)}
        for name, make in METHODS.items()
    }
    return {
        "transient_mib": {
            name: {depth: round(size / 2**20, 2) for depth, size in sizes.items()}
            for name, sizes in transient.items()
        },
        **{f"{name}_16_over_4": round(s[16] / s[4], 3) for name, s in transient.items()},
        "batch": batch,
        "units": units,
        "environment": environment(device, "float32"),
    }


def _beside_state(
    make: Callable[[list[int], torch.device], Learner], widths: list[int], data: Split
) -> int:
    """Return the peak of a training step less everything that stays from one step to the next."""
    made: list[Learner] = []

    def build() -> Learner:
        made.append(make(widths, data.images.device))
        return made[-1]

    peak = training_peak(build, data, len(data))
    state = learner_tensors(made[0]).values()
    return peak - sum(tensor.numel() * tensor.element_size() for tensor in state)


def _network(widths: list[int], device: torch.device) -> FeedForward:
    draw = generator(0, "weights")
    return FeedForward.dense(PIXELS, CLASSES, widths, generator=draw, head=False, device=device)


def _greedy(widths: list[int], device: torch.device) -> Learner:
    return Greedy(_network(widths, device), random_wrong_label, SmoothedGradient(1e-3))


def _simultaneous(widths: list[int], device: torch.device) -> Learner:
    rule = SmoothedGradient(1e-3)
    return Simultaneous(_network(widths, device), random_wrong_label, rule, rule)


def _backprop(widths: list[int], device: torch.device) -> Learner:
    draw = generator(0, "weights")
    network = Perceptron(PIXELS, CLASSES, widths, generator=draw, device=device)
    return Backpropagation(network, Adam(1e-3))


METHODS = {"greedy": _greedy, "simultaneous": _simultaneous, "backprop": _backprop}

"""Nets that read text: a window of symbols below, a softmax that says which one comes next above."""

from collections.abc import Sequence
from typing import Any

import torch

from forward_forward.baselines.text import LocalCrossEntropy, TextPerceptron
from forward_forward.data.windows import Windows
from forward_forward.environment import check_room
from forward_forward.generated import RolledOut, predicted_last
from forward_forward.goodness import mean_of_squares
from forward_forward.layers.dense import Dense
from forward_forward.layers.fast_weights import FastWeights
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.layers.symbols import Symbols
from forward_forward.losses import SiLU, ThresholdLogistic
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.optimizers import Adam, Rule, SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import Schedule, constant_then_linear
from forward_forward.training.simultaneous import Simultaneous
from forward_forward.training.wake_sleep import WakeSleep

WEIGHT_DECAY, RIVAL_RATE = 0.002, 1e-3
PARTS: dict[str, Any] = {"goodness": mean_of_squares, "loss": SiLU(alpha=6.0), "peer": 0.06}
"""Where positives and negatives are learned together: a loss on pairs."""
APART: dict[str, Any] = {
    "goodness": mean_of_squares,
    "loss": ThresholdLogistic(temperature=1 / 6),
    "peer": 0.5,
}
"""Where they may be learned apart: a threshold for each pass; with weaker peers upper layers fall silent."""


def reading_network(
    data: Windows,
    widths: Sequence[int],
    seed: int,
    device: str = "cpu",
    *,
    read: int | None = None,
    memory: bool = False,
    matmul_dtype: torch.dtype | None = None,
    **parts: Any,
) -> FeedForward:
    """Return the net of figure 4: hidden layers over a window of text, a softmax on all of them.

    Arguments:
        data: what it is to read; only its window and symbols count.
        widths: units of each layer, bottom to top.
        seed: of the weights.
        device: as torch spells it.
        read: how many of a window's last symbols weights read; None is all of them.
        memory: whether the first layer attends to the rest of the window by fast weights.
        matmul_dtype: None chooses the fast one for the device.
        parts: goodness, loss, peer of each layer.
    """
    draw = generator(seed, "weights")
    dtype = matmul_dtype or fast_matmul_dtype(device)
    parts = {**parts, "generator": draw, "device": device, "matmul_dtype": dtype}
    check_room([data.window * data.classes, *widths], device)
    sizes = (read or data.window, data.classes, widths[0])
    first: LocalLayer = (
        FastWeights(*sizes, stretch=data.window, **parts) if memory else Symbols(*sizes, **parts)
    )
    above = [Dense(i, o, **parts) for i, o in zip(widths, widths[1:], strict=False)]
    return FeedForward([first, *above], data.classes, read_from=0)


def best_reader(
    data: Windows,
    widths: Sequence[int],
    seed: int,
    device: str = "cpu",
    *,
    rate: float | None = None,
    weight_decay: float = WEIGHT_DECAY,
    rule: type[Rule] = SmoothedGradient,
    negatives: Any = predicted_last,
    **parts: Any,
) -> Simultaneous:
    """Return a fresh learner by our best method for text, each choice made on held-out text (LOG.md).

    Arguments:
        data, widths, seed, device: of `reading_network`.
        rate, weight_decay, rule: how the layers are updated; no rate is `rate_for`'s.
        negatives: `predicted_last`, or a `RolledOut`.
        parts: what else `reading_network` takes; without it `PARTS`.
    """
    network = reading_network(data, widths, seed, device, **{**PARTS, **parts})
    layers = rule(rate=rate_for(widths) if rate is None else rate, weight_decay=weight_decay)
    return Simultaneous(network, negatives, layers, head_rule(network))


def sleeper(
    data: Windows,
    widths: Sequence[int],
    seed: int,
    device: str = "cpu",
    *,
    dream: int,
    share: float = 1.0,
    **sleep: Any,
) -> WakeSleep:
    """Return a fresh learner whose negatives are its dreams.

    Arguments:
        data, widths, seed, device: of `reading_network`.
        dream: characters that it writes from one context.
        share: of all rates.
        sleep: phase, stock and deprivation of a `WakeSleep`.
    """
    network = reading_network(data, widths, seed, device, **APART)
    rule = SmoothedGradient(share * rate_for(widths, apart=True), WEIGHT_DECAY)
    return WakeSleep(network, RolledOut(dream), rule, head_rule(network, share), **sleep)


def rate_for(widths: Sequence[int], *, apart: bool = False) -> float:
    """Return the layers' rate for `PARTS`, or for `APART`: the wider layers are, the longer what they read."""
    return min(0.01, 4 / max(widths)) if not apart else min(0.002, 0.6 / max(widths))


def head_rule(network: FeedForward, share: float = 1.0) -> SmoothedGradient:
    """Return the softmax's rule, its rate by how much it reads, for the same reason as in `rate_for`.

    `share` of that rate is taken where an update learns from fewer characters.
    """
    assert network.head is not None
    return SmoothedGradient(rate=share * 150 / len(network.head.weight), weight_decay=0.03)


def text_rival(
    data: Windows,
    widths: Sequence[int],
    seed: int,
    device: str = "cpu",
    *,
    read: int | None = None,
    local: bool = False,
    dropout: float = 0.2,
    matmul_dtype: torch.dtype | None = None,
) -> Backpropagation:
    """Return the same net by backpropagation; or, `local`, with a cross entropy of its own in every layer.

    `read` is how many of a window's last symbols it reads; None is all of them.
    """
    kind = LocalCrossEntropy if local else TextPerceptron
    draw = generator(seed, "weights")
    network = kind(
        read or data.window, data.classes, widths, generator=draw, dropout=dropout, device=device
    )
    dtype = matmul_dtype or fast_matmul_dtype(device)
    return Backpropagation(network, Adam(rate=RIVAL_RATE), dtype)


def plan_of(
    data: Windows,
    seed: int,
    epochs: int,
    *,
    batch_size: int = 250,
    schedule: Schedule = constant_then_linear,
) -> Plan:
    """Return a plan that looks at held-out text, and back at what is learned, after each epoch; never at test text."""
    return Plan(
        epochs,
        batch_size=batch_size,
        seed=seed,
        schedule=schedule,
        look_every=int(data.held_out),
        look_back=data.held_out,
    )

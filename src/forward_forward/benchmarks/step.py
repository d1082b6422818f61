"""One training step of 4 × 2000 at batch 500: the fast step, its rivals and its ceiling."""

from collections.abc import Callable
from typing import Any

import torch

from forward_forward.baselines.backprop import Perceptron
from forward_forward.benchmarks.plain_port import PlainPort
from forward_forward.benchmarks.timing import interleaved_medians
from forward_forward.data import Split
from forward_forward.environment import environment
from forward_forward.labels import one_of_n, overlay
from forward_forward.losses import ThresholdLogistic
from forward_forward.negatives import hard_by_softmax, random_wrong_label
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.spec import describe
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.optimizers import Adam, Rule, SmoothedGradient
from forward_forward.training.simultaneous import Simultaneous

DESCRIPTION = (
    "images/s of a training step of 4 × 2000 at batch 500, beside its rivals and its matmul ceiling"
)
PIXELS, CLASSES = 784, 10


def run(quick: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Time all contenders in one run.

    The fast step is timed with random negatives, as the plain port draws them, and the author's smoothed gradient;
    the port has torch's own Adam, as its copies do. `fast_adam` and `autograd_ff_sgd` set them on one footing. With
    hard negatives the fast step makes a third pass and teaches the softmax head, and is listed apart. Where the
    hardware has no bf16, backpropagation is faster in fp32: `vs_faster_backprop` is the ratio that counts there.

    Arguments:
        quick: a small net and few rounds, to see that it runs.
        device: as torch spells it.

    Returns:
        `images_per_second` by contender and the ratios `vs_autograd_ff`, `vs_backprop_bf16`,
        `of_matmul_ceiling` (above 1 is in favour of the fast step in the first two).
    """
    batch, widths, rounds = (20, [30, 20], 2) if quick else (500, [2000] * 4, 15)
    dtype = fast_matmul_dtype(device)
    draw = generator(0, "bench", device=device)
    data = Split(
        torch.rand(batch, PIXELS, generator=draw, device=device),
        torch.randint(CLASSES, (batch,), generator=draw, device=device),
    )
    contenders = {
        "fast": _fast(data, widths, draw, dtype, SmoothedGradient(1e-6, 0.002), hard=False),
        "fast_adam": _fast(data, widths, draw, dtype, Adam(1e-6), hard=False),
        "fast_hard_negatives": _fast(
            data, widths, draw, dtype, SmoothedGradient(1e-6, 0.002), hard=True
        ),
        "autograd_ff": _port(data, widths, draw, adam=True),
        "autograd_ff_sgd": _port(data, widths, draw, adam=False),
        "backprop_fp32": _backprop(data, widths, draw, None),
        "backprop_bf16": _backprop(data, widths, draw, torch.bfloat16),
        "matmul_ceiling": _ceiling(batch, widths, draw, dtype),
    }
    seconds = interleaved_medians(contenders, rounds, device)
    fast, hard = seconds["fast"], seconds["fast_hard_negatives"]
    backprop = min(seconds["backprop_fp32"], seconds["backprop_bf16"])
    return {
        "images_per_second": {name: round(batch / s, 1) for name, s in seconds.items()},
        "vs_autograd_ff": round(seconds["autograd_ff"] / fast, 3),
        "vs_autograd_ff_sgd": round(seconds["autograd_ff_sgd"] / fast, 3),
        "adam_vs_autograd_ff": round(seconds["autograd_ff"] / seconds["fast_adam"], 3),
        "vs_backprop_fp32": round(seconds["backprop_fp32"] / fast, 3),
        "vs_backprop_bf16": round(seconds["backprop_bf16"] / fast, 3),
        "vs_faster_backprop": round(backprop / fast, 3),
        "hard_negatives_vs_faster_backprop": round(backprop / hard, 3),
        "of_matmul_ceiling": round(seconds["matmul_ceiling"] / fast, 3),
        "batch": batch,
        "widths": widths,
        "environment": environment(device, describe(dtype)),
    }


def _fast(
    data: Split,
    widths: list[int],
    draw: torch.Generator,
    dtype: torch.dtype,
    rule: Rule,
    hard: bool,
) -> Callable[[], object]:
    # a threshold leaves out rows it is sure of; so high a temperature keeps all of them at work
    network = FeedForward.dense(
        PIXELS,
        CLASSES,
        widths,
        generator=draw,
        loss=ThresholdLogistic(temperature=1e4),
        peer=0.06,
        head=hard,
        matmul_dtype=dtype,
        device=data.images.device,
    )
    negatives = hard_by_softmax if hard else random_wrong_label
    learner = Simultaneous(network, negatives, rule, SmoothedGradient(1e-6))
    learner.begin(data, 0, 0)
    rows = torch.arange(len(data), device=data.images.device)
    return lambda: learner.step(rows, draw, 1.0)


def _port(
    data: Split, widths: list[int], draw: torch.Generator, adam: bool
) -> Callable[[], object]:
    port = PlainPort([PIXELS, *widths], draw, adam)
    pos, neg = overlay(data.images, CLASSES), overlay(data.images, CLASSES)
    pos[:, :CLASSES] = one_of_n(data.labels, CLASSES, pos)
    neg[:, :CLASSES] = one_of_n((data.labels + 1) % CLASSES, CLASSES, neg)
    return lambda: port.step(pos, neg)


def _backprop(
    data: Split, widths: list[int], draw: torch.Generator, dtype: torch.dtype | None
) -> Callable[[], object]:
    network = Perceptron(PIXELS, CLASSES, widths, generator=draw, device=data.images.device)
    learner = Backpropagation(network, Adam(1e-6), dtype)
    learner.begin(data, 0, 0)
    rows = torch.arange(len(data), device=data.images.device)
    return lambda: learner.step(rows, draw, 1.0)


def _ceiling(
    batch: int, widths: list[int], draw: torch.Generator, dtype: torch.dtype
) -> Callable[[], object]:
    """Return the bare matmuls of the fast step: the image once, hidden layers for both passes, and ΔW."""
    products = []
    for below, units, rows in zip(
        [PIXELS, *widths], widths, [batch, *[2 * batch] * 3], strict=False
    ):
        h, w, dz = (
            torch.randn(shape, generator=draw, device=draw.device).to(dtype)
            for shape in ((rows, below), (below, units), (rows, units))
        )
        y, gradient = torch.empty_like(dz), torch.empty_like(w)
        products += [(h, w, y), (h.t(), dz, gradient)]
    return lambda: [torch.mm(left, right, out=out) for left, right, out in products]

"""A training step of the recurrent net of figure 3, its rivals and its ceiling; and memory by length of a video."""

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.baselines.through_time import ThroughTime
from forward_forward.benchmarks.timing import interleaved_medians
from forward_forward.data import Split
from forward_forward.environment import environment
from forward_forward.goodness import mean_of_squares
from forward_forward.labels import one_of_n
from forward_forward.losses import SiLU
from forward_forward.memory import training_peak
from forward_forward.negatives import random_wrong_label
from forward_forward.networks.recurrent_nets import dense_recurrent
from forward_forward.normalization import length
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.spec import describe
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.iterated import Iterated
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.video import MovingImages, Video

DESCRIPTION = (
    "steps/s of the recurrent net, 2 × 2000, 8 iterations, beside its rivals and its matmul ceiling"
)
PIXELS, CLASSES, ITERATIONS = 784, 10, 8
LOSS = SiLU(6.0)
RULE = SmoothedGradient(1e-6)


def run(quick: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Time all contenders in one run; then count the memory of learning from short and long videos.

    The Forward-Forward nets are without softmax and peers; no negative of theirs is a hard one. Backpropagation through
    time reads each frame anew, as a video asks of it, where the Forward-Forward step multiplies a still image once: a
    sixth of the rival's products.

    Arguments:
        quick: a small net, few rounds and short videos.
        device: as torch spells it.

    Returns:
        `steps_per_second` by contender; the ratios `vs_autograd_ff`, `vs_backprop_through_time`, both above 1 in favour
        of the fast step, and `of_matmul_ceiling`; peak memory in MiB of both ways to learn by number of frames, and
        what the longest takes over the shortest, weights, optimiser state and all. Of backpropagation the longest is
        left out: it would take ten times the middle one's.
    """
    batch, units, rounds = (10, 20, 2) if quick else (100, 2000, 11)
    dtype = fast_matmul_dtype(device)
    draw = generator(0, "bench", device=device)
    data = Split(
        torch.rand(batch, PIXELS, generator=draw, device=device),
        torch.randint(CLASSES, (batch,), generator=draw, device=device),
    )
    contenders = {
        "fast": _fast(data, units, dtype),
        "autograd_ff": _plain(data, units, draw),
        "backprop_through_time": _through_time(data, units, dtype),
        "matmul_ceiling": _ceiling(batch, units, draw, dtype),
    }
    seconds = interleaved_medians(contenders, rounds, device)
    fast = seconds["fast"]
    frames = (5, 50) if quick else (10, 100, 1000)
    memory = {
        "forward_forward": {n: _memory(_ff_on_video(data, units, n, dtype), data) for n in frames},
        "backprop_through_time": {
            n: _memory(_bp_on_video(data, units, n, dtype), data) for n in frames[:2]
        },
    }
    return {
        "steps_per_second": {name: round(1 / s, 2) for name, s in seconds.items()},
        "vs_autograd_ff": round(seconds["autograd_ff"] / fast, 3),
        "vs_backprop_through_time": round(seconds["backprop_through_time"] / fast, 3),
        "of_matmul_ceiling": round(seconds["matmul_ceiling"] / fast, 3),
        "memory_mib_by_frames": memory,
        "ff_memory_longest_over_shortest": round(
            memory["forward_forward"][frames[-1]] / memory["forward_forward"][frames[0]], 3
        ),
        "batch": batch,
        "widths": [units] * 2,
        "environment": environment(device, str(describe(dtype))),
    }


def _recurrent(
    like: Tensor,
    features: int,
    units: int,
    iterations: int,
    dtype: torch.dtype,
    video: Video | None = None,
) -> Iterated:
    network = dense_recurrent(
        features,
        CLASSES,
        [units] * 2,
        generator=generator(0, "weights"),
        goodness=mean_of_squares,
        loss=LOSS,
        iterations=iterations,
        window=(1, iterations),
        head=False,
        matmul_dtype=dtype,
        device=like.device,
    )
    return Iterated(network, random_wrong_label, RULE, RULE, video=video)


def _fast(data: Split, units: int, dtype: torch.dtype) -> Callable[[], object]:
    return _step(_recurrent(data.images, PIXELS, units, ITERATIONS, dtype), data)


def _step(learner: Iterated | Backpropagation, data: Split) -> Callable[[], object]:
    device = data.images.device
    learner.begin(data, 0, 0)
    rows, draw = torch.arange(len(data), device=device), generator(0, "steps", device=device)
    return lambda: learner.step(rows, draw, 1.0)


def _plain(data: Split, units: int, draw: torch.Generator) -> Callable[[], object]:
    """Return the step as one writes it first: each pass apart, every input anew, autograd, fp32."""
    sizes = {"image": PIXELS, "label": CLASSES, "lower": units, "upper": units}
    wires = (("image", "upper"), ("lower", "label"))
    layers = [nn.ModuleDict({s: _linear(sizes[s], units, draw) for s in wire}) for wire in wires]
    optimizers = [torch.optim.SGD(layer.parameters(), lr=1e-6, momentum=0.9) for layer in layers]
    wrong = (data.labels + 1) % CLASSES

    def goodness(labels: Tensor) -> Iterator[list[Tensor]]:
        known = {
            "image": length(data.images),
            "label": length(one_of_n(labels, CLASSES, data.images)),
        }
        y = [layers[0]["image"](known["image"]).relu()]
        y.append(layers[1]["lower"](length(y[0])).relu())
        for _ in range(ITERATIONS):
            heard = known | {"lower": length(y[0].detach()), "upper": length(y[1].detach())}
            z = [
                sum(layer[s](heard[s]) for s in wire)
                for layer, wire in zip(layers, wires, strict=True)
            ]
            y = [0.3 * old.detach() + 0.7 * new.relu() for old, new in zip(y, z, strict=True)]
            yield [state.square().mean(1) for state in y]

    def step() -> None:
        for optimizer in optimizers:
            optimizer.zero_grad()
        for pos, neg in zip(goodness(data.labels), goodness(wrong), strict=True):
            for g_pos, g_neg in zip(pos, neg, strict=True):
                LOSS(g_pos, g_neg).mean().backward()
        for optimizer in optimizers:
            optimizer.step()

    return step


def _linear(below: int, units: int, draw: torch.Generator) -> nn.Linear:
    linear = nn.utils.skip_init(nn.Linear, below, units, bias=False, device=draw.device)
    nn.init.normal_(linear.weight, std=0.02, generator=draw)
    return linear


def _through_time(data: Split, units: int, dtype: torch.dtype) -> Callable[[], object]:
    def still(images: Tensor, draw: torch.Generator) -> Iterator[Tensor]:
        return repeat(images, ITERATIONS)

    return _step(_rival(data.images, PIXELS, units, dtype, still), data)


def _rival(
    like: Tensor, features: int, units: int, dtype: torch.dtype, video: Video
) -> Backpropagation:
    network = ThroughTime(
        features,
        CLASSES,
        [units] * 2,
        generator=generator(0, "weights"),
        video=video,
        device=like.device,
    )
    return Backpropagation(network, Adam(1e-6), dtype)


def _ceiling(
    batch: int, units: int, draw: torch.Generator, dtype: torch.dtype
) -> Callable[[], object]:
    """Return the bare matmuls: the bottom-up pass, two hidden inputs an iteration, and ΔW of all iterations at once.

    Three of the hidden inputs, both of the first iteration and one of the second, come before any label.
    """
    shapes = [(batch, PIXELS, units)] + [(batch, units, units)] * (1 + 3)
    shapes += [(2 * batch, units, units)] * (2 * ITERATIONS - 3)
    shapes += [(PIXELS, batch, units)] + [(units, 2 * batch * ITERATIONS, units)] * 2
    operands = [
        tuple(
            torch.randn(s, generator=draw, device=draw.device).to(dtype)
            for s in ((m, k), (k, n), (m, n))
        )
        for m, k, n in dict.fromkeys(shapes)
    ]
    by_shape = dict(zip(dict.fromkeys(shapes), operands, strict=True))
    return lambda: [torch.mm(*by_shape[shape][:2], out=by_shape[shape][2]) for shape in shapes]


def _ff_on_video(
    data: Split, units: int, frames: int, dtype: torch.dtype
) -> Callable[[], Iterated]:
    video = MovingImages((1, 28, 28), frames=frames)
    return lambda: _recurrent(data.images, video.features, units, 1, dtype, video)


def _bp_on_video(
    data: Split, units: int, frames: int, dtype: torch.dtype
) -> Callable[[], Backpropagation]:
    video = MovingImages((1, 28, 28), frames=frames)
    return lambda: _rival(data.images, video.features, units, dtype, video)


def _memory(build: Callable[[], Any], data: Split) -> float:
    return round(training_peak(build, data, len(data)) / 2**20, 2)
